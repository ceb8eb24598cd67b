/**
 * Target language models with hooks on every head, in NDArray operations that give the numbers of Hugging Face's eager
 * attention.
 *
 * <p>Letters used for shapes: B prompts, S tokens, M width of the residual stream, H query heads, K key-value heads, D head
 * width, V vocabulary.
 */
package org.apmae.models.target;
