package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.diffusion.data.Resampler;
import io.github.tornadodiffusion.diffusion.images.Headless;
import io.github.tornadodiffusion.nn.io.Messages;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.SampleModel;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.IIOException;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.FileImageInputStream;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.MemoryCacheImageInputStream;

/**
 * Turns an image file into a square of bytes: composited over white, cropped to the centre square,
 * resized by {@link Resampler}. The content decides on the format, not the file's name; of an
 * animation the first frame is taken; a camera's orientation is followed, in JPEG files, embedded
 * colour profiles are ignored.
 */
public final class ImageDecoder {
  /** The formats, for messages. */
  public static final String ACCEPTED = "PNG, JPEG, GIF, BMP or WebP files";

  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif", "bmp", "webp");
  private static final long MAX_PIXELS = 100_000_000;

  /** Larger images are read with every n-th pixel only, to bound the memory they take. */
  private static final long LARGE_PIXELS = 16_000_000;

  /**
   * More pixels a byte are refused: deflate packs 1032 bytes of 8 black or white pixels into one.
   */
  private static final int MOST_PIXELS_PER_BYTE = 8 * 1032;

  /** Of a pixel: four samples of 16 bits. */
  private static final int MOST_BITS = 64;

  /** So few pixels are accepted from a file of any size: WebP packs without a bound. */
  private static final long SMALL_PIXELS = 1_000_000;

  static {
    Headless.ensure();
  }

  private ImageDecoder() {}

  /**
   * Decodes a file.
   *
   * @throws IOException if the file cannot be decoded; the message says why in one line
   */
  public static DecodedImage decode(File file, int imageSize, int channels) throws IOException {
    if (file.length() == 0 && file.isFile()) {
      throw new IOException("the file is empty");
    }
    try (ImageInputStream input = new EndingInput(new FileImageInputStream(file))) {
      return decode(input, file.length(), imageSize, channels);
    }
  }

  /**
   * Decodes the content of a file.
   *
   * @throws IOException if the content cannot be decoded; the message says why in one line
   */
  static DecodedImage decode(byte[] content, int imageSize, int channels) throws IOException {
    if (content.length == 0) {
      throw new IOException("the file is empty");
    }
    try (ImageInputStream input =
        new EndingInput(new MemoryCacheImageInputStream(new ByteArrayInputStream(content)))) {
      return decode(input, content.length, imageSize, channels);
    }
  }

  private static DecodedImage decode(
      ImageInputStream input, long length, int imageSize, int channels) throws IOException {
    try {
      ImageReader reader = reader(input);
      try {
        Orientation orientation = isJpeg(reader) ? Orientation.ofJpeg(input) : Orientation.UPRIGHT;
        return square(read(reader, input, length, imageSize), orientation, imageSize, channels);
      } finally {
        reader.dispose();
      }
    } catch (EOFException e) {
      throw new IOException("the file is truncated", e);
    } catch (IIOException | RuntimeException | OutOfMemoryError e) {
      // Readers report damage in checks of their own, or run into it where they have none.
      throw damaged(e);
    }
  }

