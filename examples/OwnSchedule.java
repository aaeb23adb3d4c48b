import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.experiments.report.Chart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A noise schedule of your own: the cosine schedule, shifted to more noise (Hoogeboom et al. 2023,
 * simple diffusion). Run, it draws itself beside the cosine schedule; named, it is trained with.
 *
 * <pre>
 * ./tornado-diffusion run examples/OwnSchedule.java schedules.png
 * ./tornado-diffusion train --schedule OwnSchedule --plugin examples/OwnSchedule.java
 * ./tornado-diffusion experiment schedules --schedules squaredcos_cap_v2,OwnSchedule
 *     --plugin examples/OwnSchedule.java --quick
 * </pre>
 */
public final class OwnSchedule implements BetaSchedule {
  /** Of the signal-to-noise ratio: what images need whose sides are twice as long. */
  private static final double FACTOR = 0.25;

  private static final double MAX_BETA = 0.999;

  @Override
  public double[] betas(int trainTimesteps, double betaStart, double betaEnd) {
    double[] betas = new double[trainTimesteps];
    for (int t = 0; t < trainTimesteps; t++) {
      double before = alphaCumprod((double) t / trainTimesteps);
      double after = alphaCumprod((t + 1.0) / trainTimesteps);
      betas[t] = Math.min(1 - after / before, MAX_BETA);
    }
    return betas;
  }

  /** The signal's share of the variance, at a time from 0 to 1. */
  private static double alphaCumprod(double time) {
    double angle = (time + 0.008) / 1.008 * Math.PI / 2;
    double signal = FACTOR * Math.pow(Math.cos(angle), 2);
    return signal / (signal + Math.pow(Math.sin(angle), 2));
  }

  private static double[] curve(BetaSchedule betas) {
    NoiseSchedule schedule = new NoiseSchedule(betas.betas(1000, 1e-4, 0.02));
    return IntStream.range(0, 1000).mapToDouble(schedule::alphaCumprod).toArray();
  }

  static void main(String... arguments) throws IOException {
    double[] timesteps = IntStream.range(0, 1000).asDoubleStream().toArray();
    Chart chart =
        Chart.lines("schedules", "Noise schedules", "timestep", "alphas_cumprod")
            .series("OwnSchedule", timesteps, curve(new OwnSchedule()))
            .series("squaredcos_cap_v2", timesteps, curve(BetaSchedule.SQUAREDCOS_CAP_V2));
    PngFiles.write(Path.of(arguments[0]), chart.image(), Map.of());
  }
}
