/** Predicting from pattern labels whether a generation is correct, and the statistics to judge such a prediction. */
package org.apmae.core.predict;
