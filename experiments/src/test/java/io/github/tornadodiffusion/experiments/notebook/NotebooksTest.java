package io.github.tornadodiffusion.experiments.notebook;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.github.tornadodiffusion.experiments.Pictures;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.dflib.jjava.jupyter.kernel.display.DisplayData;
import org.dflib.jjava.jupyter.kernel.display.mime.MIMEType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The committed notebooks: that they were executed, and that their cells still run. */
class NotebooksTest {
  private static final Path DIRECTORY = Path.of("../notebooks");
  private static final Path UNIT1 = DIRECTORY.resolve("unit1.ipynb");
  private static final long MOST_BYTES = 1_500_000;

  /** Sizes with which the cells run within seconds; none of them matters before the training. */
  private static final Map<String, Integer> QUICK =
      Map.of("steps", 16, "ddpmSteps", 4, "ddimSteps", 2);

  private static final String TRAINING = "training.step";

  /** An absolute path on some machine. */
  private static final Pattern PLACE =
      Pattern.compile("(?<![\\w./:<])/[\\w.-]+/|[A-Za-z]:\\\\\\\\?\\w|file:/");

  /** A link to a file of the project. */
  private static final Pattern LINK = Pattern.compile("\\]\\((?!\\w+:)([^)\\s]+)\\)");

  private static JsonNode read(Path notebook) throws IOException {
    return JsonMapper.shared().readTree(Files.readString(notebook));
  }

  private static List<JsonNode> codeCells(JsonNode notebook) {
    return notebook.get("cells").values().stream()
        .filter(cell -> cell.get("cell_type").asString().equals("code"))
        .toList();
  }

  /** A text that may be in one piece or in lines. */
  private static String text(JsonNode lines) {
    StringBuilder text = new StringBuilder();
    if (lines.isArray()) {
      lines.values().forEach(line -> text.append(line.asString()));
    } else {
      text.append(lines.asString());
    }
    return text.toString();
  }

  @Test
  void everyNotebookWasExecutedFromTopToBottom() throws IOException {
    try (Stream<Path> files = Files.list(DIRECTORY)) {
      List<Path> notebooks = files.filter(file -> file.toString().endsWith(".ipynb")).toList();
      assertTrue(notebooks.contains(UNIT1), notebooks.toString());
      for (Path notebook : notebooks) {
        int number = 0;
        for (JsonNode cell : codeCells(read(notebook))) {
          String source = notebook + ":\n" + text(cell.get("source"));
          assertEquals(++number, cell.get("execution_count").asInt(), source);
          for (JsonNode output : cell.get("outputs").values()) {
            String type = output.get("output_type").asString();
            assertTrue(Set.of("stream", "execute_result", "display_data").contains(type), source);
            assertFalse(text(output.path("name")).equals("stderr"), source);
          }
        }
        assertTrue(number > 0, notebook.toString());
        assertTrue(Files.size(notebook) < MOST_BYTES, notebook + ": " + Files.size(notebook));
      }
    }
  }

  @Test
  void nothingTellsOfTheMachine() throws IOException {
    JsonNode notebook = read(UNIT1);
    assertEquals(
        Set.of("kernelspec", "language_info"),
        new TreeSet<>(notebook.get("metadata").propertyNames()));
    assertEquals(KernelSpec.NAME, notebook.at("/metadata/kernelspec/name").asString());
    // A name that is a plain word may be there for itself.
    String host = InetAddress.getLocalHost().getHostName().replaceFirst("^[A-Za-z]+$", "no host");
    List<JsonNode> told = new ArrayList<>(List.of(notebook.get("metadata")));
    for (JsonNode cell : notebook.get("cells").values()) {
      assertEquals(0, cell.get("metadata").size(), text(cell.get("source")));
      cell.path("outputs").values().forEach(told::add);
    }
    for (JsonNode node : told) {
      String text = node.toString().replaceAll("\"image/png\":\"[^\"]*\"", "");
      assertFalse(PLACE.matcher(text.replace("</", "<")).find(), text);
      assertFalse(Pattern.compile("\\b" + Pattern.quote(host) + "\\b").matcher(text).find(), text);
    }
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    int links = 0;
    for (JsonNode cell : read(UNIT1).get("cells").values()) {
      Matcher link = LINK.matcher(text(cell.get("source")));
      while (cell.get("cell_type").asString().equals("markdown") && link.find()) {
        links++;
        assertTrue(Files.exists(DIRECTORY.resolve(link.group(1))), link.group());
      }
    }
    assertTrue(links > 0, "no link to a file of the project");
  }

