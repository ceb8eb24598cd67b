/** Sweeps of interventions over scenarios: shared prefixes of layers, rankings of heads, and the search for heads that hurt. */
package org.apmae.models.sweep;
