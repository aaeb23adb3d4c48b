package io.github.tornadodiffusion.diffusion.data.formats;

import dev.hardwood.HardwoodContext;
import io.github.tornadodiffusion.diffusion.data.Split;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Images in <a href="https://parquet.apache.org">Parquet</a> files as the Hugging Face hub serves
 * data sets: encoded images in a column {@code image{bytes, path}}, and where there are classes, a
 * column of labels. The beginning of a file's name or the directory it lies in tells its split.
 */
public final class ParquetImages implements ImageSource {
  /**
   * Kept in a field, because a logger that is not referenced loses its level; the library logs its
   * codecs.
   */
  private static final Logger LIBRARY = Logger.getLogger("dev.hardwood");

  static {
    LIBRARY.setLevel(Level.WARNING);
  }

  /** Its threads are daemons; one pool serves all files. */
  private static final HardwoodContext CONTEXT =
      HardwoodContext.create(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

  private final String place;
  private final List<ParquetFile> files;
  private final int[] firsts;
  private final int[] labels;
  private final List<String> classNames;

  private ParquetImages(String place, List<ParquetFile> files) throws IOException {
    this.place = place;
    this.files = files;
    firsts = new int[files.size() + 1];
    for (int i = 0; i < files.size(); i++) {
      firsts[i + 1] = Math.addExact(firsts[i], files.get(i).rows());
    }
    if (firsts[files.size()] == 0) {
      throw new IOException(place + " has no rows: give files with images");
    }
    ParquetColumns columns = files.getFirst().columns();
    for (ParquetFile file : files) {
      if (!Objects.equals(file.columns().label(), columns.label())
          || file.columns().labelType() != columns.labelType()) {
        throw new IOException(
            "%s and %s have different columns: give files of one data set"
                .formatted(files.getFirst().path(), file.path()));
      }
    }
    List<Object> values = new ArrayList<>();
    if (columns.label() != null) {
      for (ParquetFile file : files) {
        values.addAll(file.labels());
      }
    }
    classNames = classNames(values, columns);
    labels = new int[firsts[files.size()]];
    Arrays.fill(labels, -1);
    for (int i = 0; i < labels.length && !classNames.isEmpty(); i++) {
      labels[i] = label(values.get(i), i);
    }
  }

  /** Whether a file begins as a Parquet file does. */
  public static boolean isParquet(byte[] head) {
    return head.length > 3 && head[0] == 'P' && head[1] == 'A' && head[2] == 'R' && head[3] == '1';
  }

  /**
   * Opens files.
   *
   * @param place the directory, or the only file
   * @param names the files' paths in the directory, with {@code /} between names; empty for a file
   */
  public static ImageSource open(Path place, List<String> names, Split split) throws IOException {
    if (names.isEmpty()) {
      return open(place, single(place, split));
    }
    TreeMap<Split, List<Path>> there = new TreeMap<>();
    boolean told = names.stream().allMatch(name -> split(name).isPresent());
    for (String name : names) {
      there
          .computeIfAbsent(told ? split(name).orElseThrow() : Split.ALL, key -> new ArrayList<>())
          .add(place.resolve(name));
    }
    return open(place, Split.choose(there, split, place.toString()));
  }

  private static ImageSource open(Path place, List<Path> paths) throws IOException {
    List<ParquetFile> files = new ArrayList<>();
    boolean opened = false;
    try {
      for (Path path : paths) {
        files.add(new ParquetFile(path, CONTEXT));
      }
      ImageSource source = new ParquetImages(place.toString(), files);
      opened = true;
      return source;
    } finally {
      if (!opened) {
        for (ParquetFile file : files) {
          file.close();
        }
      }
    }
  }

  private static List<Path> single(Path file, Split split) {
    TreeMap<Split, List<Path>> there = new TreeMap<>();
    Split its = split(file.getFileName().toString()).orElse(Split.ALL);
    there.put(split == null ? Split.ALL : its, List.of(file));
    return Split.choose(there, split, file.toString());
  }

  private static Optional<Split> split(String name) {
    String[] parts = name.split("/", -1);
    Optional<Split> told = Split.told(parts[parts.length - 1]);
    return told.isPresent() || parts.length < 2 ? told : Split.told(parts[parts.length - 2]);
  }

  /** The classes; none where no row has a label, as in the test split of a competition. */
  private static List<String> classNames(List<Object> values, ParquetColumns columns) {
    if (columns.label() == null) {
      return List.of();
    }
    if (columns.textLabels()) {
      return values.stream()
          .filter(Objects::nonNull)
          .map(Object::toString)
          .collect(
              Collectors.collectingAndThen(Collectors.toCollection(TreeSet::new), List::copyOf));
    }
    long largest =
        values.stream().filter(Objects::nonNull).mapToLong(v -> (Long) v).max().orElse(-1);
    if (largest < 0 || !columns.names().isEmpty()) {
      return largest < 0 ? List.of() : columns.names();
    }
    return IntStream.rangeClosed(0, (int) Math.min(largest, 1 << 20))
        .mapToObj(Integer::toString)
        .toList();
  }

  private int label(Object value, int row) throws IOException {
    long label =
        value instanceof String name ? classNames.indexOf(name) : value == null ? -1 : (Long) value;
    if (label < 0 || label >= classNames.size()) {
      throw new IOException(
          "%s has the label %s in row %d where there are %d classes: repair it"
              .formatted(place, value, row, classNames.size()));
    }
    return (int) label;
  }

  private int file(int index) {
    int found = Arrays.binarySearch(firsts, index);
    int file = found >= 0 ? found : -found - 2;
    // Files without rows begin where the next one does.
    while (firsts[file + 1] <= index) {
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
    int file = file(index);
    return files.get(file).path().getFileName() + " row " + (index - firsts[file]);
  }

  @Override
  public DecodedImage decode(int index, int imageSize, int channels) throws IOException {
    int file = file(index);
    byte[] content = files.get(file).image(index - firsts[file]);
    return ImageDecoder.decode(content, imageSize, channels);
  }

  @Override
  public int label(int index) {
    return labels[index];
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }
}
