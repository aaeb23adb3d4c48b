package io.github.tornadodiffusion.diffusion.text;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * CLIP's tokenizer (Radford et al. 2021), as transformers' CLIPTokenizer without ftfy: a text is
 * cleaned and cut into words, and these into pairs of bytes. Added tokens are found first, with
 * regard to case and the longest first.
 */
public final class ClipTokenizer {
  static final String START = "<|startoftext|>";
  static final String END = "<|endoftext|>";

  private static final Pattern WORDS =
      Pattern.compile(
          "<\\|startoftext\\|>|<\\|endoftext\\|>|'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+",
          Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CASE);

  /** What transformers' clean_up_tokenization takes a space away from. */
  private static final List<String> CLEAN_UP =
      List.of(" .", " ?", " !", " ,", " ' ", " n't", " 'm", " 's", " 've", " 're");

  private final Vocabulary vocabulary;
  private final BytePairs pairs;
  private final Pattern added;
  private final Map<Integer, String> tokens = new HashMap<>();

  /**
   * What a tokenizer knows.
   *
   * @param ids of the tokens of words
   * @param merges pairs of tokens, the first to be merged first
   * @param added tokens that are found in a text as they are, and their ids
   * @param start the token that every text begins with
   * @param end the token that every text ends with
   * @param unknown what stands for a token without an id
   * @param padding what follows the end
   * @param maxLength tokens of a text with start, end and padding
   */
  record Vocabulary(
      Map<String, Integer> ids,
      List<List<String>> merges,
      Map<String, Integer> added,
      String start,
      String end,
      String unknown,
      String padding,
      int maxLength) {
    Vocabulary {
      added = new LinkedHashMap<>(added);
      for (String token : List.of(start, end, unknown, padding)) {
        Integer id = ids.get(token);
        if (id == null && !added.containsKey(token)) {
          throw new IllegalArgumentException(
              "vocab.json has no token %s: fetch the tokenizer again".formatted(token));
        }
        added.putIfAbsent(token, id);
      }
    }

    Set<String> special() {
      return new LinkedHashSet<>(List.of(start, end, unknown, padding));
    }

    Integer id(String token) {
      Integer of = added.getOrDefault(token, ids.get(token));
      return of == null ? added.get(unknown) : of;
    }

    /** One more than the greatest id. */
    int size() {
      return 1
          + IntStream.concat(
                  ids.values().stream().mapToInt(i -> i), added.values().stream().mapToInt(i -> i))
              .max()
              .orElse(-1);
    }
  }

