package io.github.tornadodiffusion.diffusion.training;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tornadodiffusion.diffusion.TestDevice;
import io.github.tornadodiffusion.diffusion.TinyUNet;
import io.github.tornadodiffusion.diffusion.data.sources.Digits;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.kernels.Engine;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.management.ObjectName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Twenty thousand steps, with checkpoints, in flat memory and at a steady pace; on a device of
 * TornadoVM, where launches make a small step slow, five thousand.
 */
class LongRunTest {
  private static final int STEPS =
      System.getProperty("tornadodiffusion.device") == null ? 20_000 : 5_000;

  private static final int PART = STEPS / 10;

  /** A row of the loss curve with its list of quartiles, which a run keeps of every step. */
  private static final long ROW_BYTES = 300;

  /** What the JVM itself comes to hold meanwhile: compiled code's tables, classes, caches. */
  private static final long SLACK_BYTES = 4 << 20;

  /** What is outside the heap moves by this much: compiled code, the collector's own tables. */
  private static final long NATIVE_SLACK_BYTES = 50L << 20;

  private static final Pattern ADDRESS = Pattern.compile("0x(\\p{XDigit}+)");

  private static final Pattern MAPPING = Pattern.compile("(\\p{XDigit}+)-\\p{XDigit}+ ");

  @TempDir private Path directory;

  @Test
  void holdsMemoryFlatAndPaceSteady() throws Exception {
    assumeTrue(System.getenv("EMULATED_CUDA_EXEC") == null, "takes hours on an emulated GPU");
    TrainingConfig config =
        TrainingConfigs.of(TinyUNet.config(8, 1, 8, 8), 1, STEPS, BetaSchedule.LINEAR, 3);
    Checkpoints checkpoints = Checkpoints.of(directory);
    checkpoints.makeDirectory();
    double[] seconds = new double[STEPS / PART];
    long heap = 0;
    long buffers = 0;
    long resident = 0;
    try (Engine engine = TestDevice.open();
        Trainer trainer = new Trainer(engine, config, new Digits(8, 1))) {
      for (int part = 0; part < seconds.length; part++) {
        long start = System.nanoTime();
        trainer.runTo((part + 1) * PART, row -> {});
        seconds[part] = (System.nanoTime() - start) * 1e-9;
        trainer.save(checkpoints, 2);
        if (part == 1) {
          heap = heapBytes();
          buffers = bufferBytes();
          resident = nativeBytes();
        }
      }
      assertEquals(STEPS, trainer.step());
    }
    long rows = (long) (STEPS - 2 * PART) * ROW_BYTES;
    long grown = heapBytes() - heap;
    assertTrue(grown < rows + SLACK_BYTES, "the heap has grown by " + grown);
    assertTrue(bufferBytes() - buffers < SLACK_BYTES, "buffers have grown to " + bufferBytes());
    long outside = nativeBytes() - resident;
    assertTrue(outside < NATIVE_SLACK_BYTES, "native memory has grown by " + outside);
    // Generous, since other programs take their share; a run that slows down step by step does not
    // pass: what takes time in proportion to the rows so far would be 5 times as slow.
    double first = Arrays.stream(seconds, 1, 4).min().getAsDouble();
    double last = Arrays.stream(seconds, seconds.length - 3, seconds.length).min().getAsDouble();
    assertTrue(last < 2 * first, Arrays.toString(seconds));
  }

  /** What is in use after a collection. */
  private static long heapBytes() {
    System.gc();
    return ManagementFactory.getMemoryPoolMXBeans().stream()
        .filter(pool -> pool.getType() == MemoryType.HEAP)
        .map(MemoryPoolMXBean::getCollectionUsage)
        .mapToLong(usage -> usage == null ? 0 : usage.getUsed())
        .sum();
  }

  /**
   * What is resident of the process outside the addresses of its heap, a device on the processor
   * included; 0 if untold. The heap's committed size does not serve: pages that it has not touched
   * yet are not resident.
   */
  private static long nativeBytes() throws Exception {
    Path maps = Path.of("/proc/self/smaps");
    if (Files.notExists(maps)) {
      return 0;
    }
    long[] heap =
        ADDRESS
            .matcher(
                (String)
                    ManagementFactory.getPlatformMBeanServer()
                        .invoke(
                            new ObjectName("com.sun.management:type=DiagnosticCommand"),
                            "gcHeapInfo",
                            null,
                            null))
            .results()
            .mapToLong(address -> Long.parseUnsignedLong(address.group(1), 16))
            .sorted()
            .toArray();
    assertTrue(heap.length >= 2, "the heap's addresses");
    long resident = 0;
    boolean outside = true;
    for (String line : Files.readAllLines(maps)) {
      Matcher mapping = MAPPING.matcher(line);
      if (mapping.lookingAt()) {
        long start = Long.parseUnsignedLong(mapping.group(1), 16);
        outside =
            Long.compareUnsigned(start, heap[0]) < 0
                || Long.compareUnsigned(start, heap[heap.length - 1]) >= 0;
      } else if (outside && line.startsWith("Rss:")) {
        resident += Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return resident;
  }

  private static long bufferBytes() {
    return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
        .mapToLong(BufferPoolMXBean::getMemoryUsed)
        .sum();
  }
}
