/** Predictors of correctness that are fitted natively: boosted trees on pattern labels. */
package org.apmae.models.predict;
