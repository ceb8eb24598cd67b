package org.apmae.examples.howto;

import java.util.ArrayList;
import java.util.List;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimWindow;

/** Small prompts for the example programs: in the last method of a class one token is cut out. */
final class Snippets {
    private static final String[] NAMES = {"total", "count", "size", "result", "value", "index", "offset", "length"};

    private Snippets() {}

    /** Prompts that the embedded model nearly always completes: an {@code int} is cut out. */
    static List<Prompt> prompts(CodeTokenizer tokenizer, int count, int window) {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            prompts.add(prompt(tokenizer, i, "int number :", "int", window));
        }
        return prompts;
    }

    /** Prompts of which it completes some: in turn a type, a keyword, a name that stands before, and a name that does not. */
    static List<Prompt> mixed(CodeTokenizer tokenizer, int count, int window) {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = NAMES[i % NAMES.length];
            String[] places = {"int number :", "return " + name, name + ";", "last("};
            String[] targets = {"int", "return", name, "last"};
            int kind = i / NAMES.length % places.length;
            prompts.add(prompt(tokenizer, i, places[kind], targets[kind], window));
        }
        return prompts;
    }

    /** Cuts out of the i-th class the target with which a place in its last method begins. */
    private static Prompt prompt(CodeTokenizer tokenizer, int i, String place, String target, int window) {
        StringBuilder before = new StringBuilder("class Sample" + i + " {\n");
        for (int method = 0; method < 6; method++) {
            before.append(method(NAMES[(i + method * 3 + 1) % NAMES.length], "get" + (i * 7 + method)));
        }
        String last = method(NAMES[i % NAMES.length], "last");
        int gap = last.lastIndexOf(place);
        int[] ids = FimWindow.layOut(
                tokenizer.encode(before + last.substring(0, gap)),
                tokenizer.encode(last.substring(gap + target.length()) + "}\n"),
                tokenizer.fimTokens(),
                window);
        return new Prompt("sample-" + i, CompletionTask.KEYWORDS, ids, tokenizer.encode(target)[0]);
    }

    private static String method(String name, String title) {
        return "    int " + title + "(int[] numbers) {\n        int " + name
                + " = 0;\n        for (int number : numbers) {\n            " + name
                + " += number;\n        }\n        return "
                + name + ";\n    }\n\n";
    }
}
