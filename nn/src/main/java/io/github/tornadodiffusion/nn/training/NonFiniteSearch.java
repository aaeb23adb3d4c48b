package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.LoadedProgram;
import io.github.tornadodiffusion.nn.graph.Order;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterLayout;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Step;
import io.github.tornadodiffusion.nn.graph.Stored;
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
  private final RecordedProgram<?> program;
  private final Training.Recorded recorded;
  private final List<Launch> launches = new ArrayList<>();

  /** One kernel and the buffers that it may have written. */
  private record Launch(Step step, Program program) {}

  NonFiniteSearch(RecordedProgram<?> program, Training.Recorded recorded) {
    this.program = program;
    this.recorded = recorded;
    for (int i = 0; i < recorded.stepsBeforeUpdate(); i++) {
      Step step = program.steps().get(i);
      for (Call call : program.program(i, i + 1).calls()) {
        List<String> labels = List.of(step.label());
        launches.add(
            new Launch(
                step, new Program(step.label(), List.of(call), labels, List.of(), List.of())));
      }
    }
  }

  /**
   * Says which operation wrote it, and to which tensor.
   *
   * @param parameters as they were before the step
   * @param inputs of all calls of the step
   */
  String find(Map<String, HostTensor> parameters, List<Training.StepInput> inputs) {
    for (Map.Entry<String, HostTensor> parameter : parameters.entrySet()) {
      Finding finding = Finding.in(parameter.getValue().values());
      if (finding != null) {
        return "before the step the parameter %s has %s".formatted(parameter.getKey(), finding);
      }
    }
    List<Program> programs = launches.stream().map(Launch::program).toList();
    try (JvmEngine engine = new JvmEngine();
        LoadedProgram loaded = program.load(engine, programs, parameters)) {
      for (Training.StepInput input : inputs) {
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

  private String inImages(Training.StepInput input) {
    for (Input images : recorded.graph().placedInputs().keySet()) {
      float[] values = input.values().get(images.source());
      Finding finding =
          images.order() == Order.CHANNELS_FIRST && values != null ? Finding.in(values) : null;
      if (finding != null) {
        int length = values.length / images.shape().n();
        return "image %d of the batch has %s: check the data"
            .formatted(finding.first / length + 1, finding);
      }
    }
    return null;
  }

  private String search(LoadedProgram loaded) {
    for (Launch launch : launches) {
      loaded.run(launch.program);
      for (Buffer buffer : launch.step.uses()) {
        // Inputs, which no kernel writes.
        if (recorded.graph().layout().buffers().contains(buffer)) {
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
    if (buffer == recorded.update().gradients()) {
      ParameterLayout layout = recorded.graph().layout();
      for (Parameter parameter : layout.allTrained()) {
        Stored gradient = layout.in(buffer, parameter);
        if (index >= gradient.start() && index < gradient.start() + gradient.floats()) {
          return "the gradient of " + parameter.name();
        }
      }
    }
    return buffer == recorded.update().block() ? "the gradient's norm" : "the tensor " + buffer;
  }

  /**
   * Values that are NaN or infinite.
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
