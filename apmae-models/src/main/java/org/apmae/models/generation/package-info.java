/** Text generation with hooks and interventions active at every step. */
package org.apmae.models.generation;
