package io.github.tornadodiffusion.experiments.report;

import de.rototor.pdfbox.graphics2d.PdfBoxGraphics2D;
import java.awt.Graphics2D;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.function.Consumer;
import org.apache.pdfbox.pdmodel.PDDocument;
import org.apache.pdfbox.pdmodel.PDPage;
import org.apache.pdfbox.pdmodel.PDPageContentStream;
import org.apache.pdfbox.pdmodel.common.PDRectangle;

/** A drawing as a PDF of one page; the same drawing gives the same bytes. */
final class PdfPage {
  private static final String LOGGING = "org.apache.commons.logging.LogFactory";

  static {
    quiet();
  }

  private PdfPage() {}

  /**
   * PDFBox's logging would look for SLF4J, which complains on stderr where it has no provider; it
   * is decided when the first class of PDFBox is loaded.
   */
  private static void quiet() {
    if (System.getProperty(LOGGING) == null) {
      System.setProperty(LOGGING, "org.apache.commons.logging.impl.LogFactoryImpl");
      try {
        new PDDocument().close();
      } catch (IOException e) {
        throw new IllegalStateException("a document without a page has nothing to close", e);
      } finally {
        System.clearProperty(LOGGING);
      }
    }
  }

  /**
   * Draws, with letters as outlines.
   *
   * @param width of the page in points, as of the drawing
   * @param height likewise
   */
  static byte[] of(String title, int width, int height, Consumer<Graphics2D> drawing)
      throws IOException {
    try (PDDocument document = new PDDocument()) {
      PDPage page = new PDPage(new PDRectangle(width, height));
      document.addPage(page);
      document.getDocumentInformation().setTitle(title);
      // By default it would be made of the time.
      document.setDocumentId(0L);
      PdfBoxGraphics2D graphics = new PdfBoxGraphics2D(document, width, height);
      drawing.accept(graphics);
      graphics.dispose();
      try (PDPageContentStream content = new PDPageContentStream(document, page)) {
        content.drawForm(graphics.getXFormObject());
      }
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      document.save(bytes);
      return bytes.toByteArray();
    }
  }
}
