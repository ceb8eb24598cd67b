/**
 * Measures of clusterings: agreement of two labellings, stability of a clusterer, association of labels with what is known of
 * the scenarios.
 */
package org.apmae.models.cluster.measure;
