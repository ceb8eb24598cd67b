/** What training a target model and training an AP-MAE have in common. */
package org.apmae.models.training;
