package io.github.tornadodiffusion.nn.programs;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdate;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.RecordedProgram.Part;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trials;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

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

  /** Set once they are added. */
  Programs programs;

  /**
   * Registers for a model.
   *
   * @param input of the model
   * @param output of the model, with as many channels as the input, or twice as many
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

  /** Adds the programs, after that of the model. */
  void addTo(Steps steps) {
    Tensor sample = at(SampleRegisters.SAMPLE);
    Tensor noise = at(SampleRegisters.NOISE);
    Part scaled =
        part(
            steps,
            "model input",
            List.of(inputScale),
            at ->
                List.of(
                    Elementwise.scale(
                        at.block(sample), at.of(inputScale), at.block(input), false)));
    Part drawn =
        part(
            steps,
            "noise",
            List.of(seed),
            at -> List.of(Noise.gaussianByChannel(at.of(seed), at.block(noise))));
    Part combined =
        part(
            steps,
            "sampler",
            List.of(lines),
            at ->
                List.of(
                    SamplerUpdate.combine(
                        at.of(lines), registers.stream().map(at::block).toList())));
    if (!variance) {
      programs = new Programs(scaled, drawn, combined, null, null);
      return;
    }
    Tensor predicted = at(SampleRegisters.VARIANCE);
    Part split =
        part(
            steps,
            "split output",
            List.of(),
            at -> List.of(half(at, 0, at(SampleRegisters.OUTPUT)), half(at, input.c(), predicted)));
    Part learned =
        part(
            steps,
            "learned noise",
            List.of(deviation),
            at ->
                List.of(
                    SamplerUpdate.learnedNoise(
                        at.block(predicted), at.block(noise), at.of(deviation))));
    programs = new Programs(scaled, drawn, combined, split, learned);
  }

  private Call half(Step.Offsets at, int fromChannel, Tensor half) {
    return Elementwise.slice(at.block(output), fromChannel, at.block(half), false);
  }

  /** A program of one step. */
  private static Part part(
      Steps steps, String name, List<Buffer> inputs, Function<Step.Offsets, List<Call>> calls) {
    steps.addAll(name, calls);
    return new Part(name, steps.size() - 1, steps.size(), inputs, List.of());
  }

  /**
   * The programs that the host runs between two calls of the model.
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

  /** Content for {@link Trials}, where random numbers would not be valid lines. */
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
