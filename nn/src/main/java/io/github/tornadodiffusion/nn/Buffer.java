package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Block;

/** A range of the arena whose place {@link MemoryPlan} decides. */
final class Buffer implements Stored {
  private final String name;
  private final int floats;
  private final boolean persistent;

  private Buffer(String name, int floats, boolean persistent) {
    this.name = name;
    this.floats = Block.round16(floats);
    this.persistent = persistent;
  }

  /** A buffer that is needed from its first to its last use only, and shares memory with others. */
  static Buffer temporary(String name, int floats) {
    return new Buffer(name, floats, false);
  }

  /** A buffer of its own memory, which the host may write before and read after a run. */
  static Buffer persistent(String name, int floats) {
    return new Buffer(name, floats, true);
  }

  @Override
  public Buffer buffer() {
    return this;
  }

  /** Length, a multiple of 16. */
  @Override
  public int floats() {
    return floats;
  }

  boolean isPersistent() {
    return persistent;
  }

  @Override
  public String toString() {
    return name;
  }
}
