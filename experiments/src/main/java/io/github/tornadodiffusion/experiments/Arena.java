package io.github.tornadodiffusion.experiments;

/** Reads single floats of a session's arena, as an oracle needs them. */
@FunctionalInterface
interface Arena {
  /** The float at an index. */
  double at(int index);
}
