package io.github.tornadodiffusion.diffusion.schedulers.steps;

import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.NOISE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.OWN;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.SAMPLE;
import static io.github.tornadodiffusion.diffusion.schedulers.steps.Update.VARIANCE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

class HostRegistersTest {
  private final HostRegisters registers = new HostRegisters(1, 3);

  private static void assertRefused(String message, Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void aProductIsMadeElementByElement() {
    registers.write(SAMPLE, new float[] {1, 2, 3});
    registers.write(NOISE, new float[] {4, 5, -6});
    registers.apply(List.of(new Update.Multiply(SAMPLE, NOISE)));
    assertArrayEquals(new float[] {4, 10, -18}, registers.read(SAMPLE, 1));
    assertArrayEquals(new float[] {2, 2.5f, -3}, registers.read(NOISE, 0.5));
  }

  @Test
  void whatHoldsNothingCannotBeRead() {
    for (int register : new int[] {SAMPLE, OWN, OWN + 9}) {
      assertRefused(
          "The register %d of the sampler holds nothing".formatted(register),
          () -> registers.read(register, 1));
    }
    assertRefused(
        "A learned variance_type takes a model of twice the sample's channels",
        () -> registers.read(VARIANCE, 1));
  }

  @Test
  void valuesMustBeAsManyAsTheImagesHave() {
    assertRefused("2 values for 1 images of 3", () -> registers.write(SAMPLE, new float[2]));
  }
}
