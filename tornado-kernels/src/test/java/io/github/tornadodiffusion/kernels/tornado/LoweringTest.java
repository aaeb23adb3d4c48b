package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionKernels;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceKernels;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What TornadoVM is told to do, without TornadoVM. */
class LoweringTest {
  private static final List<Kernel> KERNELS =
      List.of(
          Kernel.of(ConvKernels.class, "forward"),
          Kernel.of(AttentionKernels.class, "forward"),
          Kernel.of(ReduceKernels.class, "sumRows"));

  private static Program program(int calls) {
    List<Call> list = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      list.add(new Call(KERNELS.get(i * i % 7 % 3), new int[3 + i % 5], 1, 0, 0));
    }
    return new Program("p", list, Collections.nCopies(calls, ""), List.of(), List.of());
  }

  @Test
  void everyCallBecomesOneTaskInOrder() {
    List<Program> programs = List.of(program(900), program(33), program(2), program(32));
    Lowering lowering = Lowering.of(programs);
    for (int p = 0; p < programs.size(); p++) {
      List<Lowering.Task> tasks =
          lowering.programs().get(p).stream()
              .flatMap(g -> lowering.graphs().get(g).tasks().stream())
              .toList();
      List<Call> calls = programs.get(p).calls();
      assertEquals(calls.size(), tasks.size());
      for (int i = 0; i < calls.size(); i++) {
        assertEquals(calls.get(i).kernel(), tasks.get(i).kernel());
        assertEquals(Lowering.ARENA, tasks.get(i).arguments().getFirst());
        assertSame(
            calls.get(i).descriptor(),
            lowering.descriptors().get(tasks.get(i).arguments().getLast()));
      }
    }
    assertEquals(List.of(29, 2, 1, 1), lowering.programs().stream().map(List::size).toList());
  }

  @Test
  void graphsHaveAboutTheSameNumberOfTasksAndNeverTooMany() {
    Lowering lowering = Lowering.of(List.of(program(900)));
    for (int graph : lowering.programs().getFirst()) {
      int tasks = lowering.graphs().get(graph).tasks().size();
      assertTrue(tasks == 31 || tasks == 32, tasks + " tasks");
    }
  }

  @Test
  void theFirstGraphBringsTheArenaAndAllOthersFindItThere() {
    Lowering lowering = Lowering.of(List.of(program(70), program(1)));
    assertEquals(List.of(Lowering.ARENA), lowering.graphs().get(Lowering.WRITE).once());
    assertFalse(lowering.graphs().get(Lowering.WRITE).consumesArena());
    for (Lowering.Graph graph : lowering.graphs().subList(1, lowering.graphs().size())) {
      assertTrue(graph.consumesArena());
      assertFalse(graph.once().contains(Lowering.ARENA));
      assertFalse(graph.always().contains(Lowering.ARENA));
    }
  }

  /** TornadoVM refuses a transfer that no task uses, and hangs on an array twice in a task. */
  @Test
  void tasksUseWhatTheirGraphTransfersAndNothingTwice() {
    for (Lowering.Graph graph : Lowering.of(List.of(program(70), program(1))).graphs()) {
      Set<String> used = new HashSet<>();
      for (Lowering.Task task : graph.tasks()) {
        used.addAll(task.arguments());
        assertEquals(task.arguments().size(), new HashSet<>(task.arguments()).size());
      }
      Set<String> there = new HashSet<>(graph.once());
      there.addAll(graph.always());
      there.add(Lowering.ARENA);
      assertEquals(there, used);
    }
  }

  /** TornadoVM compiles once for an id, whatever method a later task of that id names. */
  @Test
  void anIdMeansOneKernelEverywhereAndOneTaskOfAGraph() {
    Lowering lowering = Lowering.of(List.of(program(900), program(33)));
    Map<String, Kernel> kernels = new HashMap<>();
    for (Lowering.Graph graph : lowering.graphs()) {
      Set<String> ids = new HashSet<>();
      for (Lowering.Task task : graph.tasks()) {
        assertTrue(ids.add(task.id()), task.id());
        Kernel before = kernels.putIfAbsent(task.id(), task.kernel());
        assertTrue(before == null || before.equals(task.kernel()), task.id());
      }
    }
    assertTrue(kernels.size() < 60, "most launches reuse a compiled kernel");
    assertEquals(kernels, lowering.taskKernels());
  }

  @Test
  void aSingleCallRunsInItsKernelsOwnGraph() {
    Program one = program(1);
    Lowering lowering = Lowering.of(List.of(one, program(10)));
    assertEquals(List.of(), lowering.programs().getFirst());
    for (Kernel kernel : KERNELS) {
      int index = lowering.single().get(kernel);
      Lowering.Graph graph = lowering.graphs().get(index);
      assertNotEquals(Lowering.WRITE, index);
      assertEquals(List.of(Lowering.request(kernel)), graph.always());
      assertEquals(kernel, graph.tasks().getFirst().kernel());
    }
    // Long enough for the longest descriptor of that kernel.
    for (Call call : program(10).calls()) {
      int length = lowering.requests().get(Lowering.request(call.kernel()));
      assertTrue(call.descriptor().length <= length);
    }
  }
}
