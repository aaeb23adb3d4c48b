package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.Split;
import io.github.tornadodiffusion.diffusion.data.SplitName;
import io.github.tornadodiffusion.nn.io.Messages;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;

/**
 * Selects the images of one split among paths. A directory anywhere on the path indicates the
 * split: the outermost one whose whole name is that of a split, or else the outermost one whose
 * name contains its word. If no directory does, the names of the files may.
 *
 * <p>If only some names indicate a split, this counts if two splits are named exactly, or by
 * directories that differ in that word alone; the other images are then left out. Otherwise a class
 * may happen to have the name of a split. A warning reports either case.
 */
final class SplitPaths {
  private final List<SplitPath> chosen;
  private final List<String> warnings = new ArrayList<>();

  /**
   * A path and the name that indicates its split.
   *
   * @param name of a directory or file, or null
   * @param below the path without that name
   */
  record SplitPath(String path, SplitName name, String below) {
    private static SplitPath nothing(String path) {
      return new SplitPath(path, null, path);
    }
  }

  /**
   * Sorts paths.
   *
   * @param paths at least one, sorted
   * @param prefix the length of the directories that all of them have in common
   * @param asked the split that the user asked for, or null
   * @param place the data's name in messages
   * @throws IllegalArgumentException in one line if there is no such split
   */
  SplitPaths(List<String> paths, int prefix, Split asked, String place) {
    List<SplitPath> told = paths.stream().map(path -> byDirectory(path, prefix)).toList();
    boolean directories = told.stream().anyMatch(t -> t.name != null);
    if (!directories) {
      told = paths.stream().map(SplitPaths::byFile).toList();
    }
    Set<Split> splits = EnumSet.noneOf(Split.class);
    Set<Split> exact = EnumSet.noneOf(Split.class);
    List<SplitPath> others = new ArrayList<>();
    for (SplitPath path : told) {
      if (path.name == null) {
        others.add(path);
      } else {
        splits.add(path.name.split());
        if (path.name.exact()) {
          exact.add(path.name.split());
        }
      }
    }
    boolean areSplits =
        others.isEmpty()
            ? splits.size() > 1 || (directories && !exact.isEmpty())
            : exact.size() > 1 || (directories && differBySplit(told));
    TreeMap<Split, List<SplitPath>> there = new TreeMap<>();
    for (SplitPath path : told) {
      if (!areSplits) {
        there
            .computeIfAbsent(Split.ALL, key -> new ArrayList<>())
            .add(SplitPath.nothing(path.path));
      } else if (path.name != null) {
        there.computeIfAbsent(path.name.split(), key -> new ArrayList<>()).add(path);
      }
    }
    chosen = new ArrayList<>(Split.choose(there, asked, place));
    if (areSplits && asked == Split.ALL) {
      chosen.addAll(others);
    } else if (areSplits && !others.isEmpty()) {
      warnings.add(
          Messages.line(
              "%d of %d images in %s are of no split and left out, such as %s"
                  .formatted(others.size(), paths.size(), place, others.getFirst().path)));
    } else if (!others.isEmpty() && (directories || !exact.isEmpty() || splits.size() > 1)) {
      SplitPath named = told.stream().filter(t -> t.name != null).findFirst().orElse(null);
      if (named != null) {
        warnings.add(
            Messages.line(
                "%d of %d images in %s are called as those of a split, such as %s: all are read"
                    .formatted(paths.size() - others.size(), paths.size(), place, named.path)));
      }
    }
  }

  /** Whether names differ in their split alone, as {@code seg_train} and {@code seg_test} do. */
  private static boolean differBySplit(List<SplitPath> told) {
    Map<String, Split> first = new HashMap<>();
    return told.stream()
        .map(SplitPath::name)
        .filter(Objects::nonNull)
        .anyMatch(name -> {
          Split other = first.putIfAbsent(name.rest(), name.split());
          return other != null && other != name.split();
        });
  }

  private static SplitPath byDirectory(String path, int prefix) {
    SplitPath found = null;
    int start = 0;
    for (int end = path.indexOf('/'); end >= 0; end = path.indexOf('/', start)) {
      SplitName name = SplitName.of(path.substring(start, end)).orElse(null);
      // A directory that contains all images may have any name.
      boolean counts = name != null && (name.exact() || (start >= prefix && found == null));
      if (counts) {
        String rest = name.rest().isEmpty() ? "" : name.rest() + "/";
        found =
            new SplitPath(path, name, path.substring(0, start) + rest + path.substring(end + 1));
        if (name.exact()) {
          return found;
        }
      }
      start = end + 1;
    }
    return found == null ? SplitPath.nothing(path) : found;
  }

  private static SplitPath byFile(String path) {
    String name = path.substring(path.lastIndexOf('/') + 1).replaceFirst("\\.[^.]*$", "");
    return new SplitPath(path, SplitName.of(name).orElse(null), path);
  }

  /** The paths of the split. */
  List<SplitPath> chosen() {
    return chosen;
  }

  /** Warnings about unclear names, one line each. */
  List<String> warnings() {
    return warnings;
  }
}
