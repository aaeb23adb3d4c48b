package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.RecordedProgram.Part;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trials;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The registers of {@link SampleRegisters} in the arena of a model, and the small programs on them
 * that the host runs between two calls of the model.
 */
final class SamplerGraph {
  /** In the order of their numbers. */
  final List<Tensor> registers = new ArrayList<>();

  final boolean variance;
  final Buffer inputScale = Buffer.persistent("input scale", 1);
  final Buffer seed = Buffer.persistent("noise seed", Noise.SEED_SIZE);
  final Buffer lines;
  final Buffer deviation = Buffer.persistent("learned deviation", SamplerUpdate.LEARNED_SIZE);

  private final Tensor input;
  private final Tensor output;

  /** Where each of the programs begins in the list; the last entry is the end. */
  private final List<Integer> starts = new ArrayList<>();

  /**
   * Registers for a model.
   *
   * @param input what the model sees
   * @param output what it says: as many channels as the input, or twice as many
   * @param free registers besides those with a meaning
   */
  SamplerGraph(Tensor input, Tensor output, int free) {
    this.input = input;
    this.output = output;
    variance = output.c() == 2 * input.c();
    if (!variance && output.c() != input.c()) {
      throw new IllegalArgumentException(
          "The model has %d input and %d output channels: sampling needs as many of both, or twice"
                  .formatted(input.c(), output.c())
              + " as many output channels for a learned variance");
    }
    registers.add(register());
    registers.add(variance ? register() : output);
    registers.add(register());
    if (variance) {
      registers.add(register());
    }
    for (int i = 0; i < free; i++) {
      registers.add(register());
    }
    lines = Buffer.persistent("sampler lines", SamplerUpdate.linesSize(registers.size()));
  }

  private Tensor register() {
    return Tensor.persistent("register " + registers.size(), input.plainShape(), false);
  }

  private Tensor at(int register) {
    return registers.get(register);
  }

  /** Adds the calls, behind those of the model. */
  void addTo(Steps steps) {
    starts.add(steps.size());
    steps.add(
        "model input",
        at ->
            Elementwise.scale(
                at.block(at(SampleRegisters.SAMPLE)), at.of(inputScale), at.block(input), false),
        at(SampleRegisters.SAMPLE),
        inputScale,
        input);
    starts.add(steps.size());
    Tensor noise = at(SampleRegisters.NOISE);
    steps.add("noise", at -> Noise.gaussianByChannel(at.of(seed), at.block(noise)), seed, noise);
    starts.add(steps.size());
    Stored[] used = new Stored[registers.size() + 1];
    registers.toArray(used);
    used[registers.size()] = lines;
    steps.add(
        "sampler",
        at -> SamplerUpdate.combine(at.of(lines), registers.stream().map(at::block).toList()),
        used);
    starts.add(steps.size());
    if (variance) {
      addVariance(steps, noise);
    }
  }

  private void addVariance(Steps steps, Tensor noise) {
    Tensor predicted = at(SampleRegisters.VARIANCE);
    half(steps, at(SampleRegisters.OUTPUT), 0);
    half(steps, predicted, input.c());
    starts.add(steps.size());
    steps.add(
        "learned noise",
        at -> SamplerUpdate.learnedNoise(at.block(predicted), at.block(noise), at.of(deviation)),
        predicted,
        noise,
        deviation);
    starts.add(steps.size());
  }

  private void half(Steps steps, Tensor half, int fromChannel) {
    steps.add(
        half.toString(),
        at -> Elementwise.slice(at.block(output), fromChannel, at.block(half), false),
        output,
        half);
  }

  /**
   * The programs.
   *
   * @param split null where the model predicts no variance, as is {@code learnedNoise}
   */
  record Programs(Part input, Part noise, Part combine, Part split, Part learnedNoise) {
    List<Part> all() {
      return split == null
          ? List.of(input, noise, combine)
          : List.of(input, noise, combine, split, learnedNoise);
    }
  }

  /** The programs of the calls that {@link #addTo} has added. */
  Programs programs() {
    return new Programs(
        part(0, "model input", List.of(inputScale)),
        part(1, "noise", List.of(seed)),
        part(2, "sampler", List.of(lines)),
        variance ? part(3, "split output", List.of()) : null,
        variance ? part(4, "learned noise", List.of(deviation)) : null);
  }

  private Part part(int index, String name, List<Buffer> inputs) {
    return new Part(name, starts.get(index), starts.get(index + 1), inputs, List.of());
  }

  /** Content for {@link Trials}, where random numbers would be no lines. */
  Map<Buffer, float[]> trialContent() {
    int count = registers.size();
    List<SamplerUpdate.Line> trial = new ArrayList<>();
    for (int s = 0; s < SamplerUpdate.MOST_LINES; s++) {
      float[] weights = new float[count];
      for (int k = 0; k < count; k++) {
        weights[k] = (s + k) % 3 == 0 ? 0 : 0.3f + 0.1f * ((s * k) % 7);
      }
      int factor = s % 4 == 1 ? (s + 1) % count : -1;
      trial.add(new SamplerUpdate.Line(s % count, factor, s % 2 == 0 ? 0.75f : 0, weights));
    }
    Map<Buffer, float[]> content = new HashMap<>();
    content.put(lines, SamplerUpdate.lines(trial, count));
    content.put(deviation, Arrays.copyOf(SamplerUpdate.logarithmicDeviation(-9, -4), 16));
    return content;
  }
}
