package io.github.tornadodiffusion.diffusion.schedulers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.SamplingState;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.commons.math3.linear.LUDecomposition;
import org.apache.commons.math3.linear.MatrixUtils;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The solvers with flow sigmas and with an SDE, for any answers of a model, against the formulas of
 * diffusers 0.40 written out step by step in double precision.
 */
class SolverOracleTest {
  private static final String FLOW = "\"use_flow_sigmas\": true, ";

  private static Scheduler scheduler(String className, String keys) {
    return Schedulers.of(className, JsonFields.parse("{" + keys + "}"));
  }

  /** One sampling: levels in diffusers' terms, and what the model says at each of them. */
  private static final class Oracle {
    final double[] sigmas;
    final boolean flow;
    final String prediction;
    final Random random = new Random(7);
    final double[] answers;
    final double[] noises;
    final List<Double> known = new ArrayList<>();
    double sample = 0.8;

    Oracle(double[] sigmas, boolean flow, String prediction) {
      this.sigmas = sigmas;
      this.flow = flow;
      this.prediction = prediction;
      answers = random.doubles(sigmas.length - 1, -1, 1).map(x -> (float) x).toArray();
      noises = random.doubles(sigmas.length - 1, -2, 2).map(x -> (float) x).toArray();
    }

    double alpha(int i) {
      return flow ? 1 - sigmas[i] : 1 / Math.sqrt(sigmas[i] * sigmas[i] + 1);
    }

    double sigma(int i) {
      return flow ? sigmas[i] : sigmas[i] * alpha(i);
    }

    double lambda(int i) {
      return Math.log(alpha(i)) - Math.log(sigma(i));
    }

    int steps() {
      return answers.length;
    }

    /** What is kept of a call: x_0, or the noise. */
    double converted(int i, boolean noise) {
      double said = answers[i];
      double original =
          switch (prediction) {
            case "epsilon" -> (sample - sigma(i) * said) / alpha(i);
            case "sample" -> said;
            default -> sample - sigmas[i] * said;
          };
      return noise ? (sample - alpha(i) * original) / sigma(i) : original;
    }

    /** The m of so many calls before the last. */
    double m(int age) {
      return known.get(known.size() - 1 - age);
    }

    private double sde(int s, int t) {
      double h = lambda(t) - lambda(s);
      return sigma(t) * Math.sqrt(1 - Math.exp(-2 * h)) * noises[t - 1];
    }

    /** dpmsolver++ and sde-dpmsolver++ from level s with the given divided differences. */
    double update(String algorithm, int s, double from, double d0, Double d1, Double d2, double w) {
      int t = known.size();
      double h = lambda(t) - lambda(s);
      double x;
      double one;
      double two;
      double three;
      switch (algorithm) {
        case "dpmsolver++" -> {
          x = sigma(t) / sigma(s) * from;
          one = -(alpha(t) * (Math.exp(-h) - 1));
          two = alpha(t) * ((Math.exp(-h) - 1) / h + 1);
          three = -(alpha(t) * ((Math.exp(-h) - 1 + h) / (h * h) - 0.5));
        }
        case "sde-dpmsolver++" -> {
          x = sigma(t) / sigma(s) * Math.exp(-h) * from + sde(s, t);
          one = alpha(t) * (1 - Math.exp(-2 * h));
          two = alpha(t) * ((1 - Math.exp(-2 * h)) / (-2 * h) + 1);
          three = alpha(t) * ((1 - Math.exp(-2 * h) - 2 * h) / (4 * h * h) - 0.5);
        }
        default -> {
          x = alpha(t) / alpha(s) * from;
          one = -(sigma(t) * (Math.exp(h) - 1));
          two = -(sigma(t) * ((Math.exp(h) - 1) / h - 1));
          three = -(sigma(t) * ((Math.exp(h) - 1 - h) / (h * h) - 0.5));
        }
      }
      x += one * d0;
      if (d1 != null) {
        x += (w == 0 ? two : w * one) * d1;
      }
      return d2 == null ? x : x + three * d2;
    }

