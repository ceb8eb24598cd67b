/**
 * Large results in a run folder: encodings as one matrix for each head, kept attention patterns as 16-bit triangles; reading
 * them by head or by scenario, with filters, and exporting them.
 */
package org.apmae.core.store;
