package io.github.tornadodiffusion.nn.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.training.Training;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
  private static Step step(Buffer... uses) {
    return new Step("step", List.of(uses), offsets -> List.of());
  }

  /** Buffers that are alive at the same time must not share memory; persistent ones share none. */
  private static void checkNoOverlap(List<Step> steps, MemoryPlan plan) {
    Map<Buffer, int[]> lives = new LinkedHashMap<>();
    for (int i = 0; i < steps.size(); i++) {
      for (Buffer buffer : steps.get(i).uses()) {
        int now = i;
        lives.computeIfAbsent(buffer, b -> new int[] {now, now})[1] = i;
      }
    }
    lives.forEach((buffer, life) -> {
      if (buffer.isPersistent()) {
        life[0] = 0;
        life[1] = steps.size();
      }
    });
    List<Buffer> buffers = new ArrayList<>(lives.keySet());
    for (Buffer a : buffers) {
      int start = plan.offset(a);
      assertTrue(start >= 16 && start % 16 == 0, a + " at " + start);
      assertTrue(start + a.floats() <= plan.floats(), a + " beyond the arena");
      for (Buffer b : buffers) {
        boolean together = lives.get(a)[0] <= lives.get(b)[1] && lives.get(b)[0] <= lives.get(a)[1];
        boolean shared = start < plan.offset(b) + b.floats() && plan.offset(b) < start + a.floats();
        assertTrue(a == b || !together || !shared, a + " and " + b + " share memory");
      }
    }
  }

  @Test
  void randomSchedules() {
    SplittableRandom random = new SplittableRandom(1);
    for (int trial = 0; trial < 50; trial++) {
      List<Buffer> buffers = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        int floats = random.nextInt(1, 2000);
        buffers.add(i < 3 ? Buffer.persistent("p" + i, floats) : Buffer.temporary("t" + i, floats));
      }
      List<Step> steps = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        int near = i / 2;
        int a = random.nextInt(Math.max(0, near - 5), near + 1);
        int b = random.nextInt(Math.max(0, near - 5), near + 1);
        steps.add(a == b ? step(buffers.get(a)) : step(buffers.get(a), buffers.get(b)));
      }
      checkNoOverlap(steps, new MemoryPlan(steps, buffers.subList(0, 3)));
    }
  }

  @Test
  void trainingStepOfUnet() {
    UNet2DConfig config =
        UNet2DConfig.builder()
            .blockOutChannels(List.of(8, 12))
            .downBlockTypes(List.of("DownBlock2D", "AttnDownBlock2D"))
            .upBlockTypes(List.of("AttnUpBlock2D", "UpBlock2D"))
            .normNumGroups(4)
            .attentionHeadDim(4)
            .build();
    RecordedProgram<Training> training =
        UNets.recordTraining(config, new UNets.Options(2, 8, 8, true));
    checkNoOverlap(training.steps(), training.plan());
  }

  @Test
  void chainOfEqualBuffersNeedsTwo() {
    List<Step> steps = new ArrayList<>();
    Buffer previous = Buffer.temporary("first", 160);
    for (int i = 0; i < 20; i++) {
      Buffer next = Buffer.temporary("next", 160);
      steps.add(step(previous, next));
      previous = next;
    }
    assertEquals(16 + 2 * 160, new MemoryPlan(steps, List.of()).floats());
  }

  /** In the order of their first use they would take 112, as a small one lay where none fits. */
  @Test
  void theLargestArePlacedFirst() {
    Buffer small = Buffer.temporary("small", 16);
    Buffer middle = Buffer.temporary("middle", 32);
    Buffer large = Buffer.temporary("large", 64);
    List<Step> steps = List.of(step(small), step(small, middle), step(middle, large), step(large));
    assertEquals(16 + 96, new MemoryPlan(steps, List.of()).floats());
  }

  @Test
  void aGapOfExactlyTheSizeIsFilled() {
    Buffer first = Buffer.temporary("first", 64);
    Buffer beside = Buffer.temporary("beside", 48);
    Buffer left = Buffer.temporary("left", 32);
    Buffer right = Buffer.temporary("right", 32);
    List<Step> steps =
        List.of(step(first, beside), step(beside, left, right), step(beside, left, right));
    assertEquals(16 + 64 + 48, new MemoryPlan(steps, List.of()).floats());
  }

  @Test
  void undeclaredBufferIsRefused() {
    Tensor a = Tensor.of("a", Tensor.shape(1, 2, 2, 3, Padding.NONE), false);
    Tensor b = Tensor.of("b", Tensor.shape(1, 2, 2, 3, Padding.NONE), false);
    Steps steps = new Steps();
    steps.add("fine", at -> Elementwise.copy(at.block(a), at.block(b), false));
    Step fine = steps.list().getFirst();
    assertEquals(List.of(a.buffer(), b.buffer()), fine.uses());
    Step broken = new Step("broken", List.of(a.buffer()), fine.calls());
    MemoryPlan plan = new MemoryPlan(List.of(fine, broken), List.of());
    Exception e =
        assertThrows(
            IllegalStateException.class, () -> plan.program("p", 0, 2, List.of(), List.of()));
    assertTrue(e.getMessage().contains("broken") && e.getMessage().contains("b"), e.getMessage());
  }

  @Test
  void arenaBeyondTheAddressableIsRefused() {
    List<Step> steps =
        List.of(step(Buffer.temporary("a", 1_500_000_000), Buffer.temporary("b", 1_500_000_000)));
    Exception e =
        assertThrows(IllegalArgumentException.class, () -> new MemoryPlan(steps, List.of()));
    assertTrue(e.getMessage().contains("smaller batch"), e.getMessage());
  }
}
