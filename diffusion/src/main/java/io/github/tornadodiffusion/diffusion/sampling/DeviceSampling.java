package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.steps.HostRegisters;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate.Line;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Samples on the device of a model, in single precision: neither the sample nor the output of the
 * model is transferred to the host, unless it is read. Only {@link Update.Threshold} is computed on
 * the host, because it sorts, and noise other than {@link SampleNoise#seeded} is drawn there.
 */
public final class DeviceSampling implements SamplingModel {
  /** The registers that every model on a device has, under the device's own numbers. */
  private static final Set<Integer> OWN =
      Set.of(Update.SAMPLE, Update.OUTPUT, Update.NOISE, Update.VARIANCE);

  private final SampleRegisters registers;

  private final Conditioning conditioning;

  /** What a model reads besides the sample and the timesteps. */
  @FunctionalInterface
  public interface Conditioning {
    /**
     * The values of the other inputs, by name.
     *
     * @param labels one per image; null for a model without classes
     */
    Map<String, float[]> values(int[] labels);

    /** The labels are classes. */
    Conditioning CLASSES =
        labels -> labels == null ? Map.of() : Map.of(Model.CLASS_LABELS, Input.floats(labels));
  }

  /** The device's numbers of the registers that are in use. */
  private final Map<Integer, Integer> places = new HashMap<>();

  private final List<Line> lines = new ArrayList<>();

  /**
   * Uses the registers of a model.
   *
   * @param model with at least {@link #free} registers
   */
  public DeviceSampling(SampleRegisters model) {
    this(model, Conditioning.CLASSES);
  }

  /**
   * Uses the registers of a model with other inputs than classes.
   *
   * @param model with at least {@link #free} registers
   */
  public DeviceSampling(SampleRegisters model, Conditioning conditioning) {
    registers = model;
    this.conditioning = conditioning;
    OWN.stream()
        .filter(register -> register != Update.VARIANCE || registers.hasVariance())
        .forEach(register -> places.put(register, register));
  }

  /**
   * How many free registers a model must have if the given ones are used.
   *
   * @param used by {@link Update}'s numbers
   */
  public static int free(Set<Integer> used) {
    return (int) used.stream().filter(register -> !OWN.contains(register)).count();
  }

  @Override
  public int images() {
    return registers.batch();
  }

  @Override
  public void write(int register, float[] images) {
    registers.write(target(register), images);
  }

  @Override
  public float[] read(int register) {
    return registers.read(source(register));
  }

  @Override
  public void draw(SampleNoise noise, int draw, int firstImage) {
    if (noise instanceof SampleNoise.Seeded seeded) {
      registers.drawNoise(
          seeded.seed(), SampleNoise.STREAM, seeded.step(draw), seeded.firstIndex(firstImage));
    } else {
      float[] drawn = new float[registers.floats()];
      noise.fill(draw, firstImage, drawn);
      registers.write(Update.NOISE, drawn);
    }
  }

  @Override
  public void predict(double inputScale, double timestep, int[] labels) {
    float[] timesteps = new float[registers.batch()];
    Arrays.fill(timesteps, (float) timestep);
    registers.predict((float) inputScale, timesteps, conditioning.values(labels));
  }

  @Override
  public void apply(List<Update> updates) {
    lines.clear(); // of updates that failed
    for (Update update : updates) {
      switch (update) {
        case Update.Combine combine -> combine(combine.target(), combine.terms());
        case Update.Multiply multiply ->
            add(
                new Line(
                    source(multiply.target()),
                    source(multiply.factor()),
                    0,
                    weights(List.of(new Update.Term(multiply.target(), 1)))));
        case Update.Clip clip -> clip(clip);
        case Update.Threshold threshold -> threshold(threshold);
        case Update.LearnedNoise learned -> addLearnedNoise(learned);
      }
    }
    flush();
  }

  private void combine(int target, List<Update.Term> terms) {
    // The sources first, because the target may not have a register yet.
    float[] weights = weights(terms);
    add(new Line(target(target), -1, 0, weights));
  }

  /** Lets the previous line clip what it writes, or else adds a line. */
  private void clip(Update.Clip clip) {
    int place = source(clip.target());
    float limit = (float) clip.limit();
    Line before = lines.isEmpty() ? null : lines.getLast();
    if (before != null && before.target() == place && before.limit() == 0) {
      lines.set(lines.size() - 1, new Line(place, before.factor(), limit, before.weights()));
    } else {
      add(new Line(place, -1, limit, weights(List.of(new Update.Term(clip.target(), 1)))));
    }
  }

  private void threshold(Update.Threshold threshold) {
    flush();
    int images = registers.batch();
    HostRegisters host = new HostRegisters(images, registers.floats() / images);
    host.write(threshold.target(), read(threshold.target()));
    host.apply(List.of(threshold));
    write(threshold.target(), host.read(threshold.target(), 1));
  }

  private void addLearnedNoise(Update.LearnedNoise learned) {
    if (!registers.hasVariance()) {
      throw new IllegalArgumentException(HostRegisters.nothingIn(Update.VARIANCE));
    }
    flush();
    registers.learnedNoise(
        learned.plain()
            ? SamplerUpdate.plainDeviation(learned.least())
            : SamplerUpdate.logarithmicDeviation(learned.leastLog(), learned.mostLog()));
    combine(
        learned.target(),
        List.of(new Update.Term(learned.target(), 1), new Update.Term(Update.VARIANCE, 1)));
  }

  private void add(Line line) {
    if (lines.size() == SamplerUpdate.MOST_LINES) {
      flush();
    }
    lines.add(line);
  }

  private void flush() {
    if (!lines.isEmpty()) {
      registers.combine(lines);
      lines.clear();
    }
  }

  private float[] weights(List<Update.Term> terms) {
    float[] weights = new float[registers.count()];
    for (Update.Term term : terms) {
      weights[source(term.register())] += (float) term.weight();
    }
    return weights;
  }

  private int source(int register) {
    Integer place = places.get(register);
    if (place == null) {
      throw new IllegalArgumentException(HostRegisters.nothingIn(register));
    }
    return place;
  }

  private int target(int register) {
    return places.computeIfAbsent(
        register,
        r -> {
          // Registers are assigned in sequence, from 0 on.
          int free = places.size();
          if (free == registers.count()) {
            throw new IllegalStateException(
                "The model was opened with %d registers, too few for this sampler"
                    .formatted(registers.count()));
          }
          return free;
        });
  }
}