    void multistep(String algorithm, int order, boolean heun, boolean zero) {
      int n = steps();
      for (int i = 0; i < n; i++) {
        known.add(converted(i, algorithm.endsWith("dpmsolver")));
        double h = lambda(i + 1) - lambda(i);
        if (order == 1 || i < 1 || i == n - 1 && (n < 15 || zero)) {
          sample = update(algorithm, i, sample, m(0), null, null, 0);
          continue;
        }
        double r0 = (lambda(i) - lambda(i - 1)) / h;
        double back0 = (m(0) - m(1)) / r0;
        if (order == 2 || i < 2 || i == n - 2 && n < 15) {
          sample = update(algorithm, i, sample, m(0), back0, null, heun ? 0 : 0.5);
          continue;
        }
        double r1 = (lambda(i - 1) - lambda(i - 2)) / h;
        double back1 = (m(1) - m(2)) / r1;
        double d1 = back0 + r0 / (r0 + r1) * (back0 - back1);
        sample = update(algorithm, i, sample, m(0), d1, (back0 - back1) / (r0 + r1), 0);
      }
    }

    void singlestep(String algorithm, boolean heun, int... orders) {
      double start = 0;
      for (int i = 0; i < steps(); i++) {
        known.add(converted(i, algorithm.equals("dpmsolver")));
        if (orders[i] == 1) {
          start = sample;
          sample = update(algorithm, i, start, m(0), null, null, 0);
          continue;
        }
        int s = i - orders[i] + 1;
        double h = lambda(i + 1) - lambda(s);
        double r0 = (lambda(i) - lambda(s)) / h;
        if (orders[i] == 2) {
          double d1 = (m(0) - m(1)) / r0;
          sample = update(algorithm, s, start, m(1), d1, null, heun ? 0 : 0.5);
          continue;
        }
        double r1 = (lambda(i - 1) - lambda(s)) / h;
        double d10 = (m(1) - m(2)) / r1;
        double d11 = (m(0) - m(2)) / r0;
        Double d2 = heun ? 2 * (d11 - d10) / (r0 - r1) : null;
        double d1 = heun ? (r0 * d10 - r1 * d11) / (r0 - r1) : d11;
        sample = update(algorithm, s, start, m(2), d1, d2, 0);
      }
    }

    void deis(int order) {
      for (int i = 0; i < steps(); i++) {
        known.add(converted(i, true));
        boolean few = steps() < 15;
        if (order == 1 || i == 0 || i == steps() - 1 && few) {
          double h = lambda(i + 1) - lambda(i);
          sample = alpha(i + 1) / alpha(i) * sample - sigma(i + 1) * (Math.exp(h) - 1) * m(0);
          continue;
        }
        double t = sigma(i + 1) / alpha(i + 1);
        double s0 = sigma(i) / alpha(i);
        double s1 = sigma(i - 1) / alpha(i - 1);
        double first = integral(t, s0, s1) - integral(s0, s0, s1);
        double second = integral(t, s1, s0) - integral(s0, s1, s0);
        sample = alpha(i + 1) * (sample / alpha(i) + first * m(0) + second * m(1));
      }
    }

    private static double integral(double t, double b, double c) {
      return t * (-Math.log(c) + Math.log(t) - 1) / (Math.log(b) - Math.log(c));
    }

    void uniPC(int mostOrder) {
      double last = 0;
      int lastOrder = 0;
      for (int i = 0; i < steps(); i++) {
        double m = converted(i, false);
        if (i > 0) {
          sample = uniStep(i - 1, lastOrder, last, m);
        }
        known.add(m);
        last = sample;
        lastOrder = Math.min(Math.min(mostOrder, steps() - i), i + 1);
        sample = uniStep(i, lastOrder, last, null);
      }
    }

    /** From a level to the next, with the model's word there or without it. */
    private double uniStep(int s, int order, double from, Double corrected) {
      int t = s + 1;
      double h = lambda(t) - lambda(s);
      double[] ratios = new double[order];
      double[] differences = new double[order];
      for (int k = 1; k < order; k++) {
        ratios[k - 1] = (lambda(s - k) - lambda(s)) / h;
        differences[k - 1] = (known.get(s - k) - known.get(s)) / ratios[k - 1];
      }
      ratios[order - 1] = 1;
      double phi1 = Math.expm1(-h);
      double phi = phi1 / -h - 1;
      double factorial = 1;
      double[][] r = new double[order][];
      double[] b = new double[order];
      for (int k = 1; k <= order; k++) {
        int power = k - 1;
        r[k - 1] = Arrays.stream(ratios).map(ratio -> Math.pow(ratio, power)).toArray();
        b[k - 1] = phi * factorial / phi1;
        factorial *= k + 1;
        phi = phi / -h - 1 / factorial;
      }
      double x = sigma(t) / sigma(s) * from - alpha(t) * phi1 * known.get(s);
      int count = corrected == null ? order - 1 : order;
      if (corrected != null) {
        differences[order - 1] = corrected - known.get(s);
      }
      double[] rhos =
          count == 0
              ? new double[0]
              : count == 1 && order == (corrected == null ? 2 : 1)
                  ? new double[] {0.5}
                  : solved(r, b, count);
      for (int k = 0; k < count; k++) {
        x -= alpha(t) * phi1 * rhos[k] * differences[k];
      }
      return x;
    }