  private static IOException damaged(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof EOFException) {
      return new IOException("the file is truncated", e);
    }
    if (root instanceof OutOfMemoryError) {
      return new IOException("there is too little memory to decode it: give more, with -Xmx", e);
    }
    return new IOException(Messages.line("the image is damaged (" + root + ")"), e);
  }

  private static ImageReader reader(ImageInputStream input) throws IOException {
    Iterator<ImageReader> readers = ImageIO.getImageReaders(input);
    while (readers.hasNext()) {
      ImageReader reader = readers.next();
      if (FORMATS.contains(reader.getFormatName().toLowerCase(Locale.ROOT))) {
        return reader;
      }
      reader.dispose();
    }
    throw new IOException("the content is not PNG, JPEG, GIF, BMP or WebP");
  }

  private static BufferedImage read(
      ImageReader reader, ImageInputStream input, long length, int imageSize) throws IOException {
    long scans = isJpeg(reader) ? JpegScans.count(input) : 1;
    reader.setInput(input, true, true);
    int width = reader.getWidth(0);
    int height = reader.getHeight(0);
    long pixels = (long) width * height;
    if (pixels > MAX_PIXELS) {
      throw new IOException(
          "%dx%d pixels are more than the %d accepted".formatted(width, height, MAX_PIXELS));
    }
    if (pixels > SMALL_PIXELS + length * MOST_PIXELS_PER_BYTE) {
      throw new IOException(
          "its %d bytes cannot hold the %dx%d pixels that it declares, it is damaged"
              .formatted(length, width, height));
    }
    JpegScans.check(scans, pixels);
    boolean[] truncated = new boolean[1];
    // The JPEG reader fills what is missing with grey and only warns.
    reader.addIIOReadWarningListener(
        (source, warning) -> truncated[0] |= warning.contains("Truncated"));
    ImageReadParam parameters = reader.getDefaultReadParam();
    int step = Math.min(width, height) / (4 * imageSize);
    if (pixels > LARGE_PIXELS && step > 1) {
      parameters.setSourceSubsampling(step, step, 0, 0);
      pixels /= (long) step * step;
    }
    checkMemory(reader, pixels);
    BufferedImage image = reader.read(0, parameters);
    if (truncated[0]) {
      throw new IOException("the file is truncated");
    }
    if (isJpeg(reader) && image.getRaster().getNumBands() == 4) {
      // The JDK takes four components for red, green, blue and alpha, which nobody writes.
      throw new IOException("JPEG files in CMYK are not supported, save it as RGB");
    }
    return image;
  }

  /** Refuses an image before it is decoded if it alone takes a quarter of the heap. */
  private static void checkMemory(ImageReader reader, long pixels) throws IOException {
    Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
    long bits = MOST_BITS;
    if (types.hasNext()) {
      SampleModel samples = types.next().getSampleModel();
      bits = (long) samples.getNumBands() * DataBuffer.getDataTypeSize(samples.getDataType());
    }
    long heap = Runtime.getRuntime().maxMemory();
    if (pixels * bits / Byte.SIZE > heap / 4) {
      throw new IOException(
          "%d pixels of %d bits are too many for a heap of %d MiB: give more, with -Xmx"
              .formatted(pixels, bits, heap >> 20));
    }
  }

  private static boolean isJpeg(ImageReader reader) throws IOException {
    return reader.getFormatName().equalsIgnoreCase("jpeg");
  }

  /** Crops an image to its centre square and resizes it. */
  static DecodedImage square(BufferedImage image, int imageSize, int channels) throws IOException {
    return square(image, Orientation.UPRIGHT, imageSize, channels);
  }

  private static DecodedImage square(
      BufferedImage image, Orientation orientation, int imageSize, int channels)
      throws IOException {
    PixelRows pixels = new PixelRows(image);
    int side = Math.min(image.getWidth(), image.getHeight());
    int left = margin(image.getWidth() - side, orientation.mirroredX());
    int top = margin(image.getHeight() - side, orientation.mirroredY());
    Resampler resampler = new Resampler(side, imageSize);
    float[] row = new float[3 * side];
    float[][] narrow = new float[channels][side * imageSize];
    for (int y = 0; y < side; y++) {
      pixels.read(left, top + y, side, row);
      if (channels == 1) {
        toGrey(row, side);
      }
      for (int channel = 0; channel < channels; channel++) {
        resampler.line(row, channel * side, 1, narrow[channel], y * imageSize, 1);
      }
    }
    int plane = imageSize * imageSize;
    byte[] bytes = new byte[channels * plane];
    float[] resized = new float[plane];
    for (int channel = 0; channel < channels; channel++) {
      for (int x = 0; x < imageSize; x++) {
        resampler.line(narrow[channel], x, imageSize, resized, x, imageSize);
      }
      float[] seen = orientation.seen(resized, imageSize);
      for (int i = 0; i < plane; i++) {
        bytes[channel * plane + i] = ImageBytes.toByte(seen[i]);
      }
    }
    return orientation.transposed()
        ? new DecodedImage(bytes, image.getHeight(), image.getWidth())
        : new DecodedImage(bytes, image.getWidth(), image.getHeight());
  }

  /** What is cut off before the centre; an odd pixel is cut off at the right or the bottom. */
  private static int margin(int surplus, boolean mirrored) {
    return mirrored ? Math.ceilDiv(surplus, 2) : surplus / 2;
  }

  private static void toGrey(float[] row, int width) {
    for (int x = 0; x < width; x++) {
      row[x] = ImageBytes.luma(row[x], row[width + x], row[2 * width + x]);
    }
  }
}
