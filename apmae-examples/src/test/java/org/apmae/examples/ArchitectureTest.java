package org.apmae.examples;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Keeps the modules, packages and names as docs/architecture.md describes them. */
class ArchitectureTest {
    private static final int MOST_PUBLIC_TYPES = 12;

    private static JavaClasses code;

    @BeforeAll
    static void readClasses() {
        code = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                // the contracts of core's interfaces, which its tests hand to other modules
                .withImportOption(location -> !location.contains("-tests.jar"))
                .importPackages("org.apmae");
        assertThat(code.stream().map(JavaClass::getPackageName).collect(Collectors.toSet()))
                .contains("org.apmae.core.model", "org.apmae.mining", "org.apmae.models.target", "org.apmae.examples");
    }

    @Test
    void coreNeedsNeitherEngineNorParser() {
        classes()
                .that()
                .resideInAPackage("org.apmae.core..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "org.apmae.core..",
                        "java..",
                        "javax.imageio..",
                        "ai.djl",
                        "ai.djl.ndarray..",
                        "org.slf4j",
                        "com.google.gson..",
                        "org.knowm.xchart..")
                .check(code);
    }

    @Test
    void miningNeedsCoreTheParserAndReadersOfFilesOnly() {
        classes()
                .that()
                .resideInAPackage("org.apmae.mining..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage(
                        "org.apmae.mining..",
                        "org.apmae.core.scenario..",
                        "org.apmae.core.progress..",
                        "java..",
                        "org.slf4j",
                        "com.google.gson.stream",
                        "org.apache.commons.compress.archivers.tar",
                        "io.airlift.compress.zstd",
                        "com.github.javaparser..")
                .check(code);
    }

    @Test
    void modelsNeedNeitherMiningNorExamples() {
        noClasses()
                .that()
                .resideInAPackage("org.apmae.models..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "org.apmae.mining..", "org.apmae.examples..", "com.github.javaparser..", "picocli..")
                .check(code);
    }

    @Test
    void packagesHaveNoCycles() {
        slices().assignedFrom(new SliceAssignment() {
                    @Override
                    public SliceIdentifier getIdentifierOf(JavaClass type) {
                        return type.getPackageName().startsWith("org.apmae")
                                ? SliceIdentifier.of(type.getPackageName())
                                : SliceIdentifier.ignore();
                    }

                    @Override
                    public String getDescription() {
                        return "packages of org.apmae";
                    }
                })
                .should()
                .beFreeOfCycles()
                .check(code);
    }

    @Test
    void namesSayWhatATypeDoes() {
        classes()
                .that()
                .arePublic()
                .should()
                .haveNameNotMatching(".*[.$](I[A-Z][a-z]\\w*|\\w*Impl|Default\\w*|Abstract\\w*)")
                .check(code);
    }

    @Test
    void accessorsHaveNoGet() {
        methods()
                .that()
                .arePublic()
                .and()
                .areDeclaredInClassesThat()
                .arePublic()
                .should()
                .haveNameNotMatching("get[A-Z].*")
                .check(code);
    }

    @Test
    void publicFieldsAreConstants() {
        List<String> open = code.stream()
                .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
                .flatMap(type -> type.getFields().stream())
                .filter(field -> field.getModifiers().contains(JavaModifier.PUBLIC)
                        && !field.getModifiers().containsAll(Set.of(JavaModifier.STATIC, JavaModifier.FINAL)))
                .map(field -> field.getFullName())
                .toList();
        assertThat(open).isEmpty();
    }

    @Test
    void aPackageShowsADozenTypesAtMost() {
        Map<String, Long> shown = code.stream()
                .filter(type -> type.isTopLevelClass() && type.getModifiers().contains(JavaModifier.PUBLIC))
                .collect(Collectors.groupingBy(JavaClass::getPackageName, TreeMap::new, Collectors.counting()));
        shown.values().removeIf(count -> count <= MOST_PUBLIC_TYPES);
        assertThat(shown)
                .as("packages with more than %d public types", MOST_PUBLIC_TYPES)
                .isEmpty();
    }

    @Test
    void everyPackageIsDescribed() {
        Set<Path> bare = SourceTree.mainFiles().stream()
                .map(Path::getParent)
                .filter(folder -> !Files.exists(folder.resolve("package-info.java")))
                .collect(Collectors.toSet());
        assertThat(bare).isEmpty();
    }
}
