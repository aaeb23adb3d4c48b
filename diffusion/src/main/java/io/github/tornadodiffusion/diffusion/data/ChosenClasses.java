package io.github.tornadodiffusion.diffusion.data;

import io.github.tornadodiffusion.nn.io.Messages;
import java.util.List;
import java.util.stream.IntStream;

/** The images of some classes of a data set; the classes are numbered anew, in their old order. */
public final class ChosenClasses extends Subset {
  private final List<Integer> classes;
  private final List<String> classNames;

  /**
   * Chooses classes.
   *
   * @param names of the classes, or their numbers
   * @throws IllegalArgumentException in one line if there is no such class, or no image of any
   */
  public ChosenClasses(Dataset whole, List<String> names) {
    List<Integer> classes =
        names.stream().map(name -> chosen(whole, name)).sorted().distinct().toList();
    this.classes = classes;
    classNames = classes.stream().map(whole.classNames()::get).toList();
    int[] indices =
        IntStream.range(0, whole.size()).filter(i -> classes.contains(whole.label(i))).toArray();
    super(whole, indices, "classes " + String.join(", ", names));
  }

  private static int chosen(Dataset whole, String name) {
    List<String> known = whole.classNames();
    if (known.isEmpty()) {
      throw new IllegalArgumentException(
          "the images of %s have no classes; leave --classes out".formatted(whole.name()));
    }
    int label = label(name, known, known.size());
    if (label < 0) {
      throw new IllegalArgumentException(
          Messages.line(
              "--classes has '%s', which is no class of %s; give some of %s"
                  .formatted(name, whole.name(), Messages.firstOf(known))));
    }
    return label;
  }

  /**
   * The class that a text names, by its name or else by its number.
   *
   * @param names of the classes in the order of their numbers; may be empty
   * @param count of numbers that stand for a class
   * @return -1 if it names none
   */
  public static int label(String text, List<String> names, int count) {
    String name = text.strip();
    int label = names.indexOf(name);
    boolean number = label < 0 && name.matches("[0-9]{1,9}") && Integer.parseInt(name) < count;
    return number ? Integer.parseInt(name) : label;
  }

  @Override
  public int label(int index) {
    return classes.indexOf(super.label(index));
  }

  @Override
  public int classes() {
    return classes.size();
  }

  @Override
  public List<String> classNames() {
    return classNames;
  }
}
