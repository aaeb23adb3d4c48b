package io.github.tornadodiffusion.experiments.study;

import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/**
 * The curves of noise schedules in figures and charts.
 *
 * @param schedules by name
 */
record ScheduleCurves(Map<String, NoiseSchedule> schedules) {
  /** Where squaredcos_cap_v2 clips (Nichol and Dhariwal 2021, section 3.2). */
  private static final double CLIPPED = 0.999;

  /** More points than a chart has pixels would only make its file larger. */
  private static final int MOST_POINTS = 200;

  /** The schedules of some arms. */
  static ScheduleCurves of(List<StudyArm> arms, int timesteps) {
    Map<String, NoiseSchedule> schedules = new LinkedHashMap<>();
    for (StudyArm arm : arms) {
      schedules.put(arm.name(), arm.noiseSchedule(timesteps));
    }
    return new ScheduleCurves(schedules);
  }

  /** Adds the section about the schedules. */
  void addTo(Report report) {
    report.heading("The schedules");
    report.table(table());
    Chart snr =
        Chart.lines("log-snr", "How much noise a timestep has", "timestep", "log-SNR (nat)");
    Chart beta =
        Chart.lines("beta", "How much noise a timestep adds", "timestep", "variance β").logY();
    for (Map.Entry<String, NoiseSchedule> entry : schedules.entrySet()) {
      NoiseSchedule schedule = entry.getValue();
      int[] timesteps = chosen(schedule.timesteps());
      double[] x = Arrays.stream(timesteps).asDoubleStream().toArray();
      snr =
          snr.series(
              entry.getKey(),
              x,
              Arrays.stream(timesteps)
                  .mapToDouble(t -> StudyDenoising.logSnr(schedule, t))
                  .toArray());
      beta =
          beta.series(
              entry.getKey(), x, Arrays.stream(timesteps).mapToDouble(schedule::beta).toArray());
    }
    report.chart(
        snr.caption(
            "ln(signal² / noise²): above 0 the image outweighs the noise, below 0 the"
                + " noise the image."));
    report.chart(beta);
  }

  private static int[] chosen(int timesteps) {
    int points = Math.min(timesteps, MOST_POINTS);
    return IntStream.range(0, points)
        .map(i -> points == 1 ? 0 : (int) ((long) i * (timesteps - 1) / (points - 1)))
        .toArray();
  }

  private Table table() {
    List<List<String>> rows = new ArrayList<>();
    add(rows, "first β", schedule -> Numbers.general(schedule.beta(0)));
    add(rows, "last β", schedule -> Numbers.general(schedule.beta(last(schedule))));
    add(
        rows,
        "clipped β",
        schedule -> Long.toString(count(schedule, t -> schedule.beta(t) >= CLIPPED)));
    add(
        rows,
        "terminal SNR",
        schedule -> Numbers.general(Math.exp(StudyDenoising.logSnr(schedule, last(schedule)))));
    add(
        rows,
        "terminal log-SNR",
        schedule -> Numbers.general(StudyDenoising.logSnr(schedule, last(schedule))));
    add(rows, "signal left", schedule -> Numbers.general(schedule.signal(last(schedule))));
    add(
        rows,
        "timesteps with more signal than noise",
        schedule ->
            Numbers.percent(
                (double) count(schedule, t -> StudyDenoising.logSnr(schedule, t) > 0)
                    / schedule.timesteps()));
    List<String> header = new ArrayList<>(List.of("property"));
    schedules.keySet().forEach(name -> header.add("`%s`".formatted(name)));
    return new Table(
        "The terminal SNR and the signal that is left are those of the last timestep, where"
            + " sampling begins with noise alone; β that would be above 0.999 are clipped to it.",
        header,
        rows);
  }

  private void add(
      List<List<String>> rows, String property, Function<NoiseSchedule, String> value) {
    List<String> row = new ArrayList<>(List.of(property));
    schedules.values().forEach(schedule -> row.add(value.apply(schedule)));
    rows.add(row);
  }

  private static int last(NoiseSchedule schedule) {
    return schedule.timesteps() - 1;
  }

  private static long count(NoiseSchedule schedule, IntPredicate which) {
    return IntStream.range(0, schedule.timesteps()).filter(which).count();
  }
}
