package io.github.tornadodiffusion.experiments.run;

import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** The main method of a compiled file, chosen and called as by the Java launcher. */
final class UserProgram {
  private final Method main;
  private final Set<String> classes;

  /** An exception of the program. */
  static final class Failure extends Exception {
    private static final long serialVersionUID = 1;
    private final transient Set<String> classes;

    Failure(Throwable cause, Set<String> classes) {
      super(cause);
      this.classes = classes;
    }

    /** Whether the main method asked for an argument beyond those that it was given. */
    boolean lacksArgument(int given) {
      return getCause() instanceof ArrayIndexOutOfBoundsException e
          && e.getStackTrace().length > 0
          && e.getStackTrace()[0].getMethodName().equals("main")
          && classes.contains(topLevel(e.getStackTrace()[0].getClassName()))
          && e.getMessage().endsWith(" out of bounds for length " + given);
    }

    /** The exception, with stack traces that begin at the program's main method. */
    Throwable trimmed() {
      trim(getCause(), Collections.newSetFromMap(new IdentityHashMap<>()));
      return getCause();
    }

    private void trim(Throwable thrown, Set<Throwable> done) {
      if (thrown == null || !done.add(thrown)) {
        return;
      }
      StackTraceElement[] trace = thrown.getStackTrace();
      int end = trace.length;
      while (end > 0 && !classes.contains(topLevel(trace[end - 1].getClassName()))) {
        end--;
      }
      if (end > 0) {
        thrown.setStackTrace(Arrays.copyOf(trace, end));
      }
      trim(thrown.getCause(), done);
      for (Throwable suppressed : thrown.getSuppressed()) {
        trim(suppressed, done);
      }
    }

    private static String topLevel(String name) {
      int nested = name.indexOf('$');
      return nested < 0 ? name : name.substring(0, nested);
    }
  }

  private UserProgram(Method main, List<String> names) {
    this.main = main;
    this.classes = new HashSet<>(names);
  }

  /**
   * Finds the main method.
   *
   * @param file for the message if there is none
   * @param names of the top-level classes; the first with a main method is the program
   * @throws IllegalArgumentException if there is none
   */
  static UserProgram of(Path file, List<String> names) {
    return names.stream()
        .flatMap(name -> main(name).stream())
        .findFirst()
        .map(main -> new UserProgram(main, names))
        .orElseThrow(() ->
            new IllegalArgumentException(
                "%s has no main method: begin one with void main()".formatted(file)));
  }

  /** {@code main(String[])}, or else {@code main()}, static or of an object; not private. */
  private static Optional<Method> main(String name) {
    try {
      Class<?> type = Class.forName(name, false, ClassLoader.getSystemClassLoader());
      return Stream.of(new Class<?>[] {String[].class}, new Class<?>[0])
          .flatMap(parameters ->
              Arrays.stream(type.getDeclaredMethods())
                  .filter(method -> method.getName().equals("main"))
                  .filter(method -> method.getReturnType() == void.class)
                  .filter(method -> !Modifier.isPrivate(method.getModifiers()))
                  .filter(method -> Arrays.equals(method.getParameterTypes(), parameters)))
          .findFirst();
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }

  /**
   * Runs the program until its main method and every thread that it started have ended, except for
   * daemons.
   *
   * @throws Failure if its main method threw an exception
   */
  void run(String[] arguments) throws Failure, InterruptedException {
    try {
      Object instance = null;
      if (!Modifier.isStatic(main.getModifiers())) {
        Constructor<?> constructor = main.getDeclaringClass().getDeclaredConstructor();
        constructor.setAccessible(true);
        instance = constructor.newInstance();
      }
      main.setAccessible(true);
      if (main.getParameterCount() == 0) {
        main.invoke(instance);
      } else {
        main.invoke(instance, (Object) arguments);
      }
    } catch (InvocationTargetException e) {
      throw new Failure(e.getCause(), classes);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "%s cannot be made: give it a constructor without parameters, or make main static"
              .formatted(main.getDeclaringClass().getName()),
          e);
    }
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (!thread.isDaemon() && thread != Thread.currentThread()) {
        thread.join();
      }
    }
  }
}
