/** Training of networks whose gradients libtorch computes: optimiser and learning-rate schedule. */
package org.apmae.models.training;
