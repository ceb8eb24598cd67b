package org.apmae.examples.howto;

import java.util.ArrayList;
import java.util.List;
import org.apmae.core.model.Prompt;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.models.target.CodeTokenizer;
import org.apmae.models.target.FimWindow;

/** Small prompts for the example programs: in the last method of a class one {@code int} is cut out. */
final class Snippets {
    private static final String[] NAMES = {"total", "count", "size", "result", "value", "index", "offset", "length"};

    private Snippets() {}

    static List<Prompt> prompts(CodeTokenizer tokenizer, int count, int window) {
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String name = NAMES[i % NAMES.length];
            StringBuilder before = new StringBuilder("class Sample" + i + " {\n");
            for (int method = 0; method < 6; method++) {
                before.append(method(NAMES[(i + method * 3 + 1) % NAMES.length], "get" + (i * 7 + method)));
            }
            String last = method(name, "last");
            int gap = last.lastIndexOf("int number :");
            int[] ids = FimWindow.layOut(
                    tokenizer.encode(before + last.substring(0, gap)),
                    tokenizer.encode(last.substring(gap + 3) + "}\n"),
                    tokenizer.fimTokens(),
                    window);
            prompts.add(new Prompt(
                    "sample-" + i, CompletionTask.KEYWORDS, ids, tokenizer.encode("int")[0]));
        }
        return prompts;
    }

    private static String method(String name, String title) {
        return "    int " + title + "(int[] numbers) {\n        int " + name
                + " = 0;\n        for (int number : numbers) {\n            " + name
                + " += number;\n        }\n        return "
                + name + ";\n    }\n\n";
    }
}
