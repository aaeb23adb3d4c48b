package io.github.tornadodiffusion.experiments.oracles;

/** Reads single floats of a session's arena, as an oracle needs them. */
@FunctionalInterface
public interface Arena {
  /** The float at an index. */
  double at(int index);
}
