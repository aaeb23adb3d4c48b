package io.github.tornadodiffusion.diffusion.data.sources;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.ImageBytes;
import io.github.tornadodiffusion.diffusion.data.Originals;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.diffusion.data.formats.ImageSource;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Images that are decoded from their files, as many of which are kept in memory as a bound allows.
 *
 * <p>Opening decodes every image once, to find those that cannot be read, which are skipped with a
 * warning, and to compute the hash. The first images stay in memory until the bound is reached; the
 * others are decoded again whenever they are asked for. An epoch asks for every image once, in a
 * new order, so no replacement policy would find more images in memory than this fixed part.
 */
final class CachedImages implements Dataset {
  /** Images that are decoded at a time while opening. */
  private static final int BLOCK = 64;

  private final ImageSource source;
  private final int imageSize;
  private final int channels;
  private final int[] readable;
  private final byte[][] kept;
  private final int[] widths;
  private final int[] heights;
  private final BitSet coloured;
  private final List<String> warnings;
  private final String hash;

  private record Attempt(DecodedImage image, String problem) {}

  /** The result of opening. */
  private static final class Pass {
    final int[] readable;
    final byte[][] kept;
    final MessageDigest digest;
    int count;
    long room;
    final int[] widths;
    final int[] heights;
    final BitSet coloured = new BitSet();
    String firstProblem;

    Pass(ImageSource source, int imageSize, int channels, long cacheBytes) {
      readable = new int[source.size()];
      widths = new int[source.size()];
      heights = new int[source.size()];
      kept = new byte[source.size()][];
      digest = ImageBytes.digest(source.size(), channels, imageSize);
      room = cacheBytes;
    }

    void add(ImageSource source, int index, Attempt attempt) {
      if (attempt.problem != null) {
        firstProblem =
            firstProblem == null ? source.name(index) + ": " + attempt.problem : firstProblem;
        return;
      }
      DecodedImage image = attempt.image;
      readable[count] = index;
      room -= image.pixels().length;
      if (room >= 0) {
        kept[count] = image.pixels();
      }
      widths[count] = image.width();
      heights[count] = image.height();
      coloured.set(count, image.colour());
      count++;
      digest.update(image.pixels());
    }
  }

  private CachedImages(ImageSource source, int imageSize, int channels, Pass pass) {
    this.source = source;
    this.imageSize = imageSize;
    this.channels = channels;
    readable = Arrays.copyOf(pass.readable, pass.count);
    kept = Arrays.copyOf(pass.kept, pass.count);
    widths = Arrays.copyOf(pass.widths, pass.count);
    heights = Arrays.copyOf(pass.heights, pass.count);
    coloured = pass.coloured;
    warnings = new ArrayList<>(source.warnings());
    int skipped = source.size() - size();
    if (skipped > 0) {
      warnings.add(
          Messages.line(
              "%d of %d images in %s cannot be read and are skipped, the first is %s"
                  .formatted(skipped, source.size(), source.place(), pass.firstProblem)));
    }
    // The hash begins with the number of images, which is known only now.
    hash = Sha256.hex(skipped > 0 ? digest() : pass.digest);
  }

  /** The default bound: a quarter of the heap. */
  static long defaultCacheBytes() {
    return Runtime.getRuntime().maxMemory() / 4;
  }

  /**
   * Decodes every image once and keeps as many as fit.
   *
   * @param cacheBytes most bytes of decoded images to keep in memory
   * @throws IllegalArgumentException in one line if no image can be read
   */
  static CachedImages open(ImageSource source, int imageSize, int channels, long cacheBytes) {
    Pass pass = new Pass(source, imageSize, channels, cacheBytes);
    for (int start = 0; start < source.size(); start += BLOCK) {
      int from = start;
      List<Attempt> block =
          IntStream.range(from, Math.min(from + BLOCK, source.size()))
              .parallel()
              .mapToObj(i -> attempt(source, i, imageSize, channels))
              .toList();
      for (int i = 0; i < block.size(); i++) {
        pass.add(source, from + i, block.get(i));
      }
    }
    if (pass.count == 0) {
      throw new IllegalArgumentException(
          Messages.line(
              "none of the %d images in %s can be read: %s; give %s"
                  .formatted(
                      source.size(), source.place(), pass.firstProblem, ImageDecoder.ACCEPTED)));
    }
    return new CachedImages(source, imageSize, channels, pass);
  }

  /**
   * What some images are in their files, evenly spread over all.
   *
   * @param most how many are looked at
   * @param imageSize that they are to have
   * @return empty if none of them can be read
   */
  static Optional<Originals> look(ImageSource source, int most, int imageSize) {
    int count = Math.min(most, source.size());
    return IntStream.range(0, count)
        .parallel()
        .mapToObj(i -> attempt(source, (int) ((long) i * source.size() / count), imageSize, 3))
        .filter(attempt -> attempt.problem == null)
        .map(attempt -> attempt.image)
        .map(image -> Originals.of(image.width(), image.height(), image.colour(), imageSize))
        .reduce(Originals::with);
  }

  private static Attempt attempt(ImageSource source, int index, int imageSize, int channels) {
    try {
      return new Attempt(source.decode(index, imageSize, channels), null);
    } catch (IOException e) {
      return new Attempt(null, String.valueOf(e.getMessage()));
    }
  }

  private MessageDigest digest() {
    MessageDigest digest = ImageBytes.digest(size(), channels, imageSize);
    for (int i = 0; i < size(); i++) {
      digest.update(pixels(i));
    }
    return digest;
  }

  private byte[] pixels(int index) {
    if (kept[index] != null) {
      return kept[index];
    }
    try {
      return source.decode(readable[index], imageSize, channels).pixels();
    } catch (IOException e) {
      throw new UncheckedIOException(
          new IOException(
              Messages.line(
                  "%s in %s can no longer be read (%s): leave the data in place while it is used"
                      .formatted(source.name(readable[index]), source.place(), e.getMessage())),
              e));
    }
  }

  /** How many images are kept in memory. */
  int kept() {
    return (int) Arrays.stream(kept).filter(image -> image != null).count();
  }

  @Override
  public String name() {
    return source.place();
  }

  @Override
  public int size() {
    return readable.length;
  }

  @Override
  public int channels() {
    return channels;
  }

  @Override
  public int imageSize() {
    return imageSize;
  }

  @Override
  public float[] image(int index) {
    return ImageBytes.toFloats(pixels(index));
  }

  @Override
  public int label(int index) {
    return source.label(readable[index]);
  }

  @Override
  public int classes() {
    return source.classNames().size();
  }

  @Override
  public List<String> classNames() {
    return source.classNames();
  }

  @Override
  public Optional<Originals> original(int index) {
    return Optional.of(Originals.of(widths[index], heights[index], coloured.get(index), imageSize));
  }

  @Override
  public String hash() {
    return hash;
  }

  @Override
  public List<String> warnings() {
    return List.copyOf(warnings);
  }
}
