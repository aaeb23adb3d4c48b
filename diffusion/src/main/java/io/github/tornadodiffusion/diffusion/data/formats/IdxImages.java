package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.SplitName;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.RawPixels;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Grey images in the IDX format of <a href="http://yann.lecun.com/exdb/mnist/">MNIST</a>, which
 * Fashion-MNIST and others use too: a big-endian header (type 8 for bytes, number of dimensions,
 * dimensions) and bare samples. Labels are in a separate file, called {@code
 * train-labels-idx1-ubyte} where the images are {@code train-images-idx3-ubyte}, or {@code
 * train-labels-idx2-int} as in QMNIST; any may be packed with gzip.
 */
public final class IdxImages implements ImageSource {
  private static final int IMAGES_MAGIC = 0x0803;
  private static final int LABELS_MAGIC = 0x0801;
  private static final int TABLE_MAGIC = 0x0C02;
  private static final int IMAGES_HEADER = 16;
  private static final int LABELS_HEADER = 8;
  private static final int TABLE_HEADER = 12;
  private static final int MAX_SIDE = 1 << 12;

  private final String place;
  private final List<Part> parts;
  private final int size;
  private final int classes;
  private final List<String> warnings;

  /** A file of images and its labels, or null. */
  private record Part(
      Path file, MemorySegment images, byte[] labels, int count, int height, int width) {}

  private IdxImages(String place, List<Path> files, List<String> warnings) throws IOException {
    this.place = place;
    parts = new ArrayList<>();
    this.warnings = new ArrayList<>(warnings);
    for (Path file : files) {
      parts.add(part(file));
    }
    size = parts.stream().mapToInt(Part::count).reduce(0, Math::addExact);
    boolean labelled = parts.stream().allMatch(part -> part.labels != null);
    classes = labelled ? 1 + parts.stream().mapToInt(IdxImages::maxLabel).max().orElse(-1) : 0;
  }

  /** Whether a file begins like images in this format. */
  public static boolean isImages(byte[] head) {
    return magic(head) == IMAGES_MAGIC;
  }

  /** Whether a file begins like labels in this format. */
  public static boolean isLabels(byte[] head) {
    return magic(head) == LABELS_MAGIC || magic(head) == TABLE_MAGIC;
  }

  private static int magic(byte[] head) {
    return head.length < 4 ? -1 : ByteBuffer.wrap(head).getInt();
  }

  /** Opens one file of images with its labels. */
  public static ImageSource open(Path file, Split split) throws IOException {
    TreeMap<Split, List<Path>> there = new TreeMap<>();
    there.put(told(file).map(SplitName::split).orElse(Split.ALL), List.of(file));
    List<Path> chosen = split == null ? List.of(file) : Split.choose(there, split, file.toString());
    return new IdxImages(file.toString(), chosen, List.of());
  }

  /**
   * Opens the files of images in a directory.
   *
   * @param warnings from earlier steps
   * @throws IOException in one line if they are of several data sets, or only some indicate a split
   */
  public static ImageSource open(
      Path directory, List<Path> files, Split split, List<String> warnings) throws IOException {
    TreeMap<Split, List<Path>> there = new TreeMap<>();
    TreeMap<String, Path> sets = new TreeMap<>();
    for (Path file : files) {
      Optional<SplitName> name = told(file);
      there
          .computeIfAbsent(name.map(SplitName::split).orElse(Split.ALL), key -> new ArrayList<>())
          .add(file);
      // The rest of the names, without the split and numbers, is the name of the data set.
      String rest = name.map(SplitName::rest).orElse(file.getFileName().toString());
      sets.putIfAbsent(rest.replaceAll("\\.gz$", "").replaceAll("[^\\p{L}]+", "-"), file);
    }
    if (sets.size() > 1 || (there.size() > 1 && there.containsKey(Split.ALL))) {
      throw new IOException(
          "%s holds several data sets, or files of no split beside others (%s): give one file of"
                  .formatted(directory, sets.size() > 1 ? names(sets.values()) : names(files))
              + " images, or a directory of one data set");
    }
    List<String> all = new ArrayList<>(warnings);
    if (there.containsKey(Split.ALL) && files.size() > 1) {
      all.add("%s tell no split: all are read".formatted(names(files)));
    }
    return new IdxImages(
        directory.toString(), Split.choose(there, split, directory.toString()), all);
  }

  private static Optional<SplitName> told(Path file) {
    return SplitName.of(file.getFileName().toString());
  }

  private static String names(Collection<Path> files) {
    return files.stream()
        .map(file -> file.getFileName().toString())
        .collect(Collectors.joining(", "));
  }

