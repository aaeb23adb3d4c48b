package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
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

  private static List<Path> pages;

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
      } else if (!command.getSubcommands().isEmpty()) {
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
