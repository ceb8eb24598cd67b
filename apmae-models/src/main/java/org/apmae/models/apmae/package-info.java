/**
 * The attention-pattern masked autoencoder: scaling of patterns, the network, training, evaluation, pictures of what it
 * predicts, and the comparison with numbers of the published code.
 *
 * <p>Letters used for shapes: N patterns, S side of a pattern in tokens, P side of a patch, G patches along a side
 * (S / P), T patches on or below the diagonal, F width of the encoder.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on AP-MAE</a>
 */
package org.apmae.models.apmae;
