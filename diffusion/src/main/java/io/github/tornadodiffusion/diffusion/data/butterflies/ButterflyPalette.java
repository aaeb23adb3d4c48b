package io.github.tornadodiffusion.diffusion.data.butterflies;

import io.github.tornadodiffusion.nn.random.SplitMix64;

/** Colour schemes taken from living butterflies, and their variation. */
final class ButterflyPalette {
  /** Wing root, wing margin, dark marks, accents, spots; as 0xRRGGBB. */
  private static final int[][] SCHEMES = {
    {0xE8871E, 0xD9621A, 0x1C1410, 0xF2B84B, 0xFFF8E8}, // monarch
    {0x1E90E8, 0x1550B8, 0x0B0E18, 0x7FD4FF, 0xF4FAFF}, // morpho
    {0xF6E27A, 0xF0CC3C, 0x17130F, 0x3A6FD0, 0xD8512A}, // swallowtail
    {0xF7F5EA, 0xEFEBD8, 0x3A3632, 0xD8D2B8, 0x2A2724}, // white
    {0xE6EE6A, 0xCFE04A, 0x6A7A1E, 0xF09A3A, 0xE07A2A}, // brimstone
    {0xA8382A, 0x8E2A20, 0x20120E, 0x4A78D8, 0xF2D98A}, // peacock
    {0x3A2A22, 0x241A16, 0x120C0A, 0xE04A26, 0xF6F2EA}, // admiral
    {0x2FA84A, 0x147A3E, 0x0A140E, 0xF0D83A, 0xE8F49A}, // birdwing
    {0x6A3AB0, 0x3E2478, 0x140C20, 0xC89AF0, 0xF4ECFF}, // emperor
    {0xB8763A, 0x94562A, 0x3A2414, 0xE8BC7A, 0x241610}, // brown
    {0x8FB8E8, 0x6A8EDC, 0x24304A, 0xE8F0FA, 0x1A2030}, // blue
    {0xF0B0A0, 0xE07A6A, 0x3A1E22, 0xFBE0C8, 0xFFF4EC}, // rose
    {0x2AB8A8, 0x128A90, 0x08201E, 0xB8F0D8, 0xF8FFF4}, // glasswing green
    {0xF4A83A, 0xC83A22, 0x2A140E, 0xFCE08A, 0x2A4A9A}, // tortoiseshell
  };

  private static final int[] BACKGROUNDS = {
    0xFAFAF8, 0xF4F0E6, 0xE9EEF2, 0xEAF2E6, 0xF6E9E4, 0xDCDCDA, 0xD2DCE6, 0xE6DCC8
  };

  private ButterflyPalette() {}

  /** A scheme with slightly varied hue and brightness: 5 colours of red, green, blue in 0 .. 1. */
  static double[][] wings(SplitMix64 random) {
    int[] scheme = SCHEMES[random.nextInt(SCHEMES.length)];
    double turn = random.between(-0.25, 0.25);
    double brightness = random.between(0.88, 1.1);
    double[][] palette = new double[scheme.length][];
    for (int i = 0; i < scheme.length; i++) {
      palette[i] = turnHue(rgb(scheme[i]), turn, brightness);
    }
    return palette;
  }

  /** A light colour to put a butterfly on. */
  static double[] background(SplitMix64 random) {
    double[] colour = rgb(BACKGROUNDS[random.nextInt(BACKGROUNDS.length)]);
    return turnHue(colour, random.between(-0.3, 0.3), random.between(0.94, 1.02));
  }

  static double[] rgb(int hex) {
    return new double[] {
      (hex >> 16 & 0xFF) / 255.0, (hex >> 8 & 0xFF) / 255.0, (hex & 0xFF) / 255.0
    };
  }

  /** Turns a colour about the grey axis (Rodrigues' formula, angle in radians) and scales it. */
  private static double[] turnHue(double[] rgb, double angle, double brightness) {
    double cos = StrictMath.cos(angle);
    double sin = StrictMath.sin(angle) / StrictMath.sqrt(3);
    double grey = (rgb[0] + rgb[1] + rgb[2]) / 3 * (1 - cos);
    double[] turned = new double[3];
    for (int c = 0; c < 3; c++) {
      double cross = rgb[(c + 2) % 3] - rgb[(c + 1) % 3];
      turned[c] = Math.clamp(brightness * (cos * rgb[c] + sin * cross + grey), 0.0, 1.0);
    }
    return turned;
  }
}