    private static double[] solved(double[][] r, double[] b, int count) {
      double[][] part =
          Arrays.stream(r)
              .limit(count)
              .map(row -> Arrays.copyOf(row, count))
              .toArray(double[][]::new);
      return new LUDecomposition(MatrixUtils.createRealMatrix(part), 0)
          .getSolver()
          .solve(MatrixUtils.createRealVector(Arrays.copyOf(b, count)))
          .toArray();
    }
  }

  private static void check(Scheduler scheduler, StepOptions options, Oracle oracle) {
    String json = Schedulers.toJson(scheduler);
    assertEquals(
        json, Schedulers.toJson(Schedulers.of(scheduler.className(), JsonFields.parse(json))));
    Sampling sampling = Sampling.of(scheduler, oracle.steps(), options);
    assertEquals(oracle.steps(), sampling.calls());
    SamplingState state = sampling.start(new float[] {0.8f});
    for (int i = 0; i < sampling.calls(); i++) {
      ModelCall call = sampling.call(i);
      assertEquals(oracle.alpha(i), call.signal(), 1e-9, json);
      assertEquals(oracle.sigma(i), call.sigma(), 1e-9, json);
      float[] said = {(float) oracle.answers[i]};
      state = sampling.step(i, said, state, new float[] {(float) oracle.noises[i]}, 1);
    }
    assertEquals(
        oracle.sample, state.sample()[0], 2e-5 * Math.max(1, Math.abs(oracle.sample)), json);
  }

  /** 1 to 1 / T, and what is before and after the shift. */
  private static double[] even(int steps) {
    double[] even = new double[steps + 1];
    Arrays.setAll(even, i -> 1 + i * (0.001 - 1) / steps);
    return even;
  }

  private static double shifted(double sigma, double shift) {
    return shift * sigma / (1 + (shift - 1) * sigma);
  }

  /** Of DPM-Solver and DEIS. */
  private static double[] below(int steps, double shift, double last) {
    double[] even = even(steps);
    double[] sigmas = new double[steps + 1];
    for (int i = 0; i < steps; i++) {
      sigmas[i] = shifted(1 - even[steps - i], shift);
    }
    sigmas[steps] = Double.isNaN(last) ? sigmas[steps - 1] : last;
    return sigmas;
  }

  private static StepOptions mu(Double mu) {
    return new StepOptions(0, false, StepOptions.Churn.NONE, 4, mu);
  }

  private static final String[] PREDICTIONS = {"flow_prediction", "epsilon", "sample"};

  @ParameterizedTest
  @CsvSource({
    "dpmsolver++, 1, 6", "dpmsolver++, 2, 6", "dpmsolver++, 3, 7", "dpmsolver++, 3, 16",
    "sde-dpmsolver++, 1, 5", "sde-dpmsolver++, 2, 6", "sde-dpmsolver++, 3, 7", "dpmsolver, 2, 6",
    "dpmsolver, 3, 9"
  })
  void multistep(String algorithm, int order, int steps) {
    for (String prediction : PREDICTIONS) {
      for (boolean heun : new boolean[] {false, true}) {
        for (boolean zero : new boolean[] {false, true}) {
          boolean noise = algorithm.equals("dpmsolver");
          if (noise && (zero || prediction.equals("flow_prediction"))) {
            continue;
          }
          Scheduler scheduler =
              scheduler(
                  "DPMSolverMultistepScheduler", keys(algorithm, order, heun, zero, prediction));
          NoiseSchedule betas = scheduler.noiseSchedule();
          double least = zero ? 0 : betas.sigma(0) / betas.signal(0);
          Oracle oracle = new Oracle(below(steps, 3, least), true, prediction);
          oracle.multistep(algorithm, order, heun, zero);
          check(scheduler, StepOptions.DEFAULTS, oracle);
        }
      }
    }
  }

  private static String keys(
      String algorithm, int order, boolean heun, boolean zero, String prediction) {
    return FLOW
        + """
        "flow_shift": 3.0, "algorithm_type": "%s", "solver_order": %d, "solver_type": "%s",
        "final_sigmas_type": "%s", "prediction_type": "%s"
        """
            .formatted(
                algorithm,
                order,
                heun ? "heun" : "midpoint",
                zero ? "zero" : "sigma_min",
                prediction);
  }

