package io.github.tornadodiffusion.kernels;

import java.io.InputStream;

/**
 * A kernel: a static method {@code void method(FloatArray arena, IntArray descriptor)}, of any
 * class in any package, whose outermost loop is {@code for (@Parallel int i = 0; i < bound; i++)}.
 * A kernel for work groups is a method {@code void method(KernelContext, FloatArray, IntArray)}.
 *
 * <p>The class is only named here and never initialised: without TornadoVM, whose types it
 * mentions, the jvm engine reads its class file and makes a class of its own from it.
 *
 * @param owner the class that holds the method
 * @param method name of the method
 */
public record Kernel(Class<?> owner, String method) {
  /** The name to print, for instance {@code Conv.forward} for a method of ConvKernels. */
  public String id() {
    return owner.getSimpleName().replace("Kernels", "") + "." + method;
  }

  /**
   * Opens the class file of a kernel's class.
   *
   * @throws IllegalStateException if there is none, as for a class that was made at run time
   */
  public static InputStream classFile(Class<?> owner) {
    String name = owner.getName();
    InputStream in =
        owner.getResourceAsStream(name.substring(name.lastIndexOf('.') + 1) + ".class");
    if (in == null) {
      throw new IllegalStateException("The class file of %s cannot be read".formatted(name));
    }
    return in;
  }
}
