package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The files of an archive of any kind, as they would be after unpacking: of two files with one path
 * the later one counts, links are followed, and a file with several symbolic links counts once.
 */
final class ArchiveFiles implements FileTree {
  /** The warning about links to images that count already. */
  static final String REPEATED = "images in %s are links to others there and do not count again";

  /** Longer chains of links are circular, as on Linux. */
  private static final int MOST_LINKS = 40;

  private final String place;
  private final TreeMap<String, Content> files = new TreeMap<>();
  private final Map<String, String> links = new TreeMap<>();
  private final SortedSet<String> paths = new TreeSet<>();
  private final List<String> warnings = new ArrayList<>();
  private final List<String> replaced = new ArrayList<>();

  /** The bytes of a file, or why there are none. */
  @FunctionalInterface
  interface Content {
    byte[] read() throws IOException;

    /** Content that cannot be read. */
    static Content missing(String why) {
      return () -> {
        throw new IOException(Messages.line(why));
      };
    }
  }

  ArchiveFiles(String place) {
    this.place = place;
  }

  /** A name in UTF-8, or in another encoding where it is no such text. */
  static String text(byte[] name, Charset otherwise) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(name)).toString();
    } catch (CharacterCodingException e) {
      return new String(name, otherwise);
    }
  }

  /**
   * The path of a name in an archive or a list: names between slashes, without empty ones and those
   * that lead out of the archive. Some Windows programs write backslashes.
   */
  static String path(String name) {
    if (name.length() > ImageFiles.MOST_CHARACTERS) {
      return "";
    }
    List<String> parts = new ArrayList<>();
    for (String part : name.replace('\\', '/').split("/", -1)) {
      if (!part.isEmpty() && !part.equals(".") && !part.equals("..")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  /** Adds a file; an image that is already there under that path is counted as replaced. */
  void add(String path, Content content) {
    links.remove(path);
    if (files.put(path, content) != null && ImageFiles.accepts(path)) {
      replaced.add(path);
    }
  }

  /** Adds another name of a file that was added before. */
  void addHardLink(String path, String target) {
    Content content = files.get(target);
    add(path, content != null ? content : Content.missing(leadsNowhere(target)));
  }

  /** Adds a symbolic link, whose target is relative to the link's directory. */
  void addSymbolicLink(String path, String target) {
    files.remove(path);
    links.put(path, target);
  }

  private static String leadsNowhere(String target) {
    return "it is a link to " + target + ", which is not in the archive";
  }

  /** Follows the links once all files are added. */
  FileTree complete() {
    Map<String, String> real = new TreeMap<>();
    files.keySet().forEach(path -> real.put(path, path));
    List<String> directories = new ArrayList<>();
    links.forEach((path, link) -> {
      String target = follow(path);
      if (files.containsKey(target)) {
        real.put(path, target);
      } else if (isDirectory(target)) {
        directories.add(path);
      } else {
        files.put(path, Content.missing(leadsNowhere(link)));
        real.put(path, path);
      }
    });
    Set<String> seen = new HashSet<>();
    List<String> repeated = new ArrayList<>();
    real.forEach((path, target) -> {
      if (ImageFiles.isHidden(path)) {
        return;
      }
      if (seen.add(target)) {
        paths.add(path);
        files.putIfAbsent(path, files.get(target));
      } else if (ImageFiles.accepts(path)) {
        repeated.add(path);
      }
    });
    warn(repeated, REPEATED);
    warn(replaced, "images in %s have the path of a later file and are left out");
    warn(directories, "links in %s lead to directories and are not followed");
    return this;
  }

  private boolean isDirectory(String path) {
    String next = files.ceilingKey(path + "/");
    return path.isEmpty() || (next != null && next.startsWith(path + "/"));
  }

  private String follow(String path) {
    String target = path;
    for (int i = 0; i < MOST_LINKS && links.containsKey(target); i++) {
      target = resolve(target, links.get(target));
    }
    return target;
  }

  /** The path of a link's target, relative to the link's directory or to the archive's root. */
  private static String resolve(String link, String text) {
    if (text.length() > ImageFiles.MOST_CHARACTERS) {
      return "";
    }
    List<String> parts = new ArrayList<>();
    if (!text.startsWith("/")) {
      parts.addAll(List.of(link.split("/", -1)));
      parts.removeLast();
    }
    for (String part : text.split("/", -1)) {
      if (part.equals("..") && !parts.isEmpty()) {
        parts.removeLast();
      } else if (!part.isEmpty() && !part.equals(".") && !part.equals("..")) {
        parts.add(part);
      }
    }
    return String.join("/", parts);
  }

  private void warn(List<String> which, String what) {
    warn(which, what.formatted(place), warnings);
  }

  /** Counts files in a warning, if there are any, and names the first. */
  static void warn(List<String> which, String what, List<String> warnings) {
    if (!which.isEmpty()) {
      warnings.add(
          Messages.line("%d %s, such as %s".formatted(which.size(), what, which.getFirst())));
    }
  }

  @Override
  public String place() {
    return place;
  }

  @Override
  public SortedSet<String> paths() {
    return paths;
  }

  @Override
  public byte[] content(String path) throws IOException {
    return files.get(path).read();
  }

  @Override
  public List<String> warnings() {
    return warnings;
  }
}
