package io.github.tornadodiffusion.nn.graph;

/** Something that lies in the arena: a whole buffer or a part of one. */
public interface Stored {
  /** The buffer that holds it. */
  Buffer buffer();

  /** Where in the buffer it starts, in floats. */
  default int start() {
    return 0;
  }

  /** How many floats it has. */
  default int floats() {
    return buffer().floats();
  }

  /** The part of a buffer that starts at {@code start}. */
  record Slice(Buffer buffer, int start, int floats) implements Stored {}
}