  @Test
  void aPathWouldBeFound() {
    for (String path : List.of("in /tmp/a", "\"/home/me/x\"", "C:\\\\Users", "file:/x")) {
      assertTrue(PLACE.matcher(path).find(), path);
    }
    for (String other : List.of("text/html", "unet/config.json", "a / b", "1/2 and 3/4/5")) {
      assertFalse(PLACE.matcher(other).find(), other);
    }
  }

  /**
   * Runs the cells with few steps. What they show before the training has to be what the committed
   * notebook shows, and after it be of the same kind.
   */
  @Test
  void theCellsRunAndShowWhatIsCommitted(@TempDir Path classes) throws Exception {
    int pictures = 0;
    boolean trained = false;
    Set<String> replaced = new TreeSet<>();
    try (CellLoader loader = new CellLoader(classes);
        Cells cells = new Cells(classes, loader)) {
      NotebookKernel kernel = new NotebookKernel(cells);
      for (JsonNode cell : codeCells(read(UNIT1))) {
        String source = quick(text(cell.get("source")), replaced);
        trained |= source.contains(TRAINING);
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        DisplayData shown = evaluate(kernel, source, printed);
        Outputs committed = Outputs.of(cell);
        for (MIMEType type : List.of(MIMEType.TEXT_PLAIN, MIMEType.TEXT_HTML, MIMEType.IMAGE_PNG)) {
          boolean has = shown != null && shown.hasDataForType(type);
          assertEquals(committed.data.containsKey(type.toString()), has, type + " of\n" + source);
        }
        assertEquals(committed.printed.isEmpty(), printed.size() == 0, source);
        pictures += committed.png() == null ? 0 : 1;
        if (!trained) {
          assertEquals(committed.printed, printed.toString(StandardCharsets.UTF_8), source);
          committed.assertShown(shown, source);
        }
      }
      kernel.onShutdown(false);
      delete((Path) cells.run("directory"));
    }
    assertEquals(QUICK.keySet(), replaced);
    assertTrue(trained);
    assertTrue(pictures >= 8, pictures + " pictures");
  }

  /** Loads the cells' classes from their directory, whatever other sessions have loaded. */
  private static final class CellLoader extends URLClassLoader {
    CellLoader(Path classes) throws MalformedURLException {
      super(new URL[] {classes.toUri().toURL()});
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("REPL.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded == null ? findClass(name) : loaded;
      }
    }
  }

  private static String quick(String source, Set<String> replaced) {
    String quick = source;
    for (Map.Entry<String, Integer> size : QUICK.entrySet()) {
      Matcher declared =
          Pattern.compile("(?m)^int %s = \\d+;".formatted(size.getKey())).matcher(quick);
      if (declared.find()) {
        assertTrue(replaced.add(size.getKey()), size.getKey() + " is declared twice");
        quick = declared.replaceFirst("int %s = %d;".formatted(size.getKey(), size.getValue()));
      }
    }
    return quick;
  }

  private static DisplayData evaluate(NotebookKernel kernel, String source, OutputStream printed) {
    PrintStream before = System.out;
    System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
    try {
      return kernel.eval(source);
    } catch (CellError e) {
      return fail(String.join("\n", e.lines()) + "\nin\n" + source);
    } finally {
      System.setOut(before);
    }
  }

  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.toList().reversed()) {
        Files.delete(file);
      }
    }
  }

  /**
   * What a committed cell shows.
   *
   * @param printed on standard output
   * @param data of its value, by type
   * @param chart whether the picture is drawn with letters, which look different elsewhere
   */
  private record Outputs(String printed, Map<String, String> data, boolean chart) {
    static Outputs of(JsonNode cell) {
      StringBuilder printed = new StringBuilder();
      Map<String, String> data = new HashMap<>();
      boolean chart = false;
      for (JsonNode output : cell.get("outputs").values()) {
        if (output.has("text")) {
          printed.append(text(output.get("text")));
        }
        for (String type : output.path("data").propertyNames()) {
          data.put(type, text(output.get("data").get(type)));
        }
        chart |= output.path("metadata").has("image/png");
      }
      return new Outputs(printed.toString(), data, chart);
    }

    String png() {
      return data.get("image/png");
    }

    void assertShown(DisplayData shown, String source) throws IOException {
      for (MIMEType type : List.of(MIMEType.TEXT_PLAIN, MIMEType.TEXT_HTML)) {
        if (data.containsKey(type.toString())) {
          assertEquals(data.get(type.toString()), shown.getData(type), source);
        }
      }
      if (png() != null && !chart) {
        assertArrayEquals(
            pixels(png()), pixels((String) shown.getData(MIMEType.IMAGE_PNG)), source);
      }
    }

    private static int[] pixels(String png) throws IOException {
      byte[] bytes = Base64.getMimeDecoder().decode(png);
      return Pictures.pixels(ImageIO.read(new ByteArrayInputStream(bytes)));
    }
  }
}
