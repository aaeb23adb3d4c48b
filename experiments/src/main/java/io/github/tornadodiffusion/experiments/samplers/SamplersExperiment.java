package io.github.tornadodiffusion.experiments.samplers;

import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.experiments.cli.DeviceOptions;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.framework.ExperimentOptions;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.experiments.study.StudyOptions;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Compares samplers by the images that they produce with one model. */
@Command(
    name = SamplersExperiment.NAME,
    description = {
      "Compares samplers on one model: the quality of images against calls of the model and time.",
      "The model is trained first, with seed 0, or is that of --model."
    })
public final class SamplersExperiment implements Callable<Integer> {
  static final String NAME = "samplers";

  /** The experiment and its report. */
  public static final Experiment.Kind KIND = new Experiment.Kind(NAME, SamplersReport::of);

  /** One of each kind: with noise of its own, without, first order in sigma, and multistep. */
  static final List<String> QUICK =
      List.of(
          "DDPMScheduler",
          "DDIMScheduler",
          "EulerDiscreteScheduler",
          "DPMSolverMultistepScheduler");

  @Spec CommandSpec spec;

  @Option(
      names = "--schedulers",
      split = ",",
      paramLabel = "NAME",
      description = "Samplers as 'sample' names them (default: all that fit; with --quick four).")
  List<String> schedulers;

  @Option(
      names = "--sample-steps",
      split = ",",
      paramLabel = "N",
      description = "Sampling steps (default: 5,10,20,50,100; with --quick 5,20).")
  List<Integer> sampleSteps;

  @Option(
      names = "--reference-steps",
      paramLabel = "N",
      description =
          "DDIM steps of the images to compare with (default: all timesteps; with --quick fewer if"
              + " that takes too long).")
  Integer referenceSteps;

  @Option(
      names = "--model",
      paramLabel = "DIR",
      description = "Sample this model, trained on the same data, rather than a new one.")
  Path model;

  @Mixin StudyOptions study;

  @Mixin DeviceOptions device;

  @Mixin ExperimentOptions run;

  @Override
  public Integer call() throws IOException {
    OptionalInt again = run.again(spec);
    if (again.isPresent()) {
      return again.getAsInt();
    }
    if (schedulers != null) {
      StudyOptions.checkNames("--schedulers", schedulers, 1);
    }
    List<String> names =
        StudyOptions.or(
            schedulers,
            Schedulers.CLASS_NAMES.stream()
                .filter(name -> !StudyOptions.OTHER_MODELS.contains(name))
                .toList(),
            QUICK,
            run.quick);
    List<Integer> steps =
        StudyOptions.checkSteps(
            StudyOptions.or(sampleSteps, List.of(5, 10, 20, 50, 100), List.of(5, 20), run.quick));
    PrintWriter err = spec.commandLine().getErr();
    DiffusionModel given = model == null ? null : DiffusionModel.read(model);
    study.fit(given);
    try (SamplersStudy samplers =
        new SamplersStudy(
            names.stream().map(StudyOptions::sampler).distinct().toList(),
            steps,
            referenceSteps,
            study,
            given,
            run.quick,
            device,
            err)) {
      Ineffective ignored =
          device
              .note(Ineffective.of(spec))
              .note("--steps", model != null, "the model of --model is not trained; leave it out");
      // Of steps there is nothing to decide where no model is trained.
      List<String> decided =
          study.decided(samplers.dataset(), "--schedulers", "--sample-steps", "--reference-steps");
      if (model != null) {
        decided.remove("--steps");
      }
      ignored.noteQuick(decided.toArray(String[]::new));
      if (!decided.stream().allMatch(ignored::given)) {
        samplers.fitQuick(run);
      }
      StudyOptions.noteClassifier(ignored, samplers.dataset());
      return ExperimentRun.execute(samplers, run, spec, ignored);
    }
  }
}
