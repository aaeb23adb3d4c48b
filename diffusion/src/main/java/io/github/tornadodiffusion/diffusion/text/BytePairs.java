package io.github.tornadodiffusion.diffusion.text;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Byte-pair encoding (Sennrich et al. 2016) of the bytes of a word (Radford et al. 2019): every
 * byte is a printable character, the last one of a word ends with {@link #END}, and the pair that
 * was merged first while the vocabulary was made is merged first.
 */
final class BytePairs {
  /** Marks the end of a word. */
  static final String END = "</w>";

  private static final int BYTES = 256;
  private static final String[] CHARACTERS = new String[BYTES];
  private static final List<String> IN_ORDER = new ArrayList<>();
  private static final Map<Integer, Integer> BYTE_OF = new HashMap<>();

  static {
    // Printable bytes stand for themselves and come first, the others follow beyond all bytes.
    for (int pass = 0; pass < 2; pass++) {
      for (int b = 0; b < BYTES; b++) {
        boolean printable = b >= '!' && b <= '~' || b >= 0xA1 && b != 0xAD;
        if (printable == (pass == 0)) {
          int character = printable ? b : BYTES + IN_ORDER.size() - (BYTES - 68);
          CHARACTERS[b] = Character.toString(character);
          BYTE_OF.put(character, b);
          IN_ORDER.add(CHARACTERS[b]);
        }
      }
    }
  }

  private final Map<List<String>, Integer> ranks = new HashMap<>();

  /** The pairs in the order in which they were merged. */
  BytePairs(List<List<String>> merges) {
    merges.forEach(pair -> ranks.putIfAbsent(List.copyOf(pair), ranks.size()));
  }

  /** The characters of all bytes, in the order that they have in CLIP's vocabulary. */
  static List<String> characters() {
    return List.copyOf(IN_ORDER);
  }

  /** The tokens of a word. */
  List<String> split(String word) {
    List<String> parts = new ArrayList<>();
    for (byte b : word.getBytes(StandardCharsets.UTF_8)) {
      parts.add(CHARACTERS[b & 0xff]);
    }
    parts.add(parts.removeLast() + END);
    while (true) {
      List<String> first = null;
      for (int i = 0; i + 1 < parts.size(); i++) {
        List<String> pair = List.of(parts.get(i), parts.get(i + 1));
        if (ranks.containsKey(pair) && (first == null || ranks.get(pair) < ranks.get(first))) {
          first = pair;
        }
      }
      if (first == null) {
        return parts;
      }
      parts = merged(parts, first);
    }
  }

  private static List<String> merged(List<String> parts, List<String> pair) {
    List<String> merged = new ArrayList<>();
    for (int i = 0; i < parts.size(); i++) {
      if (i + 1 < parts.size() && parts.subList(i, i + 2).equals(pair)) {
        merged.add(String.join("", pair));
        i++;
      } else {
        merged.add(parts.get(i));
      }
    }
    return merged;
  }

  /** The text of tokens: words apart by a space, bytes that are no text replaced. */
  static String join(List<String> tokens) {
    String characters = String.join("", tokens);
    byte[] bytes = new byte[characters.length()];
    int length = 0;
    for (int c : characters.codePoints().toArray()) {
      Integer b = BYTE_OF.get(c);
      if (b != null) {
        bytes[length++] = b.byteValue();
      }
    }
    return new String(Arrays.copyOf(bytes, length), StandardCharsets.UTF_8)
        .replace(END, " ")
        .strip();
  }
}
