/**
 * What a report shows of single patterns, kept in the run folder: medoids and other members of each head's clusters, the tokens
 * beside them, and every head's encodings laid out in the plane.
 */
package org.apmae.core.gallery;
