import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.noise.*;
import io.github.tornadodiffusion.diffusion.training.*;
import io.github.tornadodiffusion.kernels.*;
import io.github.tornadodiffusion.nn.graph.*;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.operations.*;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.random.SplitMix64;
import io.github.tornadodiffusion.nn.training.*;

/**
 * The training loop of Hugging Face's diffusion course, written out: draw images, timesteps and
 * noise, add the noise, predict it, and follow the gradient of the error. Losses and model are, to
 * the last bit, those of {@code ./tornado-diffusion train --steps 20 --out runs/train}.
 *
 * <pre>./tornado-diffusion run examples/TrainingLoop.java 20 runs/loop</pre>
 */
void main(String... arguments) throws IOException {
  int steps = Integer.parseInt(arguments[0]);
  long seed = 0;
  var batches = new Batches(Datasets.open("digits", 8, 1, seed), 64, false, seed);
  var model = new UNet2DModel(Presets.named("digits").model());
  var cosine = BetaSchedule.SQUAREDCOS_CAP_V2;
  var scheduler = new DDPMScheduler(SchedulerConfig.of(1000, cosine, PredictionType.EPSILON));
  var rates = LearningRateSchedule.of(LearningRateSchedule.Kind.COSINE, 1e-3, 50, steps);
  var ema = EmaDecay.of(0.995);
  var options = new Training.Options(new AdamW(1e-3f), Trainable.ALL, true, false);
  var program = Training.record(new NoisePrediction(model), new BatchShape(64, 8, 8), options);
  var initial = Initialisation.pytorchDefault(model, seed);
  try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
      Training training = program.open(engine, initial)) {
    for (int step = 0; step < steps; step++) {
      int[] timesteps = new int[64];
      for (int i = 0; i < 64; i++) {
        timesteps[i] = new SplitMix64(seed, TimestepDensity.STREAM, step, i).nextInt(1000);
      }
      var values = new HashMap<String, float[]>();
      values.put("images", batches.batch(step).images());
      values.put("signal", scheduler.noiseSchedule().signals(timesteps));
      values.put("sigma", scheduler.noiseSchedule().sigmas(timesteps));
      values.put(Model.TIMESTEPS, Input.floats(timesteps));
      // Backward, clipping to norm 1, AdamW and the moving average end the step.
      var adamW = new AdamW((float) rates.at(step));
      var update = new OptimizerStep(adamW, step + 1, 1, (float) ema.at(step + 1));
      var result = training.step(values, new Counter(seed, step, 0), update);
      IO.println(step + 1 + " " + result.loss());
    }
    var trained = new DiffusionModel(scheduler, model.config(), training.emaParameters());
    trained.write(Path.of(arguments[1]));
  }
}

/** What a step computes before it goes backward: every line is an operation on the device. */
record NoisePrediction(UNet2DModel model) implements Objective {
  @Override
  public Losses record(Graph graph, BatchShape batch) {
    Tensor images = graph.input(Input.images("images", batch.images(), 1, 8, 8, Padding.NONE));
    Tensor noise = GaussianOperation.record(graph, "noise", images.shape(), Denoising.NOISE_STREAM);
    Tensor signal = graph.input(Input.numbers("signal", batch.images()));
    Tensor sigma = graph.input(Input.numbers("sigma", batch.images()));
    Tensor noisy =
        MixOperation.record(graph, "add noise", images, noise, signal, sigma, Padding.NONE);
    var inputs = graph.inputs(model.inputs(batch), Map.of(Model.SAMPLE, noisy));
    var outputs = model.record(graph, inputs);
    Tensor predicted = outputs.get(Model.SAMPLE);
    Tensor loss = MeanSquaredErrorOperation.record(graph, Losses.LOSS, predicted, noise);
    return new Losses(Outputs.of(Losses.LOSS, loss), outputs);
  }

  @Override
  public Parameters parameters() {
    return model.parameters();
  }
}
