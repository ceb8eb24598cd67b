package org.apmae.mining;

import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.SourceFile;

/**
 * Selects spans as the published regular expressions do, for comparison with the exact miner only.
 *
 * <p>The expressions know no context: they match inside comments, strings and names too, and {@code eol} knows the line
 * feed alone. Seven tasks are selected this way; {@link #tasks()} lists them. No file is rejected, since none is parsed.
 * Matches of a task do not overlap; with a limit, the draw is that of {@link JavaParserMiner}. Immutable and thread-safe.
 *
 * @see MinerComparison
 * @see <a href="https://arxiv.org/abs/2604.03764">Automated Attention Pattern Discovery at Scale, section on scenarios</a>
 */
public final class PublishedMiner implements ScenarioMiner {
    private static final Map<CompletionTask, Pattern> PATTERNS = patterns();

    /** Makes a miner; it holds no state and can be shared by threads. */
    public PublishedMiner() {}

    private static Map<CompletionTask, Pattern> patterns() {
        Map<CompletionTask, Pattern> patterns = new EnumMap<>(CompletionTask.class);
        patterns.put(CompletionTask.CLOSING_BRACKET, Pattern.compile("[)\\]}]"));
        patterns.put(CompletionTask.EOL, Pattern.compile(";\n"));
        patterns.put(CompletionTask.STOP, Pattern.compile("\\."));
        // Without word boundaries, and the first alternative that fits wins: "finally" gives "final".
        patterns.put(
                CompletionTask.KEYWORDS,
                Pattern.compile("abstract|assert|break|case|catch|continue|default|do|else|enum|exports|extends|final"
                        + "|for|if|implements|import|instanceof|interface|module|native|new|package|private|protected"
                        + "|public|requires|return|static|super|switch|synchronized|this|throws|throw|transient|try"
                        + "|void|volatile|while"));
        // No shifts and arrows, but an arrow's angle; + and - not where they assign, but *=, /=, %= and \=.
        patterns.put(
                CompletionTask.MATHEMATICAL_OPERATORS,
                Pattern.compile("\\+\\+|--|[*/%\\\\]=|(?<!<)<=|(?<!>)>=|(?<!\\+)\\+(?![+=])|(?<!-)-(?![-=>])|[*/%]"
                        + "|(?<!\\\\)\\\\(?!\\\\)|(?<!<)<(?!<)|(?<!>)>(?!>)"));
        patterns.put(CompletionTask.BOOLEAN_OPERATORS, Pattern.compile("!=|==|&&|\\|\\||!"));
        patterns.put(CompletionTask.ASSIGNMENT_OPERATORS, Pattern.compile("\\+=|-=|\\*=|/=|%=|&=|\\|=|\\^=|<<=|>>="));
        return Collections.unmodifiableMap(patterns);
    }

    /**
     * Returns the tasks that are published as expressions.
     *
     * @return closing_bracket, eol, stop, keywords and the three kinds of operators
     */
    @Override
    public Set<CompletionTask> tasks() {
        return PATTERNS.keySet();
    }

    @Override
    public MiningResult mine(SourceFile source, MiningOptions options) {
        String sha = source.sha256();
        SpanOrder order = new SpanOrder();
        for (CompletionTask task : options.tasks()) {
            Pattern pattern = PATTERNS.get(task);
            if (pattern == null) {
                throw new IllegalArgumentException("the published expressions have no task " + task.wireName()
                        + "; ask for some of " + tasks() + " or use JavaParserMiner");
            }
            Candidates.Spans spans = new Candidates.Spans();
            for (Matcher matcher = pattern.matcher(source.text()); matcher.find(); ) {
                spans.add(matcher.start(), matcher.end());
            }
            order.add(task, spans, options, sha);
        }
        return new MiningResult(order.scenarios(source), List.of());
    }
}
