package io.github.tornadodiffusion.diffusion.text;

import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A word that a text encoder was taught by textual inversion (Gal et al. 2022): vectors for a token
 * that its vocabulary does not have. Where there are several vectors, those after the first belong
 * to the tokens {@code TOKEN_1} and on, which stand behind it in every prompt.
 *
 * @param file that it was read from
 * @param token the word
 * @param tensors {@code [vectors, hiddenSize]} or {@code [hiddenSize]} each, by the names in the
 *     file
 */
public record LearnedEmbedding(Path file, String token, Map<String, HostTensor> tensors) {
  /** The file name that diffusers' training writes. */
  public static final String WEIGHTS = "learned_embeds.safetensors";

  /** The names of files that are called as their word. */
  private static final List<String> NAMELESS = List.of("emb_params", "clip_l", "clip_g");

  /**
   * Reads a file of diffusers, whose only tensor has the word's name, or one of other programs,
   * which is called as its word.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public static LearnedEmbedding read(Path file) throws IOException {
    Map<String, HostTensor> tensors = Safetensors.read(file);
    boolean nameless = NAMELESS.containsAll(tensors.keySet());
    boolean shaped =
        tensors.values().stream().allMatch(t -> t.shape().length == 1 || t.shape().length == 2);
    if (tensors.isEmpty() || !shaped || !nameless && tensors.size() > 1) {
      throw new IOException(
          "%s has %s and is no learned embedding; give a file of textual inversion"
              .formatted(file, Messages.firstOf(List.copyOf(tensors.keySet()))));
    }
    String name = file.getFileName().toString();
    return new LearnedEmbedding(
        file,
        nameless ? name.replaceFirst("\\.[^.]*$", "") : tensors.keySet().iterator().next(),
        new LinkedHashMap<>(tensors));
  }

  /**
   * The vectors for one of the text encoders of a model.
   *
   * @param number of the encoder, from 0
   * @param hiddenSize channels of its tokens
   * @return {@code [vectors, hiddenSize]}; null if there are none for it
   */
  public HostTensor vectors(int number, int hiddenSize) {
    String own = number == 0 ? "clip_l" : "clip_g";
    String other = number == 0 ? "clip_g" : "clip_l";
    return tensors.entrySet().stream()
        .filter(entry -> tensors.containsKey(own) ? entry.getKey().equals(own) : true)
        .filter(entry -> !entry.getKey().equals(other))
        .map(Map.Entry::getValue)
        .filter(tensor -> width(tensor) == hiddenSize)
        .findFirst()
        .map(tensor ->
            new HostTensor(
                new int[] {tensor.values().length / hiddenSize, hiddenSize}, tensor.values()))
        .orElse(null);
  }

  private static int width(HostTensor tensor) {
    return tensor.shape()[tensor.shape().length - 1];
  }

  /** How long its vectors are, for messages. */
  public String widths() {
    return tensors.values().stream()
        .map(tensor -> Integer.toString(width(tensor)))
        .distinct()
        .collect(Collectors.joining(" and "));
  }

  /** The tokens of a number of vectors. */
  public static List<String> tokens(String token, int vectors) {
    return IntStream.range(0, vectors).mapToObj(i -> i == 0 ? token : token + "_" + i).toList();
  }

  /**
   * A table of embeddings with rows for more tokens.
   *
   * @param table {@code [rows, hiddenSize]}
   * @param first the place of the first of the vectors; rows before it are zeros where there were
   *     none
   * @param vectors {@code [n, hiddenSize]}
   */
  public static HostTensor extended(HostTensor table, int first, HostTensor vectors) {
    int width = table.shape()[1];
    int rows = Math.max(table.shape()[0], first + vectors.shape()[0]);
    float[] values = Arrays.copyOf(table.values(), rows * width);
    System.arraycopy(vectors.values(), 0, values, first * width, vectors.values().length);
    return new HostTensor(new int[] {rows, width}, values);
  }
}
