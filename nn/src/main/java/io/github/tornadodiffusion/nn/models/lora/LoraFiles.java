package io.github.tornadodiffusion.nn.models.lora;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.lora.Lora.Pair;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Files of LoRAs for the parts of a pipeline: those of diffusers and peft, the older ones of
 * attention processors, and kohya's, with an alpha for each layer. Where a file has no alpha it is
 * the rank, as diffusers takes it.
 */
public final class LoraFiles {
  /** The part of a pipeline whose names have no prefix in old files. */
  public static final String UNET = "unet";

  /** The file name that diffusers looks for. */
  public static final String WEIGHTS = "pytorch_lora_weights.safetensors";

  private static final Map<String, String> KOHYA =
      Map.of(
          "lora_unet_", UNET,
          "lora_te_", "text_encoder",
          "lora_te1_", "text_encoder",
          "lora_te2_", "text_encoder_2");

  /** Layer, then which matrix. */
  private static final List<Pattern> NAMES =
      List.of(
          Pattern.compile("(.+)\\.lora(?:_linear_layer)?\\.(down|up)\\.weight"),
          Pattern.compile("(.+)\\.lora_(A|B)(?:\\.\\w+)?\\.weight"),
          Pattern.compile("(.+)\\.lora_(down|up)\\.weight"),
          Pattern.compile("(.+)\\.(alpha)"),
          Pattern.compile("(.+?)(?:\\.processor)?\\.to_(?:q|k|v|out)_lora\\.(down|up)\\.weight"));

  private static final Pattern PROCESSOR =
      Pattern.compile("(?:\\.processor)?\\.to_(q|k|v|out)_lora\\.");

  private LoraFiles() {}

  /** What a key of a file is: of which layer, and down, up or alpha. */
  private record Key(String layer, String what) {}

  /**
   * Reads the LoRA of one part of a pipeline.
   *
   * @param part {@code unet}, {@code text_encoder} or {@code text_encoder_2}
   * @param specs the parameters of that part
   * @return without pairs if the file has none for that part
   * @throws IOException in one line naming the file and the first key that does not fit
   */
  public static Lora read(Path file, String part, List<ParameterSpec> specs) throws IOException {
    Map<String, ParameterSpec> layers = new HashMap<>();
    for (ParameterSpec spec : specs) {
      if (Lora.isLayer(spec)) {
        layers.put(Lora.module(spec), spec);
        layers.put(Lora.module(spec).replace('.', '_'), spec);
      }
    }
    SequencedMap<String, Map<String, HostTensor>> found = new LinkedHashMap<>();
    for (Map.Entry<String, HostTensor> entry : Safetensors.read(file).entrySet()) {
      Key key = key(entry.getKey());
      if (key == null) {
        throw misfit(file, entry.getKey(), "is no name of a LoRA that is known here");
      }
      String layer = layer(key.layer, part);
      if (layer != null) {
        ParameterSpec spec = layers.get(layer);
        if (spec == null) {
          throw misfit(
              file, entry.getKey(), "is for a layer that the %s does not have".formatted(part));
        }
        found
            .computeIfAbsent(Lora.module(spec), m -> new HashMap<>())
            .put(key.what, entry.getValue());
      }
    }
    SequencedMap<String, Pair> pairs = new LinkedHashMap<>();
    for (Map.Entry<String, Map<String, HostTensor>> entry : found.entrySet()) {
      pairs.put(
          entry.getKey(), pair(file, entry.getKey(), entry.getValue(), layers.get(entry.getKey())));
    }
    return new Lora(pairs);
  }

  private static Pair pair(
      Path file, String module, Map<String, HostTensor> tensors, ParameterSpec spec)
      throws IOException {
    HostTensor down = tensors.get("down");
    HostTensor up = tensors.get("up");
    if (down == null || up == null) {
      throw misfit(file, module, "has one of its two matrices only");
    }
    int rank = down.shape()[0];
    int[] weight = spec.shape();
    boolean fits =
        up.shape().length >= 2
            && up.shape()[0] == weight[0]
            && up.values().length == weight[0] * rank
            && down.values().length == spec.size() / weight[0] * rank;
    if (!fits) {
      throw misfit(
          file,
          module,
          "is %s and %s, for another weight than %s"
              .formatted(
                  Arrays.toString(down.shape()),
                  Arrays.toString(up.shape()),
                  Arrays.toString(weight)));
    }
    HostTensor alpha = tensors.get("alpha");
    return new Pair(down, up, alpha == null ? rank : alpha.values()[0]);
  }

  private static IOException misfit(Path file, String key, String why) {
    return new IOException(
        "%s: %s %s; use a LoRA for this model".formatted(file, Messages.piece(key), why));
  }

  private static Key key(String name) {
    for (Pattern pattern : NAMES) {
      Matcher matcher = pattern.matcher(name);
      if (matcher.matches()) {
        String what = matcher.group(2).replace("A", "down").replace("B", "up");
        return new Key(processed(name, matcher.group(1)), what);
      }
    }
    return null;
  }

  /** Attention processors name projections as diffusers does, in text encoders too. */
  private static String processed(String name, String layer) {
    Matcher matcher = PROCESSOR.matcher(name);
    if (!matcher.find()) {
      return layer;
    }
    String projection = matcher.group(1);
    return layer.endsWith("self_attn")
        ? layer + "." + projection + "_proj"
        : layer + ".to_" + (projection.equals("out") ? "out.0" : projection);
  }

  /** The path of a layer of one part of a pipeline; null if it is of another part. */
  private static String layer(String name, String part) {
    for (Map.Entry<String, String> kohya : KOHYA.entrySet()) {
      if (name.startsWith(kohya.getKey())) {
        return kohya.getValue().equals(part) ? name.substring(kohya.getKey().length()) : null;
      }
    }
    String path = name.startsWith("base_model.model.") ? name.substring(17) : name;
    if (path.startsWith(part + ".")) {
      return path.substring(part.length() + 1);
    }
    boolean ofOther = path.startsWith(UNET + ".") || path.startsWith("text_encoder");
    return ofOther || !part.equals(UNET) ? null : path;
  }

  /**
   * Writes LoRAs as diffusers' {@code save_lora_weights} does. The file has no alpha, so that
   * diffusers takes the rank: B is multiplied by alpha / r if they differ.
   *
   * @param parts by the part of the pipeline
   * @throws IOException in one line naming the file and the cause
   */
  public static void write(Path file, SequencedMap<String, Lora> parts) throws IOException {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    parts.forEach((part, lora) ->
        lora.pairs()
            .forEach((module, pair) -> {
              String name =
                  "%s.%s.%s"
                      .formatted(part, module, part.equals(UNET) ? "lora" : "lora_linear_layer");
              tensors.put(name + ".down.weight", pair.down());
              tensors.put(name + ".up.weight", scaled(pair.up(), pair.factor()));
            }));
    Safetensors.write(file, tensors, Safetensors.PYTORCH_METADATA);
  }

  private static HostTensor scaled(HostTensor tensor, double factor) {
    float[] values = tensor.values().clone();
    for (int i = 0; i < values.length; i++) {
      values[i] *= (float) factor;
    }
    return new HostTensor(tensor.shape(), values);
  }
}
