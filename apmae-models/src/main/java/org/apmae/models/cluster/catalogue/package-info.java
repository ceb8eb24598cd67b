/**
 * A catalogue of the patterns of all heads: families of patterns that look alike, and scores that tell well-known ones, such as
 * attention to the previous token or induction.
 *
 * <p>Letters used for shapes: S tokens, F width of an encoding.
 */
package org.apmae.models.cluster.catalogue;
