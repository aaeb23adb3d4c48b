package io.github.tornadodiffusion.experiments.report;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A report: headings, paragraphs, tables, charts and images in their order, written as one HTML
 * file that needs no other, as Markdown, and as pictures. The same content gives the same bytes.
 */
public final class Report {
  private final String title;
  private final List<Part> parts = new ArrayList<>();
  private final Set<String> names = new HashSet<>();

  /** The parts of a report. */
  sealed interface Part {
    /** A heading of the second level, plain text. */
    record Heading(String text) implements Part {}

    /** Text with marks. */
    record Paragraph(String text) implements Part {}

    /** A table. */
    record Tabular(Table table) implements Part {}

    /** A chart as the bytes of its pictures. */
    record Plot(Chart chart, byte[] png, byte[] svg, byte[] pdf) implements Part {}

    /**
     * An image.
     *
     * @param width in pixels
     */
    record Picture(String name, byte[] png, String caption, int width) implements Part {}
  }

  /** An empty report. */
  public Report(String title) {
    this.title = title;
  }

  /** Adds a heading, plain text. */
  public Report heading(String text) {
    parts.add(new Part.Heading(text));
    return this;
  }

  /** Adds text, in which `code`, **bold** and [text](url) are marked like this. */
  public Report paragraph(String text) {
    parts.add(new Part.Paragraph(text));
    return this;
  }

  /** Adds a table. */
  public Report table(Table table) {
    parts.add(new Part.Tabular(table));
    return this;
  }

  /**
   * Adds a chart.
   *
   * @throws IllegalArgumentException if another picture has that name
   */
  public Report chart(Chart chart) {
    claim(chart.name());
    parts.add(new Part.Plot(chart, null, null, null));
    return this;
  }

  /**
   * Adds an image, shown pixelated at a whole multiple of its size.
   *
   * @param name of its file, without the suffix
   * @param caption with the marks of {@link #paragraph}
   * @throws IllegalArgumentException if another picture has the name, or it is no plain file name
   */
  public Report image(String name, byte[] png, String caption) {
    Chart.checkName(name);
    claim(name);
    parts.add(new Part.Picture(name, png.clone(), caption, Pictures.width(png)));
    return this;
  }

  private void claim(String name) {
    if (!names.add(name)) {
      throw new IllegalArgumentException(
          "two pictures are named '%s'; choose another name".formatted(name));
    }
  }

  /**
   * Writes report.html, report.md and pictures/NAME.png, of charts pictures/NAME.svg, NAME.pdf and
   * their points in NAME.csv as well, and each table for LaTeX in tables/table-N.tex, counted from
   * 1. Each file is written completely or left unchanged.
   *
   * @param directory created if it does not exist
   * @throws IOException in one line naming the file and the cause
   */
  public void write(Path directory) throws IOException {
    List<Part> finished = new ArrayList<>();
    for (Part part : parts) {
      finished.add(
          part instanceof Part.Plot plot
              ? new Part.Plot(
                  plot.chart(),
                  Pictures.png(plot.chart()),
                  Pictures.svg(plot.chart()),
                  Pictures.pdf(plot.chart()))
              : part);
    }
    Path pictures = directory.resolve("pictures");
    AtomicFiles.makeDirectory(pictures);
    for (Part part : finished) {
      if (part instanceof Part.Plot plot) {
        AtomicFiles.write(pictures.resolve(plot.chart().name() + ".png"), plot.png());
        AtomicFiles.write(pictures.resolve(plot.chart().name() + ".svg"), plot.svg());
        AtomicFiles.write(pictures.resolve(plot.chart().name() + ".pdf"), plot.pdf());
        AtomicFiles.write(pictures.resolve(plot.chart().name() + ".csv"), plot.chart().points());
      } else if (part instanceof Part.Picture picture) {
        AtomicFiles.write(pictures.resolve(picture.name() + ".png"), picture.png());
      }
    }
    writeTables(directory.resolve("tables"));
    AtomicFiles.write(directory.resolve("report.md"), markdown(finished));
    AtomicFiles.write(directory.resolve("report.html"), new HtmlPage(title).text(finished));
  }

  private void writeTables(Path directory) throws IOException {
    int number = 0;
    for (Part part : parts) {
      if (part instanceof Part.Tabular tabular) {
        number++;
        AtomicFiles.makeDirectory(directory);
        String name = "table-" + number;
        AtomicFiles.write(directory.resolve(name + ".tex"), LatexTable.text(tabular.table(), name));
      }
    }
  }

  private String markdown(List<Part> finished) {
    StringBuilder text = new StringBuilder("# %s\n".formatted(Inline.markdown(title)));
    for (Part part : finished) {
      text.append('\n').append(markdown(part));
    }
    return text.toString();
  }

  private static String markdown(Part part) {
    return switch (part) {
      case Part.Heading heading -> "## %s\n".formatted(Inline.markdown(heading.text()));
      case Part.Paragraph paragraph -> Inline.markdown(paragraph.text()) + "\n";
      case Part.Tabular tabular -> {
        String caption = tabular.table().caption();
        yield (caption.isEmpty() ? "" : Inline.markdown(caption) + "\n\n")
            + tabular.table().markdown();
      }
      case Part.Plot plot ->
          picture(plot.chart().name(), plot.chart().title(), plot.chart().fullCaption());
      case Part.Picture picture ->
          picture(picture.name(), Inline.plain(picture.caption()), picture.caption());
    };
  }

  private static String picture(String name, String alternative, String caption) {
    String image =
        "![%s](pictures/%s.png)\n"
            .formatted(Inline.markdown(alternative).replaceAll("[\\[\\]]", ""), name);
    return caption.isEmpty() ? image : image + "\n" + Inline.markdown(caption) + "\n";
  }
}
