package io.github.tornadodiffusion.diffusion.images;

import java.awt.Transparency;
import java.awt.color.ColorSpace;
import java.awt.image.BufferedImage;
import java.awt.image.ColorModel;
import java.awt.image.ComponentColorModel;
import java.awt.image.DataBuffer;
import java.awt.image.WritableRaster;

/**
 * Pictures of one band, which become grey PNG files.
 *
 * <p>A value of such a picture and of the same grey in red, green and blue are one number, as in
 * PNG files and everywhere but in AWT, whose own grey is linear: its {@code getRGB} of 64 is 137.
 */
public final class GreyImage {
  static {
    Headless.ensure();
  }

  private GreyImage() {}

  /** A black picture. */
  static BufferedImage blank(int width, int height) {
    ColorModel model =
        new ComponentColorModel(
            new Grey(), false, false, Transparency.OPAQUE, DataBuffer.TYPE_BYTE);
    WritableRaster raster = model.createCompatibleWritableRaster(width, height);
    return new BufferedImage(model, raster, false, null);
  }

  /**
   * A picture in red, green and blue, for what draws pictures into others.
   *
   * @param image a grey one, be it from here or from a file, or any other, which is returned
   */
  public static BufferedImage toRgb(BufferedImage image) {
    ColorModel model = image.getColorModel();
    boolean grey = model.getColorSpace().getType() == ColorSpace.TYPE_GRAY && !model.hasAlpha();
    if (!grey || model.getComponentSize(0) != Byte.SIZE) {
      return image;
    }
    BufferedImage rgb =
        new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
    for (int y = 0; y < image.getHeight(); y++) {
      for (int x = 0; x < image.getWidth(); x++) {
        rgb.setRGB(x, y, image.getRaster().getSample(x, y, 0) * 0x010101);
      }
    }
    return rgb;
  }

  /** Grey with sRGB's curve. */
  private static final class Grey extends ColorSpace {
    private static final long serialVersionUID = 1;
    private static final ColorSpace RGB = ColorSpace.getInstance(CS_sRGB);

    Grey() {
      super(TYPE_GRAY, 1);
    }

    @Override
    public float[] toRGB(float[] grey) {
      return new float[] {grey[0], grey[0], grey[0]};
    }

    @Override
    public float[] fromRGB(float[] rgb) {
      return new float[] {(rgb[0] + rgb[1] + rgb[2]) / 3};
    }

    @Override
    public float[] toCIEXYZ(float[] grey) {
      return RGB.toCIEXYZ(toRGB(grey));
    }

    @Override
    public float[] fromCIEXYZ(float[] xyz) {
      return fromRGB(RGB.fromCIEXYZ(xyz));
    }
  }
}
