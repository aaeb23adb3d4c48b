package io.github.tornadodiffusion.nn.plugins;

import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.jar.JarFile;
import java.util.stream.Collectors;

/**
 * Finds classes by name: on the class path, and in the plug-ins that were loaded.
 *
 * <p>Plug-ins are the context class loader of the thread that loads them and of all threads that it
 * starts, so {@link java.util.ServiceLoader} finds the services that they provide.
 */
public final class Plugins {
  private Plugins() {}

  /** The classes of one plug-in, before those of the class path are asked. */
  private static final class Loader extends URLClassLoader {
    private final Path path;
    private volatile boolean used;

    private Loader(Path path, URL url, ClassLoader parent) {
      super(new URL[] {url}, parent);
      this.path = path;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      Class<?> found = super.findClass(name);
      used = true;
      return found;
    }
  }

  /**
   * Makes the classes of plug-ins available to this thread and to those that it starts from now on.
   *
   * @param paths directories of classes, or jars
   * @throws IllegalArgumentException in one line if one of them cannot be read
   */
  public static void load(List<Path> paths) {
    paths.forEach(path -> load(path, path));
  }

  /**
   * Loads a plug-in whose classes are not at its path, such as a source file.
   *
   * @param path of the plug-in, as {@link #loaded} gives it
   * @param classes directory of its classes, or a jar
   * @throws IllegalArgumentException in one line if it cannot be read
   */
  public static void load(Path path, Path classes) {
    check(classes);
    try {
      URL url = classes.toUri().toURL();
      Thread.currentThread().setContextClassLoader(new Loader(path, url, classLoader()));
    } catch (IOException e) {
      throw new IllegalArgumentException(unreadable(path), e);
    }
  }

  private static void check(Path path) {
    if (Files.isDirectory(path)) {
      return;
    }
    if (!Files.exists(path)) {
      throw new IllegalArgumentException(
          "There is no plug-in %s: give a directory of classes, a jar or a Java source file"
              .formatted(path));
    }
    try (JarFile _ = new JarFile(path.toFile())) {
      // Opening a jar reads the directory at its end.
    } catch (IOException e) {
      throw new IllegalArgumentException(unreadable(path), e);
    }
  }

  private static String unreadable(Path path) {
    return "The plug-in %s cannot be read: give a directory of classes, a jar or a Java source file"
        .formatted(path);
  }

  /** The plug-ins that this thread knows, in the order in which they were loaded. */
  public static List<Path> loaded() {
    return loaders().stream().map(loader -> loader.path).toList();
  }

  private static List<Loader> loaders() {
    List<Loader> loaders = new ArrayList<>();
    for (ClassLoader l = classLoader(); l instanceof Loader loader; l = loader.getParent()) {
      loaders.addFirst(loader);
    }
    return loaders;
  }

  /** Counts no plug-in as used: until now they were only asked what they provide. */
  public static void forgetUse() {
    loaders().forEach(loader -> loader.used = false);
  }

  /** Notes that the plug-in of a class is used, if it is of one. */
  public static void use(Class<?> type) {
    if (type.getClassLoader() instanceof Loader loader) {
      loader.used = true;
    }
  }

  /** The plug-ins of which nothing was used yet; each is told once. */
  public static List<Path> takeUnused() {
    List<Loader> unused = loaders().stream().filter(loader -> !loader.used).toList();
    unused.forEach(loader -> loader.used = true);
    return unused.stream().map(loader -> loader.path).toList();
  }

  private static ClassLoader classLoader() {
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    return context == null ? Plugins.class.getClassLoader() : context;
  }

  /**
   * A class of the given type; it is not initialised.
   *
   * @param className as Java writes it, for instance {@code my.Schedule}
   * @return empty if there is no such class and the name is not that of a class in a package
   * @throws IllegalArgumentException in one line if the name has a package and there is no such
   *     class, or it is of another type
   */
  public static <T> Optional<Class<? extends T>> find(Class<T> type, String className) {
    Class<?> found;
    try {
      found = Class.forName(className, false, classLoader());
    } catch (ClassNotFoundException | LinkageError e) {
      if (!className.contains(".")) {
        return Optional.empty();
      }
      String cause = e instanceof ClassNotFoundException ? "" : " that can be loaded (" + e + ")";
      throw new IllegalArgumentException(
          Messages.line(
              "There is no class %s%s: give --plugin with its source file, its jar or the directory of its classes"
                  .formatted(className, cause)),
          e);
    }
    if (!type.isAssignableFrom(found)) {
      throw new IllegalArgumentException(
          "The class %s is no %s: make it implement %s"
              .formatted(className, type.getSimpleName(), type.getName()));
    }
    return Optional.of(found.asSubclass(type));
  }

  /**
   * An instance of a class, see {@link #find}.
   *
   * @param arguments of its public constructor
   * @return empty if there is no such class and the name is not that of a class in a package
   * @throws IllegalArgumentException in one line if it cannot be made
   */
  public static <T> Optional<T> create(Class<T> type, String className, Object... arguments) {
    return find(type, className).map(found -> instance(found, arguments));
  }

  /** The exception for a missing class, in one line. */
  public static IllegalArgumentException unknown(Class<?> type, String className) {
    return new IllegalArgumentException(
        Messages.line(
            "There is no %s of the class %s: give --plugin with its source file, its jar or"
                    .formatted(type.getSimpleName(), className)
                + " the directory of its classes"));
  }

  private static <T> T instance(Class<T> found, Object... arguments) {
    Class<?>[] types = Arrays.stream(arguments).map(Object::getClass).toArray(Class<?>[]::new);
    try {
      Constructor<T> constructor = found.getConstructor(types);
      return constructor.newInstance(arguments);
    } catch (InvocationTargetException e) {
      if (e.getCause() instanceof IllegalArgumentException refused) {
        throw refused;
      }
      throw new IllegalArgumentException(
          Messages.line(
              "The constructor of %s failed (%s): correct it"
                  .formatted(found.getName(), e.getCause())),
          e);
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new IllegalArgumentException(
          Messages.line(
              "The class %s cannot be made (%s): it must be public and no interface, with a public"
                      .formatted(found.getName(), e)
                  + " constructor of (%s)"
                      .formatted(
                          Arrays.stream(types)
                              .map(Class::getSimpleName)
                              .collect(Collectors.joining(", ")))),
          e);
    }
  }
}
