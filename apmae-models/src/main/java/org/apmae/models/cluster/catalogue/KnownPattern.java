package org.apmae.models.cluster.catalogue;

/** Patterns of attention that the literature has names for; {@link PatternScores} says how each is measured. */
public enum KnownPattern {
    /** Every token looks at the one before it. */
    PREVIOUS_TOKEN("previous token"),
    /** Tokens look at the first token, which serves as a place to rest. */
    FIRST_TOKEN("first-token sink"),
    /** Tokens look at themselves and the few before them. */
    LOCAL_BAND("local band"),
    /** Tokens look at earlier copies of themselves. */
    DUPLICATE_TOKEN("duplicate token"),
    /** Tokens look at what followed earlier copies of themselves. */
    INDUCTION("induction"),
    /** Closing brackets look at the brackets that they close. */
    BRACKET_MATCHING("bracket matching"),
    /** Tokens of the suffix look over the gap at the end of the prefix. */
    ACROSS_GAP("suffix across the gap");

    private final String title;

    KnownPattern(String title) {
        this.title = title;
    }

    /**
     * Returns the name for people.
     *
     * @return a few words
     */
    public String title() {
        return title;
    }
}
