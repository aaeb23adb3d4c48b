package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.attention.Attention;
import io.github.tornadodiffusion.kernels.ops.conv.Conv;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNorm;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** Sessions on a device of TornadoVM. */
@Tag("device")
@EnabledIfEnvironmentVariable(
    named = "TORNADOVM_HOME",
    matches = ".+",
    disabledReason = "TORNADOVM_HOME is not set: there is no device")
class DeviceTest {
  private static final int FLOATS = 1 << 18;

  /** The one that the build names, or the first. */
  private static final Device DEVICE =
      Engines.devices().stream()
          .filter(device -> device.id().equals(System.getProperty("tornadovm.device", device.id())))
          .findFirst()
          .orElseThrow();

  /** Kernels for a GPU. */
  private static final Variants GPU =
      DEVICE.backend().equals("spirv") ? Variants.THREADS : Variants.TILES;

  private static Engine engine;

  @BeforeAll
  static void open() {
    engine = open(Variants.AUTO);
  }

  private static Engine open(Variants variants) {
    return open(EngineOptions.DEFAULT.with(variants));
  }

  private static Engine open(EngineOptions options) {
    return Engines.open(DEVICE.id(), options);
  }

  @AfterAll
  static void close() {
    engine.close();
  }

  private static Program program(List<Call> calls) {
    return new Program("test", calls, Collections.nCopies(calls.size(), ""), List.of(), List.of());
  }

  private static float[] randoms(int n) {
    SplittableRandom random = new SplittableRandom(n);
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return values;
  }

  /** A copy, then 100 times silu to and fro between two places: four graphs. */
  private static Program chain() {
    Block a = Block.of(16, 1, 8, 8, 16);
    Block b = a.at(16 + a.size());
    return program(
        IntStream.range(0, 101)
            .mapToObj(i ->
                i == 0
                    ? Elementwise.copy(a, b, false)
                    : i % 2 == 1 ? Activation.SILU.forward(b, a) : Activation.SILU.forward(a, b))
            .toList());
  }

  private static float[] runChain(Engine on, int times) {
    Program chain = chain();
    float[] values = new float[2048];
    try (Engine.Session session = on.open(4096, List.of(chain))) {
      session.write(16, randoms(1024), 0, 1024);
      for (int i = 0; i < times; i++) {
        session.run(chain);
      }
      session.read(16, values, 0, values.length);
    }
    return values;
  }

  @Test
  void describesItsDevices() {
    for (Device device : Engines.devices()) {
      assertTrue(device.id().matches("[a-z]+:[0-9]+"), device.id());
      assertTrue(device.computeUnits() > 0);
      assertTrue(device.memory() >= device.largestBuffer());
    }
    assertEquals(DEVICE.id(), engine.device());
    assertTrue(Engines.whyNone().isEmpty());
  }

  @Test
  void refusesWhatItHasNot() {
    IllegalArgumentException unknown =
        assertThrows(
            IllegalArgumentException.class, () -> Engines.open("opencl:99", EngineOptions.DEFAULT));
    assertTrue(unknown.getMessage().contains(engine.device()), unknown.getMessage());
    Program other = chain();
    try (Engine.Session session = engine.open(4096, List.of())) {
      assertThrows(IllegalArgumentException.class, () -> session.run(other));
    }
  }

  @Test
  void writesAndReadsAnyRange() {
    float[] expected = new float[FLOATS];
    SplittableRandom random = new SplittableRandom(5);
    try (Engine.Session session = engine.open(FLOATS, List.of())) {
      for (int i = 0; i < 300; i++) {
        int length = 1 + random.nextInt(i % 50 == 0 ? 150_000 : 300);
        int from = random.nextInt(FLOATS - length + 1);
        float[] values = randoms(length + 3);
        System.arraycopy(values, 3, expected, from, length);
        session.write(from, values, 3, length);
        if (i % 7 == 0) {
          int n = 1 + random.nextInt(5000);
          int at = random.nextInt(FLOATS - n + 1);
          float[] actual = new float[n + 2];
          session.read(at, actual, 2, n);
          for (int j = 0; j < n; j++) {
            assertEquals(expected[at + j], actual[2 + j]);
          }
        }
      }
      float[] all = new float[FLOATS];
      session.read(0, all, 0, FLOATS);
      assertArrayEquals(expected, all);
    }
  }

