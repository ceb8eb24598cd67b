/** Interventions on heads, before the output projection. */
package org.apmae.models.intervention;
