/** A whole study: its stages, each from the run folder that the stage before left, and their commands. */
package org.apmae.examples.study;
