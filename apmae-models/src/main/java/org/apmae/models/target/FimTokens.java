package org.apmae.models.target;

/**
 * The ids of the fill-in-the-middle markers.
 *
 * @param prefix starts what stands before the gap
 * @param middle asks for the text of the gap
 * @param suffix starts what stands after the gap
 */
public record FimTokens(int prefix, int middle, int suffix) {}
