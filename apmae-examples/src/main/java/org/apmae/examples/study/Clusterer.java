package org.apmae.examples.study;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apmae.core.pattern.PatternClusterer;
import org.apmae.models.cluster.Hdbscan;
import org.apmae.models.cluster.KMeans;
import org.apmae.models.cluster.UmapHdbscan;

/** What finds the patterns of a head. */
enum Clusterer {
    /** The paper's: UMAP and HDBSCAN, where all rows may form one cluster. */
    PAPER,
    /** The same, but one cluster of all rows is not accepted, which shows the groups inside it. */
    SPLIT,
    /** HDBSCAN on the encodings themselves. */
    HDBSCAN,
    /** K-means, with which the method began. */
    KMEANS;

    private static final int GROUPS = 8;

    PatternClusterer clusterer() {
        UmapHdbscan.Options paper = UmapHdbscan.Options.paper();
        return switch (this) {
            case PAPER -> new UmapHdbscan(paper);
            case SPLIT -> new UmapHdbscan(paper.withSingleCluster(false));
            case HDBSCAN -> new Hdbscan(paper.minSamples(), paper.minClusterSize(), paper.allowSingleCluster());
            case KMEANS -> new KMeans(GROUPS);
        };
    }

    String wireName() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Clusterer ofWireName(String name) {
        return Arrays.stream(values())
                .filter(one -> one.wireName().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("'" + name + "' is no clusterer; give "
                        + Arrays.stream(values()).map(Clusterer::wireName).collect(Collectors.joining(", "))));
    }
}
