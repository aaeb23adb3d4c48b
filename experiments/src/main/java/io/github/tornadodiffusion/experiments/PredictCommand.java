package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.programs.Objective;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SequencedMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Runs a model once on tensors from a file, for comparison with other implementations. */
@Command(
    name = "predict",
    description = {
      "Runs a model once. The input has tensors sample [N,C,H,W] and timestep [N], and class_labels"
          + " [N] for a model with classes; the output has sample.",
      "With a tensor target the output also has loss, the mean squared error, and grad.NAME for"
          + " every parameter."
    })
final class PredictCommand implements Callable<Integer> {
  @Spec CommandSpec spec;

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description =
          "Directory of a training run, of any diffusers pipeline with a UNet2DModel, or of the"
              + " UNet2DModel alone.")
  Path model;

  @Option(
      names = "--input",
      required = true,
      paramLabel = "IN.safetensors",
      description = "The tensors to read.")
  Path input;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "OUT.safetensors",
      description = "The file to write; an earlier one is replaced once the new one is complete.")
  Path out;

  @Mixin DeviceOptions device;

  @Override
  public Integer call() throws IOException {
    device.check();
    if (Files.exists(out) && Files.exists(input) && Files.isSameFile(input, out)) {
      throw new IllegalArgumentException("--out is the input file; give another name");
    }
    ModelFiles.UNet unet = DiffusionModel.readUNet(model);
    PredictInput tensors = PredictInput.read(input, unet.config());
    OutputFiles.prepare("--out", out, OutputFiles.SAFETENSORS);
    device.note(Ineffective.of(spec)).say(spec.commandLine().getErr());
    SequencedMap<String, HostTensor> results;
    try (Engine engine = device.open(false, spec.commandLine().getErr())) {
      results =
          tensors.target() == null
              ? predict(engine, unet, tensors)
              : gradients(engine, unet, tensors);
    }
    Safetensors.write(out, results, Map.of());
    spec.commandLine().getOut().println("prediction   " + out);
    return 0;
  }

  private static SequencedMap<String, HostTensor> predict(
      Engine engine, ModelFiles.UNet unet, PredictInput in) {
    UNet2DConfig config = unet.config();
    RecordedProgram<Inference> program = Inference.record(new UNet2DModel(config), in.shape());
    checkMemory(program.floats(), config, 1);
    SequencedMap<String, HostTensor> results = new LinkedHashMap<>();
    try (Inference inference = program.open(engine, unet.parameters())) {
      float[] output = inference.predict(in.inputs().values());
      results.put("sample", new HostTensor(in.outputShape(config), output));
    }
    return results;
  }

  private static SequencedMap<String, HostTensor> gradients(
      Engine engine, ModelFiles.UNet unet, PredictInput in) {
    UNet2DConfig config = unet.config();
    RecordedProgram<LossGradients> program =
        LossGradients.record(
            Objective.meanSquaredError(new UNet2DModel(config), Model.SAMPLE), in.shape());
    checkMemory(program.floats(), config, 2);
    SequencedMap<String, HostTensor> results = new LinkedHashMap<>();
    try (LossGradients gradients = program.open(engine, unet.parameters())) {
      Map<String, float[]> values = new HashMap<>(in.inputs().values());
      values.put("target", in.target().values());
      double loss = gradients.run(values);
      results.put("sample", new HostTensor(in.outputShape(config), gradients.images(Model.SAMPLE)));
      results.put("loss", new HostTensor(new int[0], new float[] {(float) loss}));
      gradients.gradients().forEach((name, tensor) -> results.put("grad." + name, tensor));
    }
    return results;
  }

  private static void checkMemory(long arenaFloats, UNet2DConfig config, int copies) {
    new MemoryNeed(arenaFloats, copies * MemoryNeed.parameters(config)).check("batch");
  }
}
