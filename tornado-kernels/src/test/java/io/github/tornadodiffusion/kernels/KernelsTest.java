package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What is known of kernels without a device. */
class KernelsTest {
  @Test
  void everyKernelIsDeclaredAndHasAnOracle() {
    Set<Kernel> declared = OwnKernels.declared();
    assertTrue(declared.size() > 50, "kernels found");
    assertEquals(OwnKernels.methods(false), OwnKernels.methods(declared));
    declared.forEach(kernel -> assertTrue(kernel.oracle().isPresent(), kernel.id()));
  }

  @Test
  void everyKernelForWorkGroupsIsAVariant() {
    Set<Kernel> tiles = OwnKernels.tiles();
    assertTrue(tiles.size() > 10, "kernels found");
    assertEquals(OwnKernels.methods(true), OwnKernels.methods(tiles));
  }

  @Test
  void everyKernelCanBeHandedToACompiler() {
    Stream.of(OwnKernels.declared(), OwnKernels.tiles())
        .flatMap(Set::stream)
        .forEach(kernel ->
            assertDoesNotThrow(
                () -> KernelCode.method(kernel, KernelCode.read(kernel.owner())), kernel.id()));
  }

  @Test
  void kernelsOfTheProjectHaveShortNames() {
    Kernel own = Kernel.of(Lanes.class, "sum");
    assertEquals("Lanes.sum", own.id());
    assertEquals(false, own.isForeign());
    Kernel foreign = Kernel.of(String.class, "format");
    assertEquals("java.lang.String.format", foreign.id());
    assertEquals(true, foreign.isForeign());
  }

  @Test
  void aKernelIsItsMethodWhateverElseItHas() {
    Kernel kernel = Kernel.of(Lanes.class, "sum");
    Kernel more = kernel.with(call -> new CallOracle.Expectation("")).with(new WorkGroup(1, 2));
    assertEquals(kernel, more);
    assertEquals(kernel.hashCode(), more.hashCode());
    assertNotEquals(kernel, Kernel.of(Lanes.class, "largest"));
    assertNotEquals(kernel, Kernel.of(Block.class, "sum"));
  }

  @Test
  void theFirstVariantThatTheDeviceIsCapableOfIsChosen() {
    Variant first = Tiles.variant(Lanes.class, "add", 0);
    Variant second = Tiles.variant(Lanes.class, "mul", 0);
    Variant vectors =
        new Variant(Capability.VECTORS, Kernel.of(Lanes.class, "div"), d -> new int[] {d[0] + 1});
    Kernel kernel = Kernel.of(Lanes.class, "sum").with(vectors).with(first).with(second);
    Call call = new Call(kernel, new int[] {7}, 3, 5, 6);
    assertEquals("Lanes.add", Variants.TILES.of(call).kernel().id());
    assertEquals("Lanes.div", Variants.LANES.of(call).kernel().id());
    assertEquals(8, Variants.LANES.of(call).descriptor()[0]);
    Call without = new Call(Kernel.of(Lanes.class, "sum").with(vectors), new int[1], 1, 0, 0);
    assertEquals(without, Variants.TILES.of(without));
  }

  @Test
  void capabilitiesOfOnesOwnAreChosenLikeOthers() {
    Capability matrices = new Capability("matrix units");
    Variant own = new Variant(matrices, Kernel.of(Lanes.class, "mul"), UnaryOperator.identity());
    Kernel kernel =
        Kernel.of(Lanes.class, "sum").with(own).with(Tiles.variant(Lanes.class, "add", 0));
    Call call = new Call(kernel, new int[] {7}, 3, 5, 6);
    Variants variants = new Variants("own", Set.of(Capability.WORK_GROUPS, matrices));
    assertEquals("Lanes.mul", variants.of(call).kernel().id());
    assertEquals("Lanes.add", Variants.TILES.of(call).kernel().id());
  }
}
