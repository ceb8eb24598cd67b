package org.apmae.models.predict;

/** LightGBM's text form of a model. */
final class ModelText {
    private static final String PARAMETERS = "\nparameters:";
    private static final String HEADER = "tree\nversion=v4\nnum_class=1\n";
    private static final String END = "\nend of trees\n";

    private ModelText() {}

    /** Cuts off the list of settings: it names the number of threads, which must not show in the bytes saved. */
    static String withoutParameters(String model) {
        int at = model.indexOf(PARAMETERS);
        return at < 0 ? model : model.substring(0, at + 1);
    }

    /** Tells whether a text looks like a whole model of as many columns, before native code reads it. */
    static boolean looksWhole(String model, int columns) {
        return model.startsWith(HEADER)
                && model.contains("\nmax_feature_idx=" + (columns - 1) + "\n")
                && model.contains("\nobjective=binary ")
                && model.contains("\nTree=0\n")
                && model.contains(END);
    }
}
