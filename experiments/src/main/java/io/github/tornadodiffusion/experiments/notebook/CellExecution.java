package io.github.tornadodiffusion.experiments.notebook;

import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import jdk.jshell.execution.DirectExecutionControl;
import jdk.jshell.execution.LoaderDelegate;

/**
 * Runs the code of cells in this JVM, so that their values remain objects. Its classes go to a
 * directory of the class path: engines read kernels from their class files, and TornadoVM looks for
 * these on the class path alone.
 */
final class CellExecution extends DirectExecutionControl {
  private volatile Thread running;
  private Object value;

  /**
   * The execution.
   *
   * @param classes a directory that takes the cells' classes
   * @param loader that finds them there
   */
  CellExecution(Path classes, ClassLoader loader) {
    super(new ClassPathLoader(classes, loader));
  }

  /** The value of the last expression; null for none. */
  Object takeValue() {
    Object taken = value;
    value = null;
    return taken;
  }

  /** Interrupts the thread that runs a cell, which ends a cell that waits. */
  void interrupt() {
    Thread thread = running;
    if (thread != null) {
      thread.interrupt();
    }
  }

  @Override
  protected String invoke(Method method) throws Exception {
    running = Thread.currentThread();
    try {
      value = method.invoke(null);
      return "";
    } finally {
      running = null;
    }
  }

  private record ClassPathLoader(Path classes, ClassLoader loader) implements LoaderDelegate {
    @Override
    public void load(ClassBytecodes[] added) throws ClassInstallException {
      boolean[] loaded = new boolean[added.length];
      try {
        for (ClassBytecodes code : added) {
          Path file = classes.resolve(code.name().replace('.', '/') + ".class");
          Files.createDirectories(file.getParent());
          Files.write(file, code.bytecodes());
        }
        for (int i = 0; i < added.length; i++) {
          findClass(added[i].name());
          loaded[i] = true;
        }
      } catch (IOException | ClassNotFoundException e) {
        throw new ClassInstallException(e.toString(), loaded);
      }
    }

    @Override
    public void classesRedefined(ClassBytecodes[] redefined) {
      throw new UnsupportedOperationException();
    }

    /** The compiler's class path is this JVM's: there is nothing to add. */
    @Override
    public void addToClasspath(String path) {}

    @Override
    public Class<?> findClass(String name) throws ClassNotFoundException {
      return Class.forName(name, false, loader);
    }
  }
}
