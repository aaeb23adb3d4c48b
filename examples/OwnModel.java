import io.github.tornadodiffusion.diffusion.data.Batches;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.schedulers.*;
import io.github.tornadodiffusion.kernels.*;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.*;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.layers.*;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.operations.*;
import io.github.tornadodiffusion.nn.training.*;
import java.nio.file.Path;
import java.util.*;

/**
 * A model of your own that is no UNet: trained here, sampled by the command, which finds its class.
 *
 * <pre>./tornado-diffusion run examples/OwnModel.java 300 runs/own
 * ./tornado-diffusion sample --model runs/own --plugin examples/OwnModel.java --out 16.png</pre>
 */
public final class OwnModel implements DenoisingModel {
  private final int channels;
  private final Scope scope = Scope.root();
  private final TimestepEmbedding time;
  private final Conv2d first, second, last;

  public OwnModel(JsonFields config) {
    channels = config.integer("channels", 32);
    time = new TimestepEmbedding(scope.child("time"), channels, channels);
    first = Conv2d.same(scope.child("first"), 1, channels);
    second = Conv2d.same(scope.child("second"), channels, channels);
    last = Conv2d.same(scope.child("last"), channels, 1);
  }

  public Map<String, Object> fields() {
    return Map.of("channels", channels);
  }

  public BatchShape batch(int images) {
    return new BatchShape(images, 8, 8);
  }

  public Parameters parameters() {
    return scope.parameters();
  }

  public List<Input> inputs(BatchShape batch) {
    int n = batch.images();
    return List.of(Input.images(SAMPLE, n, 1, 8, 8, first.padding()), Input.numbers(TIMESTEPS, n));
  }

  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Tensor t = SinusoidOperation.record(graph, "time", inputs.get(TIMESTEPS), channels, 0, true);
    Tensor x = first.apply(graph, inputs.get(SAMPLE), time.apply(graph, t), null);
    Tensor inner = ActivationOperation.record(graph, "act", Activation.SILU, x);
    return Outputs.of(SAMPLE, last.apply(graph, second.apply(graph, inner, null, x)));
  }

  static void main(String... arguments) throws Exception {
    var model = new OwnModel(JsonFields.parse("{}"));
    var scheduler = Schedulers.of("ddpm", JsonFields.parse("{}"));
    var noise = scheduler.noiseSchedule();
    var batches = new Batches(Datasets.open("digits", 8, 1, 0), 32, false, 0);
    var program = Training.record(new Denoising(model, false), model.batch(32), new AdamW(2e-3f));
    try (Engine engine = Engines.open("jvm", EngineOptions.DEFAULT);
        Training run = program.open(engine, Initialisation.pytorchDefault(model, 0))) {
      for (int step = 1; step <= Integer.parseInt(arguments[0]); step++) {
        float[] x = batches.batch(step).images();
        int[] t = new Random(step).ints(32, 0, 1000).toArray();
        var values = Denoising.Batch.ofNoise(x, t, noise.signals(t), noise.sigmas(t)).values();
        var update = new OptimizerStep(new AdamW(2e-3f), step);
        IO.println(run.step(values, new Counter(0, step, 0), update).loss());
      }
      new DiffusionModel(scheduler, model, run.parameters()).write(Path.of(arguments[1]));
    }
  }
}
