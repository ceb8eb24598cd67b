/** What all commands share: common options, progress bars and tables on standard error. */
package org.apmae.examples.console;
