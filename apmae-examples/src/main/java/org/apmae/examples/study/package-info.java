/** The stages of a study, each from the run folder that the stage before left. */
package org.apmae.examples.study;
