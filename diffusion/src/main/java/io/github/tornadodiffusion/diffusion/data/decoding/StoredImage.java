package io.github.tornadodiffusion.diffusion.data.decoding;

import io.github.tornadodiffusion.diffusion.images.Headless;
import java.awt.image.BufferedImage;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.awt.image.SampleModel;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.Locale;
import java.util.Set;
import javax.imageio.ImageIO;
import javax.imageio.ImageReadParam;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.stream.ImageInputStream;

/**
 * An image as its file stores it. Of an animation it is the first frame on its canvas. The samples
 * are used as stored: no reader applies an embedded profile.
 *
 * @param rows of the image before it is turned
 * @param orientation how it is to be turned
 */
record StoredImage(PixelRows rows, Orientation orientation) {
  private static final Set<String> FORMATS = Set.of("png", "jpeg", "gif", "bmp", "webp");
  private static final long MAX_PIXELS = 100_000_000;

  /** Larger images are read with every n-th pixel only, to bound the memory they take. */
  private static final long LARGE_PIXELS = 16_000_000;

  /**
   * More is refused: a byte of deflate expands to at most 1032, each 8 pixels of black or white.
   */
  private static final int MOST_PIXELS_PER_BYTE = 8 * 1032;

  /** Of a pixel: four samples of 16 bits. */
  private static final int MOST_BITS = 64;

  /** Fewer pixels are always accepted, because WebP has no bound of this kind. */
  private static final long SMALL_PIXELS = 1_000_000;

  private static final int BMP_COMPRESSION = 30;
  private static final int BMP_JPEG = 4;
  private static final int BMP_PNG = 5;

  static {
    Headless.ensure();
  }

