package io.github.tornadodiffusion.kernels;

/** Reads single floats of a session's arena, as an oracle needs them. */
@FunctionalInterface
public interface Arena {
  /** The float at an index. */
  double at(int index);
}
