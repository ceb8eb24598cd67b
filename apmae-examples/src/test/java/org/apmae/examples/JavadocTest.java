package org.apmae.examples;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.javaparser.JavaParser;
import com.github.javaparser.ParseResult;
import com.github.javaparser.ParserConfiguration;
import com.github.javaparser.ast.CompilationUnit;
import com.github.javaparser.ast.Modifier;
import com.github.javaparser.ast.Node;
import com.github.javaparser.ast.body.BodyDeclaration;
import com.github.javaparser.ast.body.ClassOrInterfaceDeclaration;
import com.github.javaparser.ast.body.CompactConstructorDeclaration;
import com.github.javaparser.ast.body.ConstructorDeclaration;
import com.github.javaparser.ast.body.EnumDeclaration;
import com.github.javaparser.ast.body.FieldDeclaration;
import com.github.javaparser.ast.body.MethodDeclaration;
import com.github.javaparser.ast.body.RecordDeclaration;
import com.github.javaparser.ast.body.TypeDeclaration;
import com.github.javaparser.ast.expr.LambdaExpr;
import com.github.javaparser.ast.nodeTypes.NodeWithJavadoc;
import com.github.javaparser.ast.nodeTypes.NodeWithModifiers;
import com.github.javaparser.ast.stmt.ThrowStmt;
import com.github.javaparser.ast.stmt.TryStmt;
import com.github.javaparser.javadoc.Javadoc;
import com.github.javaparser.javadoc.JavadocBlockTag;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** Everything that users can see says what it is: types, constructors, methods, components, constants. */
class JavadocTest {
    @Test
    void everythingShownIsDescribed() throws IOException {
        List<String> missing = new ArrayList<>();
        List<Path> files = SourceTree.mainFiles();
        assertThat(files).hasSizeGreaterThan(100);
        for (Path file : files) {
            missing.addAll(missing(SourceTree.root().relativize(file).toString(), Files.readString(file)));
        }
        assertThat(missing).isEmpty();
    }

    @Test
    void findsWhatIsMissing() {
        String source = """
                package p;

                /** A type. */
                public class Shown<T> {
                    public static final int BARE = 1;
                    public Shown() {}
                    /** Has no tags. */
                    public int method(int a) throws java.io.IOException { return a; }
                    /** Has all. @param a wrong place */
                    protected void described() {}
                    /** {@return the inline form} */
                    public int inline() { return 0; }
                    @Override public String toString() { return ""; }
                    void hidden() {}
                    /** Throws. */
                    public void thrower() { throw new IllegalStateException(); }
                    public enum Kind { ONE }
                    /** A record. */
                    public record Pair(int left) {}
                    interface Hidden { void free(); }
                }
                """;
        assertThat(missing("p/Shown.java", source))
                .containsExactly(
                        "p/Shown.java:4: Shown has no @param <T>",
                        "p/Shown.java:5: BARE has no Javadoc comment",
                        "p/Shown.java:6: Shown() has no Javadoc comment",
                        "p/Shown.java:8: method(int) has no @param a",
                        "p/Shown.java:8: method(int) has no @return",
                        "p/Shown.java:8: method(int) has no @throws IOException",
                        "p/Shown.java:16: thrower() has no @throws IllegalStateException",
                        "p/Shown.java:17: Kind has no Javadoc comment",
                        "p/Shown.java:17: ONE has no Javadoc comment",
                        "p/Shown.java:19: Pair has no @param left");
    }

    @Test
    void looksIntoInterfaces() {
        String source = """
                package p;
                /** A type. */
                public interface Shown {
                    int bare();
                    /** A type. */
                    class Inner { public void bare() {} }
                }
                """;
        assertThat(missing("S.java", source))
                .containsExactly("S.java:4: bare() has no Javadoc comment", "S.java:6: bare() has no Javadoc comment");
    }

    private static List<String> missing(String file, String source) {
        ParserConfiguration configuration =
                new ParserConfiguration().setLanguageLevel(ParserConfiguration.LanguageLevel.JAVA_17);
        ParseResult<CompilationUnit> parsed = new JavaParser(configuration).parse(source);
        assertThat(parsed.getProblems()).as(file).isEmpty();
        Gate gate = new Gate(file);
        parsed.getResult().orElseThrow().getTypes().forEach(type -> gate.type(type, false));
        return gate.missing;
    }

    /** Walks over what is shown of one file. */
    private static final class Gate {
        private final String file;
        private final List<String> missing = new ArrayList<>();

        Gate(String file) {
            this.file = file;
        }

        void type(TypeDeclaration<?> type, boolean implicitlyPublic) {
            if (!shown(type, implicitlyPublic)) {
                return;
            }
            Optional<Javadoc> javadoc = comment(type, type, type.getNameAsString());
            if (javadoc.isPresent()) {
                List<String> names = new ArrayList<>();
                if (type instanceof RecordDeclaration record) {
                    record.getParameters().forEach(parameter -> names.add(parameter.getNameAsString()));
                    record.getTypeParameters().forEach(parameter -> names.add("<" + parameter.getNameAsString() + ">"));
                } else if (type instanceof ClassOrInterfaceDeclaration plain) {
                    plain.getTypeParameters().forEach(parameter -> names.add("<" + parameter.getNameAsString() + ">"));
                }
                params(type, type.getNameAsString(), javadoc.get(), names);
            }
            if (type instanceof EnumDeclaration constants) {
                constants.getEntries().forEach(entry -> comment(entry, entry, entry.getNameAsString()));
            }
            boolean open = (type instanceof ClassOrInterfaceDeclaration plain && plain.isInterface())
                    || type.isAnnotationDeclaration();
            type.getMembers().forEach(member -> member(member, open));
        }

