package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.RawPixels;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * The binary version of <a href="https://www.cs.toronto.edu/~kriz/cifar.html">CIFAR-10 and
 * CIFAR-100</a>: records of one label (CIFAR-10) or a coarse and a fine label (CIFAR-100) and a
 * 32x32 image in three planes. The fine labels are the classes; {@code batches.meta.txt} or {@code
 * fine_label_names.txt} beside the data names them.
 */
public final class CifarImages implements ImageSource {
  private static final int SIDE = 32;
  private static final int PIXELS = 3 * SIDE * SIDE;
  private static final Pattern TEN = Pattern.compile("(data|test)_batch(_\\d+)?\\.bin");
  private static final Pattern HUNDRED = Pattern.compile("(train|test)\\.bin");

  /** A longer file does not contain the names of classes. */
  private static final long MOST_NAMES_BYTES = 1 << 16;

  private final String place;
  private final Kind kind;
  private final List<MemorySegment> files = new ArrayList<>();
  private final List<String> classNames;
  private final int[] labels;
  private final int[] firsts;
  private final List<String> warnings;

  private enum Kind {
    CIFAR_10(1, 10, "batches.meta.txt"),
    CIFAR_100(2, 100, "fine_label_names.txt");

    final int labelBytes;
    final int record;
    final int classes;
    final String names;

    Kind(int labelBytes, int classes, String names) {
      this.labelBytes = labelBytes;
      this.record = labelBytes + PIXELS;
      this.classes = classes;
      this.names = names;
    }
  }

  private CifarImages(String place, Kind kind, List<Path> paths, List<String> warnings)
      throws IOException {
    this.place = place;
    this.warnings = List.copyOf(warnings);
    this.kind = kind;
    firsts = new int[paths.size() + 1];
    for (int i = 0; i < paths.size(); i++) {
      MemorySegment content = FileContent.read(paths.get(i));
      long records = content.byteSize() / kind.record;
      if (records == 0 || content.byteSize() % kind.record != 0) {
        throw new IOException(
            "%s holds %d bytes, no whole number of records of %d: it is truncated, fetch it again"
                .formatted(paths.get(i), content.byteSize(), kind.record));
      }
      files.add(content);
      firsts[i + 1] = Math.toIntExact(firsts[i] + records);
    }
    labels = new int[firsts[paths.size()]];
    for (int i = 0; i < labels.length; i++) {
      int file = file(i);
      long at = (long) (i - firsts[file]) * kind.record + kind.labelBytes - 1;
      labels[i] = files.get(file).get(ValueLayout.JAVA_BYTE, at) & 0xFF;
      if (labels[i] >= kind.classes) {
        throw new IOException(
            "%s has the label %d where there are %d classes: it is no CIFAR-%d file, fetch it again"
                .formatted(paths.get(file), labels[i], kind.classes, kind.classes));
      }
    }
    classNames = names(paths.getFirst().resolveSibling(kind.names));
  }

  /** Whether a file has a name of CIFAR-10 or CIFAR-100. */
  public static boolean accepts(String name) {
    return TEN.matcher(name).matches() || HUNDRED.matcher(name).matches();
  }

  /**
   * Opens files of one data set.
   *
   * @param place the directory, or the only file
   * @param warnings from earlier steps
   */
  public static ImageSource open(Path place, List<Path> paths, Split split, List<String> warnings)
      throws IOException {
    List<Path> ten = new ArrayList<>();
    TreeMap<Split, List<Path>> there = new TreeMap<>();
    for (Path path : paths) {
      String name = path.getFileName().toString();
      if (TEN.matcher(name).matches()) {
        ten.add(path);
      }
      Split its = name.startsWith("test") ? Split.TEST : Split.TRAIN;
      there.computeIfAbsent(its, key -> new ArrayList<>()).add(path);
    }
    if (!ten.isEmpty() && ten.size() < paths.size()) {
      throw new IOException(
          place + " holds files of CIFAR-10 and of CIFAR-100: give the directory of one of them");
    }
    boolean single = split == null && paths.size() == 1 && paths.getFirst().equals(place);
    List<Path> chosen = single ? paths : Split.choose(there, split, place.toString());
    Kind kind = ten.isEmpty() ? Kind.CIFAR_100 : Kind.CIFAR_10;
    return new CifarImages(place.toString(), kind, chosen, warnings);
  }

  private List<String> names(Path file) throws IOException {
    List<String> numbers = IntStream.range(0, kind.classes).mapToObj(Integer::toString).toList();
    if (!Files.isRegularFile(file) || Files.size(file) > MOST_NAMES_BYTES) {
      return numbers;
    }
    String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    List<String> lines = text.lines().filter(l -> !l.isBlank()).map(Messages::line).toList();
    return lines.size() == kind.classes ? lines : numbers;
  }

  private int file(int index) {
    int file = 0;
    while (index >= firsts[file + 1]) {
      file++;
    }
    return file;
  }

  @Override
  public String place() {
    return place;
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public String name(int index) {
    return "image " + index;
  }

  @Override
  public DecodedImage decode(int index, int imageSize, int channels) throws IOException {
    int file = file(index);
    long at = (long) (index - firsts[file]) * kind.record + kind.labelBytes;
    byte[] planes = FileContent.bytes(files.get(file), at, PIXELS);
    return RawPixels.decode(planes, SIDE, SIDE, imageSize, channels);
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }

  @Override
  public List<String> warnings() {
    return warnings;
  }
}
