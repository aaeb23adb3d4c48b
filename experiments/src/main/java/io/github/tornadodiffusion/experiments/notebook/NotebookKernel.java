package io.github.tornadodiffusion.experiments.notebook;

import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.report.Chart;
import io.github.tornadodiffusion.experiments.report.Table;
import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import jdk.jshell.SourceCodeAnalysis;
import org.dflib.jjava.jupyter.channels.JupyterConnection;
import org.dflib.jjava.jupyter.kernel.BaseKernel;
import org.dflib.jjava.jupyter.kernel.BaseNotebookStatics;
import org.dflib.jjava.jupyter.kernel.JupyterIO;
import org.dflib.jjava.jupyter.kernel.KernelConnectionProperties;
import org.dflib.jjava.jupyter.kernel.LanguageInfo;
import org.dflib.jjava.jupyter.kernel.ReplacementOptions;
import org.dflib.jjava.jupyter.kernel.comm.CommManager;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.RenderContext;
import org.dflib.jjava.jupyter.kernel.display.Renderer;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.dflib.jjava.jupyter.kernel.util.StringStyler;

/**
 * Java for Jupyter: the value of the last expression of a cell is shown below it, an image and a
 * {@link Chart} as PNG, a {@link Table} as HTML. {@code display(value)} shows more from within a
 * cell, as with JJava.
 */
final class NotebookKernel extends BaseKernel {
  private static final String STATICS = BaseNotebookStatics.class.getName();

  static {
    // JJava logs by SLF4J, which complains where nobody listens.
    System.setProperty("slf4j.internal.verbosity", "ERROR");
  }

  private final Cells cells;

  /** A kernel whose cells can show values with {@code display}. */
  NotebookKernel(Cells cells) {
    super(
        "TornadoDiffusion",
        Versions.program(),
        new LanguageInfo.Builder("Java")
            .version(System.getProperty("java.specification.version"))
            .mimetype("text/x-java-source")
            .fileExtension(".jshell")
            .pygments("java")
            .codemirror("text/x-java")
            .build(),
        List.of(),
        null,
        new JupyterIO(StandardCharsets.UTF_8),
        new CommManager(),
        new Texts(),
        null, // no magics: a cell is Java
        null,
        false,
        new StringStyler.Builder().build());
    this.cells = cells;
    getRenderer()
        .createRegistration(Table.class)
        .preferring(MIMEType.TEXT_HTML)
        .register((table, context) -> context.renderIfRequested(MIMEType.TEXT_HTML, table::html));
    getRenderer()
        .createRegistration(Chart.class)
        .preferring(MIMEType.IMAGE_PNG)
        .register(NotebookKernel::render);
    onStartup();
    cells.run("import static " + STATICS + ".*;");
  }

  /** Shows a chart at its own size: its image has two pixels for each of them. */
  private static void render(Chart chart, RenderContext context) {
    context.renderIfRequested(
        MIMEType.IMAGE_PNG,
        (type, shown) -> {
          try {
            BufferedImage image = chart.image();
            Map<String, Integer> size =
                Map.of("width", image.getWidth() / 2, "height", image.getHeight() / 2);
            byte[] png = PngFiles.encode(image, Map.of());
            shown.putData(type, Base64.getEncoder().encodeToString(png), size);
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        });
  }

  /** Text for viewers that can show neither images nor HTML. */
  private static final class Texts extends Renderer {
    @Override
    protected DisplayData finalizeDisplayData(DisplayData data, Object value) {
      switch (value) {
        case RenderedImage image ->
            data.putText("image of %dx%d".formatted(image.getWidth(), image.getHeight()));
        case Table table -> data.putText(table.markdown());
        case Chart chart -> data.putText("chart");
        default -> super.finalizeDisplayData(data, value);
      }
      return data;
    }
  }

  /** Serves a notebook until it is closed. */
  static void serve(Path connectionFile) throws IOException {
    Path classes = Path.of(System.getProperty("tornadodiffusion.classes"));
    try (Cells cells = new Cells(classes)) {
      NotebookKernel kernel = new NotebookKernel(cells);
      JupyterConnection connection =
          new JupyterConnection(KernelConnectionProperties.parse(Files.readString(connectionFile)));
      kernel.becomeHandlerForConnection(connection);
      connection.connect();
      connection.waitUntilClose();
    } catch (GeneralSecurityException e) {
      throw new IOException(
          "%s asks for a signature that this JDK lacks".formatted(connectionFile), e);
    } finally {
      AtomicDirectories.delete(classes);
    }
  }

  @Override
  public Object evalRaw(String source) {
    return cells.run(source);
  }

  @Override
  public List<String> formatError(Throwable e) {
    return e instanceof CellError cell ? cell.lines() : super.formatError(e);
  }

  @Override
  public DisplayData inspect(String code, int at, boolean extraDetail) {
    List<SourceCodeAnalysis.Documentation> found =
        cells.analysis().documentation(code, at, extraDetail);
    if (found.isEmpty()) {
      return null;
    }
    return new DisplayData(
        String.join(
            "\n", found.stream().map(SourceCodeAnalysis.Documentation::signature).toList()));
  }

  @Override
  public ReplacementOptions complete(String code, int at) {
    int[] anchor = {at};
    List<String> words =
        cells.analysis().completionSuggestions(code, at, anchor).stream()
            .map(SourceCodeAnalysis.Suggestion::continuation)
            .distinct()
            .toList();
    return words.isEmpty() ? null : new ReplacementOptions(words, anchor[0], at);
  }

  @Override
  public String isComplete(String code) {
    return switch (cells.analysis().analyzeCompletion(code).completeness()) {
      case COMPLETE, COMPLETE_WITH_SEMI, EMPTY -> IS_COMPLETE_YES;
      case CONSIDERED_INCOMPLETE, DEFINITELY_INCOMPLETE -> "  ";
      case UNKNOWN -> IS_COMPLETE_BAD;
    };
  }

  @Override
  public void interrupt() {
    cells.interrupt();
  }
}
