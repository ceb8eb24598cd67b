/**
 * Clusterers of pattern encodings: UMAP with HDBSCAN as in the paper, and k-means, all in plain Java and safe to run for many
 * heads at once.
 *
 * <p>Letters used for shapes: N rows (scenarios), F width of an encoding, K neighbours, C components of the embedding.
 */
package org.apmae.models.cluster;
