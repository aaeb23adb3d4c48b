package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.ServiceLoader;

/**
 * Calls with which a family of kernels is measured and compared with its oracles, in addition to
 * those of this project: the rows of {@code bench kernels} and {@code experiment devices}. Found by
 * {@link ServiceLoader}, so a jar or directory on the class path brings its own.
 */
public interface KernelCases {
  /** The name of the family, to print. */
  String name();

  /** Calls on small data; those that are to be timed must take long enough for a clock. */
  List<Trial> trials();

  /** What {@code --kernels} can name because of this family, see {@link Variants#named}. */
  default List<Variants> variants() {
    return List.of();
  }

  /** All that the context class loader of this thread finds. */
  static List<KernelCases> all() {
    return ServiceLoader.load(KernelCases.class).stream().map(ServiceLoader.Provider::get).toList();
  }
}
