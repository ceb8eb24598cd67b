package org.apmae.core.run;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a result was made from and with. Immutable and thread-safe.
 *
 * @param seeds every seed that was used, by name
 * @param software versions, by name
 * @param facts anything else a reader needs to make the result again: hashes of the model and the corpus, options, device
 */
public record Provenance(Map<String, Long> seeds, Map<String, String> software, Map<String, String> facts) {
    /** Copies the maps and sorts them by key. */
    public Provenance {
        seeds = Collections.unmodifiableMap(new TreeMap<>(seeds));
        software = Collections.unmodifiableMap(new TreeMap<>(software));
        facts = Collections.unmodifiableMap(new TreeMap<>(facts));
    }

    /**
     * Starts from one seed and the versions of apmae, Java and the operating system.
     *
     * @param seed the seed of the stage, stored under the name {@code seed}
     * @return the provenance
     */
    public static Provenance seeded(long seed) {
        String own = Provenance.class.getPackage().getImplementationVersion();
        return new Provenance(Map.of("seed", seed), Map.of(), Map.of())
                .withSoftware("apmae", own == null ? "unpackaged build" : own)
                .withSoftware(
                        "java", System.getProperty("java.version") + " (" + System.getProperty("java.vm.name") + ")")
                .withSoftware("system", System.getProperty("os.name") + " " + System.getProperty("os.arch"));
    }

    /**
     * Adds a seed.
     *
     * @param name for example {@code split}
     * @param seed the seed
     * @return a copy with it
     */
    public Provenance withSeed(String name, long seed) {
        return new Provenance(with(seeds, name, seed), software, facts);
    }

    /**
     * Adds a version.
     *
     * @param name for example {@code djl}
     * @param version for example {@code 0.35.1}
     * @return a copy with it
     */
    public Provenance withSoftware(String name, String version) {
        return new Provenance(seeds, with(software, name, version), facts);
    }

    /**
     * Adds a fact.
     *
     * @param name for example {@code model_sha256}
     * @param value its value as text
     * @return a copy with it
     */
    public Provenance withFact(String name, String value) {
        return new Provenance(seeds, software, with(facts, name, value));
    }

    Map<String, Object> toJson() {
        return Map.of("seeds", seeds, "software", software, "facts", facts);
    }

    static Provenance fromJson(Fields fields) {
        Map<String, Long> seeds = new TreeMap<>();
        Fields seedFields = fields.object("seeds");
        seedFields.map().keySet().forEach(name -> seeds.put((String) name, seedFields.whole((String) name)));
        return new Provenance(seeds, texts(fields.object("software")), texts(fields.object("facts")));
    }

    private static Map<String, String> texts(Fields fields) {
        Map<String, String> texts = new TreeMap<>();
        fields.map().keySet().forEach(name -> texts.put((String) name, fields.text((String) name)));
        return texts;
    }

    private static <T> Map<String, T> with(Map<String, T> map, String name, T value) {
        Map<String, T> copy = new TreeMap<>(map);
        copy.put(name, value);
        return copy;
    }
}
