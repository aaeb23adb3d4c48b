package io.github.tornadodiffusion.diffusion.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The part of a data set that its files keep apart. */
public enum Split {
  /** What models are trained on. */
  TRAIN("train(ing|val)?"),
  /** What settings are chosen on. */
  VALIDATION("validation|valid|val|dev"),
  /** What finished models are measured on. */
  TEST("test(ing)?|t10k|eval(uation)?"),
  /** All of them, or what is not split. */
  ALL("");

  private final Pattern word;

  /** The words stand alone or are joined to what they describe, as in trainset. */
  Split(String words) {
    word = Pattern.compile("(" + words + ")(set|data|images?|imgs)?");
  }

  /** The word that a user gives. */
  String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The split that a user's word means. */
  public static Optional<Split> of(String id) {
    for (Split split : values()) {
      if (split.id().equals(id)) {
        return Optional.of(split);
      }
    }
    return Optional.empty();
  }

  /** The split that a lower-case word stands for. */
  static Optional<Split> ofWord(String word) {
    for (Split split : values()) {
      if (split != ALL && split.word.matcher(word).matches()) {
        return Optional.of(split);
      }
    }
    return Optional.empty();
  }

  /**
   * The parts that belong to a split.
   *
   * @param there the parts by split; everything under {@link #ALL} if nothing distinguishes them
   * @param asked the split that the user asked for, or null for the default: train
   * @param place the data's name in messages
   * @throws IllegalArgumentException in one line if there is no such split
   */
  public static <T> List<T> choose(SortedMap<Split, List<T>> there, Split asked, String place) {
    List<T> whole = there.get(ALL);
    if (whole != null) {
      if (asked != null && asked != ALL) {
        throw new IllegalArgumentException(
            "%s does not tell a %s split: leave ':%s' out"
                .formatted(place, asked.id(), asked.id()));
      }
      return whole;
    }
    if (asked == ALL) {
      List<T> all = new ArrayList<>();
      there.values().forEach(all::addAll);
      return all;
    }
    List<T> chosen = there.get(asked == null ? TRAIN : asked);
    if (chosen == null) {
      throw new IllegalArgumentException(
          "%s has no %s split: give %s"
              .formatted(
                  place,
                  asked == null ? TRAIN.id() : asked.id(),
                  there.keySet().stream()
                      .map(split -> place + ":" + split.id())
                      .collect(Collectors.joining(" or "))));
    }
    return chosen;
  }
}
