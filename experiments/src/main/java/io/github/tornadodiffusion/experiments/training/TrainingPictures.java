package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SequencedMap;

/** The pictures of samples that a training draws: at its end, and on the way where asked for. */
interface TrainingPictures {
  /** Checks that there is memory for one picture. */
  void checkMemory();

  /** What the device holds for it while it trains. */
  long floatsWhileTraining();

  /** Draws the picture at the end; returns false if the process was asked to end before. */
  boolean drawLast(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException;

  /** Draws a picture on the way; returns false if the process was asked to end before. */
  boolean draw(Engine engine, SequencedMap<String, HostTensor> parameters, Path file)
      throws IOException;
}
