package io.github.tornadodiffusion.experiments.study;

import java.util.List;
import picocli.CommandLine.Option;

/** The options of a {@link TrainingStudy} that say how its models are measured. */
final class StudySampling {
  /** Below this share of the usual amounts there are fewer sampling steps, too. */
  private static final double FEW_STEPS = 0.4;

  @Option(
      names = "--sample-steps",
      split = ",",
      paramLabel = "N",
      description =
          "Sampling steps to measure at (default: 10,25,50,100,250,1000; with --quick 10,50).")
  List<Integer> sampleSteps;

  @Option(
      names = "--scheduler",
      paramLabel = "NAME",
      description = "Sampler (default: ddim for schedules, ddpm for prediction).")
  String scheduler;

  @Option(
      names = "--bound-timesteps",
      paramLabel = "N",
      description =
          "Timesteps at which the variational bound is evaluated for an image, of all (default:"
              + " 100; with --quick 20).")
  Integer boundTimesteps;

  @Option(
      names = "--held-out-images",
      paramLabel = "N",
      description =
          "Held-out images to measure denoising on, at most (default: all; with --quick 100).")
  Integer heldOutImages;

  StudySettings settings(StudyOptions study, String sampler, boolean quick) {
    return new StudySettings(
        study.seeds(quick),
        study.samples(quick),
        StudyOptions.checkSteps(
            StudyOptions.or(
                sampleSteps,
                List.of(10, 25, 50, 100, 250, 1000),
                study.share() < FEW_STEPS ? List.of(5, 10) : List.of(10, 50),
                quick)),
        StudyOptions.sampler(scheduler == null ? sampler : scheduler),
        StudyOptions.or(boundTimesteps, 100, study.quickly(20, 2), quick),
        StudyOptions.within(
            "--held-out-images",
            StudyOptions.or(heldOutImages, Integer.MAX_VALUE, study.quickly(100, 4), quick),
            Integer.MAX_VALUE),
        study.classifierSteps(quick));
  }
}
