package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.training.EmaDecay;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * What is trained, and how: everything that a {@link Trainer} needs to know of a run. Together with
 * the data it determines the result.
 */
public interface TrainingTask {
  /** What the run is called. */
  String preset();

  /** Images per batch. */
  int batch();

  /** Optimizer steps. */
  int steps();

  /** Whether half of the images are mirrored. */
  boolean randomFlip();

  /** Of the initial parameters, the order of images, the timesteps and the noise. */
  long seed();

  /** How gradients change the parameters. */
  Optimization optimization();

  /** How the run departs from the plain recipe. */
  TrainingVariant variant();

  /** The scheduler that the run trains for. */
  DDPMScheduler scheduler();

  /** What the model learns to predict. */
  PredictionType prediction();

  /** Timesteps of the schedule. */
  int trainTimesteps();

  /** The lowest timestep that is trained on. */
  default int firstTimestep() {
    return 0;
  }

  /** The model and its loss. */
  Objective objective();

  /** A batch of a shard. */
  BatchShape shape();

  /** Which parameters are trained; the others keep the values that they begin with. */
  default Trainable trainable() {
    return Trainable.ALL;
  }

  /** The parameters that the run begins with. */
  SequencedMap<String, HostTensor> initialParameters(TrainingDraws draws);

  /**
   * The number of labels, of which the last stands for none where labels are dropped; null for a
   * model without classes.
   */
  Integer numClassEmbeds();

  /** Whether the model reads labels. */
  boolean conditioned();

  /**
   * Checks the data.
   *
   * @throws IllegalArgumentException in one line if it does not fit the model
   */
  void checkData(Dataset dataset);

  /**
   * Computes once what all steps need of the data and of what is not trained.
   *
   * @return what the batches are drawn from
   */
  default List<Dataset> prepare(Engine engine, Dataset dataset) {
    return List.of(dataset);
  }

  /** The weight of an image's loss, before the means over batches and updates. */
  default double weight(NoiseSchedule schedule, TrainingDraws.Draw draw, int image) {
    int timestep = draw.timesteps()[image];
    return variant()
        .lossWeight()
        .at(prediction(), schedule.signal(timestep), schedule.sigma(timestep));
  }

  /**
   * The inputs of a call.
   *
   * @param schedule of the noise
   * @param weights of the losses of the images in the mean over the batch
   */
  Map<String, float[]> values(NoiseSchedule schedule, TrainingDraws.Draw draw, float[] weights);

  /** Values that are on the host at once, besides parameters. */
  long hostFloats();

  /** Everything that determines the result, by name. */
  Map<String, Object> toMap();

  /**
   * Writes what was trained, in diffusers' layout.
   *
   * @throws IOException in one line if a file cannot be written
   */
  void write(Path directory, SequencedMap<String, HostTensor> parameters) throws IOException;

  /** The command that trains so. */
  default String command() {
    return "train";
  }

  /** What distinguishes the run from others of its name, in a word, for a title. */
  default String describe() {
    return scheduler().config().betaSchedule().id();
  }

  /** The files that {@link #write} writes, for messages. */
  default String files() {
    return "model_index.json, unet/, scheduler/";
  }

  /**
   * The arguments that draw with what was trained; null where nothing does.
   *
   * @param path of the directory, quoted for a shell
   */
  default String sampleCommand(String path) {
    return "sample --model " + path;
  }

  /** Images that go into an update. */
  default int imagesPerStep() {
    return batch() * variant().accumulate();
  }

  /** Images of a shard's batch. */
  default int shardBatch() {
    return batch() / variant().shards();
  }

  /** How many steps a number of passes over the data takes. */
  default long steps(Dataset dataset, int epochs) {
    return TrainingDraws.steps(this, dataset, epochs);
  }

  /** Elements of all parameters. */
  default long parameterCount() {
    return objective().parameters().count();
  }

  /** Elements of the parameters that are trained. */
  default long trainedCount() {
    return objective().parameters().specs().stream()
        .filter(trainable()::trains)
        .mapToLong(ParameterSpec::size)
        .sum();
  }

  /** The decay of the moving average; null for none. */
  default EmaDecay emaDecays() {
    double most = optimization().emaDecay();
    EmaDecay plain = EmaDecay.of(most);
    if (most == 0 || variant().emaPower() == 0) {
      return most == 0 ? null : plain;
    }
    return new EmaDecay(
        most, plain.minDecay(), plain.updateAfterStep(), true, 1, variant().emaPower());
  }

  /** The learning rate of every step. */
  default LearningRateSchedule learningRates() {
    return LearningRateSchedule.of(
        optimization().lrSchedule(),
        optimization().learningRate(),
        optimization().lrWarmupSteps(),
        steps());
  }
}