  /**
   * Reads an image.
   *
   * @param imageSize width and height it will be resized to: a much larger image is read only in
   *     part
   * @throws IOException if it cannot be read
   */
  static StoredImage read(MemorySegment content, int imageSize) throws IOException {
    ImageInputStream input = new EndingInput(content);
    ImageReader reader = reader(input);
    try {
      return switch (reader.getFormatName().toLowerCase(Locale.ROOT)) {
        case "jpeg" -> jpeg(reader, input, imageSize);
        case "webp" -> webp(reader, input, imageSize);
        case "gif" -> {
          Canvas canvas = Canvas.ofGif(input);
          check(canvas.width(), canvas.height(), content.byteSize());
          reader.setInput(input, true, true);
          yield new StoredImage(image(reader, canvas, input, imageSize), Orientation.UPRIGHT);
        }
        case "png" -> {
          Orientation orientation = PngChunks.orientation(input);
          reader.setInput(input, true, true);
          yield new StoredImage(image(reader, null, input, imageSize), orientation);
        }
        default -> {
          checkBmp(input);
          reader.setInput(input, true, true);
          yield new StoredImage(image(reader, null, input, imageSize), Orientation.UPRIGHT);
        }
      };
    } finally {
      reader.dispose();
    }
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

  /**
   * The components of a JPEG file are used as coded, because the JDK guesses their meaning
   * differently and applies an embedded profile.
   */
  private static StoredImage jpeg(ImageReader reader, ImageInputStream input, int imageSize)
      throws IOException {
    JpegHeader header = JpegHeader.read(input);
    if (header.components() == 4) {
      throw new IOException("JPEG files in CMYK are not supported, save it as RGB");
    }
    if (header.components() == 2 || header.components() > 4) {
      throw new IOException(
          "JPEG files of %d components are not supported, save it as RGB"
              .formatted(header.components()));
    }
    final long scans = JpegScans.count(input);
    reader.setInput(input, true, true);
    long pixels = check(reader.getWidth(0), reader.getHeight(0), input.length());
    JpegScans.check(scans, pixels);
    boolean[] truncated = new boolean[1];
    // The reader fills what is missing with grey and only warns.
    reader.addIIOReadWarningListener(
        (source, warning) -> truncated[0] |= warning.contains("Truncated"));
    ImageReadParam parameters = reader.getDefaultReadParam();
    int step = step(reader, pixels, imageSize);
    parameters.setSourceSubsampling(step, step, 0, 0);
    checkMemory(pixels / ((long) step * step), header.components() * Byte.SIZE);
    Raster raster = reader.readRaster(0, parameters);
    if (truncated[0]) {
      throw new IOException("the file is truncated");
    }
    return new StoredImage(PixelRows.of(raster, header.yCbCr()), header.orientation());
  }

  private static StoredImage webp(ImageReader reader, ImageInputStream input, int imageSize)
      throws IOException {
    WebpFile file = WebpFile.read(input);
    ImageInputStream frame = new EndingInput(MemorySegment.ofArray(file.firstFrame()));
    reader.setInput(frame, true, true);
    Canvas canvas = file.canvas(reader.getWidth(0), reader.getHeight(0));
    check(canvas.width(), canvas.height(), input.length());
    return new StoredImage(image(reader, canvas, frame, imageSize), file.orientation());
  }

  /** Printers accept such files; none of the usual readers does. */
  private static void checkBmp(ImageInputStream input) throws IOException {
    input.mark();
    ByteOrder order = input.getByteOrder();
    input.setByteOrder(ByteOrder.LITTLE_ENDIAN);
    input.skipBytes(BMP_COMPRESSION);
    int compression = input.length() < BMP_COMPRESSION + 4 ? 0 : input.readInt();
    input.setByteOrder(order);
    input.reset();
    if (compression == BMP_JPEG || compression == BMP_PNG) {
      throw new IOException("BMP files that hold a JPEG or PNG file are not supported");
    }
  }

  /**
   * Reads an image whose reader does not convert it.
   *
   * @param canvas of the image, or null if the image fills it
   */
  private static PixelRows image(
      ImageReader reader, Canvas canvas, ImageInputStream input, int imageSize) throws IOException {
    int width = reader.getWidth(0);
    int height = reader.getHeight(0);
    long pixels = check(width, height, input.length());
    Canvas whole = canvas == null ? Canvas.of(width, height) : canvas;
    ImageReadParam parameters = reader.getDefaultReadParam();
    int step = step(reader, pixels, imageSize);
    // Every n-th column and row of the canvas is read, wherever the image begins on it.
    parameters.setSourceSubsampling(
        step, step, Math.floorMod(-whole.left(), step), Math.floorMod(-whole.top(), step));
    checkMemory(pixels / ((long) step * step), bits(reader));
    BufferedImage image = reader.read(0, parameters);
    return PixelRows.of(image, whole.every(step));
  }

  /** Refuses sizes that are too large, or too large for the number of bytes. */
  private static long check(int width, int height, long length) throws IOException {
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
    return pixels;
  }

  /** The distance of the pixels that are read. */
  private static int step(ImageReader reader, long pixels, int imageSize) throws IOException {
    int step = Math.min(reader.getWidth(0), reader.getHeight(0)) / (4 * imageSize);
    return pixels > LARGE_PIXELS && step > 1 ? step : 1;
  }

  private static int bits(ImageReader reader) throws IOException {
    Iterator<ImageTypeSpecifier> types = reader.getImageTypes(0);
    if (!types.hasNext()) {
      return MOST_BITS;
    }
    SampleModel samples = types.next().getSampleModel();
    return samples.getNumBands() * DataBuffer.getDataTypeSize(samples.getDataType());
  }

  /** Refuses an image before it is decoded if it would take a quarter of the heap. */
  private static void checkMemory(long pixels, int bits) throws IOException {
    long heap = Runtime.getRuntime().maxMemory();
    if (pixels * bits / Byte.SIZE > heap / 4) {
      throw new IOException(
          "%d pixels of %d bits are too many for a heap of %d MiB: give more, with -Xmx"
              .formatted(pixels, bits, heap >> 20));
    }
  }
}
