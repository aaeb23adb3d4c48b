package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.sampling.LatentCodec;
import io.github.tornadodiffusion.diffusion.sampling.LatentImages;
import io.github.tornadodiffusion.diffusion.training.AutoencoderTraining;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.autoencoder.AutoencoderKLConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.SequencedMap;

/**
 * The pictures of an autoencoder's training: above, images of the data; below, what it makes of
 * them.
 */
record ReconstructionPictures(AutoencoderTraining task, PreviewPictures.Plan plan)
    implements TrainingPictures {
  @Override
  public void checkMemory() {
    // Image by image, which takes less than a batch that is trained.
  }

  @Override
  public long floatsWhileTraining() {
    return plan.images() == 0 || plan.every() == null ? 0 : task.parameterCount();
  }

  @Override
  public boolean drawLast(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException {
    return plan.images() == 0 || draw(engine, parameters, file);
  }

  @Override
  public boolean draw(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException {
    AutoencoderKLConfig config = task.config();
    Dataset images = task.images();
    int side = images.imageSize();
    int latent = side / config.scaleFactor();
    int count = Math.min(plan.images(), images.size());
    LatentCodec codec = new LatentCodec(engine, config, parameters, 0);
    int length = config.outChannels() * side * side;
    float[] both = new float[2 * count * length];
    for (int i = 0; i < count; i++) {
      float[] image = images.image(i);
      LatentImages encoded = codec.encode(image, 1, side, side);
      System.arraycopy(image, 0, both, i * length, length);
      System.arraycopy(
          codec.decode(encoded.scaledMean(), 1, latent, latent),
          0,
          both,
          (count + i) * length,
          length);
    }
    PngFiles.write(
        file,
        ImageGrid.grid(
            both, 2 * count, config.outChannels(), side, side, count, ImageGrid.scale(side, side)),
        Map.of("Title", "images and their reconstructions"));
    return true;
  }
}
