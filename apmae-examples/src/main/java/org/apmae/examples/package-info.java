/** The {@code apmae} command line. */
package org.apmae.examples;
