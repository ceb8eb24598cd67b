/**
 * What people see of a study: pictures of attention patterns, charts, and a report that is one HTML file.
 *
 * <p>Everything works without a display and without fonts on the machine, and the same data give the same bytes.
 */
package org.apmae.core.report;
