package example;

import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Draws 16 images with a model: a run's directory, or a pipeline from diffusers. */
final class Sample {
  public static void main(String[] arguments) throws IOException {
    DiffusionModel model = DiffusionModel.read(Path.of(arguments[0]));
    Sampling sampling = Sampling.of(model.scheduler(), 50);
    try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
        ModelSampler sampler = ModelSampler.open(engine, model, sampling, 16)) {
      float[] images = sampler.sample(sampling, 16, 1, null, Pipeline.Progress.NONE);
      PngFiles.write(Path.of("16.png"), sampler.grid(images, 16), Map.of());
    }
  }
}
