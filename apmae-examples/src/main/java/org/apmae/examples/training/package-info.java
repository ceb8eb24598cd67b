/** The program that trains the embedded target model: tokenizer, data, training with checkpoints, evaluation. */
package org.apmae.examples.training;
