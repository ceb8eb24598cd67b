/**
 * Attention patterns as images: the grid of patches, the masked autoencoder's contracts and the clusters of encodings.
 *
 * <p>Letters used for shapes: N patterns, S side of a pattern in tokens, G patches along a side, P side of a patch,
 * T patches on or below the diagonal (G (G + 1) / 2), F width of an encoding.
 */
package org.apmae.core.pattern;
