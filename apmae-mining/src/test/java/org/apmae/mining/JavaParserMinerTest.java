package org.apmae.mining;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumSet;
import java.util.List;
import org.apmae.core.scenario.CompletionTask;
import org.apmae.core.scenario.MiningOptions;
import org.apmae.core.scenario.MiningResult;
import org.apmae.core.scenario.Rejection;
import org.apmae.core.scenario.Scenario;
import org.apmae.core.scenario.ScenarioMiner;
import org.apmae.core.scenario.ScenarioMinerContract;
import org.apmae.core.scenario.SourceFile;
import org.junit.jupiter.api.Test;

/** The definition of each task, as sources in which «» mark every span that the task has and nothing else. */
class JavaParserMinerTest extends ScenarioMinerContract {
    private static final JavaParserMiner MINER = new JavaParserMiner();

    @Override
    protected ScenarioMiner miner() {
        return new JavaParserMiner();
    }

    private record Span(int start, int end, String text) {}

    private static MiningResult mine(String text, CompletionTask task) {
        return MINER.mine(
                new SourceFile("test", "T.java", text), new MiningOptions(EnumSet.of(task), Integer.MAX_VALUE, 1));
    }

    private static void spans(CompletionTask task, String marked) {
        StringBuilder text = new StringBuilder();
        Deque<Integer> open = new ArrayDeque<>();
        List<Span> expected = new ArrayList<>();
        for (int i = 0; i < marked.length(); i++) {
            char c = marked.charAt(i);
            if (c == '«') {
                open.push(text.length());
            } else if (c == '»') {
                int start = open.pop();
                expected.add(new Span(start, text.length(), text.substring(start)));
            } else {
                text.append(c);
            }
        }
        expected.sort(Comparator.comparingInt(Span::start).thenComparingInt(Span::end));
        MiningResult result = mine(text.toString(), task);
        assertThat(result.rejections()).isEmpty();
        assertThat(result.scenarios())
                .extracting(s -> new Span(s.start(), s.end(), s.target()))
                .containsExactlyElementsOf(expected);
    }

    /** The same with other line breaks, a byte-order mark, and a comment with tabs and emoji in front. */
    private static void spansAnyhow(CompletionTask task, String marked) {
        spans(task, marked);
        spans(task, marked.replace("\n", "\r\n"));
        spans(task, marked.replace("\n", "\r"));
        spans(task, "\uFEFF/* \uD83D\uDE00\t\\u0041 */\t" + marked);
    }

    @Test
    void identifiers() {
        spansAnyhow(CompletionTask.IDENTIFIERS, """
                package «demo».«shapes»;
                import «java».«util».*;
                @«Deprecated»(«since» = "x")
                class «A»<«T» extends «Comparable»<«T»>> {
                \t«List»<«List»<«String»>> «a\\u0041» = null; // not here
                    int «record» = 1, «when», «名前»;
                    void «sealed»(int «this_») {}
                }
                """);
        spansAnyhow(CompletionTask.IDENTIFIERS, """
                record «P»(int «x») {}
                sealed interface «S» permits «Q» {}
                non-sealed class «Q» implements «S» {
                    «Runnable» «r» = «Thread»::«yield», «s» = «Q»::new;
                    int «f»(«Object» «o») {
                        «label»:
                        for (var «i» : new int[] {1}) break «label»;
                        «Thread».«yield»();
                        return switch («o») {
                            case «P»(var «x») when «x» > 0 -> { yield «x»; }
                            case «P»(int _) -> 2;
                            default -> 3;
                        };
                    }
                }
                """);
    }

    @Test
    void literals() {
        spansAnyhow(CompletionTask.STRING_LITERALS, """
                class A { // "no"
                    String s = «"a\\"b"» + «"\\u0041 \uD83D\uDE00"»;
                    char c = «'\\''», d = «'"'»; /* 'x' "y" */
                    String t = «\"""
                \t "quoted" \\\""" // text
                      \"""»;
                }
                """);
        spansAnyhow(
                CompletionTask.BOOLEAN_LITERALS,
                "class A { boolean trueish = «true», b = !«false»; String s = \"true\"; Object n = null; }\n");
        spansAnyhow(
                CompletionTask.NUMERIC_LITERALS,
                "class A { double d = -«1.5e-3» + «.25» + «3.» + «0x1p3f» + «0b1_0» + «017L» + «1_000.5F»; String s1 = \"2\";}\n");
    }

    @Test
    void calls() {
        spansAnyhow(CompletionTask.FUNCTION_CALL, """
                class A extends B {
                    A() { this(«f(1)»); }
                    A(int x) { super(x); new A(); }
                    Object o = ««a.b()»\n        .c(x)».d;
                    Runnable r = () -> «super.run(y -> «g(y)»)»;
                }
                """);
        spansAnyhow(CompletionTask.FUNCTION_NAME, """
                @interface N { String value(); }
                class A {
                    A() { f(); }
                    <T> void «f»() {}
                    int «record»(int a)[] { return null; }
                }
                record R(int x) { R { } public int «x»() { return x; } }
                """);
    }

