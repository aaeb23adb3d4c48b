package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Computes a training step on the jvm engine, one kernel after another, and looks for the first one
 * that writes a NaN or an infinity. It needs as much memory as the training itself.
 */
final class NonFiniteSearch {
  private final TrainingGraph recorded;
  private final List<Launch> launches = new ArrayList<>();

  /** One kernel and the buffers that it may have written. */
  private record Launch(Step step, Program program) {}

  NonFiniteSearch(TrainingGraph recorded) {
    this.recorded = recorded;
    List<Step> steps = recorded.schedule.steps();
    for (int i = 0; i < recorded.stepsBeforeUpdate(); i++) {
      Program whole = recorded.plan.program("search", i, i + 1, List.of(), List.of());
      for (Call call : whole.calls()) {
        String label = steps.get(i).label();
        launches.add(
            new Launch(
                steps.get(i),
                new Program(label, List.of(call), List.of(label), List.of(), List.of())));
      }
    }
  }

  /**
   * Says which operation it was, in which tensor.
   *
   * @param parameters as they were before the step
   * @param inputs of all calls of the step
   */
  String find(Map<String, HostTensor> parameters, List<UNetTraining.StepInput> inputs) {
    for (Map.Entry<String, HostTensor> parameter : parameters.entrySet()) {
      Finding finding = Finding.in(parameter.getValue().values());
      if (finding != null) {
        return "before the step the parameter %s has %s".formatted(parameter.getKey(), finding);
      }
    }
    try (JvmEngine engine = new JvmEngine();
        LoadedProgram loaded =
            new LoadedProgram(
                engine,
                recorded.plan,
                launches.stream().map(Launch::program).toList(),
                recorded.net.graph)) {
      loaded.writeParameters(
          recorded.net.weights, recorded.net.model.arenaParameters(), parameters);
      for (UNetTraining.StepInput input : inputs) {
        String found = inImages(input);
        if (found == null) {
          recorded.write(loaded, input);
          found = search(loaded);
        }
        if (found != null) {
          return found;
        }
      }
      return "repeated on the jvm device there is none: check the device";
    } catch (OutOfMemoryError _) {
      return "memory is too small to look for the operation that made it";
    }
  }

  private static String inImages(UNetTraining.StepInput input) {
    int length = input.images().length / input.timesteps().length;
    Finding finding = Finding.in(input.images());
    return finding == null
        ? null
        : "image %d of the batch has %s: check the data"
            .formatted(finding.first / length + 1, finding);
  }

  private String search(LoadedProgram loaded) {
    for (Launch launch : launches) {
      loaded.run(launch.program);
      for (Buffer buffer : launch.step.uses()) {
        // Inputs, which no kernel writes.
        if (buffer == recorded.net.weights) {
          continue;
        }
        Finding finding = Finding.in(loaded.read(buffer, buffer.floats()));
        if (finding != null) {
          return "the first operation to give one is %s (kernel %s): %s has %s"
              .formatted(
                  launch.step.label(),
                  launch.program.calls().getFirst().kernel().id(),
                  tensor(buffer, finding.first),
                  finding);
        }
      }
    }
    return null;
  }

  private String tensor(Buffer buffer, int index) {
    if (buffer == recorded.gradients) {
      for (Parameter parameter : recorded.net.model.arenaParameters().all()) {
        if (index >= parameter.start() && index < parameter.start() + parameter.floats()) {
          return "the gradient of " + parameter.name();
        }
      }
    }
    return buffer == recorded.hyper ? "the gradient's norm" : "the tensor " + buffer;
  }

  /**
   * Numbers that are none.
   *
   * @param first the index of the first one
   */
  private record Finding(int first, float value, int count, int of) {
    static Finding in(float[] values) {
      int first = -1;
      int count = 0;
      for (int i = 0; i < values.length; i++) {
        if (!Float.isFinite(values[i])) {
          first = first < 0 ? i : first;
          count++;
        }
      }
      return first < 0 ? null : new Finding(first, values[first], count, values.length);
    }

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT, "%,d of %,d numbers NaN or infinite, the first %s", count, of, value);
    }
  }
}
