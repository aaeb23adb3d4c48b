package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.layers.TimestepEmbedding;

/** What the embedding of timesteps and classes in a UNet depends on, by diffusers' keys. */
interface EmbeddingConfig {
  /** Channels of the finest level, and numbers of a sinusoidal embedding. */
  int baseChannels();

  /** Whether the cosines come before the sines. */
  boolean flipSinToCos();

  /** Shift of the sinusoidal embedding's frequency denominator. */
  int freqShift();

  /** Length of the embedding. */
  int timeEmbedDim();

  /** How classes are embedded; null: by a table, or there are none. */
  String classEmbedType();

  /** The number of classes in the table, or null. */
  Integer numClassEmbeds();

  /** Whether the time embedding is of random features of the logarithm. */
  default boolean fourier() {
    return false;
  }

  /** Rows of the table that replaces the sinusoidal embedding, or null. */
  default Integer learnedTimesteps() {
    return null;
  }

  /** Length of a class's vector where it is projected, or null. */
  default Integer projectionInputDim() {
    return null;
  }

  /** Whether the class's embedding follows that of the timestep instead of being added to it. */
  default boolean concatenatesClasses() {
    return false;
  }

  /** The activation between the layers of timestep embeddings. */
  default Activation timeActivation() {
    return Activation.SILU;
  }

  /** The activation of the timestep's embedding, or null. */
  default Activation timestepPostAct() {
    return null;
  }

  /** Length of a second vector that the timestep is embedded with, or null. */
  default Integer timeCondProjDim() {
    return null;
  }

  /** The options of the timestep's embedding. */
  default TimestepEmbedding.Options timeOptions() {
    return new TimestepEmbedding.Options(timeActivation(), timestepPostAct(), timeCondProjDim());
  }
}
