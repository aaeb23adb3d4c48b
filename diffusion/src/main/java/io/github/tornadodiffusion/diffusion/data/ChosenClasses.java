package io.github.tornadodiffusion.diffusion.data;

import io.github.tornadodiffusion.nn.io.Messages;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/** The images of some classes of a data set; the classes are numbered anew, in their old order. */
public final class ChosenClasses implements Dataset {
  private final Dataset whole;
  private final Dataset images;
  private final List<Integer> classes;

  /**
   * Chooses classes.
   *
   * @param names of the classes, or their numbers
   * @throws IllegalArgumentException in one line if there is no such class, or no image of any
   */
  public ChosenClasses(Dataset whole, List<String> names) {
    this.whole = whole;
    List<String> known = whole.classNames();
    if (known.isEmpty()) {
      throw new IllegalArgumentException(
          "the images of %s have no classes; leave --classes out".formatted(whole.name()));
    }
    List<Integer> chosen = new ArrayList<>();
    for (String name : names) {
      int label = label(known, name.strip());
      if (label < 0) {
        throw new IllegalArgumentException(
            Messages.line(
                "--classes has '%s', which is no class of %s; give some of %s"
                    .formatted(name, whole.name(), Messages.firstOf(known))));
      }
      chosen.add(label);
    }
    classes = chosen.stream().sorted().distinct().toList();
    int[] indices =
        IntStream.range(0, whole.size()).filter(i -> classes.contains(whole.label(i))).toArray();
    images = new Subset(whole, indices, "classes " + String.join(", ", names));
  }

  private static int label(List<String> known, String name) {
    int label = known.indexOf(name);
    boolean number = label < 0 && name.matches("[0-9]{1,9}");
    return number && Integer.parseInt(name) < known.size() ? Integer.parseInt(name) : label;
  }

  @Override
  public String name() {
    return images.name();
  }

  @Override
  public int size() {
    return images.size();
  }

  @Override
  public int channels() {
    return images.channels();
  }

  @Override
  public int imageSize() {
    return images.imageSize();
  }

  @Override
  public float[] image(int index) {
    return images.image(index);
  }

  @Override
  public int label(int index) {
    return classes.indexOf(images.label(index));
  }

  @Override
  public int classes() {
    return classes.size();
  }

  @Override
  public List<String> classNames() {
    return classes.stream().map(whole.classNames()::get).toList();
  }

  @Override
  public Optional<Originals> originals() {
    return whole.originals();
  }

  @Override
  public String hash() {
    return images.hash();
  }

  @Override
  public List<String> warnings() {
    return images.warnings();
  }
}
