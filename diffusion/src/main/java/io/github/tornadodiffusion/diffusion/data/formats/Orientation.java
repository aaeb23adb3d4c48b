package io.github.tornadodiffusion.diffusion.data.formats;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import javax.imageio.stream.ImageInputStream;

/**
 * How the rows and columns of an image as it is stored lie in the image as it is meant to be seen.
 * Cameras store what the sensor sees and note in the Exif tag Orientation how the camera was held.
 *
 * @param transposed whether stored rows are columns
 * @param mirroredX whether stored columns run backwards
 * @param mirroredY whether stored rows run backwards
 */
record Orientation(boolean transposed, boolean mirroredX, boolean mirroredY) {
  /** As stored. */
  static final Orientation UPRIGHT = new Orientation(false, false, false);

  private static final int TAG = 0x0112;
  private static final int SHORT = 3;
  private static final byte[] EXIF = "Exif\0\0".getBytes(StandardCharsets.US_ASCII);

  /** What the tag's values 1 to 8 mean; others mean nothing. */
  static Orientation of(int value) {
    return switch (value) {
      case 2 -> new Orientation(false, true, false);
      case 3 -> new Orientation(false, true, true);
      case 4 -> new Orientation(false, false, true);
      case 5 -> new Orientation(true, false, false);
      case 6 -> new Orientation(true, false, true);
      case 7 -> new Orientation(true, true, true);
      case 8 -> new Orientation(true, true, false);
      default -> UPRIGHT;
    };
  }

  /**
   * What a JPEG file says before its image begins; upright if it says nothing or is damaged, which
   * is for the decoder to report.
   *
   * @param input at the file's start, where it will be again
   */
  static Orientation ofJpeg(ImageInputStream input) throws IOException {
    input.mark();
    try {
      if (input.readUnsignedShort() != 0xFFD8) {
        return UPRIGHT;
      }
      while (input.readUnsignedByte() == 0xFF) {
        int marker = input.readUnsignedByte();
        int length = input.readUnsignedShort() - 2;
        if (marker < 0xC0 || marker == 0xDA || length < 0) {
          break;
        }
        byte[] segment = new byte[marker == 0xE1 ? length : 0];
        input.readFully(segment);
        if (segment.length > EXIF.length && Arrays.mismatch(segment, EXIF) == EXIF.length) {
          return ofTiff(ByteBuffer.wrap(segment, EXIF.length, length - EXIF.length).slice());
        }
        input.skipBytes(length - segment.length);
      }
      return UPRIGHT;
    } catch (EOFException e) {
      return UPRIGHT;
    } finally {
      input.reset();
    }
  }

  private static Orientation ofTiff(ByteBuffer tiff) {
    if (tiff.limit() < 8) {
      return UPRIGHT;
    }
    tiff.order(tiff.get(0) == 'I' ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    int directory = tiff.getInt(4);
    if (directory < 0 || directory > tiff.limit() - 2) {
      return UPRIGHT;
    }
    int entries = tiff.getShort(directory) & 0xFFFF;
    for (int i = 0; i < entries && directory + 14 + 12 * i <= tiff.limit(); i++) {
      int entry = directory + 2 + 12 * i;
      if (tiff.getShort(entry) == TAG && tiff.getShort(entry + 2) == SHORT) {
        return of(tiff.getShort(entry + 8));
      }
    }
    return UPRIGHT;
  }

  /** Turns a square plane as it is stored into one as it is seen. */
  float[] seen(float[] stored, int side) {
    if (equals(UPRIGHT)) {
      return stored;
    }
    float[] seen = new float[stored.length];
    for (int y = 0; y < side; y++) {
      for (int x = 0; x < side; x++) {
        int column = transposed ? y : x;
        int row = transposed ? x : y;
        column = mirroredX ? side - 1 - column : column;
        row = mirroredY ? side - 1 - row : row;
        seen[y * side + x] = stored[row * side + column];
      }
    }
    return seen;
  }
}