  private Part part(Path file) throws IOException {
    MemorySegment content = FileContent.read(file);
    if (content.byteSize() < IMAGES_HEADER) {
      throw new IOException(file + " is truncated: fetch it again");
    }
    long count = int32(content, 4);
    int height = int32(content, 8);
    int width = int32(content, 12);
    if (count < 1 || height < 1 || width < 1 || height > MAX_SIDE || width > MAX_SIDE) {
      throw new IOException(
          "%s declares %d images of %dx%d: give a file of images in IDX format"
              .formatted(file, count, width, height));
    }
    checkLength(file, content, IMAGES_HEADER + count * height * width);
    return new Part(file, content, labels(file, (int) count), (int) count, height, width);
  }

  private byte[] labels(Path images, int count) throws IOException {
    Path file = labelsFile(images);
    if (file == null) {
      warnings.add(images + " has no file of labels beside it: its images have no classes");
      return null;
    }
    MemorySegment content = FileContent.read(file);
    boolean table = content.byteSize() >= TABLE_HEADER && int32(content, 0) == TABLE_MAGIC;
    if (content.byteSize() < LABELS_HEADER || !table && int32(content, 0) != LABELS_MAGIC) {
      throw new IOException(file + " holds no labels in IDX format: fetch it again or remove it");
    }
    if (int32(content, 4) != count) {
      throw new IOException(
          "%s has %d labels for the %d images of %s: fetch both again"
              .formatted(file, int32(content, 4), count, images.getFileName()));
    }
    if (table) {
      return firstColumn(file, content, count);
    }
    checkLength(file, content, (long) LABELS_HEADER + count);
    return FileContent.bytes(content, LABELS_HEADER, count);
  }

  /** The classes, which are the first column of QMNIST's table. */
  private static byte[] firstColumn(Path file, MemorySegment content, int count)
      throws IOException {
    long row = Integer.BYTES * Integer.toUnsignedLong(int32(content, LABELS_HEADER));
    if (row == 0) {
      throw new IOException(file + " has labels of no columns: fetch it again");
    }
    checkLength(file, content, TABLE_HEADER + count * row);
    byte[] labels = new byte[count];
    for (int i = 0; i < count; i++) {
      int label = int32(content, TABLE_HEADER + i * row);
      if (label < 0 || label > 0xFF) {
        throw new IOException("%s has the label %d: fetch it again".formatted(file, label));
      }
      labels[i] = (byte) label;
    }
    return labels;
  }

  private static Path labelsFile(Path images) {
    String name = images.getFileName().toString();
    String labels = name.replace("images", "labels").replace("idx3", "idx1");
    String bare = labels.replaceFirst("\\.gz$", "");
    if (labels.equals(name)) {
      return null;
    }
    String table = bare.replace("idx1-ubyte", "idx2-int");
    for (String candidate : new String[] {labels, bare, bare + ".gz", table, table + ".gz"}) {
      if (Files.isRegularFile(images.resolveSibling(candidate))) {
        return images.resolveSibling(candidate);
      }
    }
    return null;
  }

  private static void checkLength(Path file, MemorySegment content, long expected)
      throws IOException {
    if (content.byteSize() != expected) {
      throw new IOException(
          "%s holds %d bytes where its header promises %d%s: fetch it again"
              .formatted(
                  file,
                  content.byteSize(),
                  expected,
                  content.byteSize() < expected ? ", it is truncated" : ""));
    }
  }

  private static int int32(MemorySegment content, long offset) {
    return content.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN), offset);
  }

  private static int maxLabel(Part part) {
    return IntStream.range(0, part.count).map(i -> part.labels[i] & 0xFF).max().orElse(-1);
  }

  @Override
  public String place() {
    return place;
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public String name(int index) {
    return "image " + index;
  }

  @Override
  public DecodedImage decode(int index, int imageSize, int channels) throws IOException {
    int within = index;
    for (Part part : parts) {
      if (within < part.count) {
        long length = (long) part.height * part.width;
        byte[] samples = FileContent.bytes(part.images, IMAGES_HEADER + within * length, length);
        return RawPixels.decode(samples, part.height, part.width, imageSize, channels);
      }
      within -= part.count;
    }
    throw new IndexOutOfBoundsException(index);
  }

  @Override
  public int label(int index) {
    int within = index;
    for (Part part : parts) {
      if (within < part.count) {
        return classes == 0 ? -1 : part.labels[within] & 0xFF;
      }
      within -= part.count;
    }
    throw new IndexOutOfBoundsException(index);
  }

  @Override
  public List<String> classNames() {
    return IntStream.range(0, classes).mapToObj(Integer::toString).toList();
  }

  @Override
  public List<String> warnings() {
    return List.copyOf(warnings);
  }
}
