/** How close our numbers are to those of a reference implementation. */
package org.apmae.models.parity;
