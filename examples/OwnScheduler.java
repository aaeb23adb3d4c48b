import static io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall.term;

import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.*;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.steps.*;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.stream.IntStream;

/**
 * A scheduler of your own: DDIM, but with an image that is extrapolated from the last two that were
 * predicted, as in DPM-Solver++ (Lu et al. 2022). Run, it shows on data of which everything is
 * known that its error falls faster than DDIM's; named, it samples.
 *
 * <pre>
 * ./tornado-diffusion run examples/OwnScheduler.java
 * ./tornado-diffusion sample --model runs/mine --scheduler OwnScheduler
 *     --plugin examples/OwnScheduler.java --out 16.png
 * </pre>
 */
public final class OwnScheduler extends VariancePreservingScheduler {
  /** Registers of its own: the image that the call before predicted, and the extrapolated one. */
  private static final int LAST = Update.OWN;

  private static final int EXTRAPOLATED = Update.OWN + 1;

  public OwnScheduler(JsonFields fields) {
    super(SchedulerConfig.read(fields, SchedulerConfig.DEFAULTS), SchedulerConfig.KEYS);
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    int[] t = config.timesteps(steps);
    return Plan.of(
        1, first -> IntStream.range(first, steps).mapToObj(i -> call(t, i, i == first)).toList());
  }

  /** A first call has nothing to extrapolate from, and the last one gives the image as it is. */
  private ModelCall call(int[] t, int i, boolean first) {
    boolean last = i == t.length - 1;
    double share = first || last ? 0 : 0.5;
    Diffused now = Diffused.of(config.predictionType(), schedule.alphaCumprod(t[i]));
    Diffused next =
        Diffused.of(config.predictionType(), last ? 1 : schedule.alphaCumprod(t[i + 1]));
    double ratio = next.sigma() / now.sigma();
    return ModelCall.at(t[i], now.signal(), now.sigma())
        .set(Update.ORIGINAL, now.original())
        .bound(Update.ORIGINAL, config)
        .set(EXTRAPOLATED, term(Update.ORIGINAL, 1 + share), term(LAST, -share))
        .set(
            Update.SAMPLE,
            term(Update.SAMPLE, ratio),
            term(EXTRAPOLATED, next.signal() - ratio * now.signal()))
        .set(LAST, term(Update.ORIGINAL, 1))
        .build();
  }

  /** For data of the deviation 1/2, whose perfect model and exact sampler are known. */
  private static double error(Scheduler scheduler, int steps) {
    Sampling sampling = Sampling.of(scheduler, steps);
    SamplingState state = sampling.start(new float[] {1});
    for (int i = 0; i < steps; i++) {
      ModelCall call = sampling.call(i);
      double variance = Math.pow(call.signal() / 2, 2) + Math.pow(call.sigma(), 2);
      double noise = call.sigma() * sampling.modelInput(i, state)[0] / variance;
      state = sampling.step(i, new float[] {(float) noise}, state, null, 1);
    }
    double first = Math.hypot(sampling.call(0).signal() / 2, sampling.call(0).sigma());
    return state.register(Update.SAMPLE)[0] - 0.5 / first;
  }

  static void main() {
    Scheduler own = new OwnScheduler(JsonFields.parse("{}"));
    Scheduler ddim = Schedulers.convert(own, "DDIMScheduler");
    for (int n = 5; n <= 40; n *= 2) {
      IO.println("%d steps: error %.5f, DDIM's %.5f".formatted(n, error(own, n), error(ddim, n)));
    }
  }
}
