package org.apmae.mining;

import com.github.javaparser.JavaToken.Kind;
import com.github.javaparser.TokenRange;
import com.github.javaparser.ast.CompilationUnit;
import com.github.javaparser.ast.ImportDeclaration;
import com.github.javaparser.ast.Node;
import com.github.javaparser.ast.PackageDeclaration;
import com.github.javaparser.ast.body.MethodDeclaration;
import com.github.javaparser.ast.expr.BinaryExpr;
import com.github.javaparser.ast.expr.MethodCallExpr;
import com.github.javaparser.ast.modules.ModuleDeclaration;
import com.github.javaparser.ast.type.VarType;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apmae.core.scenario.CompletionTask;

/**
 * All spans of the grammatical tasks in one file: those of single tokens by their kind, the rest and the ambiguous kinds
 * by the tree. See {@code docs/mining.md} for each definition.
 */
final class Candidates {
    private static final Map<Kind, CompletionTask> TASK_OF_KIND = new EnumMap<>(Kind.class);

    static {
        is(CompletionTask.STRING_LITERALS, Kind.STRING_LITERAL, Kind.CHARACTER_LITERAL, Kind.TEXT_BLOCK_LITERAL);
        is(CompletionTask.BOOLEAN_LITERALS, Kind.TRUE, Kind.FALSE);
        is(CompletionTask.NUMERIC_LITERALS, Kind.INTEGER_LITERAL, Kind.LONG_LITERAL, Kind.FLOATING_POINT_LITERAL);
        is(CompletionTask.IDENTIFIERS, Kind.IDENTIFIER);
        is(CompletionTask.CLOSING_BRACKET, Kind.RPAREN, Kind.RBRACKET, Kind.RBRACE);
        is(CompletionTask.BOOLEAN_OPERATORS, Kind.NE, Kind.EQ, Kind.SC_AND, Kind.SC_OR, Kind.BANG);
        is(
                CompletionTask.MATHEMATICAL_OPERATORS,
                Kind.PLUS,
                Kind.MINUS,
                Kind.STAR,
                Kind.SLASH,
                Kind.REM,
                Kind.INCR,
                Kind.DECR,
                Kind.LSHIFT,
                Kind.RSIGNEDSHIFT,
                Kind.RUNSIGNEDSHIFT,
                Kind.BIT_AND,
                Kind.BIT_OR,
                Kind.XOR,
                Kind.TILDE,
                Kind.LT,
                Kind.GT,
                Kind.LE,
                Kind.GE);
        is(
                CompletionTask.ASSIGNMENT_OPERATORS,
                Kind.PLUSASSIGN,
                Kind.MINUSASSIGN,
                Kind.STARASSIGN,
                Kind.SLASHASSIGN,
                Kind.REMASSIGN,
                Kind.ANDASSIGN,
                Kind.ORASSIGN,
                Kind.XORASSIGN,
                Kind.LSHIFTASSIGN,
                Kind.RSIGNEDSHIFTASSIGN,
                Kind.RUNSIGNEDSHIFTASSIGN);
        is(CompletionTask.STOP, Kind.DOT);
        is(CompletionTask.EOL, Kind.SEMICOLON);
        // The parser turns a contextual keyword that serves as a name into an identifier, so what is left acts as one.
        for (Kind kind : Kind.values()) {
            if (kind.compareTo(Kind.ABSTRACT) >= 0
                    && kind.compareTo(Kind.WHEN) <= 0
                    && kind != Kind.TRUE
                    && kind != Kind.FALSE
                    && kind != Kind.NULL) {
                is(CompletionTask.KEYWORDS, kind);
            }
        }
        is(CompletionTask.KEYWORDS, Kind.UNNAMED_PLACEHOLDER);
    }

    private final String text;
    private final LexicalTokens tokens;
    private final Map<CompletionTask, Spans> spans = new EnumMap<>(CompletionTask.class);
    private final BitSet operators = new BitSet();
    private final BitSet keywords = new BitSet();
    private final BitSet outsideCode = new BitSet();

    private Candidates(String text, LexicalTokens tokens) {
        this.text = text;
        this.tokens = tokens;
    }

    private static void is(CompletionTask task, Kind... kinds) {
        for (Kind kind : kinds) {
            TASK_OF_KIND.put(kind, task);
        }
    }

    static Candidates of(String text, CompilationUnit unit) throws UnusableSource {
        LexicalTokens tokens = LexicalTokens.of(text, unit.getTokenRange().orElseThrow());
        Candidates candidates = new Candidates(text, tokens);
        candidates.readTree(unit);
        candidates.readTokens();
        tokens.pack();
        return candidates;
    }

    /** The lexical tokens, a shift operator being one of them. */
    LexicalTokens tokens() {
        return tokens;
    }

    /** The spans of one task in the order of their start. */
    Spans of(CompletionTask task) {
        Spans found = spans.getOrDefault(task, new Spans());
        found.sort();
        return found;
    }

    /** Spans as pairs of ints. */
    static final class Spans {
        private long[] values = new long[16];
        private int size;

        void add(int start, int end) {
            if (size == values.length) {
                values = Arrays.copyOf(values, size * 2);
            }
            values[size++] = (long) start << 32 | end;
        }

        int size() {
            return size;
        }

        int start(int index) {
            return (int) (values[index] >>> 32);
        }

        int end(int index) {
            return (int) values[index];
        }

        /** Orders by start, then end, and drops repeats. */
        void sort() {
            Arrays.sort(values, 0, size);
            int kept = 0;
            for (int i = 0; i < size; i++) {
                if (i == 0 || values[i] != values[i - 1]) {
                    values[kept++] = values[i];
                }
            }
            size = kept;
        }
    }

