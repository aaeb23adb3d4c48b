package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.OwnKernels;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.ops.activation.ActivationKernels;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormKernels;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerKernels;
import io.github.tornadodiffusion.kernels.ops.product.ProductTile;
import io.github.tornadodiffusion.kernels.ops.resample.ResampleKernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which variants a device runs, and with how many threads. */
class GridTest {
  private static final Path TABLE =
      Path.of("src/main/resources/io/github/tornadodiffusion/kernels/tornado", Occupancy.TABLE);

  private static final Kernel CONV = Kernel.of(ConvKernels.class, "forward");
  private static final Kernel PRODUCT = ProductTile.KERNEL;
  private static final Kernel SILU = Kernel.of(ActivationKernels.class, "silu");
  private static final Kernel NEAREST = Kernel.of(ResampleKernels.class, "nearest");
  private static final Kernel UNMEASURED = Kernel.of(ThreadKernelsTest.Clearing.class, "twice");
  private static final Kernel COEFFICIENTS = Kernel.of(GroupNormKernels.class, "coefficients");

  private static Device device(String type, int workGroup, long localMemory) {
    return device("opencl:0", type, workGroup, localMemory);
  }

  private static Device device(String id, String type, int workGroup, long localMemory) {
    return new Device(
        id,
        "name",
        type,
        "platform",
        "driver",
        "runtime",
        1L << 33,
        1L << 32,
        20,
        workGroup,
        localMemory);
  }

  @ParameterizedTest
  @CsvSource({
    "opencl:0,cpu,lanes",
    "opencl:1,gpu,tiles",
    "opencl:0,accelerator,tiles",
    "ptx:0,gpu,tiles",
    "cuda:0,gpu,tiles",
    "spirv:0,gpu,threads",
    "spirv:0,cpu,threads"
  })
  void theDeviceChoosesUnlessTold(String id, String type, String expected) {
    Device device = device(id, type, 1024, 48 << 10);
    assertEquals(Variants.named(expected), Variants.AUTO.on(device));
    assertEquals(Variants.THREADS, Variants.THREADS.on(device));
    assertRunsOrIsRefused(Variants.LANES, device, expected.equals("lanes"));
    assertRunsOrIsRefused(Variants.TILES, device, !expected.equals("threads"));
  }

  private static void assertRunsOrIsRefused(Variants variants, Device device, boolean runs) {
    if (runs) {
      assertEquals(variants, variants.on(device));
    } else {
      String message =
          assertThrows(IllegalArgumentException.class, () -> variants.on(device)).getMessage();
      assertTrue(message.contains(device.id()) && message.endsWith("use auto"), message);
    }
  }

  @Test
  void variantsHaveNames() {
    for (Variants variants :
        List.of(Variants.AUTO, Variants.LANES, Variants.TILES, Variants.THREADS)) {
      assertEquals(variants, Variants.named(variants.id()));
    }
    String message =
        assertThrows(IllegalArgumentException.class, () -> Variants.named("TILES")).getMessage();
    assertEquals("unknown kernels 'TILES'; use auto or lanes or tiles or threads", message);
  }

