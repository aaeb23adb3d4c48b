import com.google.googlejavaformat.java.Main;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Runs google-java-format over every Java source of the project: {@code check} names the files that
 * differ from its style and exits with 1, {@code write} reformats them in place. A program of its
 * own because the formatter needs a newer JDK than the one that may run Maven.
 */
final class Format {
  public static void main(String[] args) throws Exception {
    boolean check = args[0].equals("check");
    List<String> arguments = new ArrayList<>();
    arguments.add(check ? "--dry-run" : "--replace");
    arguments.addAll(sources(Path.of(args[1])));

    StringWriter out = new StringWriter();
    PrintWriter err = new PrintWriter(System.err, true);
    var formatter =
        new Main(new PrintWriter(out, true), err, new ByteArrayInputStream(new byte[0]));
    int status = formatter.format(arguments.toArray(String[]::new));
    List<String> changed = out.toString().lines().sorted().toList();
    if (check && !changed.isEmpty()) {
      changed.forEach(file -> System.err.println("not formatted: " + file));
      System.err.println("Format these files with: ./mvnw -q -N -Pformat validate");
      status = 1;
    }
    System.exit(status);
  }

  private static List<String> sources(Path root) throws IOException {
    List<String> files = new ArrayList<>();
    try (Stream<Path> modules = Files.list(root)) {
      for (Path module : modules.filter(Files::isDirectory).sorted().toList()) {
        boolean whole = module.endsWith("build-support") || module.endsWith("examples");
        Path start = whole ? module : module.resolve("src");
        if (Files.isDirectory(start)) {
          try (Stream<Path> walk = Files.walk(start)) {
            walk.map(Path::toString).filter(f -> f.endsWith(".java")).sorted().forEach(files::add);
          }
        }
      }
    }
    return files;
  }
}
