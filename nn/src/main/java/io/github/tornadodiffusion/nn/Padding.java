package io.github.tornadodiffusion.nn;

/** Zeros around an image, in pixels: the border of a block in the arena. */
record Padding(int top, int left, int bottom, int right) {
  static final Padding NONE = all(0);

  static Padding all(int pixels) {
    return new Padding(pixels, pixels, pixels, pixels);
  }
}