    @Test
    void closingBrackets() {
        spansAnyhow(CompletionTask.CLOSING_BRACKET, """
                class A { // ) ] }
                    int[«]» a = {1, 2«}», b = a[f(0«)»«]»;
                    String s = ")]}"; char c = ']';
                «}»
                """);
    }

    @Test
    void endsOfLines() {
        spansAnyhow(CompletionTask.EOL, """
                import java.util.List«;
                »class A {
                    int a«;\040\040
                »    int b«;»\t// ; comment
                    int c«;» /* ; */ // x
                    int d«;» /* over
                    lines */ int e; int f«;
                »
                    void f() { for (int i = 0; i < 1«;
                »        i++) {} }
                    String s = \"""
                      ;
                      \"""«;
                »    // ;
                    int g; /* x */ int h«;
                »} ;""");
        spans(CompletionTask.EOL, "class A { int a«;\r\n»\tint b«; \n»int c«;\r»}");
    }

    @Test
    void stops() {
        spansAnyhow(CompletionTask.STOP, """
                package a.b.c;
                import a.b.*;
                import static a.b.C.d;
                class A {
                    java«.»util«.»List<Map«.»Entry> x = this«.»y«.»f(1.5, .5)«.»<T>g(); // a.b
                    void f(int... z) { Runnable r = A«.»super::run; outer«.»new Inner(); Class c = int[]«.»class; }
                }
                """);
        spans(CompletionTask.STOP, "module a.b { requires java.base; exports a.b.c to d.e; }\n");
    }

    @Test
    void keywords() {
        spansAnyhow(CompletionTask.KEYWORDS, """
                «package» demo;
                «import» «static» java.lang.Math.*;
                «sealed» «interface» S «permits» R, C {}
                «record» R(«int» x) «implements» S {}
                «non-sealed» «strictfp» «class» C «implements» S { // class
                    «boolean» b = true; String s = null, domain = "if";
                    «int» record, sealed, permits, when, yield, module, open, with, to, requires;
                    «int» f(Object o) {
                        «var» v = (BiFunction<String, String, String>) («var» p, «var» q) -> p;
                        «return» «switch» (o) {
                            «case» R(«var» x) «when» x > 0 -> { «yield» x; }
                            «case» R(«int» «_») -> «this».record;
                            «case» null, «default» -> «throw» «new» Error();
                        };
                    }
                }
                @«interface» N {}
                """);
        spans(
                CompletionTask.KEYWORDS,
                "«open» «module» a.to { «requires» «transitive» b; «requires» «static» c; «exports» d «to» e;"
                        + " «opens» f; «uses» g; «provides» h «with» i; }");
    }

    @Test
    void mathematicalOperators() {
        spansAnyhow(CompletionTask.MATHEMATICAL_OPERATORS, """
                import java.util.*;
                class A<T extends B & C> {
                    List<List<String>> x = new ArrayList<>();
                    Map<String, ? extends List<? super T>> y;
                    int i = a «>>» b «>>>» c «<<» d, j = h«++»«+»i «-» «-»i, k = «+»1 «*» 2 «/» 3 «%» 4; // a + b
                    boolean p = a «<» b «&» c «>» d «|» e «<=» f «^» g «>=» «~»h && q;
                    Object o = (Runnable & Serializable) () -> {}, u = a ? b : c, r = List<String>::new;
                    List<Map<String, List<Integer>>> z = (List<Map<String, List<Integer>>>) w;
                    int m = (a) «>>»\n 1, n = f(b) «>>>» a[1] «>>» (c «<» d ? 1 : 2);
                    void f() { «--»a; b«++»; c += d; e >>>= f; this.<List<List<T>>>g(); if (o instanceof List<?> l «&» p) {}
                        try { } catch (X | Y e) { } }
                    int s = switch (o) { case Box<List<T>>(var v) when v «>» 1 -> 1; default -> 1e-3 «>» 2 ? 3 : 4; };
                }
                """);
    }

    @Test
    void otherOperators() {
        spansAnyhow(
                CompletionTask.BOOLEAN_OPERATORS,
                "class A { boolean b = a «!=» c «&&» «!»d «||» (e «==» f) & g | h; /* a == b */ String s = \"&&\"; }\n");
        spansAnyhow(
                CompletionTask.ASSIGNMENT_OPERATORS,
                "class A { int a = 1; void f() { a «+=» 1; a «-=» 1; a «*=» 1; a «/=» 1; a «%=» 1; a «&=» 1; a «|=» 1;"
                        + " a «^=» 1; a «<<=» 1; a «>>=» 1; a «>>>=» 1; a = a >= 1 ? 2 : 3; } }\n");
    }