  @Test
  void theJvmHasLanesOnly() {
    try (Engine jvm = Engines.open("jvm", EngineOptions.DEFAULT.with(Variants.AUTO))) {
      assertEquals(Variants.LANES, jvm.variants());
    }
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> Engines.open("jvm", EngineOptions.DEFAULT.with(Variants.TILES)))
            .getMessage();
    assertTrue(message.contains("--kernels") && message.contains("--device"), message);
    assertThrows(IllegalArgumentException.class, () -> Engines.check("jvm", Variants.TILES));
    assertThrows(IllegalArgumentException.class, () -> Engines.check("jvm", Variants.THREADS));
  }

  @Test
  void coresOfACpuGetAFewThreadsEach() {
    Device cpu = device("cpu", 4096, 1 << 20);
    for (Kernel kernel : new Kernel[] {CONV, SILU, COEFFICIENTS}) {
      assertEquals(new Grid(320, 1, 1, 1, 1), Grid.of(kernel, cpu, Variants.LANES));
    }
  }

  @Test
  void aGpuGetsManyThreadsAndTheInnerLoopIsSharedOut() {
    Device gpu = device("gpu", 1024, 48 << 10);
    // As many work groups on each of 20 units as its registers and memory have room for.
    assertEquals(new Grid(60 * 256, 1, 1, 256, 1), Grid.of(PRODUCT, gpu, Variants.TILES));
    assertEquals(new Grid(128, 320, 1, 128, 1), Grid.of(SILU, gpu, Variants.TILES));
    assertEquals(new Grid(320 * 128, 1, 1, 128, 1), Grid.of(COEFFICIENTS, gpu, Variants.TILES));
    assertEquals(new Grid(32, 4, 320, 32, 4), Grid.of(NEAREST, gpu, Variants.TILES));
    assertEquals(new Grid(128, 160, 1, 128, 1), Grid.of(UNMEASURED, gpu, Variants.THREADS));
  }

  @Test
  void theTableOfRegistersHasEveryKernel() {
    Set<String> missing =
        Stream.concat(OwnKernels.declared().stream(), OwnKernels.tiles().stream())
            .filter(kernel -> Occupancy.groups(kernel).isEmpty())
            .map(Kernel::id)
            .filter(id -> !id.startsWith("Winograd.")) // those are for vectors
            .collect(Collectors.toCollection(TreeSet::new));
    assertEquals(Set.of(), missing, "run -Pgpu-emulation, then registers.py with --accept");
  }

  /**
   * Of the sectors that a warp touches it asks for 80 % at most, because arrays begin with a head.
   */
  @Test
  void threadsReadWhatTheirNeighboursRead() throws IOException {
    String reasons = Files.readString(Path.of("src/gpu-emulation/README.md"));
    Set<String> uneven = new TreeSet<>();
    for (String line : Files.readAllLines(TABLE).subList(1, Files.readAllLines(TABLE).size())) {
      String[] row = line.split("\t", -1);
      String percent = row[row.length - 1];
      if (!percent.isEmpty() && Integer.parseInt(percent) < 80) {
        uneven.add(row[0]);
      }
    }
    uneven.removeIf(kernel -> reasons.contains("`%s`".formatted(kernel)));
    assertEquals(Set.of(), uneven, "make them 80 %, or say why not in src/gpu-emulation/README.md");
  }

  @Test
  void forcedTilesOnACpuAreLaunchedAsOnAGpu() {
    Device cpu = device("cpu", 4096, 1 << 20);
    assertEquals(new Grid(80 * 256, 1, 1, 256, 1), Grid.of(PRODUCT, cpu, Variants.TILES));
    assertEquals(new Grid(128, 160, 1, 128, 1), Grid.of(SILU, cpu, Variants.TILES));
  }

  @Test
  void classFilesTellTheLoops() {
    assertEquals(3, Grid.nested(NEAREST));
    assertEquals(2, Grid.nested(SILU));
    assertEquals(2, Grid.nested(Kernel.of(TransferKernels.class, "write")));
    assertEquals(2, Grid.nested(Kernel.of(OptimizerKernels.class, "adamW")));
    assertEquals(1, Grid.nested(COEFFICIENTS));
    assertEquals(1, Grid.nested(CONV));
    assertEquals(0, Grid.nested(PRODUCT));
  }

  private static String refusal(Kernel kernel, Grid grid, Device device) {
    return assertThrows(IllegalArgumentException.class, () -> grid.check(kernel, device))
        .getMessage();
  }

  /** TornadoVM says nothing or little: it launches with another work group, or not at all. */
  @Test
  void whatADeviceCannotLaunchIsRefusedByName() {
    Device small = device("gpu", 64, 48 << 10);
    String group = refusal(PRODUCT, Grid.of(PRODUCT, small, Variants.TILES), small);
    assertTrue(group.startsWith("ProductTile.product needs work groups of 256"), group);
    assertTrue(group.contains("opencl:0 has at most 64; use --kernels threads"), group);

    Device poor = device("gpu", 1024, 8 << 10);
    String memory = refusal(PRODUCT, Grid.of(PRODUCT, poor, Variants.TILES), poor);
    assertTrue(memory.startsWith("ProductTile.product needs 15904 bytes"), memory);
    assertTrue(memory.contains("opencl:0 has 8192; use --kernels threads"), memory);

    String multiple = refusal(SILU, new Grid(100, 1, 1, 64, 1), device("gpu", 1024, 48 << 10));
    assertTrue(multiple.startsWith("Activation.silu: 100 x 1 threads"), multiple);
  }

  @Test
  void otherKernelsFitIntoWhateverWorkGroupThereIs() {
    Device small = device("gpu", 32, 16 << 10);
    for (Kernel kernel : new Kernel[] {CONV, SILU, COEFFICIENTS, NEAREST}) {
      Grid grid = Grid.of(kernel, small, Variants.TILES);
      assertEquals(32, grid.localX() * grid.localY());
      assertDoesNotThrow(() -> grid.check(kernel, small));
    }
  }
}
