package io.github.tornadodiffusion.experiments.run;

import io.github.tornadodiffusion.experiments.framework.ExperimentProvider;
import io.github.tornadodiffusion.kernels.KernelCases;
import io.github.tornadodiffusion.nn.io.AtomicDirectories;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.File;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.stream.Collectors;

/**
 * A plug-in that is a Java source file. The launcher names the directory for its classes, which is
 * on the class path, where TornadoVM looks for kernels; without one it is compiled each time, into
 * a directory of its own.
 */
public final class SourcePlugin {
  private static final String SUFFIX = ".java";

  /** What a plug-in may provide to {@link java.util.ServiceLoader}. */
  private static final List<Class<?>> SERVICES =
      List.of(ExperimentProvider.class, KernelCases.class);

  /** The directories that the launcher names, in the order of the plug-ins. */
  private static final Queue<String> NAMED =
      Arrays.stream(System.getProperty("tornadodiffusion.plugins", "").split(File.pathSeparator))
          .filter(name -> !name.isEmpty())
          .collect(Collectors.toCollection(ArrayDeque::new));

  private SourcePlugin() {}

  /** Whether a plug-in is a source file. */
  public static boolean is(Path path) {
    return path.toString().endsWith(SUFFIX) && Files.isRegularFile(path) && Files.isReadable(path);
  }

  /**
   * Compiles a source file and makes its classes known, see {@link Plugins#load(Path, Path)}. Those
   * that provide a service do so without a file that names them.
   *
   * @param err takes what the compiler says
   * @throws IllegalArgumentException in one line if it does not compile
   */
  public static void load(Path file, PrintWriter err) {
    try {
      String named = NAMED.poll();
      Path classes = named == null ? temporary() : Path.of(named);
      List<String> names = new SourceFile(file, classes).compile(err);
      if (names.isEmpty()) {
        throw new IllegalArgumentException(
            "The plug-in %s does not compile: correct what the compiler names".formatted(file));
      }
      nameServices(classes, names);
      Plugins.load(file, classes);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void nameServices(Path classes, List<String> names) throws IOException {
    URL[] place = {classes.toUri().toURL()};
    ClassLoader parent = Thread.currentThread().getContextClassLoader();
    Path services = Files.createDirectories(classes.resolve("META-INF/services"));
    try (URLClassLoader loader = new URLClassLoader(place, parent)) {
      for (Class<?> service : SERVICES) {
        List<String> providers = new ArrayList<>();
        for (String name : names) {
          Class<?> type = Class.forName(name, false, loader);
          if (service.isAssignableFrom(type) && !Modifier.isAbstract(type.getModifiers())) {
            providers.add(name);
          }
        }
        AtomicFiles.write(services.resolve(service.getName()), String.join("\n", providers));
      }
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path temporary() throws IOException {
    Path directory = Files.createTempDirectory("tornado-diffusion");
    Runtime.getRuntime().addShutdownHook(new Thread(() -> delete(directory)));
    return directory.resolve("classes");
  }

  private static void delete(Path directory) {
    try {
      AtomicDirectories.delete(directory);
    } catch (IOException e) {
      // What is left of it lies where the system keeps what may be removed.
    }
  }
}