  /**
   * A text as an encoder reads it.
   *
   * @param ids start, tokens, end and padding
   * @param attentionMask 1 for every token up to the end, 0 for padding
   * @param cutOff the end of the text, which has no room; empty if all of it has
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Encoding(int[] ids, int[] attentionMask, String cutOff) {
    /** What to tell the user: one line that quotes what was cut off, or empty. */
    public String warning() {
      return cutOff.isEmpty()
          ? ""
          : "The text encoder reads %d tokens of a prompt, which is longer; this is cut off: \"%s\""
              .formatted(ids.length, cutOff);
    }
  }

  ClipTokenizer(Vocabulary vocabulary) {
    this.vocabulary = vocabulary;
    pairs = new BytePairs(vocabulary.merges);
    added =
        Pattern.compile(
            vocabulary.added.keySet().stream()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .map(Pattern::quote)
                .collect(Collectors.joining("|")));
    vocabulary.ids.forEach((token, id) -> tokens.put(id, token));
    vocabulary.added.forEach((token, id) -> tokens.put(id, token));
  }

  /**
   * Reads a directory with {@code vocab.json} and {@code merges.txt}, and if they are there {@code
   * tokenizer_config.json}, {@code special_tokens_map.json} and {@code added_tokens.json}.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public static ClipTokenizer read(Path directory) throws IOException {
    return new ClipTokenizer(TokenizerFiles.read(directory));
  }

  /**
   * A tokenizer whose vocabulary is made of merges alone, as CLIP's is: all bytes, all bytes at the
   * end of a word, the merges, start and end.
   *
   * @param merges pairs of tokens, the first to be merged first
   * @param maxLength tokens of a text, see {@link #maxLength}
   */
  public static ClipTokenizer of(List<List<String>> merges, int maxLength) {
    List<String> all = new ArrayList<>(BytePairs.characters());
    BytePairs.characters().forEach(character -> all.add(character + BytePairs.END));
    merges.forEach(pair -> all.add(String.join("", pair)));
    all.addAll(List.of(START, END));
    Map<String, Integer> ids = new LinkedHashMap<>();
    for (int i = 0; i < all.size(); i++) {
      ids.put(all.get(i), i);
    }
    return new ClipTokenizer(
        new Vocabulary(ids, merges, Map.of(), START, END, END, END, maxLength));
  }

  /**
   * The same with more tokens, whose ids follow the greatest: what learned embeddings are for.
   *
   * @throws IllegalArgumentException in one line if there is one of them already
   */
  public ClipTokenizer with(List<String> more) {
    Map<String, Integer> all = new LinkedHashMap<>(vocabulary.added);
    int next = vocabulary.size();
    for (String token : more) {
      if (token.isEmpty() || vocabulary.ids.containsKey(token) || all.containsKey(token)) {
        throw new IllegalArgumentException(
            "the tokenizer has the token \"%s\" already: choose another".formatted(token));
      }
      all.put(token, next++);
    }
    Vocabulary v = vocabulary;
    return new ClipTokenizer(
        new Vocabulary(v.ids, v.merges, all, v.start, v.end, v.unknown, v.padding, v.maxLength));
  }

  /** The same with another token after the end of a text. */
  public ClipTokenizer padded(String padding) {
    Vocabulary v = vocabulary;
    return new ClipTokenizer(
        new Vocabulary(v.ids, v.merges, v.added, v.start, v.end, v.unknown, padding, v.maxLength));
  }

  /** Tokens of an encoded text, with start, end and padding. */
  public int maxLength() {
    return vocabulary.maxLength;
  }

  /** One more than the greatest id. */
  public int size() {
    return vocabulary.size();
  }

  /** The id of a token; that of an unknown one for all others. */
  public int id(String token) {
    return vocabulary.id(token);
  }

  /** The tokens of a text, without start and end. */
  public List<String> tokenize(String text) {
    List<String> all = new ArrayList<>();
    Matcher matcher = added.matcher(text);
    int from = 0;
    while (matcher.find()) {
      addWords(text.substring(from, matcher.start()), all);
      all.add(matcher.group());
      from = matcher.end();
    }
    addWords(text.substring(from), all);
    return all;
  }

  private void addWords(String text, List<String> all) {
    Matcher matcher = WORDS.matcher(CleanText.of(text));
    while (matcher.find()) {
      String word = matcher.group();
      if (word.equals(START) || word.equals(END)) {
        all.add(word);
      } else {
        all.addAll(pairs.split(word));
      }
    }
  }

  /**
   * A text in which every added token that has several vectors is followed by the tokens of the
   * others, as diffusers' {@code maybe_convert_prompt} does; see {@link LearnedEmbedding}.
   */
  public String withAllVectors(String text) {
    String converted = text;
    for (String token : new LinkedHashSet<>(tokenize(text))) {
      if (vocabulary.added.containsKey(token)) {
        StringBuilder all = new StringBuilder(token);
        for (int i = 1; vocabulary.added.containsKey(token + "_" + i); i++) {
          all.append(' ').append(token).append('_').append(i);
        }
        converted = converted.replace(token, all);
      }
    }
    return converted;
  }

  /** The ids of a whole text between start and end, however long it is. */
  public int[] ids(String text) {
    return IntStream.concat(
            IntStream.concat(
                IntStream.of(id(vocabulary.start)), tokenize(text).stream().mapToInt(this::id)),
            IntStream.of(id(vocabulary.end)))
        .toArray();
  }

  /** A text as an encoder reads it: cut off or padded to {@link #maxLength} tokens. */
  public Encoding encode(String text) {
    int[] all = ids(text);
    int most = vocabulary.maxLength;
    int count = Math.min(all.length, most);
    int[] ids = Arrays.copyOf(all, most);
    int[] mask = new int[most];
    Arrays.fill(mask, 0, count, 1);
    Arrays.fill(ids, count, most, id(vocabulary.padding));
    ids[count - 1] = all[all.length - 1];
    String cutOff =
        all.length <= most ? "" : decode(Arrays.copyOfRange(all, most - 1, all.length - 1));
    return new Encoding(ids, mask, cutOff);
  }

  /** The text of tokens, without the special ones. */
  public String decode(int[] ids) {
    Set<String> special = vocabulary.special();
    List<String> texts = new ArrayList<>();
    List<String> words = new ArrayList<>();
    for (int id : ids) {
      String token = tokens.getOrDefault(id, vocabulary.unknown);
      if (special.contains(token)) {
        continue;
      }
      if (vocabulary.added.containsKey(token)) {
        addText(words, texts);
        texts.add(token);
      } else {
        words.add(token);
      }
    }
    addText(words, texts);
    String text = String.join(" ", texts);
    for (String spaced : CLEAN_UP) {
      text = text.replace(spaced, spaced.strip());
    }
    return text;
  }

  private static void addText(List<String> words, List<String> texts) {
    String text = BytePairs.join(words);
    if (!text.isEmpty()) {
      texts.add(text);
    }
    words.clear();
  }

  /**
   * Writes the files that {@link #read} reads, and transformers too.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public void write(Path directory) throws IOException {
    TokenizerFiles.write(directory, vocabulary);
  }
}
