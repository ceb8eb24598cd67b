/**
 * Interventions on heads: on what they write before the output projection, and on where they look.
 *
 * <p>All are values: {@link org.apmae.models.intervention.ZeroAblation}, {@link org.apmae.models.intervention.HeadScaling} and
 * {@link org.apmae.models.intervention.HeadReplacement} change heads, {@link org.apmae.models.intervention.AtPositions} restricts
 * them to positions, {@link org.apmae.models.intervention.Composition} joins several.
 */
package org.apmae.models.intervention;
