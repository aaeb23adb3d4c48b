package io.github.tornadodiffusion.diffusion.data;

import java.util.HashSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The split that the name of a file or directory indicates by one of its words, at any position:
 * {@code train2017}, {@code testA}, {@code emnist-digits-test-images-idx3-ubyte}. A name with the
 * words of two splits indicates none.
 *
 * @param split that is indicated
 * @param exact whether the name has no other words, apart from numbers and single letters
 * @param rest the name without the word; empty if no letter remains
 */
public record SplitName(Split split, boolean exact, String rest) {
  /** Runs of letters, which end before a capital: {@code testA} has two. */
  private static final Pattern WORD =
      Pattern.compile("t10k|\\p{Lu}+(?!\\p{Ll})|\\p{Lu}?[\\p{L}&&[^\\p{Lu}]]+");

  private static final Pattern OUTER_MARKS = Pattern.compile("^[^\\p{L}]+|[^\\p{L}\\p{N}]+$");

  /** Parts of one split are numbered: {@code train-00000-of-00002}. */
  private static final Pattern PART = Pattern.compile("[0-9]+-of-[0-9]+");

  /** The split that a name indicates. */
  public static Optional<SplitName> of(String full) {
    String name = PART.matcher(full).replaceFirst("");
    Set<Split> splits = new HashSet<>();
    String rest = name;
    boolean exact = true;
    Matcher words = WORD.matcher(name);
    while (words.find()) {
      String word = words.group().toLowerCase(Locale.ROOT);
      Optional<Split> told = Split.ofWord(word);
      if (told.isPresent() && splits.add(told.get())) {
        rest = name.substring(0, words.start()) + name.substring(words.end());
      } else if (told.isEmpty()) {
        exact &= word.length() == 1;
      }
    }
    if (splits.size() != 1) {
      return Optional.empty();
    }
    rest = OUTER_MARKS.matcher(rest).replaceAll("");
    return Optional.of(new SplitName(splits.iterator().next(), exact, rest));
  }
}
