package io.github.tornadodiffusion.nn.models;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.Json;
import java.util.Map;

/**
 * A network that images are sampled with. It reads {@link Model#SAMPLE}, noisy images, {@link
 * Model#TIMESTEPS} and, if it has classes, {@link Model#CLASS_LABELS}; its output {@link
 * Model#SAMPLE} is what the scheduler takes.
 *
 * <p>A class of one's own is public and has a public constructor with the {@link
 * io.github.tornadodiffusion.nn.io.JsonFields} of its {@code config.json}, which names the class.
 */
public interface DenoisingModel extends Model {
  /** The {@code _class_name} in its {@code config.json}: the name of the class. */
  default String className() {
    return getClass().getName();
  }

  /** The other values of its {@code config.json}, of which the constructor makes it again. */
  Map<String, Object> fields();

  /**
   * Batches of images of the size that it is for.
   *
   * @throws IllegalArgumentException in one line if it has no size
   */
  BatchShape batch(int images);

  /** Channels of the images. */
  default int inChannels() {
    return input(batch(1), SAMPLE).shape().c();
  }

  /** Channels of the output: twice those of the images if it predicts a variance, too. */
  default int outChannels() {
    return inChannels();
  }

  /** Whether it reads the class of every image. */
  default boolean conditioned() {
    return inputs(batch(1)).stream().anyMatch(input -> input.name().equals(CLASS_LABELS));
  }

  /** How many classes it knows; null for none, or if it does not say. */
  default Integer numClassEmbeds() {
    return null;
  }

  /** Whether it can take timestep 0, whose logarithm for instance there is not. */
  default boolean takesTimestepZero() {
    return true;
  }

  /** The text of {@code config.json}. */
  default String toJson() {
    return Json.write(Json.ofClass(className(), fields()));
  }
}
