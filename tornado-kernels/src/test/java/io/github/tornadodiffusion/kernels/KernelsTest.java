package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
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
    assertEquals("Lanes.add", Variants.TILES.of(call, 0).getFirst().kernel().id());
    assertEquals("Lanes.div", Variants.LANES.of(call, 0).getFirst().kernel().id());
    assertEquals(8, Variants.LANES.of(call, 0).getFirst().descriptor()[0]);
    Call without = new Call(Kernel.of(Lanes.class, "sum").with(vectors), new int[1], 1, 0, 0);
    assertEquals(List.of(without), Variants.TILES.of(without, 0));
    Call other =
        new Call(
            Kernel.of(Lanes.class, "sum").with(first.serving(c -> false)), new int[1], 1, 0, 0);
    assertEquals(List.of(other), Variants.TILES.of(other, 0));
  }

  @Test
  void aVariantOfSeveralCallsIsMeasuredAsOneAndHasScratchMemoryOfItsOwn() {
    Kernel half = Kernel.of(Lanes.class, "mul");
    Variant twice =
        new Variant(
            Capability.VECTORS,
            List.of(half),
            call -> true,
            call -> 5,
            (call, scratch) ->
                Collections.nCopies(2, new Call(half, new int[] {scratch}, 1, 0, 0)));
    Call plain = new Call(Kernel.of(Lanes.class, "div"), new int[1], 1, 0, 0);
    Call both = new Call(Kernel.of(Lanes.class, "sum").with(twice), new int[1], 1, 0, 0);
    Program program =
        new Program(
            "three", List.of(plain, both, plain), List.of("a", "b", "c"), List.of(), List.of());
    assertEquals(5, Variants.LANES.scratch(List.of(program)));
    assertEquals(0, Variants.TILES.scratch(List.of(program)));
    Variants.ChosenProgram chosen = Variants.LANES.of(program, 64);
    assertEquals(List.of("a", "b", "b", "c"), chosen.program().labels());
    assertEquals(64, chosen.program().calls().get(2).descriptor()[0]);
    Engine.Measurement measured =
        chosen.ofOriginal(new Engine.Measurement(new long[] {1, 2, 4, 8}, 16, 32, 64, 0.5));
    assertEquals(List.of(1L, 6L, 8L), Arrays.stream(measured.calls()).boxed().toList());
    assertEquals(64, measured.total());
  }

  @Test
  void capabilitiesOfOnesOwnAreChosenLikeOthers() {
    Capability matrices = new Capability("matrix units");
    Variant own = new Variant(matrices, Kernel.of(Lanes.class, "mul"), UnaryOperator.identity());
    Kernel kernel =
        Kernel.of(Lanes.class, "sum").with(own).with(Tiles.variant(Lanes.class, "add", 0));
    Call call = new Call(kernel, new int[] {7}, 3, 5, 6);
    Variants variants = new Variants("own", Set.of(Capability.WORK_GROUPS, matrices));
    assertEquals("Lanes.mul", variants.of(call, 0).getFirst().kernel().id());
    assertEquals("Lanes.add", Variants.TILES.of(call, 0).getFirst().kernel().id());
  }

  @Test
  void winogradIsForVectors() {
    assertEquals(Variants.TILES, Convolution.AUTO.in(Variants.TILES, false));
    assertEquals(Variants.TILES, Convolution.DIRECT.in(Variants.TILES, true));
    String message =
        assertThrows(
                IllegalArgumentException.class, () -> Convolution.WINOGRAD.in(Variants.TILES, true))
            .getMessage();
    assertEquals(
        "--conv winograd is for vectors, which --kernels tiles has not; use auto or direct",
        message);
    assertEquals(
        "unknown convolution 'fft'; use auto or direct or winograd",
        assertThrows(IllegalArgumentException.class, () -> Convolution.named("fft")).getMessage());
  }
}