        private void member(BodyDeclaration<?> member, boolean implicitlyPublic) {
            if (member instanceof TypeDeclaration<?> nested) {
                type(nested, implicitlyPublic);
            } else if (member instanceof MethodDeclaration method && shown(method, implicitlyPublic)) {
                method(method);
            } else if (member instanceof ConstructorDeclaration constructor && shown(constructor, false)) {
                String name = constructor.getSignature().asString();
                comment(constructor, constructor, name).ifPresent(javadoc -> {
                    List<String> names = new ArrayList<>();
                    constructor.getParameters().forEach(parameter -> names.add(parameter.getNameAsString()));
                    params(constructor, name, javadoc, names);
                    constructor
                            .getThrownExceptions()
                            .forEach(thrown -> thrown(constructor, name, javadoc, thrown.asString()));
                    thrownDirectly(constructor.getBody()).forEach(thrown -> thrown(constructor, name, javadoc, thrown));
                });
            } else if (member instanceof CompactConstructorDeclaration compact && shown(compact, false)) {
                String name = compact.getNameAsString();
                comment(compact, compact, name)
                        .ifPresent(javadoc -> thrownDirectly(compact.getBody())
                                .forEach(thrown -> thrown(compact, name, javadoc, thrown)));
            } else if (member instanceof FieldDeclaration field && shown(field, implicitlyPublic)) {
                comment(field, field, field.getVariable(0).getNameAsString());
            }
        }

        private void method(MethodDeclaration method) {
            if (method.isAnnotationPresent(Override.class)) {
                return;
            }
            String name = method.getSignature().asString();
            Optional<Javadoc> comment = comment(method, method, name);
            if (comment.isEmpty()) {
                return;
            }
            Javadoc javadoc = comment.get();
            List<String> names = new ArrayList<>();
            method.getParameters().forEach(parameter -> names.add(parameter.getNameAsString()));
            method.getTypeParameters().forEach(parameter -> names.add("<" + parameter.getNameAsString() + ">"));
            params(method, name, javadoc, names);
            boolean returns = javadoc.toText().contains("{@return")
                    || tags(javadoc, JavadocBlockTag.Type.RETURN).stream()
                            .anyMatch(tag -> !tag.getContent().isEmpty());
            if (!method.getType().isVoidType() && !returns) {
                add(method, name + " has no @return");
            }
            method.getThrownExceptions().forEach(thrown -> thrown(method, name, javadoc, thrown.asString()));
            method.getBody()
                    .ifPresent(body -> thrownDirectly(body).forEach(thrown -> thrown(method, name, javadoc, thrown)));
        }

        /** What a body throws by a statement of its own, outside any try, lambda or class within it. */
        private static List<String> thrownDirectly(Node node) {
            if (node instanceof TryStmt || node instanceof LambdaExpr || node instanceof BodyDeclaration<?>) {
                return List.of();
            }
            if (node instanceof ThrowStmt statement && statement.getExpression().isObjectCreationExpr()) {
                return List.of(statement.getExpression().asObjectCreationExpr().getTypeAsString());
            }
            return node.getChildNodes().stream()
                    .flatMap(child -> thrownDirectly(child).stream())
                    .distinct()
                    .toList();
        }

        private void params(Node node, String name, Javadoc javadoc, List<String> names) {
            for (String parameter : names) {
                boolean found = tags(javadoc, JavadocBlockTag.Type.PARAM).stream()
                        .anyMatch(tag -> tag.getName().map(parameter::equals).orElse(false)
                                && !tag.getContent().isEmpty());
                if (!found) {
                    add(node, name + " has no @param " + parameter);
                }
            }
        }

        private void thrown(Node node, String name, Javadoc javadoc, String type) {
            String simple = type.substring(type.lastIndexOf('.') + 1);
            List<JavadocBlockTag> tags = new ArrayList<>(tags(javadoc, JavadocBlockTag.Type.THROWS));
            tags.addAll(tags(javadoc, JavadocBlockTag.Type.EXCEPTION));
            boolean found = tags.stream()
                    .map(tag -> tag.getName().orElse(""))
                    .anyMatch(named -> named.equals(simple) || named.endsWith("." + simple));
            if (!found) {
                add(node, name + " has no @throws " + simple);
            }
        }

        private static List<JavadocBlockTag> tags(Javadoc javadoc, JavadocBlockTag.Type type) {
            return javadoc.getBlockTags().stream()
                    .filter(tag -> tag.getType() == type)
                    .toList();
        }

        private Optional<Javadoc> comment(Node node, NodeWithJavadoc<?> documented, String name) {
            Optional<Javadoc> javadoc =
                    documented.getJavadoc().filter(comment -> !comment.toText().isBlank());
            if (javadoc.isEmpty()) {
                add(node, name + " has no Javadoc comment");
            }
            return javadoc;
        }

        private static boolean shown(NodeWithModifiers<?> node, boolean implicitlyPublic) {
            return (implicitlyPublic && !node.hasModifier(Modifier.Keyword.PRIVATE))
                    || node.hasModifier(Modifier.Keyword.PUBLIC)
                    || node.hasModifier(Modifier.Keyword.PROTECTED);
        }

        private void add(Node node, String problem) {
            int line = node.getRange().map(range -> range.begin.line).orElse(0);
            missing.add(file + ":" + line + ": " + problem);
        }
    }
}
