package io.github.tornadodiffusion.diffusion.text;

import java.text.Normalizer;
import java.util.Locale;

/**
 * What transformers' BasicTokenizer makes of a text before it is encoded: characters without a
 * meaning are dropped, every Chinese character stands alone, accents are composed (NFC), words are
 * in lower case and apart by one space.
 */
final class CleanText {
  private static final int REPLACEMENT = 0xFFFD;

  private CleanText() {}

  static String of(String text) {
    StringBuilder clean = new StringBuilder();
    text.codePoints()
        .filter(c -> c != REPLACEMENT && (isSpace(c) || !isControl(c)))
        .forEach(c -> {
          if (isSpace(c)) {
            clean.append(' ');
          } else if (isChinese(c)) {
            clean.append(' ').appendCodePoint(c).append(' ');
          } else {
            clean.appendCodePoint(c);
          }
        });
    String composed = Normalizer.normalize(clean, Normalizer.Form.NFC);
    StringBuilder words = new StringBuilder();
    for (String word : composed.split("[\\s\\u2028\\u2029]+")) {
      if (!word.isEmpty()) {
        words.append(words.isEmpty() ? "" : " ").append(word.toLowerCase(Locale.ROOT));
      }
    }
    return words.toString();
  }

  private static boolean isSpace(int c) {
    return c == '\t' || c == '\n' || c == '\r' || Character.getType(c) == Character.SPACE_SEPARATOR;
  }

  private static boolean isControl(int c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED ->
          true;
      default -> false;
    };
  }

  /** The blocks that BasicTokenizer names; Korean and Japanese letters are not among them. */
  private static boolean isChinese(int c) {
    return c >= 0x4E00 && c <= 0x9FFF
        || c >= 0x3400 && c <= 0x4DBF
        || c >= 0x20000 && c <= 0x2A6DF
        || c >= 0x2A700 && c <= 0x2CEAF
        || c >= 0xF900 && c <= 0xFAFF
        || c >= 0x2F800 && c <= 0x2FA1F;
  }
}