  /** With flow sigmas, and with those of timesteps. */
  @ParameterizedTest
  @CsvSource({
    "dpmsolver++, 1, '1,1,1,1'",
    "dpmsolver++, 2, '1,2,1,2,1,2'",
    "dpmsolver++, 3, '1,2,3,1,2,3'",
    "dpmsolver, 3, '1,2,3,1,2,3'",
    "sde-dpmsolver++, 1, '1,1,1'",
    "sde-dpmsolver++, 2, '1,2,1,2'",
    "sde-dpmsolver++, 2, '1,2,1,2,1'",
    "sde-dpmsolver++, 3, '1,2,3,1,2,3'",
    "sde-dpmsolver++, 3, '1,2,3,1,2'"
  })
  void singlestep(String algorithm, int order, String list) {
    int[] orders = Arrays.stream(list.split(",")).mapToInt(Integer::parseInt).toArray();
    for (String prediction : PREDICTIONS) {
      for (boolean heun : new boolean[] {false, true}) {
        for (boolean flow : new boolean[] {false, true}) {
          if (prediction.equals("flow_prediction") && (!flow || algorithm.equals("dpmsolver"))) {
            continue;
          }
          String keys = keys(algorithm, order, heun, false, prediction);
          Scheduler scheduler =
              scheduler("DPMSolverSinglestepScheduler", flow ? keys : keys.replace(FLOW, ""));
          NoiseSchedule betas = scheduler.noiseSchedule();
          double least = betas.sigma(0) / betas.signal(0);
          double[] sigmas = below(orders.length, 3, least);
          if (!flow) {
            for (int i = 0; i < orders.length; i++) {
              int timestep = (int) Math.rint(999.0 * (orders.length - i) / orders.length);
              sigmas[i] = betas.sigma(timestep) / betas.signal(timestep);
            }
          }
          Oracle oracle = new Oracle(sigmas, flow, prediction);
          oracle.singlestep(algorithm, heun, orders);
          check(scheduler, StepOptions.DEFAULTS, oracle);
        }
      }
    }
  }

  /** Its last step, to the level where it is, changes nothing. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void deis(int order) {
    for (String prediction : PREDICTIONS) {
      for (int steps : new int[] {1, 5, 20}) {
        Scheduler scheduler =
            scheduler(
                "DEISMultistepScheduler",
                FLOW
                    + "\"flow_shift\": 0.5, \"solver_order\": %d, \"prediction_type\": \"%s\""
                        .formatted(order, prediction));
        Oracle oracle = new Oracle(below(steps, 0.5, Double.NaN), true, prediction);
        oracle.deis(order);
        check(scheduler, StepOptions.DEFAULTS, oracle);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1, 5, none, ",
    "2, 8, none, ",
    "3, 9, none, ",
    "2, 6, exponential, 0.7",
    "2, 6, linear, 1.7",
    "2, 6, terminal, ",
    "3, 7, karras, "
  })
  void uniPC(int order, int steps, String shift, Double mu) {
    boolean dynamic = mu != null;
    for (String prediction : PREDICTIONS) {
      Scheduler scheduler =
          scheduler(
              "UniPCMultistepScheduler",
              FLOW
                  + "\"flow_shift\": 2, \"solver_order\": %d, \"prediction_type\": \"%s\""
                      .formatted(order, prediction)
                  + (dynamic
                      ? ", \"use_dynamic_shifting\": true, \"time_shift_type\": \"%s\""
                          .formatted(shift)
                      : "")
                  + (shift.equals("terminal") ? ", \"shift_terminal\": 0.1" : "")
                  + (shift.equals("karras") ? ", \"use_karras_sigmas\": true" : ""));
      double[] sigmas = even(steps);
      for (int i = 0; i < steps; i++) {
        double exp = dynamic && shift.equals("exponential") ? Math.exp(mu) : dynamic ? mu : 0;
        sigmas[i] = dynamic ? exp / (exp + (1 / sigmas[i] - 1)) : shifted(sigmas[i], 2);
      }
      double stretch = (1 - sigmas[steps - 1]) / (1 - 0.1);
      NoiseSchedule betas = scheduler.noiseSchedule();
      double most = Math.pow(betas.sigma(999) / betas.signal(999), 1 / 7.0);
      double least = Math.pow(betas.sigma(0) / betas.signal(0), 1 / 7.0);
      for (int i = 0; i < steps; i++) {
        if (shift.equals("terminal")) {
          sigmas[i] = 1 - (1 - sigmas[i]) / stretch;
        }
        if (shift.equals("karras")) {
          double level = Math.pow(most + i / (steps - 1.0) * (least - most), 7);
          sigmas[i] = level / (level + 1);
        }
      }
      if (!shift.equals("karras")) {
        sigmas[0] -= 1e-6;
      }
      sigmas[steps] = 0;
      // The formulas cancel most digits of a step from 1 - 1e-6 with a prediction of the noise.
      if (prediction.equals("epsilon") && !shift.equals("karras")) {
        continue;
      }
      Oracle oracle = new Oracle(sigmas, true, prediction);
      oracle.uniPC(order);
      check(scheduler, mu(mu), oracle);
    }
  }

  /** numpy's order of operations decides which fractions lie just below a whole number. */
  @Test
  void timestepsAreCutOff() {
    Scheduler dpm = scheduler("DPMSolverMultistepScheduler", FLOW + "\"flow_shift\": 1");
    assertEquals(
        List.of(999.0, 888.0, 777.0, 666.0, 555.0, 443.0, 332.0, 221.0, 110.0), timesteps(dpm, 9));
    assertEquals(List.of(999.0, 749.0, 499.0, 249.0), timesteps(dpm, 4));
    Scheduler uniPC = scheduler("UniPCMultistepScheduler", FLOW + "\"flow_shift\": 3");
    assertEquals(List.of(999.0, 900.0, 750.0, 500.0), timesteps(uniPC, 4));
  }

