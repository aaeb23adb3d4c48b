package io.github.tornadodiffusion.experiments.report;

import java.awt.Dimension;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import javax.imageio.ImageIO;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import javax.xml.transform.OutputKeys;
import javax.xml.transform.Transformer;
import javax.xml.transform.TransformerException;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.apache.batik.svggen.SVGGeneratorContext;
import org.apache.batik.svggen.SVGGraphics2D;
import org.apache.batik.svggen.SVGIDGenerator;
import org.w3c.dom.Document;
import org.w3c.dom.Element;

/** Charts as the bytes of picture files; the same chart gives the same bytes. */
final class Pictures {
  /** Pixels of a PNG per pixel of the chart. */
  private static final int SCALE = 2;

  private static final String SVG = "http://www.w3.org/2000/svg";

  private Pictures() {}

  /** Draws on a canvas. */
  @FunctionalInterface
  private interface Drawing<T> {
    T draw() throws IOException, ParserConfigurationException, TransformerException;
  }

  /**
   * A PNG with two pixels for each of the chart.
   *
   * @throws IOException if it cannot be drawn, for instance because the system has no fonts
   */
  static byte[] png(Chart chart) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    ImageIO.write(image(chart), "png", bytes);
    return bytes.toByteArray();
  }

  /** The same before it is encoded. */
  static BufferedImage image(Chart chart) throws IOException {
    return drawn(() -> {
      ChartPainter painter = new ChartPainter(chart);
      int width = SCALE * painter.width();
      int height = SCALE * painter.height();
      BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = image.createGraphics();
      graphics.scale(SCALE, SCALE);
      painter.paint(graphics);
      graphics.dispose();
      return image;
    });
  }

  /**
   * An SVG that scales, with letters as outlines. Its ids begin with the name of the chart, so that
   * several fit into one page.
   *
   * @throws IOException if it cannot be drawn, for instance because the system has no fonts
   */
  static byte[] svg(Chart chart) throws IOException {
    return drawn(() -> {
      ChartPainter painter = new ChartPainter(chart);
      Document document = document();
      SVGGeneratorContext context = SVGGeneratorContext.createDefault(document);
      context.setComment(null);
      context.setPrecision(2);
      context.setIDGenerator(new Ids(chart.name()));
      SVGGraphics2D graphics = new SVGGraphics2D(context, true);
      graphics.setSVGCanvasSize(new Dimension(painter.width(), painter.height()));
      painter.paint(graphics);
      Element root = graphics.getRoot();
      // The ids are the same in every picture, but a page may contain several.
      ((Element) root.getElementsByTagName("defs").item(0)).removeAttribute("id");
      root.setAttribute("viewBox", "0 0 %s %s".formatted(painter.width(), painter.height()));
      root.setAttribute("role", "img");
      root.setAttribute("aria-label", chart.title());
      return serialized(root);
    });
  }

  /**
   * A PDF of one page, as large as the chart in points, with letters as outlines.
   *
   * @throws IOException if it cannot be drawn, for instance because the system has no fonts
   */
  static byte[] pdf(Chart chart) throws IOException {
    return drawn(() -> {
      ChartPainter painter = new ChartPainter(chart);
      return PdfPage.of(chart.title(), painter.width(), painter.height(), painter::paint);
    });
  }

  private static <T> T drawn(Drawing<T> drawing) throws IOException {
    System.setProperty("java.awt.headless", "true");
    try {
      return drawing.draw();
    } catch (LinkageError | InternalError e) {
      // A minimal system without fontconfig or fonts fails in one of these ways; neither is a
      // checked exception.
      throw new IOException("the system has no usable fonts; install fontconfig and a font", e);
    } catch (ParserConfigurationException | TransformerException e) {
      throw new IllegalStateException("the JDK's own XML tools do not work", e);
    }
  }

  private static Document document() throws ParserConfigurationException {
    return DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .getDOMImplementation()
        .createDocument(SVG, "svg", null);
  }

  private static byte[] serialized(Element root) throws TransformerException {
    Transformer transformer = TransformerFactory.newInstance().newTransformer();
    transformer.setOutputProperty(OutputKeys.OMIT_XML_DECLARATION, "yes");
    StringWriter text = new StringWriter();
    transformer.transform(new DOMSource(root), new StreamResult(text));
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /**
   * The width of a PNG in pixels.
   *
   * @throws IllegalArgumentException if the bytes are no image
   */
  static int width(byte[] png) {
    try {
      BufferedImage image = ImageIO.read(new ByteArrayInputStream(png));
      if (image != null) {
        return image.getWidth();
      }
      throw new IllegalArgumentException("a picture of the report is no PNG; encode it as one");
    } catch (IOException e) {
      throw new IllegalArgumentException("a picture of the report is a broken PNG", e);
    }
  }

  /** Numbers ids after a prefix. */
  private static final class Ids extends SVGIDGenerator {
    private final String chart;

    private Ids(String chart) {
      this.chart = chart;
    }

    @Override
    public String generateID(String prefix) {
      return chart + "-" + super.generateID(prefix);
    }
  }
}
