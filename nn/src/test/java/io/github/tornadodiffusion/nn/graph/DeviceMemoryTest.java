package io.github.tornadodiffusion.nn.graph;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Denoising;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIfEnvironmentVariable;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Long training on a device of TornadoVM takes no more and more memory: of the heap, nor of the
 * process, which on a CPU device holds the device's memory too.
 */
@Tag("device")
@EnabledOnOs(value = OS.LINUX, disabledReason = "the memory of a process is read from /proc")
@EnabledIfEnvironmentVariable(
    named = "TORNADOVM_HOME",
    matches = ".+",
    disabledReason = "TORNADOVM_HOME is not set: there is no device")
@DisabledIfEnvironmentVariable(
    named = "EMULATED_CUDA_EXEC",
    matches = ".+",
    disabledReason = "600 steps take an emulated device an hour, and its memory is no device's")
class DeviceMemoryTest {
  private static final int SIDE = 16;
  private static final int BATCH = 2;
  private static final UNet2DConfig MODEL =
      UNet2DConfig.builder()
          .sampleSize(SIDE)
          .layersPerBlock(1)
          .blockOutChannels(16)
          .downBlockTypes("DownBlock2D")
          .upBlockTypes("UpBlock2D")
          .normNumGroups(8)
          .build();

  private static Engine engine;

  @BeforeAll
  static void open() {
    engine =
        Engines.open(
            System.getProperty("tornadovm.device", Engines.devices().getFirst().id()),
            EngineOptions.DEFAULT);
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static Training training(UNets.Options options) {
    Map<String, HostTensor> parameters =
        Initialisation.pytorchDefault(new UNet2DModel(MODEL).parameters().specs(), 1);
    return UNets.training(engine, MODEL, parameters, options);
  }

  private static void steps(Training training, int from, int to) {
    float[] half = {0.5f, 0.7f};
    float[] images = new float[BATCH * MODEL.inChannels() * SIDE * SIDE];
    for (int step = from; step < to; step++) {
      images[step % images.length] = 0.5f;
      double loss =
          training
              .step(
                  new Training.StepInput(
                      new Denoising.Batch(
                              images,
                              new float[] {500, 7},
                              null,
                              half,
                              half,
                              half,
                              half,
                              null,
                              null,
                              null)
                          .values(),
                      new Counter(11, step, 0),
                      new OptimizerStep(new AdamW(1e-3f), step + 1, 1, 0.9f)))
              .loss();
      assertTrue(Double.isFinite(loss), "step " + step);
    }
  }

  /** Bytes of live objects on the heap, and of all else that the process has in memory. */
  private record Memory(long heap, long outside) {
    static Memory now() throws IOException {
      System.gc();
      MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
      long pages = Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]);
      return new Memory(heap.getUsed(), pages * 4096 - heap.getCommitted());
    }

    /** Waits for as long as a collector may take to give back what nobody holds any more. */
    void assertGrownByLessThan(long outsideLimit) throws IOException, InterruptedException {
      Memory memory = now();
      for (int i = 0; i < 100 && memory.outside - outside >= outsideLimit; i++) {
        Thread.sleep(100);
        memory = now();
      }
      long growth = memory.outside - outside;
      assertTrue(growth < outsideLimit, "the process grew by %d bytes".formatted(growth));
    }
  }

  /** What leaks grows with every step; a cache that fills once grows in one half only. */
  @Test
  void fiveHundredStepsTakeNoMoreMemory() throws IOException {
    try (Training training = training(new UNets.Options(BATCH, SIDE, SIDE, true))) {
      steps(training, 0, 100);
      Memory start = Memory.now();
      steps(training, 100, 350);
      Memory middle = Memory.now();
      steps(training, 350, 600);
      Memory end = Memory.now();
      long heap = Math.min(middle.heap - start.heap, end.heap - middle.heap);
      long outside = Math.min(middle.outside - start.outside, end.outside - middle.outside);
      // 4 KiB of the heap for each step, and 32 KiB elsewhere.
      assertTrue(heap < 1 << 20, "the heap grew by %d bytes in each half".formatted(heap));
      assertTrue(outside < 8 << 20, "the process grew by %d bytes in each half".formatted(outside));
    }
  }

  /** The host's half of an arena goes when the collector finds it, a moment after closing. */
  @Test
  void closingGivesTheMemoryBack() throws IOException, InterruptedException {
    int rounds = 4;
    UNets.Options options = new UNets.Options(BATCH, 128, 128, true);
    long arena = 4L * UNets.recordTraining(MODEL, options).floats();
    openAndClose(options, 2);
    Memory before = Memory.now();
    openAndClose(options, rounds);
    before.assertGrownByLessThan(rounds * arena / 2);
  }

  private static void openAndClose(UNets.Options options, int times) {
    for (int i = 0; i < times; i++) {
      training(options).close();
    }
  }
}
