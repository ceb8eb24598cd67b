/** Measures speed, always beside what the machine itself can do in the same run. */
package org.apmae.examples.bench;
