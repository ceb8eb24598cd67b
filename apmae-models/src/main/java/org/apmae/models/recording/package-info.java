/** From scenarios to prompts, and from prompts to attention patterns and verdicts. */
package org.apmae.models.recording;
