import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Prints which share of a module's lines its tests run, from JaCoCo's CSV report. */
final class Coverage {
  /** Columns of the report. */
  private static final int MISSED = 7;

  private static final int COVERED = 8;

  public static void main(String[] args) throws Exception {
    Path report = Path.of(args[1]);
    if (Files.notExists(report)) {
      // The parent project, and builds whose tests were left out.
      return;
    }
    long missed = 0;
    long covered = 0;
    List<String> lines = Files.readAllLines(report);
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",");
      missed += Long.parseLong(cells[MISSED]);
      covered += Long.parseLong(cells[COVERED]);
    }
    System.out.printf(
        Locale.ROOT,
        "line coverage of %s: %.1f %% (%,d of %,d lines); target/site/jacoco/index.html shows"
            + " them%n",
        args[0],
        100.0 * covered / Math.max(1, missed + covered),
        covered,
        missed + covered);
  }
}
