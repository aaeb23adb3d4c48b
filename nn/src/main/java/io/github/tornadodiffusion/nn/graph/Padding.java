package io.github.tornadodiffusion.nn.graph;

/** Zeros around an image, in pixels: the border of a block in the arena. */
public record Padding(int top, int left, int bottom, int right) {
  /** No border. */
  public static final Padding NONE = all(0);

  /** The same on all sides. */
  public static Padding all(int pixels) {
    return new Padding(pixels, pixels, pixels, pixels);
  }
}
