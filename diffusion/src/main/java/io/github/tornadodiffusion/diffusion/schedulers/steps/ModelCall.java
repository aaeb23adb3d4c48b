package io.github.tornadodiffusion.diffusion.schedulers.steps;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * One call of the model and what the sampler does with its output.
 *
 * @param timestep that the model gets: usually in 0..T-1, not always a whole number; for some
 *     schedulers a function of sigma
 * @param inputScale the input of the model is the sample times this factor
 * @param signal the weight of x_0 in the sample before the call: sample = signal * x_0 + sigma *
 *     noise
 * @param sigma the weight of the noise in the sample before the call
 * @param drawsNoise whether diffusers draws noise in this step, even if it is not used
 * @param updates in order
 */
public record ModelCall(
    double timestep,
    double inputScale,
    double signal,
    double sigma,
    boolean drawsNoise,
    List<Update> updates) {
  /** Copies the updates. */
  public ModelCall {
    updates = List.copyOf(updates);
  }

  /** Whether the updates use noise. */
  public boolean usesNoise() {
    return updates.stream().anyMatch(update -> update.reads(Update.NOISE));
  }

  /** Whether the updates read results of earlier calls other than the sample. */
  public boolean usesHistory() {
    Set<Integer> known =
        new HashSet<>(Set.of(Update.SAMPLE, Update.OUTPUT, Update.NOISE, Update.VARIANCE));
    for (Update update : updates) {
      if (!known.containsAll(update.reads())) {
        return true;
      }
      known.add(update.target());
    }
    return false;
  }

  /** A call of a model whose input is the sample. */
  public static Builder at(double timestep, double signal, double sigma) {
    return new Builder(timestep, 1, signal, sigma);
  }

  /** A call of a model whose input is the scaled sample. */
  public static Builder at(double timestep, double inputScale, double signal, double sigma) {
    return new Builder(timestep, inputScale, signal, sigma);
  }

  /** Collects updates. */
  public static final class Builder {
    private final double timestep;
    private final double inputScale;
    private final double signal;
    private final double sigma;
    private final List<Update> updates = new ArrayList<>();
    private boolean drawsNoise;

    private Builder(double timestep, double inputScale, double signal, double sigma) {
      this.timestep = timestep;
      this.inputScale = inputScale;
      this.signal = signal;
      this.sigma = sigma;
    }

    /** {@code target = sum of terms}; terms with weight 0 are left out. */
    public Builder set(int target, Term... terms) {
      return add(
          new Update.Combine(
              target, Arrays.stream(terms).filter(term -> term.weight() != 0).toList()));
    }

    /** Limits a predicted x_0 as the configuration says. */
    public Builder bound(int target, SchedulerConfig config) {
      if (config.thresholding()) {
        return threshold(target, config);
      }
      return config.clipSample() ? add(new Update.Clip(target, config.clipSampleRange())) : this;
    }

    /** Limits a predicted x_0 for schedulers that know thresholding, but not clipping. */
    public Builder threshold(int target, SchedulerConfig config) {
      return config.thresholding()
          ? add(
              new Update.Threshold(
                  target, config.dynamicThresholdingRatio(), config.sampleMaxValue()))
          : this;
    }

    /** Adds an update. */
    public Builder add(Update update) {
      updates.add(update);
      return this;
    }

    /** Draws noise even if it is not used. */
    public Builder drawsNoise() {
      drawsNoise = true;
      return this;
    }

    /** The call as it is so far. */
    public ModelCall build() {
      ModelCall call = new ModelCall(timestep, inputScale, signal, sigma, false, updates);
      return new ModelCall(
          timestep, inputScale, signal, sigma, drawsNoise || call.usesNoise(), updates);
    }
  }

  /** A term of a combination. */
  public static Term term(int register, double weight) {
    return new Term(register, weight);
  }
}