  private static List<Double> timesteps(Scheduler scheduler, int steps) {
    Sampling sampling = Sampling.of(scheduler, steps);
    List<Double> timesteps = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      timesteps.add(sampling.call(i).timestep());
    }
    return timesteps;
  }

  /** mu stands for the logarithm of the shift. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "DPMSolverMultistepScheduler",
        "DPMSolverSinglestepScheduler",
        "DEISMultistepScheduler",
        "UniPCMultistepScheduler"
      })
  void dynamicShifting(String className) {
    String keys = "\"prediction_type\": \"flow_prediction\", " + FLOW;
    Scheduler dynamic = scheduler(className, keys + "\"use_dynamic_shifting\": true");
    Scheduler fixed = scheduler(className, keys + "\"flow_shift\": 2.5");
    Sampling told = Sampling.of(dynamic, 6, mu(Math.log(2.5)));
    for (int i = 0; i < 6; i++) {
      assertEquals(Sampling.of(fixed, 6).call(i).sigma(), told.call(i).sigma(), 1e-12);
    }
    for (double extreme : new double[] {-700, 700}) {
      Sampling sampling = Sampling.of(dynamic, 6, mu(extreme));
      SamplingState state = sampling.start(new float[] {0.5f});
      for (int i = 0; i < 6; i++) {
        state = sampling.step(i, new float[] {0.1f}, state, new float[1], 1);
      }
      assertTrue(Float.isFinite(state.sample()[0]), className);
    }
    if (className.startsWith("Uni")) {
      assertThrows(IllegalArgumentException.class, () -> Sampling.of(dynamic, 6));
    } else {
      assertEquals(6, Sampling.of(dynamic, 6).calls());
    }
  }

  /** A model of flows is sampled as one whatever the solver, and neither trained nor mixed up. */
  @Test
  void flowsAreAKindOfTheirOwn() {
    String flow = FLOW + "\"prediction_type\": \"flow_prediction\"";
    Scheduler uniPC = scheduler("UniPCMultistepScheduler", flow);
    for (String to :
        List.of(
            "DPMSolverMultistepScheduler",
            "DPMSolverSinglestepScheduler",
            "DEISMultistepScheduler",
            "FlowMatchEulerDiscreteScheduler")) {
      assertEquals(to, Schedulers.convert(uniPC, to).className());
    }
    Scheduler noise = scheduler("DEISMultistepScheduler", FLOW + "\"flow_shift\": 2");
    assertEquals(2.0, Schedulers.convert(noise, "unipc").fields().get("flow_shift"));
    for (Scheduler from : List.of(uniPC, noise)) {
      for (String to : List.of("DDPMScheduler", "EulerDiscreteScheduler", "EDMEulerScheduler")) {
        assertFalse(Schedulers.isConvertible(from, to));
        assertThrows(IllegalArgumentException.class, () -> Schedulers.convert(from, to));
      }
    }
    assertFalse(Schedulers.isConvertible(noise, "FlowMatchEulerDiscreteScheduler"));
  }
}
