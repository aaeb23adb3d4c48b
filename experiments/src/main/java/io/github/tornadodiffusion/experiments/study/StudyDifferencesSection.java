package io.github.tornadodiffusion.experiments.study;

import static io.github.tornadodiffusion.experiments.report.Table.column;

import io.github.tornadodiffusion.experiments.report.Numbers;
import io.github.tornadodiffusion.experiments.report.Report;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.experiments.study.StudyResults.Metric;
import java.util.ArrayList;
import java.util.List;

/** The part of a {@link StudyReport} with the figures that are compared, and their tests. */
record StudyDifferencesSection(
    StudyResults results, List<StudyComparison> comparisons, StudyMeans means, Report report) {
  /** Adds the part. */
  static void addTo(Report report, StudyResults results, List<StudyComparison> comparisons) {
    StudyDifferencesSection section =
        new StudyDifferencesSection(results, comparisons, new StudyMeans(results), report);
    report.heading("Results");
    section.figures();
    section.differences();
  }

  private void figures() {
    List<List<String>> rows = new ArrayList<>();
    for (Metric metric : results.tested()) {
      List<String> row = new ArrayList<>(List.of(metric.label()));
      results.arms().forEach(arm -> row.add(means.cell(arm, metric)));
      rows.add(row);
    }
    report.table(
        new Table(
            "Mean over the seeds with its 95 % interval (Student's t). The error of the noise is"
                + " the mean over the log-SNRs that all reach.",
            means.header("figure"), rows));
  }

  private void differences() {
    for (StudyArm arm : results.arms().subList(1, results.arms().size())) {
      differences(arm);
    }
    report.paragraph(
        "Wilcoxon's signed-rank test knows the order of the differences alone: with %d pairs its p"
                .formatted(results.seeds())
            + " cannot be below %s, however clear a difference is."
                .formatted(Numbers.plain(Math.pow(2, 1.0 - results.seeds()))));
  }

  private void differences(StudyArm arm) {
    report.table(
        Table.of(
            "`%s` − `%s`: means of the differences within pairs, with 95 %% interval; d is the mean in"
                    .formatted(arm.name(), results.names().getFirst())
                + " standard deviations. The last column is the t test's p after Holm's correction"
                + " for all comparisons: below %s counts as detected."
                    .formatted(StudyComparison.LEVEL),
            comparisons.stream().filter(c -> c.arm().equals(arm)).toList(),
            column("figure", c -> c.metric().label()),
            column("pairs", c -> Integer.toString(c.pairs().n())),
            column(
                "difference",
                c -> Numbers.general(c.pairs().meanDifference(), c.pairs().meanInterval())),
            column("d", c -> Numbers.general(c.pairs().cohensD())),
            column("p (t test)", c -> Numbers.p(c.pairs().pairedT())),
            column("p (Wilcoxon)", c -> Numbers.p(c.pairs().wilcoxon())),
            column("p (Holm)", c -> Numbers.p(c.holm()))));
  }
}
