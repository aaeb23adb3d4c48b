package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.steps.FoldedUpdates;
import io.github.tornadodiffusion.diffusion.schedulers.steps.HostRegisters;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/** A scheduler with the calls of the model for a number of steps; immutable. */
public final class Sampling {
  private final Scheduler scheduler;
  private final Plan plan;

  /** Made on first use, because a table that is only inspected does not need it. */
  private FoldedUpdates folded;

  private Sampling(Scheduler scheduler, Plan plan) {
    this.scheduler = scheduler;
    this.plan = plan;
  }

  /**
   * Spaces the timesteps as the scheduler's configuration says.
   *
   * @param numInferenceSteps 1..T
   * @throws IllegalArgumentException if that number is not possible
   */
  public static Sampling of(Scheduler scheduler, int numInferenceSteps, StepOptions options) {
    return new Sampling(scheduler, scheduler.plan(numInferenceSteps, options));
  }

  /** {@link #of(Scheduler, int, StepOptions)} with diffusers' default options. */
  public static Sampling of(Scheduler scheduler, int numInferenceSteps) {
    return of(scheduler, numInferenceSteps, StepOptions.DEFAULTS);
  }

  /**
   * Visits the given timesteps.
   *
   * @param timesteps in 0..T-1, each below the previous one
   * @throws IllegalArgumentException if they are not, or the scheduler chooses them itself
   */
  public static Sampling custom(Scheduler scheduler, int[] timesteps, StepOptions options) {
    int bound = scheduler.config().numTrainTimesteps();
    if (timesteps.length == 0) {
      throw new IllegalArgumentException("There are no timesteps: give at least one");
    }
    for (int timestep : timesteps) {
      if (timestep < 0 || timestep >= bound) {
        throw new IllegalArgumentException(
            "Timesteps %s must be 0 to %d and fall"
                .formatted(Arrays.toString(timesteps), bound - 1));
      }
      bound = timestep;
    }
    return new Sampling(scheduler, scheduler.plan(timesteps, options));
  }

  /**
   * The rest of this sampling from a call of the model on, as for a sample that is already less
   * noisy. A method that uses earlier calls has none, so it begins as at its first call. If the
   * call is the second one of a step, it begins with the next step.
   *
   * @param first the first call that is kept, below {@link #calls}
   */
  public Sampling from(int first) {
    return new Sampling(scheduler, plan.startingAt(first));
  }

  /** The scheduler that made the table. */
  public Scheduler scheduler() {
    return scheduler;
  }

  /** How often the model is called. */
  public int calls() {
    return plan.calls().size();
  }

  /** A call of the model, counted from 0. */
  public ModelCall call(int index) {
    return plan.calls().get(index);
  }

  /** The calls that a step begins with, see {@link ModelCall#beginsStep}; rising. */
  public int[] firstCalls() {
    return IntStream.range(0, calls()).filter(index -> call(index).beginsStep()).toArray();
  }

  /** The timesteps of all calls. */
  public double[] timesteps() {
    return plan.calls().stream().mapToDouble(ModelCall::timestep).toArray();
  }

  /** The first sample is standard normal noise times this factor. */
  public double initNoiseSigma() {
    return plan.initNoiseSigma();
  }

  /**
   * The first state.
   *
   * @param noise standard normal, images one after another
   */
  public SamplingState start(float[] noise) {
    return new SamplingState(new double[][] {SamplingState.widen(noise, plan.initNoiseSigma())});
  }

  /**
   * The noisy sample of a clean image before a call.
   *
   * @param index the call; {@link #calls} for the end, where there is no noise unless the sampler
   *     leads to noise
   * @param clean x_0, images one after another
   * @param noise of the same length
   */
  public float[] noised(int index, float[] clean, float[] noise) {
    double signal = signal(index);
    double sigma = sigma(index);
    float[] mixed = new float[clean.length];
    for (int i = 0; i < mixed.length; i++) {
      mixed[i] = (float) (signal * clean[i] + sigma * noise[i]);
    }
    return mixed;
  }

  private double signal(int index) {
    return index == calls() ? plan.endSignal() : call(index).signal();
  }

  private double sigma(int index) {
    return index == calls() ? plan.endSigma() : call(index).sigma();
  }

  /** The input of the model at a call. */
  public float[] modelInput(int index, SamplingState state) {
    return SamplingState.narrow(state.register(Update.SAMPLE), call(index).inputScale());
  }

  /**
   * Goes from one call of the model to the next; a pure function.
   *
   * @param index the call, counted from 0
   * @param modelOutput the output of the model for {@link #modelInput}
   * @param state before the call
   * @param noise standard normal, as many values as the sample; may be null where {@link
   *     ModelCall#usesNoise} says no
   * @param images how many images the arrays hold
   * @throws IllegalArgumentException if the lengths do not fit together
   */
  public SamplingState step(
      int index, float[] modelOutput, SamplingState state, float[] noise, int images) {
    ModelCall call = call(index);
    double[] sample = state.register(Update.SAMPLE);
    check(modelOutput, sample.length, noise, images);
    if (noise == null && call.usesNoise()) {
      throw new IllegalArgumentException(
          "The step from timestep %s needs noise".formatted(text(call.timestep())));
    }
    HostRegisters registers = HostRegisters.of(state, images);
    registers.writeOutput(modelOutput);
    if (noise != null) {
      registers.write(Update.NOISE, noise);
    }
    registers.apply(call.updates());
    return registers.state();
  }

  /**
   * What a call does to the sample and to what later calls read, with as few updates as possible;
   * see {@link FoldedUpdates}.
   */
  public List<Update> updates(int index) {
    return folded().calls().get(index);
  }

  private synchronized FoldedUpdates folded() {
    if (folded == null) {
      folded = FoldedUpdates.of(plan.calls());
    }
    return folded;
  }

  /** The registers that {@link #updates} of all calls use, and the sample, output and noise. */
  public Set<Integer> registers() {
    return folded().registers();
  }

  /** Makes the first sample from the noise in {@link Update#NOISE}. */
  public Update starting() {
    return new Update.Combine(
        Update.SAMPLE, List.of(new Update.Term(Update.NOISE, plan.initNoiseSigma())));
  }

  /**
   * Makes the noisy sample before a call from the clean image in {@link Update#IMAGES} and the
   * noise in {@link Update#NOISE}; see {@link #noised}.
   *
   * @param target the register to write
   */
  public Update noising(int index, int target) {
    return new Update.Combine(
        target,
        List.of(
            new Update.Term(Update.IMAGES, signal(index)),
            new Update.Term(Update.NOISE, sigma(index))));
  }

  private void check(float[] modelOutput, int sample, float[] noise, int images) {
    if (images < 1 || sample % images != 0) {
      throw new IllegalArgumentException(
          "%d values do not divide into %d images".formatted(sample, images));
    }
    boolean variance = scheduler.needsVariance();
    int expected = variance ? 2 * sample : sample;
    if (modelOutput.length != expected) {
      throw new IllegalArgumentException(
          "The model's output has %d values where the scheduler needs %d: %s"
              .formatted(
                  modelOutput.length,
                  expected,
                  variance
                      ? "a learned variance_type takes twice the sample's channels"
                      : "its out_channels must be the sample's channels"));
    }
    if (noise != null && noise.length != sample) {
      throw new IllegalArgumentException(
          "%d values of noise for %d of the sample".formatted(noise.length, sample));
    }
  }

  private static String text(double timestep) {
    return timestep == Math.rint(timestep)
        ? Integer.toString((int) timestep)
        : Double.toString(timestep);
  }
}
