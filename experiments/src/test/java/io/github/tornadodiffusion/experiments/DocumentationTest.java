package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What the project's pages say exists. */
class DocumentationTest {
  private static final Path ROOT = Path.of("..").toAbsolutePath().normalize();
  private static final String PROGRAM = "./tornado-diffusion";

  /** What the reader writes. */
  private static final String READERS_FILE = "My.java";

  /** Options in code that are not ours: Slurm's and the JVM's. */
  private static final Set<String> FOREIGN =
      Set.of("--time", "--add-modules", "--enable-native-access", "--show-command");

  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");
  private static final Pattern OPTION = Pattern.compile("--[a-z][a-z-]*");

  private static final Pattern BLOCK = Pattern.compile("```.*?```", Pattern.DOTALL);
  private static final Pattern JAVA = Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL);

  /** How a block begins that is a file or declarations, not statements. */
  private static final Pattern DECLARATION =
      Pattern.compile("import |static |public |final |record |class |void |/\\*\\*");

  /** A name with a lower-case letter, so that constants and file names are none. */
  private static final Pattern TYPE =
      Pattern.compile("([A-Z]\\w*[a-z]\\w*)(?:\\.([a-zA-Z]\\w*))?(?:\\(.*\\))?");

  private static final List<String> PAGES_OF_CODE =
      List.of("docs/architecture.md", "docs/embedding.md", "docs/kernels.md", "docs/models.md");

  /** Types of the JDK and of the reader on these pages. */
  private static final Set<String> JAVA_TYPES =
      Set.of(
          "AutoCloseable",
          "Float",
          "IllegalArgumentException",
          "IllegalStateException",
          "IOException",
          "Math");

  private static final List<String> SOURCE_DIRECTORIES =
      List.of(
          "tornado-kernels/src/main/java",
          "tornado-kernels/src/stubs/java",
          "nn/src/main/java",
          "diffusion/src/main/java",
          "experiments/src/main/java");

  private static List<Path> pages;

  /** Names of the program's types and TornadoVM's, by their simple names. */
  private static final Map<String, List<String>> sources = new TreeMap<>();

  @BeforeAll
  static void findPages() throws IOException {
    pages = new ArrayList<>();
    for (String directory : List.of("", "docs", "results", "examples", ".github")) {
      try (Stream<Path> files = Files.walk(ROOT.resolve(directory), directory.isEmpty() ? 1 : 9)) {
        files
            .filter(file -> file.toString().endsWith(".md"))
            .filter(file -> !file.toString().contains("/target/"))
            .forEach(pages::add);
      }
    }
    assertTrue(pages.contains(ROOT.resolve("README.md")), pages.toString());
    assertTrue(pages.contains(ROOT.resolve("docs/training.md")), pages.toString());
  }

  @BeforeAll
  static void findTypes() throws IOException {
    for (String directory : SOURCE_DIRECTORIES) {
      Path root = ROOT.resolve(directory);
      try (Stream<Path> files = Files.walk(root)) {
        files
            .filter(file -> file.toString().endsWith(".java"))
            .map(file -> root.relativize(file).toString().replaceFirst("\\.java$", ""))
            .filter(file -> !file.endsWith("package-info"))
            .map(file -> file.replace(File.separatorChar, '.'))
            .forEach(name ->
                sources
                    .computeIfAbsent(
                        name.substring(name.lastIndexOf('.') + 1), n -> new ArrayList<>())
                    .add(name));
      }
    }
  }

  @Test
  void linksLeadSomewhere() throws IOException {
    List<String> dead = new ArrayList<>();
    for (Path page : pages) {
      for (MatchResult link : LINK.matcher(Files.readString(page)).results().toList()) {
        String target = link.group(1);
        if (target.matches("[a-z]+:.*")) {
          continue;
        }
        String[] parts = target.split("#", 2);
        Path file = parts[0].isEmpty() ? page : page.resolveSibling(parts[0]).normalize();
        if (Files.notExists(file) || (parts.length == 2 && !anchors(file).contains(parts[1]))) {
          dead.add(ROOT.relativize(page) + ": " + target);
        }
      }
    }
    assertEquals(List.of(), dead);
  }

  /** The anchors of a page's headings, as GitHub makes them. */
  private static Set<String> anchors(Path page) throws IOException {
    Set<String> anchors = new HashSet<>();
    Files.readAllLines(page).stream()
        .filter(line -> line.matches("#+ .*"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(line -> line.replaceAll("[^\\w\\- ]", "").replace(' ', '-'))
        .forEach(anchors::add);
    return anchors;
  }

  @Test
  void commandsAndTheirOptionsExist() throws IOException {
    List<String> wrong = new ArrayList<>();
    int commands = 0;
    for (Path page : pages) {
      for (String line : Files.readAllLines(page)) {
        for (String text : line.startsWith("    ") ? List.of(line) : code(line)) {
          int at = text.indexOf(PROGRAM + " ");
          if (at >= 0) {
            commands++;
            check(text.substring(at + PROGRAM.length()).strip().split("\\s+"), wrong, page);
          }
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(commands > 20, commands + " commands found");
  }

  private static List<String> code(String line) {
    return CODE.matcher(line).results().map(code -> code.group(1)).toList();
  }

  private static void check(String[] words, List<String> wrong, Path page) {
    CommandLine command = Main.commandLine();
    String where = ROOT.relativize(page) + ": ";
    for (String word : words) {
      if (word.startsWith("examples/") && Files.notExists(ROOT.resolve(word))) {
        wrong.add(where + "there is no " + word);
      }
      if (word.startsWith("--")) {
        String option = word.replaceFirst("=.*", "");
        if (!FOREIGN.contains(option) && command.getCommandSpec().findOption(option) == null) {
          wrong.add(where + command.getCommandName() + " has no option " + option);
        }
      } else if (command.getSubcommands().containsKey(word)) {
        command = command.getSubcommands().get(word);
      } else if (command.getCommandName().equals("run") && word.endsWith(".java")) {
        if (!word.equals(READERS_FILE) && Files.notExists(ROOT.resolve(word))) {
          wrong.add(where + "there is no " + word);
        }
        return; // the rest is that program's
      } else if (command.getCommandName().equals(ExperimentCommand.NAME)
          && List.of(words).contains(PluginOption.NAME)) {
        return; // an experiment of that plug-in, with options of its own
      } else if (!command.getSubcommands().isEmpty()
          && !(command.getCommand() instanceof Callable<?>)) {
        wrong.add(where + command.getCommandName() + " has no command " + word);
        return;
      }
    }
  }

  @Test
  void optionsInTextExist() throws IOException {
    Set<String> known = new HashSet<>(FOREIGN);
    collect(Main.commandLine(), known);
    List<String> wrong = new ArrayList<>();
    for (Path page : pages) {
      for (String line : Files.readAllLines(page)) {
        for (String code : code(line)) {
          Matcher option = OPTION.matcher(code);
          if (option.lookingAt() && !known.contains(option.group())) {
            wrong.add(ROOT.relativize(page) + ": " + option.group());
          }
        }
      }
    }
    assertEquals(List.of(), wrong);
  }

  private static void collect(CommandLine command, Set<String> known) {
    command.getCommandSpec().optionsMap().keySet().forEach(known::add);
    command.getSubcommands().values().forEach(subcommand -> collect(subcommand, known));
  }

  /**
   * Names of types in code, alone or with members, on the pages that explain the code: {@code
   * Rows.call} must be a method, a field or a type in {@code Rows}.
   */
  @Test
  void typesAndMembersExist() throws IOException {
    List<String> wrong = new ArrayList<>();
    int found = 0;
    for (String page : PAGES_OF_CODE) {
      for (String line : text(ROOT.resolve(page))) {
        for (String code : code(line)) {
          Matcher name = TYPE.matcher(code);
          if (name.matches() && !JAVA_TYPES.contains(name.group(1))) {
            found++;
            if (!exists(name.group(1), name.group(2))) {
              wrong.add(page + ": " + code);
            }
          }
        }
      }
    }
    assertEquals(List.of(), wrong);
    assertTrue(found > 100, found + " types found");
  }

  private static boolean exists(String type, String member) {
    return sources.getOrDefault(type, List.of()).stream()
        .anyMatch(name -> member == null || has(name, member));
  }

  private static boolean has(String className, String member) {
    try {
      Class<?> type =
          Class.forName(className, false, Thread.currentThread().getContextClassLoader());
      return Stream.of(
              Arrays.stream(type.getDeclaredMethods()).map(Method::getName),
              Arrays.stream(type.getDeclaredFields()).map(Field::getName),
              Arrays.stream(type.getDeclaredClasses()).map(Class::getSimpleName))
          .flatMap(names -> names)
          .anyMatch(member::equals);
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  /** The lines of a page outside of blocks of code. */
  private static List<String> text(Path page) throws IOException {
    return BLOCK.matcher(Files.readString(page)).replaceAll("").lines().toList();
  }

  /**
   * The Java of all pages, as {@code ./tornado-diffusion run} would compile it with the imports
   * that it leaves out: a file, declarations or statements.
   */
  @Test
  void javaOnPagesCompiles(@TempDir Path directory) throws IOException {
    Map<String, String> blocks = new TreeMap<>();
    for (Path page : pages) {
      String name = page.getFileName().toString().replaceAll("\\W", "_");
      for (MatchResult block : JAVA.matcher(Files.readString(page)).results().toList()) {
        blocks.put(name + blocks.size(), block.group(1));
      }
    }
    assertTrue(blocks.size() > 8, blocks.size() + " blocks found");
    assertEquals("", compile(directory, blocks));
    String errors = compile(directory, Map.of("Wrong", "Engine engine = 1;\n"));
    assertTrue(errors.contains("incompatible types"), errors);
  }

  /** What the compiler says against blocks, each a file. */
  private static String compile(Path directory, Map<String, String> blocks) throws IOException {
    List<Path> written = new ArrayList<>();
    for (Map.Entry<String, String> block : blocks.entrySet()) {
      Path file = directory.resolve(block.getKey() + ".java");
      written.add(Files.writeString(file, file(block.getValue())));
    }
    StringWriter errors = new StringWriter();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (var files = compiler.getStandardFileManager(null, null, null)) {
      List<String> options = List.of("-proc:none", "-nowarn", "-d", directory.toString());
      compiler
          .getTask(errors, files, null, options, null, files.getJavaFileObjectsFromPaths(written))
          .call();
    }
    return errors.toString();
  }

  private static String file(String block) {
    if (block.startsWith("import ") && block.contains("void main(")) {
      return block; // whole, as a reader would copy it
    }
    String imports =
        sources.values().stream()
            .flatMap(List::stream)
            .map(type -> "import %s.*;\n".formatted(type.substring(0, type.lastIndexOf('.'))))
            .distinct()
            .collect(Collectors.joining());
    String nested = "import %s;\n".formatted(ParameterSpec.Kind.class.getCanonicalName());
    if (!DECLARATION.matcher(block).lookingAt()) {
      return imports + nested + "void main() throws Exception {\n%s}\n".formatted(block);
    }
    return imports + nested + block + (block.contains("void main(") ? "" : "void main() {}\n");
  }

  /** The lines of the first page's snippet are those of the project that the build runs. */
  @Test
  void theSnippetIsCodeThatRuns() throws IOException {
    Matcher snippet =
        Pattern.compile("```java\\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("README.md")));
    assertTrue(snippet.find());
    List<String> program =
        Files.readAllLines(ROOT.resolve("examples/maven/src/main/java/example/Sample.java"))
            .stream()
            .map(String::strip)
            .toList();
    List<String> missing =
        snippet
            .group(1)
            .lines()
            .filter(line -> !line.matches("import .*|void main.*"))
            .map(line -> line.replace("Path.of(\"runs/mine\")", "Path.of(arguments[0])").strip())
            .filter(line -> !program.contains(line))
            .toList();
    assertEquals(List.of(), missing);
  }

  @Test
  void theFirstPageIsShort() throws IOException {
    assertTrue(Files.readAllLines(ROOT.resolve("README.md")).size() <= 150);
  }
}
