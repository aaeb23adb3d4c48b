import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;

/**
 * Draws 16 images with a model and a scheduler: the model is the directory of a run, or a pipeline
 * from diffusers; the scheduler has diffusers' name, in full or in short.
 *
 * <pre>./tornado-diffusion run examples/Sample.java runs/mine ddim 50 16.png</pre>
 */
void main(String... arguments) throws IOException {
  DiffusionModel model = DiffusionModel.read(Path.of(arguments[0]), arguments[1]);
  Sampling sampling = Sampling.of(model.scheduler(), Integer.parseInt(arguments[2]));
  int count = 16;
  long seed = 1;
  try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
      ModelSampler sampler = ModelSampler.open(engine, model, sampling, count)) {
    float[] images = sampler.sample(sampling, count, seed, null, Pipeline.Progress.NONE);
    PngFiles.write(Path.of(arguments[3]), sampler.grid(images, count), Map.of());
  }
}
