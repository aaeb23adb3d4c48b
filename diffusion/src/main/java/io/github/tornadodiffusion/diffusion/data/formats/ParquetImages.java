package io.github.tornadodiffusion.diffusion.data.formats;

import dev.hardwood.HardwoodContext;
import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.SplitName;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.nn.io.Messages;
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
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Images in <a href="https://parquet.apache.org">Parquet</a> files as the Hugging Face hub serves
 * data sets: encoded images in a column {@code image{bytes, path}}, and where there are classes, a
 * column of labels. A word in the name of a file, or of a directory that contains it, indicates its
 * split.
 */
public final class ParquetImages implements ImageSource {
  /**
   * Kept in a field, because a logger without a reference loses its level. The library would log
   * its codecs.
   */
  private static final Logger LIBRARY = Logger.getLogger("dev.hardwood");

  static {
    LIBRARY.setLevel(Level.WARNING);
  }

  /** Its threads are daemons; one pool serves all files. */
  private static final HardwoodContext CONTEXT =
      HardwoodContext.create(Math.max(1, Runtime.getRuntime().availableProcessors() / 2));

  /** The end of a name, and the hash before it that distinguishes older files of the hub. */
  private static final Pattern HASH = Pattern.compile("(-[0-9a-f]{16})?\\.parquet$");

  private final String place;
  private final List<ParquetFile> files;
  private final int[] firsts;
  private final int[] labels;
  private final List<String> classNames;
  private final List<String> warnings;

  private ParquetImages(String place, List<ParquetFile> files, List<String> warnings)
      throws IOException {
    this.place = place;
    this.warnings = new ArrayList<>(warnings);
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
          || file.columns().labelType() != columns.labelType()
          || !file.columns().names().equals(columns.names())) {
        throw new IOException(
            "%s and %s have different columns or classes: give files of one data set"
                .formatted(files.getFirst().path(), file.path()));
      }
    }
    if (!columns.others().isEmpty()) {
      this.warnings.add(
          Messages.line(
              "%s has more columns of images or classes (%s), of which %s%s are read"
                  .formatted(
                      place,
                      String.join(", ", columns.others()),
                      columns.image(),
                      columns.label() == null ? "" : " and " + columns.label())));
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

  /** Whether a file begins like a Parquet file. */
  public static boolean isParquet(byte[] head) {
    return head.length > 3 && head[0] == 'P' && head[1] == 'A' && head[2] == 'R' && head[3] == '1';
  }

  /**
   * Opens files.
   *
   * @param place the directory, or the only file
   * @param names the files' paths in the directory, with {@code /} between names; empty for a file
   * @param before warnings from earlier steps
   */
  public static ImageSource open(Path place, List<String> names, Split split, List<String> before)
      throws IOException {
    List<String> warnings = new ArrayList<>(before);
    if (names.isEmpty()) {
      return open(place, single(place, split), warnings);
    }
    TreeMap<Split, List<String>> there = new TreeMap<>();
    List<String> others = new ArrayList<>();
    for (String name : names) {
      told(name)
          .ifPresentOrElse(
              told -> there.computeIfAbsent(told.split(), key -> new ArrayList<>()).add(name),
              () -> others.add(name));
    }
    if (there.isEmpty() || split == Split.ALL) {
      there.put(Split.ALL, names);
    } else if (!others.isEmpty()) {
      warnings.add(
          Messages.line(
              "%d Parquet files in %s are of no split and left out, such as %s"
                  .formatted(others.size(), place, others.getFirst())));
    }
    List<String> chosen = Split.choose(there, split, place.toString());
    TreeSet<String> sets = new TreeSet<>();
    chosen.forEach(name -> sets.add(dataSet(name)));
    if (sets.size() > 1) {
      warnings.add(
          Messages.line(
              "%s holds files of %d names (%s), which are read as one data set: for one alone"
                      .formatted(place, sets.size(), String.join(", ", sets))
                  + " give its file or directory"));
    }
    return open(place, chosen.stream().map(place::resolve).toList(), warnings);
  }

  private static ImageSource open(Path place, List<Path> paths, List<String> warnings)
      throws IOException {
    List<ParquetFile> files = new ArrayList<>();
    boolean opened = false;
    try {
      for (Path path : paths) {
        files.add(new ParquetFile(path, CONTEXT));
      }
      ImageSource source = new ParquetImages(place.toString(), files, warnings);
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
    Split its = told(file.getFileName().toString()).map(SplitName::split).orElse(Split.ALL);
    there.put(split == null ? Split.ALL : its, List.of(file));
    return Split.choose(there, split, file.toString());
  }

  /**
   * The split that the name of a file indicates, or else its innermost directory that indicates
   * one.
   */
  private static Optional<SplitName> told(String path) {
    String[] parts = HASH.matcher(path).replaceFirst("").split("/", -1);
    for (int i = parts.length - 1; i >= 0; i--) {
      Optional<SplitName> told = SplitName.of(parts[i]);
      if (told.isPresent()) {
        return told;
      }
    }
    return Optional.empty();
  }

  /** The rest of a path, without splits and numbers: the name of the data set or a part of it. */
  private static String dataSet(String path) {
    return Arrays.stream(HASH.matcher(path).replaceFirst("").split("/", -1))
        .map(part -> SplitName.of(part).map(SplitName::rest).orElse(part))
        .map(rest -> rest.replaceAll("[^\\p{L}]+", "-"))
        .map(rest -> rest.replaceAll("^-|-$", ""))
        .filter(rest -> !rest.isEmpty())
        .collect(Collectors.joining("/"));
  }

  /** The classes; none if no row has a label, as in the test split of a competition. */
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
    // Files without rows begin where the next one begins.
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
  public List<String> captions(String column) throws IOException {
    List<String> captions = new ArrayList<>();
    for (ParquetFile file : files) {
      captions.addAll(file.texts(column));
    }
    return captions;
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
    return List.copyOf(warnings);
  }
}
