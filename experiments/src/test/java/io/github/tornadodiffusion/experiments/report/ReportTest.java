package io.github.tornadodiffusion.experiments.report;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.experiments.statistics.Interval;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilder;
import javax.xml.parsers.DocumentBuilderFactory;
import org.apache.pdfbox.Loader;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.rendering.PDFRenderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class ReportTest {
  @TempDir Path directory;

  private static Document parsed(byte[] xml) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
    factory.setFeature("http://apache.org/xml/features/nonvalidating/load-external-dtd", false);
    DocumentBuilder builder = factory.newDocumentBuilder();
    return builder.parse(new ByteArrayInputStream(xml));
  }

  private static List<Element> elements(Document document, String name) {
    NodeList nodes = document.getElementsByTagName(name);
    return Stream.iterate(0, i -> i + 1)
        .limit(nodes.getLength())
        .map(i -> (Element) nodes.item(i))
        .toList();
  }

  @Test
  void thePageIsWellFormedAndNeedsNoOtherFile() throws Exception {
    DemoReport.report().write(directory);
    byte[] bytes = Files.readAllBytes(directory.resolve("report.html"));
    Document page = parsed(bytes);
    assertEquals(1, elements(page, "h1").size());
    assertEquals(3, elements(page, "h2").size());
    assertEquals(6, elements(page, "figure").size());
    assertEquals(5, elements(page, "svg").size());
    assertEquals(List.of(), elements(page, "script"));
    assertEquals(List.of(), elements(page, "link"));
    Element image = elements(page, "img").get(0);
    assertTrue(image.getAttribute("src").startsWith("data:image/png;base64,"));
    assertEquals("Sixteen pixels of seed 1", image.getAttribute("alt"));
    assertEquals("512", image.getAttribute("width"));
    for (Element svg : elements(page, "svg")) {
      assertFalse(svg.getAttribute("aria-label").isEmpty());
      assertTrue(svg.getAttribute("viewBox").matches("0 0 600 \\d+"));
    }
    Set<String> ids = new HashSet<>();
    for (Element element : elements(page, "*")) {
      String id = element.getAttribute("id");
      assertTrue(id.isEmpty() || ids.add(id), "twice the id " + id);
    }
  }

  @Test
  void textTakesNoEffectAsHtml() throws Exception {
    String script = "<script>alert(1)</script>";
    double[] x = {1, 2};
    new Report(script)
        .heading(script)
        .paragraph(script)
        .table(new Table(script, List.of(script), List.of(List.of(script))))
        .chart(Chart.lines("c", script, script, script).series(script, x, x).caption(script))
        .image("i", DemoReport.png(), script + "\"")
        .write(directory);
    String html = Files.readString(directory.resolve("report.html"));
    assertEquals(List.of(), elements(parsed(html.getBytes(StandardCharsets.UTF_8)), "script"));
    assertFalse(html.contains(script));
    assertFalse(Files.readString(directory.resolve("report.md")).contains(script));
  }

  @Test
  void markdownNamesThePictures() throws Exception {
    new Report("Title")
        .paragraph("See `code`.")
        .heading("Part")
        .table(new Table("Figures", List.of("n"), List.of(List.of("1"))))
        .chart(Chart.points("c", "A chart", "x", "y").caption("Points."))
        .image("i", DemoReport.png(), "An **image**")
        .write(directory);
    assertEquals(
        """
        # Title

        See `code`.

        ## Part

        Figures

        | n |
        | ---: |
        | 1 |

        ![A chart](pictures/c.png)

        Points.

        ![An image](pictures/i.png)

        An **image**
        """,
        Files.readString(directory.resolve("report.md")));
    assertArrayEquals(DemoReport.png(), Files.readAllBytes(directory.resolve("pictures/i.png")));
  }

  @Test
  void theSameReportGivesTheSameBytes() throws Exception {
    Path first = directory.resolve("first");
    Path second = directory.resolve("second");
    DemoReport.report().write(first);
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      DemoReport.report().write(second);
    } finally {
      Locale.setDefault(before);
    }
    try (Stream<Path> files = Files.walk(first)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Path other = second.resolve(first.relativize(file));
        assertEquals(-1, Files.mismatch(file, other), file.toString());
      }
    }
  }

  @Test
  void picturesAreSvgThatStandsAlone() throws Exception {
    DemoReport.report().write(directory);
    Document svg = parsed(Files.readAllBytes(directory.resolve("pictures/quality.svg")));
    assertEquals("svg", svg.getDocumentElement().getTagName());
    assertEquals("http://www.w3.org/2000/svg", svg.getDocumentElement().getAttribute("xmlns"));
    assertTrue(elements(svg, "path").size() > 20);
  }

  @Test
  void chartsAreThereAsPdfAndAsTheirPoints() throws Exception {
    Interval[] intervals = {new Interval(0.5, 2), null};
    new Report("r")
        .chart(
            Chart.lines("l", "t", "x", "y")
                .series(
                    "a, \"b\"", new double[] {1, 2}, new double[] {1.25, Double.NaN}, intervals))
        .chart(
            Chart.bars("b", "t", "x", "y").bars("s", List.of("p", "q"), new double[] {1, 2}, null))
        .write(directory);
    assertEquals(
        """
        series,x,y,low,high
        "a, ""b\""",1.0,1.25,0.5,2.0
        "a, ""b\""",2.0,,,
        """,
        Files.readString(directory.resolve("pictures/l.csv")));
    assertEquals(
        """
        series,category,y,low,high
        s,p,1.0,,
        s,q,2.0,,
        """,
        Files.readString(directory.resolve("pictures/b.csv")));
    try (PDDocument pdf = Loader.loadPDF(directory.resolve("pictures/l.pdf").toFile())) {
      assertEquals(1, pdf.getNumberOfPages());
      assertEquals(600, pdf.getPage(0).getMediaBox().getWidth());
      BufferedImage drawn = new PDFRenderer(pdf).renderImage(0);
      BufferedImage expected = ImageIO.read(directory.resolve("pictures/l.png").toFile());
      double different = 0;
      for (int y = 0; y < drawn.getHeight(); y++) {
        for (int x = 0; x < drawn.getWidth(); x++) {
          different += Math.abs((drawn.getRGB(x, y) & 255) - (expected.getRGB(2 * x, 2 * y) & 255));
        }
      }
      double dark = 0;
      for (int at = 0; at < drawn.getWidth() * drawn.getHeight(); at++) {
        dark += 255 - (drawn.getRGB(at % drawn.getWidth(), at / drawn.getWidth()) & 255);
      }
      // A blank page would differ in all that is dark.
      assertTrue(dark > 0 && different < 0.5 * dark, different + " of " + dark);
    }
  }

  @Test
  void tablesAreThereForLatex() throws Exception {
    new Report("r")
        .table(
            new Table(
                "50 % of `a_b`, **bold**",
                List.of("name", "time (ms)"),
                List.of(List.of("`x_1` & [y](z)", "1.5"), List.of("[0.1, 0.2] − {β}", "2"))))
        .write(directory);
    assertEquals(
        """
        % \\usepackage{booktabs}
        \\begin{table}
        \\centering
        \\caption{50 \\% of \\texttt{a\\_b}, \\textbf{bold}}
        \\label{tab:table-1}
        \\begin{tabular}{lr}
        \\toprule
        name & time (ms) \\\\
        \\midrule
        \\texttt{x\\_1} \\& y & 1.5 \\\\
        {}[0.1, 0.2] $-$ \\{$\\beta$\\} & 2 \\\\
        \\bottomrule
        \\end{tabular}
        \\end{table}
        """,
        Files.readString(directory.resolve("tables/table-1.tex")));
  }

  @Test
  void aNameBelongsToOnePicture() throws Exception {
    Report report = new Report("r").chart(Chart.lines("a", "t", "x", "y"));
    byte[] png = DemoReport.png();
    assertThrows(IllegalArgumentException.class, () -> report.image("a", png, ""));
    assertThrows(IllegalArgumentException.class, () -> report.image("a/b", png, ""));
    assertThrows(IllegalArgumentException.class, () -> report.image("b", new byte[3], ""));
  }
}
