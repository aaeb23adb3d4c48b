package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Image files with paths, of a directory or an archive, in the order of their paths.
 *
 * <p>If names indicate splits (train, validation, test), only the images of one are used; see
 * {@link SplitPaths}. If files beside the images contain labels, these are the classes; see {@link
 * LabelFiles}. Otherwise directories that contain all the images are ignored, and if every image is
 * then in one of at least two directories, these are the classes, in the order of their names.
 */
public final class ImageFiles implements ImageSource {
  private static final Pattern EXTENSION =
      Pattern.compile(".*\\.(png|jpg|jpeg|jpe|jfif|gif|bmp|webp)", Pattern.DOTALL);

  /** A bound on the directories of a path: file systems have one, archives have none. */
  static final int MOST_CHARACTERS = 4096;

  /** The folders into which StyleGAN's tools and FFHQ put a thousand images each. */
  private static final Pattern THOUSANDS =
      Pattern.compile("(?:.*/)?([0-9]{5})/(?:img)?([0-9]{5}|[0-9]{8})\\.[^/.]*");

  private final FileTree tree;
  private final List<String> paths;
  private final List<String> classNames;
  private final int[] labels;
  private final List<String> warnings;
  private final List<String> ofLabels;

  /**
   * Arranges the images of a directory or archive.
   *
   * @param split the split that the user asked for, or null
   * @throws IllegalArgumentException in one line if there are no images or there is no such split
   */
  ImageFiles(FileTree tree, Split split) {
    this.tree = tree;
    warnings = new ArrayList<>(tree.warnings());
    List<String> found = tree.paths().stream().filter(ImageFiles::accepts).toList();
    if (found.isEmpty()) {
      throw new IllegalArgumentException(
          Messages.line(
              place()
                  + " holds no images: give "
                  + ImageDecoder.ACCEPTED
                  + (warnings.isEmpty() ? "" : " (" + warnings.getFirst() + ")")));
    }
    SplitPaths splits = new SplitPaths(found, commonDirectories(found), split, place());
    warnings.addAll(splits.warnings());
    LabelFiles files = new LabelFiles(tree, Set.copyOf(found));
    ofLabels = files.warnings();
    warnings.addAll(ofLabels);
    if (files.areThere()) {
      paths = labelled(splits.chosen(), files);
      boolean none = paths.stream().allMatch(path -> files.label(path) < 0);
      if (none && files.warnings().isEmpty()) {
        warnings.add(
            Messages.line(
                "%s in %s has no label of any image: they have no classes"
                    .formatted(files.sources(), place())));
      }
      classNames = none ? List.of() : files.classNames();
      labels = paths.stream().mapToInt(path -> none ? -1 : files.label(path)).toArray();
    } else {
      paths = splits.chosen().stream().map(SplitPaths.SplitPath::path).toList();
      List<String> below = splits.chosen().stream().map(SplitPaths.SplitPath::below).toList();
      int prefix = commonDirectories(below);
      classNames = classes(below, prefix);
      Map<String, Integer> numbers = new HashMap<>();
      classNames.forEach(name -> numbers.put(name, numbers.size()));
      labels = below.stream().mapToInt(p -> numbers.getOrDefault(first(p, prefix), -1)).toArray();
    }
  }

  @Override
  public List<String> captions(String column) throws IOException {
    Map<String, String> captions = new CaptionFiles(tree, column).read();
    // These files are read now, and not for labels.
    warnings.removeAll(ofLabels);
    return paths.stream().map(captions::get).toList();
  }

  /** The images, without those that lack a label if others have one. */
  private List<String> labelled(List<SplitPaths.SplitPath> chosen, LabelFiles files) {
    List<String> all = chosen.stream().map(SplitPaths.SplitPath::path).toList();
    List<String> labelled = all.stream().filter(path -> files.label(path) >= 0).toList();
    if (labelled.isEmpty()) {
      return all;
    }
    if (labelled.size() < all.size()) {
      String missing = all.stream().filter(path -> files.label(path) < 0).findFirst().orElseThrow();
      warnings.add(
          Messages.line(
              "%d of %d images in %s have no label in %s and are left out, such as %s"
                  .formatted(
                      all.size() - labelled.size(),
                      all.size(),
                      place(),
                      files.sources(),
                      missing)));
    }
    return labelled;
  }

  /** Whether a path names an image that is not hidden. */
  public static boolean accepts(String path) {
    return !isHidden(path) && EXTENSION.matcher(path.toLowerCase(Locale.ROOT)).matches();
  }

  /** Whether a path names a file that is ignored. */
  static boolean isHidden(String path) {
    if (path.length() > MOST_CHARACTERS) {
      return true;
    }
    for (String name : path.split("/", -1)) {
      // __MACOSX contains metadata of macOS about the files of an archive, under the same names.
      if (name.startsWith(".") || name.equals("__MACOSX")) {
        return true;
      }
    }
    return false;
  }

  /** The length of the directories that all paths have in common. */
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

  /** The next directory in a path, or an empty text before the name of the file. */
  private static String first(String path, int from) {
    int end = path.indexOf('/', from);
    return end < 0 ? "" : path.substring(from, end);
  }

  private List<String> classes(List<String> paths, int prefix) {
    TreeSet<String> names = new TreeSet<>();
    paths.forEach(path -> names.add(first(path, prefix)));
    if (names.size() < 2 || names.contains("")) {
      return List.of();
    }
    if (paths.stream().allMatch(ImageFiles::isOfThousand)) {
      warnings.add(
          Messages.line(
              "the directories in %s are no classes but numbers of a thousand images each"
                  .formatted(place())));
      return List.of();
    }
    return List.copyOf(names);
  }

  /** Whether the number of a directory is the beginning of its image's number. */
  private static boolean isOfThousand(String path) {
    Matcher matcher = THOUSANDS.matcher(path);
    if (!matcher.matches()) {
      return false;
    }
    int directory = Integer.parseInt(matcher.group(1));
    int thousand = Integer.parseInt(matcher.group(2)) / 1000;
    return directory == thousand || directory == 1000 * thousand;
  }

  @Override
  public String place() {
    return tree.place();
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
    return tree.decode(paths.get(index), imageSize, channels);
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
