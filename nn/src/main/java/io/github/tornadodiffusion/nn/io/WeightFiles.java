package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The files of a model directory that hold its parameters, as diffusers' and transformers' {@code
 * save_pretrained} name them: one file, or an index of several, either of them optionally with a
 * variant such as {@code fp16} in its name.
 */
public final class WeightFiles {
  /** The single file, without variant. */
  public static final String WEIGHTS = "diffusion_pytorch_model.safetensors";

  /** The single file of a text encoder, as transformers names it. */
  public static final String TEXT_WEIGHTS = "model.safetensors";

  private static final Predicate<String> VARIANT =
      Pattern.compile("(diffusion_pytorch_)?model\\.[^.]+\\.safetensors").asMatchPredicate();
  private static final Predicate<String> VARIANT_INDEX =
      Pattern.compile("(diffusion_pytorch_)?model\\.safetensors\\.index\\.[^.]+\\.json")
          .asMatchPredicate();
  private static final Predicate<String> SHARD =
      Pattern.compile(".*-\\d+-of-\\d+\\..*").asMatchPredicate();
  private static final Predicate<String> PICKLE =
      Pattern.compile("(diffusion_)?pytorch_model.*\\.bin").asMatchPredicate();

  private WeightFiles() {}

  /**
   * The files to read. If the directory has only one variant and nothing else, that is read.
   *
   * @throws IOException in one line if there are none that can be read, or several sets of them
   */
  public static List<Path> of(Path directory) throws IOException {
    for (String single : List.of(WEIGHTS, TEXT_WEIGHTS)) {
      if (Files.exists(directory.resolve(single))) {
        return List.of(directory.resolve(single));
      }
    }
    List<String> names;
    try (var files = Files.list(directory)) {
      names = files.map(file -> file.getFileName().toString()).sorted().toList();
    }
    for (String single : List.of(WEIGHTS, TEXT_WEIGHTS)) {
      String index = single + ".index.json";
      if (names.contains(index)) {
        return indexed(directory, index);
      }
    }
    List<String> variants =
        names.stream().filter(VARIANT.and(SHARD.negate()).or(VARIANT_INDEX)).toList();
    if (variants.size() == 1) {
      String variant = variants.getFirst();
      return VARIANT_INDEX.test(variant)
          ? indexed(directory, variant)
          : List.of(directory.resolve(variant));
    }
    if (variants.size() > 1) {
      throw new IOException(
          "%s has no %s but several variants of it (%s); rename the one to read"
              .formatted(directory, WEIGHTS, Messages.firstOf(variants)));
    }
    List<String> pickles = names.stream().filter(PICKLE).toList();
    if (!pickles.isEmpty()) {
      throw new IOException(
          "%s holds only %s, a pickle, which is not read; load the model with diffusers and save it"
                  .formatted(directory, Messages.piece(pickles.getFirst()))
              + " with save_pretrained(directory, safe_serialization=True)");
    }
    throw new IOException(
        "%s has no %s; fetch or save the model again".formatted(directory, WEIGHTS));
  }

  private static List<Path> indexed(Path directory, String index) throws IOException {
    return Json.read(directory.resolve(index), fields -> shards(directory, fields));
  }

  /**
   * The shard files that an index names, each once; a name that contains a directory is refused.
   */
  private static List<Path> shards(Path directory, JsonFields index) {
    Set<String> names = new LinkedHashSet<>(index.object("weight_map").allStrings().values());
    if (names.isEmpty()) {
      throw new IllegalArgumentException("weight_map is empty; fetch or save the model again");
    }
    for (String name : names) {
      if (name.isEmpty() || name.contains("/") || name.contains("\\") || name.contains("\0")) {
        throw new IllegalArgumentException(
            "weight_map names %s; it must name files of this directory"
                .formatted(Messages.piece(name)));
      }
    }
    return names.stream().map(directory::resolve).toList();
  }
}
