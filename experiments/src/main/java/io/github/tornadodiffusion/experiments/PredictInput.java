package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * The tensors that {@code predict} reads, checked against the model.
 *
 * @param sample [n, inChannels, h, w]
 * @param timesteps [n]
 * @param labels [n], or [n, length] if vectors replace labels; null for a model without classes
 * @param target [n, outChannels, h, w], or null
 */
@SuppressWarnings("ArrayRecordComponent") // read once and handed on, never compared
record PredictInput(HostTensor sample, float[] timesteps, float[] labels, HostTensor target) {
  private static final String SAMPLE = "sample";
  private static final String TIMESTEP = "timestep";
  private static final String LABELS = "class_labels";
  private static final String TARGET = "target";

  /**
   * Reads and checks a file.
   *
   * @throws IOException in one line naming the tensor, the cause and the remedy
   */
  static PredictInput read(Path file, UNet2DConfig config) throws IOException {
    try (SafetensorsFile tensors = Safetensors.open(file)) {
      HostTensor sample = required(tensors, SAMPLE);
      int[] shape = sample.shape();
      if (shape.length != 4 || sample.values().length == 0) {
        throw new IllegalArgumentException(
            "sample has shape %s; give [N, C, H, W]".formatted(Arrays.toString(shape)));
      }
      if (shape[1] != config.inChannels()) {
        throw new IllegalArgumentException(
            "sample has %d channels and the model %d; give a sample of shape [N, %d, H, W]"
                .formatted(shape[1], config.inChannels(), config.inChannels()));
      }
      int divisor = 1 << config.downsamplings();
      if (shape[2] % divisor != 0 || shape[3] % divisor != 0) {
        throw new IllegalArgumentException(
            "sample is %d x %d; the model needs height and width that %d divides"
                .formatted(shape[2], shape[3], divisor));
      }
      float[] timesteps = perImage(required(tensors, TIMESTEP), TIMESTEP, shape[0]);
      return new PredictInput(
          sample, timesteps, labels(tensors, config, shape[0]), target(tensors, config, shape));
    } catch (IllegalArgumentException e) {
      throw new IOException(file + ": " + e.getMessage(), e);
    }
  }

  private static HostTensor required(SafetensorsFile tensors, String name) {
    if (!tensors.contains(name)) {
      throw new IllegalArgumentException(
          "there is no tensor %s; add it, as predict --help says".formatted(name));
    }
    return tensors.tensor(name);
  }

  /** One value per image; a single value is used for all of them. */
  private static float[] perImage(HostTensor tensor, String name, int images) {
    float[] values = tensor.values();
    if (tensor.shape().length > 1 || (values.length != images && values.length != 1)) {
      throw new IllegalArgumentException(
          "%s has shape %s; give [%d], one an image of the sample"
              .formatted(name, Arrays.toString(tensor.shape()), images));
    }
    float[] all = new float[images];
    for (int i = 0; i < images; i++) {
      all[i] = values[values.length == 1 ? 0 : i];
      if (!Float.isFinite(all[i])) {
        throw new IllegalArgumentException(name + " holds " + all[i] + "; give numbers");
      }
    }
    return all;
  }

  private static float[] labels(SafetensorsFile tensors, UNet2DConfig config, int images) {
    if (!config.conditioned()) {
      return null;
    }
    HostTensor tensor = required(tensors, LABELS);
    if (config.classVectorLength() > 0) {
      int[] expected = {images, config.classVectorLength()};
      if (!Arrays.equals(tensor.shape(), expected)) {
        throw new IllegalArgumentException(
            "class_labels has shape %s; give %s, a vector an image (class_embed_type identity)"
                .formatted(Arrays.toString(tensor.shape()), Arrays.toString(expected)));
      }
      return tensor.values();
    }
    float[] labels = perImage(tensor, LABELS, images);
    // Labels that are embedded like timesteps can be any numbers.
    if (config.classEmbedType() == null) {
      for (float label : labels) {
        if (label != (int) label || label < 0 || label >= config.numClassEmbeds()) {
          throw new IllegalArgumentException(
              "class_labels holds %s; give whole numbers from 0 to %d"
                  .formatted(label, config.numClassEmbeds() - 1));
        }
      }
    }
    return labels;
  }

  private static HostTensor target(SafetensorsFile tensors, UNet2DConfig config, int[] sample) {
    if (!tensors.contains(TARGET)) {
      return null;
    }
    HostTensor target = tensors.tensor(TARGET);
    int[] expected = {sample[0], config.outChannels(), sample[2], sample[3]};
    if (!Arrays.equals(target.shape(), expected)) {
      throw new IllegalArgumentException(
          "target has shape %s; give %s, as the model's output"
              .formatted(Arrays.toString(target.shape()), Arrays.toString(expected)));
    }
    return target;
  }

  /** The inputs of the model. */
  UNetInputs inputs() {
    return new UNetInputs(sample.values(), timesteps, labels);
  }

  /** The shape that the program is recorded for. */
  BatchShape shape() {
    return new BatchShape(sample.shape()[0], sample.shape()[2], sample.shape()[3]);
  }

  /** The shape of the output of the model. */
  int[] outputShape(UNet2DConfig config) {
    BatchShape shape = shape();
    return new int[] {shape.images(), config.outChannels(), shape.height(), shape.width()};
  }
}
