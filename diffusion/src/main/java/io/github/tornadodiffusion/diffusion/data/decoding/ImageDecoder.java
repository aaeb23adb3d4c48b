package io.github.tornadodiffusion.diffusion.data.decoding;

import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.diffusion.data.Resampler;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import javax.imageio.IIOException;

/**
 * Turns an image file into a square of bytes: composited over white, cropped to the centre square,
 * resized by {@link Resampler}. The content determines the format, not the name of the file. Of an
 * animation the first frame on its canvas is taken; the orientation that a camera records is
 * applied wherever the format has it; embedded colour profiles are ignored, as Pillow ignores them.
 */
public final class ImageDecoder {
  /** The formats, for messages. */
  public static final String ACCEPTED = "PNG, JPEG, GIF, BMP or WebP files";

  /** The largest image file that is read from an archive. */
  public static final int MAX_FILE_BYTES = 1 << 28;

  /** Grey images that were photographed, scanned or coded as colours differ by less, of 255. */
  private static final int LEAST_COLOUR = 16;

  private ImageDecoder() {}

  /**
   * Decodes a file.
   *
   * @throws IOException if the file cannot be decoded; the message says why in one line
   */
  public static DecodedImage decode(Path file, int imageSize, int channels) throws IOException {
    try (FileChannel channel = FileChannel.open(file);
        Arena arena = Arena.ofConfined()) {
      MemorySegment content = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      return decode(content, imageSize, channels);
    } catch (FileSystemException e) {
      String reason = e.getReason() == null ? e.getClass().getSimpleName() : e.getReason();
      throw new IOException("the file cannot be opened (" + reason + ")", e);
    }
  }

  /**
   * Decodes the content of a file.
   *
   * @throws IOException if the content cannot be decoded; the message says why in one line
   */
  public static DecodedImage decode(byte[] content, int imageSize, int channels)
      throws IOException {
    return decode(MemorySegment.ofArray(content), imageSize, channels);
  }

  private static DecodedImage decode(MemorySegment content, int imageSize, int channels)
      throws IOException {
    if (content.byteSize() == 0) {
      throw new IOException("the file is empty");
    }
    try {
      StoredImage image = StoredImage.read(content, imageSize);
      return square(image.rows(), image.orientation(), imageSize, channels);
    } catch (EOFException e) {
      throw new IOException("the file is truncated", e);
    } catch (IIOException | RuntimeException | OutOfMemoryError | InternalError e) {
      // Readers report damage if they check for it, and otherwise fail in any way; the JVM
      // reports a mapped file that becomes shorter while it is read.
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

  /** Crops an image to its centre square and resizes it. */
  static DecodedImage square(
      PixelRows pixels, Orientation orientation, int imageSize, int channels) {
    int side = Math.min(pixels.width(), pixels.height());
    int left = margin(pixels.width() - side, orientation.mirroredX());
    int top = margin(pixels.height() - side, orientation.mirroredY());
    Resampler resampler = new Resampler(side, imageSize);
    float[] row = new float[3 * side];
    float[][] narrow = new float[channels][side * imageSize];
    boolean colour = false;
    for (int y = 0; y < side; y++) {
      pixels.read(left, top + y, side, row);
      colour = colour || hasColour(row, side);
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
        ? new DecodedImage(bytes, pixels.height(), pixels.width(), colour)
        : new DecodedImage(bytes, pixels.width(), pixels.height(), colour);
  }

  /** The margin before the centre; an odd pixel is cut off at the right or the bottom. */
  private static int margin(int surplus, boolean mirrored) {
    return mirrored ? Math.ceilDiv(surplus, 2) : surplus / 2;
  }

  private static boolean hasColour(float[] row, int width) {
    for (int x = 0; x < width; x++) {
      float red = row[x];
      float green = row[width + x];
      float blue = row[2 * width + x];
      float most = Math.max(red, Math.max(green, blue));
      if (most - Math.min(red, Math.min(green, blue)) > LEAST_COLOUR) {
        return true;
      }
    }
    return false;
  }

  private static void toGrey(float[] row, int width) {
    for (int x = 0; x < width; x++) {
      row[x] = ImageBytes.luma(row[x], row[width + x], row[2 * width + x]);
    }
  }
}
