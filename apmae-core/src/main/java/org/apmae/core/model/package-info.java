/**
 * Target models seen from outside: heads, hook points, prompts, recorded patterns, verdicts and interventions.
 *
 * <p>Letters used for shapes: B prompts in a batch, L layers, H query heads, K key-value heads, S tokens, D head width.
 */
package org.apmae.core.model;
