package io.github.tornadodiffusion.experiments;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The packages, and which of them may use which. A package uses those that stand before it in a
 * list, so there are no cycles between packages, and none between classes of different packages.
 */
class RoomsTest {
  private static final String PROJECT = "io.github.tornadodiffusion";

  /** Modules, the lowest first. */
  private static final List<String> MODULES = List.of("kernels", "nn", "diffusion", "experiments");

  private static final List<String> DIFFUSION =
      List.of(
          "diffusion",
          "diffusion.images",
          "diffusion.random",
          "diffusion.text",
          "diffusion.data",
          "diffusion.data.butterflies",
          "diffusion.data.decoding",
          "diffusion.data.formats",
          "diffusion.data.sources",
          "diffusion.schedulers.noise",
          "diffusion.schedulers.config",
          "diffusion.schedulers.steps",
          "diffusion.schedulers.solvers",
          "diffusion.schedulers",
          "diffusion.model",
          "diffusion.sampling",
          "diffusion.training",
          "diffusion.evaluation");

  private static final List<String> EXPERIMENTS =
      List.of(
          "experiments.statistics",
          "experiments.report",
          "experiments.cli",
          "experiments.profile",
          "experiments.bench",
          "experiments.sampling",
          "experiments.training",
          "experiments.framework",
          "experiments.jmh",
          "experiments.study",
          "experiments.samplers",
          "experiments.scaling",
          "experiments.devices",
          "experiments.run",
          "experiments.notebook",
          "experiments");

  private static JavaClasses classes(String module) {
    return new ClassFileImporter()
        .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
        .withImportOption(location -> !location.contains("-test/") && !location.contains("-jmh/"))
        .importPackages(PROJECT + "." + module);
  }

  private static void assertRooms(String module, List<String> rooms) {
    JavaClasses classes = classes(module);
    Set<String> packages =
        classes.stream()
            .map(JavaClass::getPackageName)
            .map(name -> name.substring(PROJECT.length() + 1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(new TreeSet<>(rooms), packages);
    for (int room = 0; room < rooms.size() - 1; room++) {
      String[] after = rooms.subList(room + 1, rooms.size()).toArray(String[]::new);
      assertUsesNone(classes, rooms.subList(room, room + 1), after);
    }
  }

  private static String[] names(Stream<String> packages) {
    return packages.map(name -> PROJECT + "." + name).toArray(String[]::new);
  }

  @Test
  void modulesUseOnlyThoseBelow() {
    for (int module = 0; module < MODULES.size() - 1; module++) {
      String own = MODULES.get(module);
      String[] above =
          MODULES.subList(module + 1, MODULES.size()).stream()
              .map(name -> name + "..")
              .toArray(String[]::new);
      assertUsesNone(classes(own), List.of(own + ".."), above);
    }
  }

  @Test
  void roomsOfExperimentsUseOnlyThoseBefore() {
    assertRooms("experiments", EXPERIMENTS);
  }

  @Test
  void roomsOfDiffusionUseOnlyThoseBefore() {
    assertRooms("diffusion", DIFFUSION);
  }

  private static void assertUsesNone(JavaClasses classes, List<String> rooms, String... others) {
    noClasses()
        .that()
        .resideInAnyPackage(names(rooms.stream()))
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(names(Stream.of(others)))
        .check(classes);
  }

  @Test
  void roomsOfNnHaveNoCyclesAndModelsKnowNoTraining() {
    JavaClasses nn = classes("nn");
    slices().matching(PROJECT + ".(**)").should().beFreeOfCycles().check(nn);
    assertUsesNone(nn, List.of("nn.graph", "nn.layers"), "nn.models..", "nn.training..");
    assertUsesNone(nn, List.of("nn.models.."), "nn.training..");
    assertUsesNone(nn, List.of("nn.training.."), "nn.models..");
  }

  @Test
  void roomsOfKernelsHaveNoCyclesAndOperationsKnowNoEngine() {
    JavaClasses kernels = classes("kernels");
    slices().matching(PROJECT + ".(**)").should().beFreeOfCycles().check(kernels);
    assertUsesNone(kernels, List.of("kernels", "kernels.ops.."), "kernels.jvm", "kernels.tornado");
  }
}
