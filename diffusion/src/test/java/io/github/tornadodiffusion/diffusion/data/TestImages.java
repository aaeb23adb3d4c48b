package io.github.tornadodiffusion.diffusion.data;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.IndexColorModel;
import java.awt.image.WritableRaster;
import java.util.LinkedHashMap;
import java.util.Map;

/** Small images in the sample layouts that image files have. */
public final class TestImages {
  private TestImages() {}

  /** 2x2 pixels of the same four grey shades of 0 .. 255, stored in different ways. */
  public static Map<String, BufferedImage> sampleKinds(int[] shades) {
    Map<String, BufferedImage> images = new LinkedHashMap<>();
    images.put("grey", component(shades, ColorSpace.CS_GRAY, false, 8));
    images.put("grey-16", component(shades, ColorSpace.CS_GRAY, false, 16));
    images.put("grey-alpha", component(shades, ColorSpace.CS_GRAY, true, 8));
    images.put("grey-alpha-16", component(shades, ColorSpace.CS_GRAY, true, 16));
    images.put("rgb", component(shades, ColorSpace.CS_sRGB, false, 8));
    images.put("rgb-16", component(shades, ColorSpace.CS_sRGB, false, 16));
    images.put("rgba", component(shades, ColorSpace.CS_sRGB, true, 8));
    images.put("rgba-16", component(shades, ColorSpace.CS_sRGB, true, 16));
    images.put("palette-8", palette(shades, 8));
    images.put("palette-2", palette(shades, 2));
    return images;
  }

  private static BufferedImage component(int[] shades, int space, boolean alpha, int bits) {
    ColorModel model =
        new ComponentColorModel(
            ColorSpace.getInstance(space),
            alpha,
            false,
            alpha ? Transparency.TRANSLUCENT : Transparency.OPAQUE,
            bits == 8 ? DataBuffer.TYPE_BYTE : DataBuffer.TYPE_USHORT);
    WritableRaster raster = model.createCompatibleWritableRaster(2, 2);
    int full = bits == 8 ? 255 : 65_535;
    for (int i = 0; i < 4; i++) {
      for (int band = 0; band < raster.getNumBands(); band++) {
        boolean opacity = alpha && band == raster.getNumBands() - 1;
        raster.setSample(i % 2, i / 2, band, opacity ? full : shades[i] * (full / 255));
      }
    }
    return new BufferedImage(model, raster, false, null);
  }

  private static BufferedImage palette(int[] shades, int bits) {
    byte[] entries = new byte[4];
    for (int i = 0; i < 4; i++) {
      entries[i] = (byte) shades[i];
    }
    return indexed(new IndexColorModel(bits, 4, entries, entries, entries), bits);
  }

  /** 8x8 pixels, a colour for every two rows: transparent, blue, green, red. */
  public static BufferedImage paletteWithHole() {
    byte full = (byte) 255;
    byte[] red = {0, 0, 0, full};
    byte[] green = {0, 0, full, 0};
    byte[] blue = {0, full, 0, 0};
    IndexColorModel model = new IndexColorModel(8, 4, red, green, blue, 0);
    BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_INDEXED, model);
    for (int i = 0; i < 64; i++) {
      image.getRaster().setSample(i % 8, i / 8, 0, i / 16);
    }
    return image;
  }

  private static BufferedImage indexed(IndexColorModel model, int bits) {
    int type = bits == 8 ? BufferedImage.TYPE_BYTE_INDEXED : BufferedImage.TYPE_BYTE_BINARY;
    BufferedImage image = new BufferedImage(2, 2, type, model);
    for (int i = 0; i < 4; i++) {
      image.getRaster().setSample(i % 2, i / 2, 0, i);
    }
    return image;
  }
}
