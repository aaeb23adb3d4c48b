import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.schedulers.noise.*;
import io.github.tornadodiffusion.kernels.*;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.*;
import io.github.tornadodiffusion.nn.layers.*;
import io.github.tornadodiffusion.nn.operations.*;
import io.github.tornadodiffusion.nn.programs.GradientCheck;
import io.github.tornadodiffusion.nn.training.*;

/**
 * A layer of your own in a UNet of your own: its gradient is checked, then the UNet is trained.
 *
 * <pre>./tornado-diffusion run examples/OwnLayer.java 100</pre>
 */
void main(String... arguments) {
  var model = new SmallUNet();
  var adamW = new AdamW(3e-3f);
  var program = Training.record(new Denoising(model, false), new BatchShape(32, 8, 8), adamW);
  var batches = new Batches(Datasets.open("digits", 8, 1, 0), 32, false, 0);
  var noise = new NoiseSchedule(BetaSchedule.LINEAR.betas(1000, 1e-4, 0.02));
  var x = List.of(Input.images("x", 2, 16, 4, 4, Padding.NONE));
  GradientCheck.Piece adapter = (graph, in) -> model.adapter.apply(graph, in.get("x"));
  try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
      Training run = program.open(engine, Initialisation.pytorchDefault(model, 0))) {
    IO.println(GradientCheck.error(engine, model.parameters(), x, adapter));
    for (int step = 1; step <= Integer.parseInt(arguments[0]); step++) {
      float[] images = batches.batch(step).images();
      int[] t = new Random(step).ints(32, 0, 1000).toArray();
      var values = Denoising.Batch.ofNoise(images, t, noise.signals(t), noise.sigmas(t)).values();
      IO.println(run.step(values, new Counter(0, step, 0), new OptimizerStep(adamW, step)).loss());
    }
  }
}

/** A bottleneck beside the main way, x + up(silu(down(x))) (Houlsby et al. 2019). */
record Adapter(Conv2d down, Conv2d up) {
  Adapter(Scope scope, int channels, int inner) {
    this(
        Conv2d.linear(scope.child("down"), channels, inner, true),
        Conv2d.linear(scope.child("up"), inner, channels, true));
  }

  Tensor apply(Graph graph, Tensor x) {
    Tensor inner = ActivationOperation.record(graph, "act", Activation.SILU, down.apply(graph, x));
    return up.apply(graph, inner, null, x);
  }
}

/** The adapter at half the size, beside what stays at the whole size. */
class SmallUNet implements Model {
  final Scope scope = Scope.root();
  final TimestepEmbedding time = new TimestepEmbedding(scope.child("time"), 16, 16);
  final Conv2d first = Conv2d.same(scope.child("first"), 1, 16);
  final Conv2d down = Resampling.downsample(scope.child("down"), 16, 1);
  final Adapter adapter = new Adapter(scope.child("adapter"), 16, 4);
  final Conv2d last = Conv2d.same(scope.child("last"), 32, 1);

  @Override
  public Parameters parameters() {
    return scope.parameters();
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    Input sample = Input.images(SAMPLE, batch.images(), 1, 8, 8, first.padding());
    return List.of(sample, Input.numbers(TIMESTEPS, batch.images()));
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Tensor waves = SinusoidOperation.record(graph, "time", inputs.get(TIMESTEPS), 16, 0, true);
    Tensor fine = first.apply(graph, inputs.get(SAMPLE), time.apply(graph, waves), null);
    Tensor coarse = adapter.apply(graph, down.apply(graph, fine));
    Tensor up = ResampleOperation.nearest(graph, "up", coarse, 8, 8, Padding.NONE);
    return Outputs.of(SAMPLE, last.apply(graph, ConcatOperation.record(graph, "both", up, fine)));
  }
}
