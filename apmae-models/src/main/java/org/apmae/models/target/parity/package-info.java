/** Comparison of target models with what Hugging Face computed. */
package org.apmae.models.target.parity;