    @Test
    void randomSpansAreThreeToTenWholeTokens() {
        String text = "class A { int a = b >> c; // no\n List<List<X>> d; }\n";
        List<String> tokens = List.of(
                "class", "A", "{", "int", "a", "=", "b", ">>", "c", ";", "List", "<", "List", "<", "X", ">", ">", "d",
                ";", "}");
        List<Integer> starts = new ArrayList<>();
        List<Integer> ends = new ArrayList<>();
        for (int at = 0, i = 0; i < tokens.size(); i++) {
            at = text.indexOf(tokens.get(i), at);
            starts.add(at);
            at += tokens.get(i).length();
            ends.add(at);
        }
        EnumSet<CompletionTask> both = EnumSet.of(CompletionTask.RANDOM, CompletionTask.NOISE);
        List<Integer> lengths = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        for (int seed = 0; seed < 300; seed++) {
            List<Scenario> scenarios = MINER.mine(
                            new SourceFile("test", "T.java", text), new MiningOptions(both, Integer.MAX_VALUE, seed))
                    .scenarios();
            assertThat(scenarios).extracting(Scenario::task).containsExactlyInAnyOrderElementsOf(both);
            for (Scenario scenario : scenarios) {
                assertThat(starts).contains(scenario.start());
                if (scenario.task() == CompletionTask.RANDOM) {
                    assertThat(ends).contains(scenario.end());
                    lengths.add(ends.indexOf(scenario.end()) - starts.indexOf(scenario.start()) + 1);
                } else {
                    assertThat(scenario.target()).isEmpty();
                    positions.add(starts.indexOf(scenario.start()));
                }
            }
        }
        assertThat(lengths).contains(3, 4, 5, 6, 7, 8, 9, 10).allMatch(length -> length >= 3 && length <= 10);
        assertThat(positions).contains(0, 7, 19).allMatch(position -> position >= 0 && position < 20);
    }

    @Test
    void oneRandomSpanForTwentyTokens() {
        String text = "class A { " + "int a = b + c; ".repeat(100) + "}";
        assertThat(mine(text, CompletionTask.RANDOM).scenarios()).hasSizeBetween(33, 35);
        assertThat(mine(text, CompletionTask.NOISE).scenarios()).hasSizeBetween(30, 35);
        assertThat(mine("// nothing", CompletionTask.RANDOM)).isEqualTo(new MiningResult(List.of(), List.of()));
    }

    private static Rejection rejection(String text) {
        MiningResult result = mine(text, CompletionTask.IDENTIFIERS);
        assertThat(result.scenarios()).isEmpty();
        assertThat(result.rejections()).hasSize(1);
        return result.rejections().get(0);
    }

    @Test
    void filesThatCannotBeUsedAreRejectedWithTheReason() {
        Rejection broken = rejection("class A {\n  int = 1;\n}\n");
        assertThat(broken.reason()).isEqualTo("does_not_parse");
        assertThat(broken.detail()).startsWith("line 2: ");
        assertThat(rejection(" ".repeat(JavaParserMiner.MAX_CHARACTERS + 1)).reason())
                .isEqualTo("too_large");
        assertThat(rejection("class A { int a = " + "(".repeat(100_000) + "1" + ")".repeat(100_000) + "; }")
                        .reason())
                .isEqualTo("too_deeply_nested");
        assertThat(rejection("class A { String s = \"\\u0022 + a + \\u0022\"; }")
                        .reason())
                .isEqualTo("escaped_syntax");
        assertThat(rejection("class A { } // \\u000a class B { }").reason()).isEqualTo("escaped_syntax");
        assertThat(rejection("class A { } /* \\u002a/ class B { } /* */").reason())
                .isEqualTo("escaped_syntax");
    }

    @Test
    void harmlessEscapesAreNotRejected() {
        spans(
                CompletionTask.STRING_LITERALS,
                "class A { char c = «'\\u0041'», d = «'\\u005c\\u005c'»; String s = «\"\\\\u0022 \\u0020 \\u005cn\"»; } // \\u0022 \\u00");
    }

    @Test
    void longChainsAndDeepNestingAreParsed() {
        String chain = "class A { int a = 1" + " + 1".repeat(20_000) + "; }";
        assertThat(mine(chain, CompletionTask.MATHEMATICAL_OPERATORS).scenarios())
                .hasSize(20_000);
        String nested = "class A { int a = " + "f(".repeat(900) + "1" + ")".repeat(900) + "; }";
        assertThat(mine(nested, CompletionTask.FUNCTION_CALL).scenarios()).hasSize(900);
    }
}
