package io.github.tornadodiffusion.kernels;

/**
 * A kernel: a static method {@code void method(FloatArray arena, IntArray descriptor)} of a class
 * of this package, whose outermost loop is {@code for (@Parallel int i = 0; i < bound; i++)}. Named
 * by strings, not by a method reference, because the jvm engine must never load a class that
 * mentions TornadoVM.
 *
 * @param owner simple name of the class that holds the method
 * @param method name of the method
 */
public record Kernel(String owner, String method) {
  /** The name to print, for instance {@code Conv.tile}. */
  public String id() {
    return owner.replace("Kernels", "") + "." + method;
  }
}
