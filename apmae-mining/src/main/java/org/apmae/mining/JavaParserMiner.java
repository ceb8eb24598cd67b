package org.apmae.mining;

import com.github.javaparser.JavaParser;
import com.github.javaparser.ParseResult;
import com.github.javaparser.ParseStart;
import com.github.javaparser.ParserConfiguration;
import com.github.javaparser.ParserConfiguration.LanguageLevel;
import com.github.javaparser.Problem;
import com.github.javaparser.Providers;
import com.github.javaparser.ast.CompilationUnit;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.SourceFile;

/**
 * Mines all tasks exactly, on the tokens and the tree that JavaParser makes of a file, in one parse.
 *
 * <p>The newest Java is accepted. Each span is checked against the text; a file that cannot be used gives exactly one
 * rejection: {@code does_not_parse}, {@code too_large} (more than {@value #MAX_CHARACTERS} characters
 * or {@value #MAX_TOKENS} tokens),
 * {@code too_deeply_nested} (brackets deeper than {@value #MAX_DEPTH}, or the parser's stack was exceeded),
 * {@code escaped_syntax} (a Unicode escape for a quote or the like moves the tokens' borders) or
 * {@code tokens_do_not_fit} (the parser's tokens are not those of the text).
 *
 * <p>Where a task has more candidates than asked for, all subsets of that size are equally likely; the draw depends on the
 * seed, the text of the file and the task, and on nothing else. Thread-safe; a call parses on a thread of its own with a
 * large stack and waits for it, unless it comes from a {@link CorpusMiner}, whose threads have one.
 *
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on scenarios</a>
 */
public final class JavaParserMiner implements ScenarioMiner {
    /** Longest text that is parsed, in UTF-16 units. */
    public static final int MAX_CHARACTERS = 4_000_000;

    /** Most tokens that are parsed: what the parser holds of a file grows with them, some 400 bytes a token. */
    public static final int MAX_TOKENS = 750_000;

    /** Deepest nesting of brackets that is parsed. */
    public static final int MAX_DEPTH = 1_000;

    private static final Set<CompletionTask> TASKS = Collections.unmodifiableSet(EnumSet.allOf(CompletionTask.class));

    private static final int TOKENS_PER_RANDOM_SPAN = 20;
    private static final int SHORTEST_RANDOM_SPAN = 3;
    private static final int LONGEST_RANDOM_SPAN = 10;

    private final ParserConfiguration configuration = new ParserConfiguration()
            .setLanguageLevel(LanguageLevel.BLEEDING_EDGE)
            .setAttributeComments(false)
            .setDetectOriginalLineSeparator(false)
            .setPreprocessUnicodeEscapes(false)
            .setTabSize(1);

    /** Makes a miner; it holds no state and can be shared by threads. */
    public JavaParserMiner() {}

    /**
     * Returns the tasks this miner can find.
     *
     * @return all tasks
     */
    @Override
    public Set<CompletionTask> tasks() {
        return TASKS;
    }

    @Override
    public MiningResult mine(SourceFile source, MiningOptions options) {
        try {
            return new MiningResult(scenarios(source, options, candidates(source.text())), List.of());
        } catch (UnusableSource e) {
            return new MiningResult(List.of(), List.of(new Rejection(source.path(), e.reason(), e.detail())));
        }
    }

    Candidates candidates(String text) throws UnusableSource {
        if (text.length() > MAX_CHARACTERS) {
            throw new UnusableSource(
                    "too_large",
                    "the file has " + text.length() + " characters; at most " + MAX_CHARACTERS + " are parsed");
        }
        TokenHashes.Extent extent = TokenHashes.extent(text);
        if (extent.tokens() > MAX_TOKENS) {
            throw new UnusableSource(
                    "too_large", "the file has " + extent.tokens() + " tokens; at most " + MAX_TOKENS + " are parsed");
        }
        int depth = extent.depth();
        if (depth > MAX_DEPTH) {
            throw new UnusableSource(
                    "too_deeply_nested",
                    "brackets are nested " + depth + " deep; at most " + MAX_DEPTH + " are parsed");
        }
        if (Thread.currentThread() instanceof ParserThread) {
            return parsed(text);
        }
        CompletableFuture<Candidates> result = new CompletableFuture<>();
        new ParserThread(() -> {
                    try {
                        result.complete(parsed(text));
                    } catch (Throwable e) {
                        // Handed over to the caller's thread, which throws it again.
                        result.completeExceptionally(e);
                    }
                })
                .start();
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof UnusableSource unusable) {
                throw unusable;
            }
            throw e;
        }
    }

    private Candidates parsed(String text) throws UnusableSource {
        try {
            return Candidates.of(text, parse(text));
        } catch (StackOverflowError e) {
            throw new UnusableSource("too_deeply_nested", "the parser needs a deeper stack than it has");
        }
    }

    private CompilationUnit parse(String text) throws UnusableSource {
        ParseResult<CompilationUnit> result =
                new JavaParser(configuration).parse(ParseStart.COMPILATION_UNIT, Providers.provider(text));
        if (!result.isSuccessful()) {
            throw new UnusableSource("does_not_parse", describe(result.getProblems()));
        }
        return result.getResult().orElseThrow();
    }

    private static String describe(List<Problem> problems) {
        if (problems.isEmpty()) {
            return "the parser gave no tree and no problem";
        }
        Problem problem = problems.get(0);
        String line = problem.getLocation()
                .flatMap(location -> location.getBegin().getRange())
                .map(range -> "line " + range.begin.line + ": ")
                .orElse("");
        String message = problem.getMessage().replaceAll("\\s+", " ").strip();
        return line + (message.length() > 200 ? message.substring(0, 200) + "..." : message);
    }

    private static List<Scenario> scenarios(SourceFile source, MiningOptions options, Candidates candidates) {
        String sha = source.sha256();
        SpanOrder order = new SpanOrder();
        for (CompletionTask task : options.tasks()) {
            Candidates.Spans spans = task == CompletionTask.RANDOM || task == CompletionTask.NOISE
                    ? randomSpans(task, candidates.tokens(), options, sha)
                    : candidates.of(task);
            order.add(task, spans, options, sha);
        }
        return order.scenarios(source);
    }

    /** Each span has a generator of its own, so that the limit changes how many there are and not which. */
    private static Candidates.Spans randomSpans(
            CompletionTask task, LexicalTokens tokens, MiningOptions options, String sha) {
        Candidates.Spans spans = new Candidates.Spans();
        int size = tokens.size();
        if (size < SHORTEST_RANDOM_SPAN) {
            return spans;
        }
        int count = Math.min(options.perFileAndTask(), Math.max(1, size / TOKENS_PER_RANDOM_SPAN));
        SplitMix.Family family = new SplitMix.Family(options.seed(), "position", sha, task.wireName());
        for (int i = 0; i < count; i++) {
            SplitMix random = family.member(Integer.toString(i));
            if (task == CompletionTask.NOISE) {
                int start = tokens.start(random.below(size));
                spans.add(start, start);
            } else {
                int longest = Math.min(LONGEST_RANDOM_SPAN, size);
                int length = SHORTEST_RANDOM_SPAN + random.below(longest - SHORTEST_RANDOM_SPAN + 1);
                int first = random.below(size - length + 1);
                spans.add(tokens.start(first), tokens.end(first + length - 1));
            }
        }
        spans.sort();
        return spans;
    }
}