    private void add(CompletionTask task, int start, int end) {
        spans.computeIfAbsent(task, key -> new Spans()).add(start, end);
    }

    private void readTree(CompilationUnit unit) throws UnusableSource {
        // Not recursive: chains of thousands of operands are common in generated code.
        Deque<Node> pending = new ArrayDeque<>();
        pending.push(unit);
        while (!pending.isEmpty()) {
            Node node = pending.pop();
            if (node instanceof BinaryExpr binary) {
                readOperator(binary);
            } else if (node instanceof MethodCallExpr) {
                TokenRange range = node.getTokenRange().orElseThrow();
                add(
                        CompletionTask.FUNCTION_CALL,
                        tokens.start(tokens.index(range.getBegin())),
                        tokens.end(tokens.index(range.getEnd())));
            } else if (node instanceof MethodDeclaration method) {
                int name = tokens.index(
                        method.getName().getTokenRange().orElseThrow().getBegin());
                add(CompletionTask.FUNCTION_NAME, tokens.start(name), tokens.end(name));
            } else if (node instanceof VarType) {
                keywords.set(tokens.index(node.getTokenRange().orElseThrow().getEnd()));
            } else if (node instanceof ImportDeclaration
                    || node instanceof PackageDeclaration
                    || node instanceof ModuleDeclaration) {
                TokenRange range = node.getTokenRange().orElseThrow();
                outsideCode.set(tokens.index(range.getBegin()), tokens.index(range.getEnd()) + 1);
            }
            List<Node> children = node.getChildNodes();
            for (int i = 0; i < children.size(); i++) {
                pending.push(children.get(i));
            }
        }
    }

    /** Notes the operator where its characters could also be something else, as angle brackets. */
    private void readOperator(BinaryExpr binary) throws UnusableSource {
        Kind kind = switch (binary.getOperator()) {
            case LESS -> Kind.LT;
            case GREATER -> Kind.GT;
            case BINARY_AND -> Kind.BIT_AND;
            case BINARY_OR -> Kind.BIT_OR;
            case SIGNED_RIGHT_SHIFT -> Kind.RSIGNEDSHIFT;
            case UNSIGNED_RIGHT_SHIFT -> Kind.RUNSIGNEDSHIFT;
            default -> null;
        };
        if (kind == null) {
            return;
        }
        int parts = kind == Kind.RSIGNEDSHIFT ? 2 : kind == Kind.RUNSIGNEDSHIFT ? 3 : 1;
        int operator =
                tokens.index(binary.getLeft().getTokenRange().orElseThrow().getEnd()) + 1;
        // In the token list a shift stands as two or three tokens of one angle bracket each.
        Kind expected = parts == 1 ? kind : Kind.GT;
        if (operator >= tokens.size() || tokens.kind(operator) != expected) {
            throw new UnusableSource(
                    "tokens_do_not_fit",
                    "after the left operand no " + binary.getOperator().asString() + " follows");
        }
        if (parts > 1) {
            tokens.merge(operator, parts, kind);
        }
        operators.set(operator);
    }

    private void readTokens() {
        for (int i = 0; i < tokens.size(); i++) {
            Kind kind = tokens.kind(i);
            if (kind == null) {
                continue;
            }
            int start = tokens.start(i);
            int end = tokens.end(i);
            CompletionTask task = TASK_OF_KIND.get(kind);
            if (task == null) {
                continue;
            }
            switch (kind) {
                case IDENTIFIER -> {
                    boolean underscore = end - start == 1 && text.charAt(start) == '_';
                    task = underscore || keywords.get(i) ? CompletionTask.KEYWORDS : CompletionTask.IDENTIFIERS;
                    add(task, start, end);
                }
                case LT, GT, BIT_AND, BIT_OR -> {
                    if (operators.get(i)) {
                        add(task, start, end);
                    }
                }
                case STAR, DOT -> {
                    if (!outsideCode.get(i)) {
                        add(task, start, end);
                    }
                }
                case SEMICOLON -> {
                    int lineEnd = lineEnd(end);
                    if (lineEnd > 0) {
                        add(task, start, lineEnd);
                    }
                }
                default -> add(task, start, end);
            }
        }
    }

    /**
     * Returns where the span of a semicolon ends: after the line break when only blanks stand between, right after the
     * semicolon when a comment does, and 0 when code follows on the line or the file ends without a line break.
     */
    private int lineEnd(int semicolonEnd) {
        boolean comment = false;
        int at = semicolonEnd;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n' || c == '\r') {
                int after = text.startsWith("\r\n", at) ? at + 2 : at + 1;
                return comment ? semicolonEnd : after;
            } else if (text.startsWith("//", at)) {
                comment = true;
                while (at < text.length() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
                    at++;
                }
            } else if (text.startsWith("/*", at)) {
                comment = true;
                int close = text.indexOf("*/", at + 2) + 2;
                if (text.substring(at, close).chars().anyMatch(x -> x == '\n' || x == '\r')) {
                    return semicolonEnd;
                }
                at = close;
            } else if (blank(c)) {
                at++;
            } else {
                return 0;
            }
        }
        return 0;
    }

    /** White space as the parser sees it, which is wider than Java's. */
    private static boolean blank(char c) {
        return Character.isWhitespace(c)
                || Character.isSpaceChar(c)
                || c == '\uFEFF'
                || c == '\u0085'
                || c == '\u180e'
                || (c >= '\u200b' && c <= '\u200d')
                || c == '\u2060';
    }
}
