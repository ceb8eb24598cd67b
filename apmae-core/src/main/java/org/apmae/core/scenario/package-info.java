/** Completion scenarios: source files, the spans cut out of them and the contract of the miners that find them. */
package org.apmae.core.scenario;
