package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * Image files with paths, of a directory or an archive, in the order of their paths.
 *
 * <p>Directories that lead to all the images are passed over. Where the directories that then come
 * first are all named as splits (train, validation, test), the images are those of one split. Where
 * every image then lies in one of at least two directories, these are its classes, in the order of
 * their names.
 */
public final class ImageFiles implements ImageSource {
  private static final Pattern EXTENSION =
      Pattern.compile(".*\\.(png|jpg|jpeg|jpe|jfif|gif|bmp|webp)", Pattern.DOTALL);

  /** A bound on the directories of a path: file systems have one, archives have none. */
  private static final int MOST_CHARACTERS = 4096;

  private final String place;
  private final List<String> paths;
  private final List<String> classNames;
  private final int[] labels;
  private final Decoder decoder;
  private final List<String> warnings;

  /** Decodes the image at a path. */
  @FunctionalInterface
  interface Decoder {
    DecodedImage decode(String path, int imageSize, int channels) throws IOException;
  }

  /**
   * Arranges the images of a place.
   *
   * @param found paths, with {@code /} between directories
   * @param split the split that the user asked for, or null
   * @throws IllegalArgumentException in one line if there are no images or there is no such split
   */
  public ImageFiles(
      String place, Collection<String> found, Split split, Decoder decoder, List<String> warnings) {
    this.place = place;
    this.decoder = decoder;
    this.warnings = List.copyOf(warnings);
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          Messages.line(
              place
                  + " holds no images: give "
                  + ImageDecoder.ACCEPTED
                  + (warnings.isEmpty() ? "" : " (" + warnings.getFirst() + ")")));
    }
    List<String> sorted = List.copyOf(new TreeSet<>(found));
    int level = splitLevel(sorted);
    paths = ofSplit(sorted, level, split);
    List<String> below =
        level < 0
            ? paths
            : paths.stream().map(p -> p.substring(level + first(p, level).length() + 1)).toList();
    int prefix = commonDirectories(below);
    classNames = classes(below, prefix);
    Map<String, Integer> numbers = new HashMap<>();
    classNames.forEach(name -> numbers.put(name, numbers.size()));
    labels = below.stream().mapToInt(p -> numbers.getOrDefault(first(p, prefix), -1)).toArray();
  }

  /** Whether a path is of an image that is not hidden. */
  public static boolean accepts(String path) {
    if (path.length() > MOST_CHARACTERS) {
      return false;
    }
    for (String name : path.split("/", -1)) {
      // __MACOSX holds what macOS notes about the files of an archive, under the same names.
      if ((name.startsWith(".") && !name.equals(".")) || name.equals("__MACOSX")) {
        return false;
      }
    }
    return EXTENSION.matcher(path.toLowerCase(Locale.ROOT)).matches();
  }

  private List<String> ofSplit(List<String> sorted, int level, Split asked) {
    TreeMap<Split, List<String>> there = new TreeMap<>();
    for (String path : sorted) {
      Split split = level < 0 ? Split.ALL : Split.told(first(path, level)).orElseThrow();
      there.computeIfAbsent(split, key -> new ArrayList<>()).add(path);
    }
    return Split.choose(there, asked, place);
  }

  /** Where in the paths the directories begin that are all named as splits, or -1. */
  private static int splitLevel(List<String> paths) {
    int prefix = commonDirectories(paths);
    if (paths.stream().allMatch(path -> isSplit(first(path, prefix)))) {
      return prefix;
    }
    // The last of the directories that lead to all images may be the only split that is there.
    int last = prefix < 2 ? 0 : paths.getFirst().lastIndexOf('/', prefix - 2) + 1;
    return prefix > 0 && isSplit(first(paths.getFirst(), last)) ? last : -1;
  }

  private static boolean isSplit(String directory) {
    return directory.matches("[A-Za-z0-9]+") && Split.told(directory).isPresent();
  }

  /** The length of the directories that lead to all paths. */
  private static int commonDirectories(List<String> paths) {
    int prefix = 0;
    while (true) {
      String directory = first(paths.getFirst(), prefix);
      int from = prefix;
      if (directory.isEmpty() || !paths.stream().allMatch(p -> first(p, from).equals(directory))) {
        return prefix;
      }
      prefix += directory.length() + 1;
    }
  }

  /** The directory that comes next in a path, or an empty text before the file's name. */
  private static String first(String path, int from) {
    int end = path.indexOf('/', from);
    return end < 0 ? "" : path.substring(from, end);
  }

  private static List<String> classes(List<String> paths, int prefix) {
    TreeSet<String> names = new TreeSet<>();
    paths.forEach(path -> names.add(first(path, prefix)));
    return names.size() < 2 || names.contains("") ? List.of() : List.copyOf(names);
  }

  @Override
  public String place() {
    return place;
  }

  @Override
  public int size() {
    return paths.size();
  }

  @Override
  public String name(int index) {
    return paths.get(index);
  }

  @Override
  public DecodedImage decode(int index, int imageSize, int channels) throws IOException {
    return decoder.decode(paths.get(index), imageSize, channels);
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
