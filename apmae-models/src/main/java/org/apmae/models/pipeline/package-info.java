/**
 * Recording at scale: prompts through the target model and the encoder into a run folder, in segments that survive any kill,
 * with bounded memory, and with an estimate before it starts.
 */
package org.apmae.models.pipeline;