  @Test
  void graphsHandTheArenaOnAndStepsContinueOnIt() {
    try (JvmEngine jvm = new JvmEngine(1)) {
      assertArrayEquals(runChain(jvm, 3), runChain(engine, 3), 1e-6f);
    }
  }

  @Test
  void twoRunsAreBitIdentical() {
    assertArrayEquals(runChain(engine, 3), runChain(engine, 3));
  }

  @Test
  void runsTheVariantsOfItsTypeUnlessTold() {
    boolean lanes = DEVICE.type().equals("cpu") && DEVICE.backend().equals("opencl");
    assertEquals(lanes ? Variants.LANES : GPU, engine.variants());
    for (Variants told : List.of(Variants.THREADS, GPU)) {
      try (Engine other = open(told)) {
        assertEquals(told, other.variants());
      }
    }
  }

  /** Convolution, group normalisation and attention, there and back. */
  @Test
  void kernelsForAGpuAreBitIdenticalAndMeasuredToo() {
    Block x = Block.of(16, 2, 12, 12, 40);
    Block y = x.at(16 + x.size());
    Block g = x.at(y.offset() + y.size());
    Block z = x.at(g.offset() + g.size());
    int weights = z.offset() + z.size();
    int scratch = weights + Conv.weightSize(1, 1, 40, 40);
    int saved = scratch + (1 << 17);
    List<Call> calls = new ArrayList<>();
    calls.add(Conv.forward(x, weights, 1, 1, 1, -1, -1, -1, y));
    calls.addAll(GroupNorm.forward(y, 8, 16, 16, 16, -1, true, scratch, g));
    calls.addAll(Attention.forward(x, y, g, 5, Attention.Mask.NONE, z, saved, scratch));
    calls.add(Conv.weightGradient(x, z, 1, 1, 1, weights, true));
    int floats = saved + Attention.savedSize(x, 5);
    Program program = program(calls);
    float[][] results = new float[3][floats];
    EngineOptions options = EngineOptions.DEFAULT.with(GPU).measuring();
    try (Engine tiles = open(options)) {
      for (int i = 0; i < 3; i++) {
        try (Engine.Session session = tiles.open(floats, List.of(program))) {
          session.write(16, randoms(scratch - 16), 0, scratch - 16);
          if (i < 2) {
            session.run(program);
          } else {
            assertEquals(calls.size(), session.measure(program).calls().length);
          }
          session.read(0, results[i], 0, floats);
        }
      }
    }
    assertTrue(Float.isFinite(results[0][weights]) && results[0][weights] != 0);
    assertArrayEquals(results[0], results[1]);
    assertArrayEquals(results[0], results[2]);
  }

  @Test
  void measuresEveryCallAndComputesTheSame() {
    Program chain = chain();
    float[] values = new float[2048];
    try (Engine measuring = open(EngineOptions.DEFAULT.measuring());
        Engine.Session session = measuring.open(4096, List.of(chain))) {
      session.write(16, randoms(1024), 0, 1024);
      for (int run = 0; run < 3; run++) {
        Engine.Measurement measurement = session.measure(chain);
        assertEquals(chain.calls().size(), measurement.calls().length);
        assertTrue(Arrays.stream(measurement.calls()).allMatch(nanos -> nanos > 0));
        assertTrue(measurement.total() >= Arrays.stream(measurement.calls()).sum());
        assertEquals(run == 0, measurement.compilation() > 0);
      }
      session.read(16, values, 0, values.length);
    }
    assertArrayEquals(runChain(engine, 3), values);
    try (Engine.Session session = engine.open(4096, List.of(chain))) {
      assertThrows(IllegalStateException.class, () -> session.measure(chain));
    }
  }

  @Test
  void severalProgramsShareOneArena() {
    Block a = Block.of(16, 1, 1, 1, 16);
    Block b = a.at(32);
    Program three = program(List.of(Elementwise.add(a, a, b), Elementwise.add(a, b, a)));
    Program two = program(List.of(Elementwise.copy(a, a, true)));
    float[] value = new float[1];
    try (Engine.Session session = engine.open(64, List.of(three, two))) {
      session.write(16, new float[] {1}, 0, 1);
      for (Program program : List.of(two, three, two, two, three)) {
        session.run(program);
      }
      session.read(16, value, 0, 1);
    }
    assertEquals(2 * 3 * 2 * 2 * 3, value[0]);
  }
}
