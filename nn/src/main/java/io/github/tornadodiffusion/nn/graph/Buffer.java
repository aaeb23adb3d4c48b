package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;

/** A range of the arena. {@link MemoryPlan} decides where it lies. */
public final class Buffer implements Stored {
  private final String name;
  private final int floats;
  private final Kind kind;

  private enum Kind {
    PERSISTENT,
    TEMPORARY,
    SCRATCH
  }

  private Buffer(String name, int floats, Kind kind) {
    this.name = name;
    this.floats = Block.round16(floats);
    this.kind = kind;
  }

  /** A buffer that is needed from its first to its last use only, and shares memory with others. */
  public static Buffer temporary(String name, int floats) {
    return new Buffer(name, floats, Kind.TEMPORARY);
  }

  /** A buffer for the calls of one step; its content has no meaning outside of the step. */
  public static Buffer scratch(String name, int floats) {
    return new Buffer(name + " scratch", floats, Kind.SCRATCH);
  }

  /** A buffer of its own memory, which the host may write before and read after a run. */
  public static Buffer persistent(String name, int floats) {
    return new Buffer(name, floats, Kind.PERSISTENT);
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
    return kind == Kind.PERSISTENT;
  }

  boolean isScratch() {
    return kind == Kind.SCRATCH;
  }

  @Override
  public String toString() {
    return name;
  }
}
