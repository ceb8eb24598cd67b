/** One short program for each capability; docs/examples.md shows what each prints. */
package org.apmae.examples.howto;
