package io.github.tornadodiffusion.kernels;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Lays out blocks, fills them with random numbers, runs calls and hands the numbers back in NCHW
 * doubles.
 */
public final class TestArena {
  /** The device that all tests compute on: the build runs them once for each. */
  public static final String DEVICE = System.getProperty("tornadodiffusion.device", "jvm");

  /** The variants of kernels that all tests run, likewise. */
  public static final Variants VARIANTS =
      Variants.named(System.getProperty("tornadodiffusion.kernels", "auto"));

  private static final Map<Convolution, Engine> ENGINES = new EnumMap<>(Convolution.class);

  private final SplittableRandom random;
  private final List<Filled> filled = new ArrayList<>();
  private int next = 16; // nothing lies at 0, so a forgotten offset shows
  private Engine.Session session;

  private record Filled(int offset, float[] values) {}

  public TestArena(long seed) {
    random = new SplittableRandom(seed);
  }

  /** How the device can compute convolutions. */
  public static List<Convolution> convolutions() {
    return DEVICE.equals("jvm") || VARIANTS.on(device()).equals(Variants.LANES)
        ? List.of(Convolution.values())
        : List.of(Convolution.DIRECT);
  }

  private static Device device() {
    return Engines.devices().stream().filter(d -> d.id().equals(DEVICE)).findFirst().orElseThrow();
  }

  /** Room for n floats, filled with the junk that reused memory holds. */
  public int reserve(int n) {
    int at = next;
    next += Block.round16(n) + 16;
    float[] junk = new float[Block.round16(n)];
    java.util.Arrays.fill(junk, Float.NaN);
    filled.add(new Filled(at, junk));
    return at;
  }

  public int put(float... values) {
    int at = reserve(values.length);
    filled.add(new Filled(at, values));
    return at;
  }

  public float[] randoms(int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) (2 * random.nextDouble() - 1);
    }
    return values;
  }

  /** Places a block that a call will write. */
  public Block place(Block shape) {
    return shape.at(reserve(shape.size()));
  }

  /** Places a block that holds random numbers, with zeros in border and padding lanes. */
  public Block random(Block shape) {
    Block block = place(shape);
    fill(block, randoms(block.pixels() * block.c()));
    return block;
  }

  /** Fills a block from NCHW values. */
  public void fill(Block b, float[] nchw) {
    float[] values = new float[b.size()];
    for (int n = 0; n < b.n(); n++) {
      for (int c = 0; c < b.c(); c++) {
        for (int y = 0; y < b.h(); y++) {
          for (int x = 0; x < b.w(); x++) {
            values[index(b, n, c, y, x)] = nchw[((n * b.c() + c) * b.h() + y) * b.w() + x];
          }
        }
      }
    }
    filled.add(new Filled(b.offset(), values));
  }

  static int index(Block b, int n, int c, int y, int x) {
    return ((n * b.rows() + b.top() + y) * b.columns() + b.left() + x) * b.stride() + c;
  }

  public void run(Call... calls) {
    run(List.of(calls));
  }

  public void run(List<Call> calls) {
    run(Convolution.AUTO, calls);
  }

  public void run(Convolution convolution, List<Call> calls) {
    EngineOptions options = EngineOptions.DEFAULT.with(VARIANTS).with(convolution);
    run(ENGINES.computeIfAbsent(convolution, c -> Engines.open(DEVICE, options)), calls);
  }

  public void run(Engine engine, List<Call> calls) {
    Program program =
        new Program("test", calls, calls.stream().map(c -> "").toList(), List.of(), List.of());
    if (session != null) {
      session.close();
    }
    session = engine.open(next + 16, List.of(program));
    for (Filled f : filled) {
      session.write(f.offset(), f.values(), 0, f.values().length);
    }
    session.run(program);
  }

  public float[] read(int offset, int n) {
    float[] values = new float[n];
    if (session == null) {
      for (Filled f : filled) {
        if (f.offset() <= offset && offset + n <= f.offset() + f.values().length) {
          System.arraycopy(f.values(), offset - f.offset(), values, 0, n);
        }
      }
    } else {
      session.read(offset, values, 0, n);
    }
    return values;
  }

  /** The block's elements in NCHW order; fails if border or padding lanes are not zero. */
  public double[] read(Block b) {
    float[] values = read(b.offset(), b.size());
    double[] nchw = new double[b.pixels() * b.c()];
    boolean[] inside = new boolean[values.length];
    for (int n = 0; n < b.n(); n++) {
      for (int c = 0; c < b.c(); c++) {
        for (int y = 0; y < b.h(); y++) {
          for (int x = 0; x < b.w(); x++) {
            int at = index(b, n, c, y, x);
            inside[at] = true;
            nchw[((n * b.c() + c) * b.h() + y) * b.w() + x] = values[at];
          }
        }
      }
    }
    for (int i = 0; i < values.length; i++) {
      if (!inside[i] && values[i] != 0) {
        throw new AssertionError("border or padding of " + b + " holds " + values[i] + " at " + i);
      }
    }
    return nchw;
  }
}
