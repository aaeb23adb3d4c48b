package io.github.tornadodiffusion.experiments.framework;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.framework.ExperimentData.Row;
import io.github.tornadodiffusion.experiments.framework.RunComparison.Figure;
import io.github.tornadodiffusion.experiments.framework.Tolerance.Verdict;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RunComparisonTest {
  private static Row row(String unit, String name, Object value) {
    Map<String, Object> values = new HashMap<>();
    values.put(name, value);
    return new Row(unit, "t", values);
  }

  private static Figure compare(String name, Object before, Object now) {
    RunComparison comparison =
        RunComparison.of(List.of(row("u", name, before)), List.of(row("u", name, now)), 2);
    assertEquals(1, comparison.figures().size());
    return comparison.figures().getFirst();
  }

  @Test
  void qualityIsEqualCloseOrDifferent() {
    assertEquals(Verdict.EQUAL, compare("loss", 0.25, 0.25).verdict());
    assertEquals(Verdict.EQUAL, compare("loss", null, null).verdict());
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("loss", 0.25, 0.2501).verdict());
    assertEquals(Verdict.DIFFERENT, compare("loss", 0.25, 0.26).verdict());
    assertEquals(Verdict.DIFFERENT, compare("loss", 0.25, null).verdict());
    assertEquals(Verdict.DIFFERENT, compare("loss", 0.25, -0.25).verdict());
    assertEquals(Verdict.DIFFERENT, compare("device", "jvm", "opencl:0").verdict());
  }

  @Test
  void whatIsMeasuredMayDifferByAFactor() {
    Figure within = compare("median_ms", 10.0, 19.0);
    assertEquals(Verdict.WITHIN_TOLERANCE, within.verdict());
    assertEquals(1.9, within.largest(), 1e-12);
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("images_per_s", 10.0, 5.1).verdict());
    assertEquals(Verdict.DIFFERENT, compare("gflops", 10.0, 21.0).verdict());
    assertEquals(Verdict.DIFFERENT, compare("loss", 10.0, 19.0).verdict());
  }

  @Test
  void countsAndWholeNumbersMustBeEqual() {
    assertEquals(Verdict.EQUAL, compare("calls", 5000, 5000L).verdict());
    assertEquals(Verdict.DIFFERENT, compare("calls", 5000, 5001).verdict());
    assertEquals(Verdict.DIFFERENT, compare("batch", 1_000_000, 1_000_001).verdict());
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("fid", 5000.0, 5001.0).verdict());
  }

  /** Building, the compilers and first runs happen once: four times as long, or two seconds. */
  @Test
  void whatHappensOnceHasAWiderToleranceAndAFloor() {
    for (String name : List.of("build_ms", "jit_ms", "first_ms", "first_compilation_ms")) {
      Figure figure = compare(name, 0, 2000);
      assertEquals(Verdict.WITHIN_TOLERANCE, figure.verdict(), name);
      assertEquals(Verdict.DIFFERENT, compare(name, 0, 2001).verdict(), name);
      assertEquals(Verdict.WITHIN_TOLERANCE, compare(name, 3000.0, 11_900.0).verdict(), name);
      assertEquals(Verdict.DIFFERENT, compare(name, 3000.0, 12_100.0).verdict(), name);
      assertEquals("× 4 or 2000 ms", figure.tolerance().text());
    }
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("training_seconds", 0.1, 1.0).verdict());
    assertEquals(Verdict.DIFFERENT, compare("training_seconds", 10.0, 41.0).verdict());
    String table =
        RunComparison.of(List.of(row("u", "jit_ms", 0)), List.of(row("u", "jit_ms", 7)), 2)
            .markdown();
    assertTrue(table.contains("| within tolerance | × 4 or 2000 ms |"), table);
    assertTrue(table.contains("from 0"), table);
  }

  @Test
  void medianTimesHaveASmallFloor() {
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("launch_ms", 0.09, 1.05).verdict());
    assertEquals(Verdict.DIFFERENT, compare("run_ms", 1.5, 3.1).verdict());
    assertEquals(Verdict.DIFFERENT, compare("run_ms", 0.0, 1.1).verdict());
    assertEquals(Verdict.DIFFERENT, compare("images_per_s", 0.01, 0.03).verdict());
  }

  @Test
  void sharesOfTimeMayDifferByAPoint() {
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("time_percent", 0.1, 1.05).verdict());
    assertEquals(Verdict.WITHIN_TOLERANCE, compare("time_percent", 30.0, 50.0).verdict());
    assertEquals(Verdict.DIFFERENT, compare("time_percent", 1.0, 2.1).verdict());
    assertEquals("× 2 or 1 points", compare("time_percent", 1.0, 2.1).tolerance().text());
  }

  @Test
  void rowsAreMatchedWithinTheirUnit() {
    List<Row> before = List.of(row("a", "x", 1.0), row("b", "x", 2.0), row("a", "x", 3.0));
    List<Row> otherOrder = List.of(row("b", "x", 2.0), row("a", "x", 1.0), row("a", "x", 3.0));
    assertTrue(RunComparison.of(before, otherOrder, 2).holds());
    assertTrue(RunComparison.of(before, otherOrder, 2).markdown().contains("equal"));
  }

  @Test
  void ofManyRunsTheMedianCounts() {
    List<Row> before =
        List.of(row("a", "run_ms", 1.0), row("a", "run_ms", 1.1), row("a", "run_ms", 1.0));
    List<Row> heldUp =
        List.of(row("a", "run_ms", 9.0), row("a", "run_ms", 1.0), row("a", "run_ms", 1.0));
    List<Row> slow =
        List.of(row("a", "run_ms", 9.0), row("a", "run_ms", 9.0), row("a", "run_ms", 1.0));
    assertTrue(RunComparison.of(before, heldUp, 2).holds());
    assertFalse(RunComparison.of(before, slow, 2).holds());
    assertFalse(RunComparison.of(before, heldUp.subList(0, 2), 2).holds(), "a run is missing");
  }

  /** When the compilers of the JVM are done is chance. */
  @Test
  void runsOfTheWarmUpDoNotCount() {
    List<Row> quick = new ArrayList<>();
    List<Row> slow = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      quick.add(row("a", "run_ms", i < 2 ? 90.0 : 10.0 + i % 3));
      slow.add(row("a", "run_ms", i < 10 ? 90.0 : 10.0 + i % 3));
    }
    assertTrue(RunComparison.of(quick, slow, 1.2).holds());
  }

  /** Not of all that a unit measured: a slow kernel may not hide behind those beside it. */
  @Test
  void mediansAreOfRowsAboutTheSameThing() {
    List<Row> before = new ArrayList<>();
    List<Row> now = new ArrayList<>();
    for (String kernel : List.of("a", "b", "c")) {
      for (int i = 0; i < 2; i++) {
        before.add(new Row("u", "t", Map.of("kernel", kernel, "index", i, "run_ms", 10.0)));
        double slower = kernel.equals("a") ? 30.0 : 10.0;
        now.add(new Row("u", "t", Map.of("kernel", kernel, "index", i, "run_ms", slower)));
      }
    }
    assertTrue(RunComparison.of(before, before, 2).holds());
    assertFalse(RunComparison.of(before, now, 2).holds());
    assertTrue(RunComparison.of(before, now, 3).holds());
  }

  @Test
  void aMissingOrSurplusRowIsADifference() {
    List<Row> one = List.of(row("a", "x", 1.0));
    List<Row> two = List.of(row("a", "x", 1.0), row("a", "x", 1.0));
    assertFalse(RunComparison.of(two, one, 2).holds());
    assertFalse(RunComparison.of(one, two, 2).holds());
    assertFalse(RunComparison.of(one, List.of(), 2).holds());
  }
}
