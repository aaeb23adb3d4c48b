package io.github.tornadodiffusion.nn.models.clip;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Settings;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * The configuration of a {@link CLIPTextModel}: component for component arguments of transformers'
 * CLIPTextConfig, whose documentation applies.
 *
 * @param vocabSize tokens that it knows
 * @param hiddenSize channels of a hidden state
 * @param intermediateSize channels between the two linear layers of a block
 * @param projectionDim channels of the projected text
 * @param numHiddenLayers blocks
 * @param numAttentionHeads a divisor of the channels
 * @param maxPositionEmbeddings tokens of a text
 * @param hiddenAct activation between the linear layers
 * @param layerNormEps added to variances
 * @param padTokenId kept for transformers
 * @param bosTokenId kept for transformers
 * @param eosTokenId the token whose hidden state stands for the text, see {@link #endToken}
 */
public record CLIPTextConfig(
    int vocabSize,
    int hiddenSize,
    int intermediateSize,
    int projectionDim,
    int numHiddenLayers,
    int numAttentionHeads,
    int maxPositionEmbeddings,
    String hiddenAct,
    double layerNormEps,
    int padTokenId,
    int bosTokenId,
    int eosTokenId) {
  /** What transformers writes and what decides nothing here. */
  private static final Set<String> HARMLESS =
      Set.of(
          "architectures",
          "attention_dropout",
          "dropout",
          "dtype",
          "initializer_factor",
          "initializer_range",
          "model_type",
          "torch_dtype",
          "transformers_version");

  /** What files say whose end token was never set right: transformers takes the greatest token. */
  private static final int LEGACY_END = 2;

  private static final int MOST = 1 << 20;
  private static final int MOST_LAYERS = 1000;

  /**
   * Checks the configuration.
   *
   * @throws IllegalArgumentException naming the key, its value and what is possible
   */
  public CLIPTextConfig {
    positive("vocab_size", vocabSize, MOST);
    positive("hidden_size", hiddenSize, MOST);
    positive("intermediate_size", intermediateSize, MOST);
    positive("projection_dim", projectionDim, MOST);
    positive("num_hidden_layers", numHiddenLayers, MOST_LAYERS);
    positive("max_position_embeddings", maxPositionEmbeddings, MOST);
    Settings.check(
        numAttentionHeads > 0 && hiddenSize % numAttentionHeads == 0,
        "num_attention_heads",
        numAttentionHeads,
        "a divisor of hidden_size, which is " + hiddenSize);
    Settings.check(
        Activation.named(hiddenAct).isPresent(),
        "hidden_act",
        hiddenAct,
        "one of " + String.join(", ", Activation.names()));
    Settings.check(layerNormEps >= 0, "layer_norm_eps", layerNormEps, "at least 0");
  }

  private static void positive(String key, int value, int most) {
    Settings.check(value >= 1 && value <= most, key, value, "1 to " + most);
  }

  /** The defaults of transformers' class. */
  public static CLIPTextConfig defaults() {
    return new CLIPTextConfig(
        49408, 512, 2048, 512, 12, 8, 77, "quick_gelu", 1e-5, 1, 49406, 49407);
  }

  /**
   * Reads the fields of a {@code config.json}; those that are absent have transformers' defaults.
   *
   * @throws IllegalArgumentException in one line naming a key that is unknown or not supported
   */
  public static CLIPTextConfig of(JsonFields fields) {
    CLIPTextConfig defaults = defaults();
    Set<String> known = defaults.fields().keySet();
    fields.refuseOthers(
        key -> known.contains(key) || HARMLESS.contains(key), "CLIPTextModel of transformers");
    for (String key : Set.of("attention_dropout", "dropout")) {
      double dropout = fields.number(key, 0);
      Settings.check(dropout == 0, key, dropout, "0: text encoders drop nothing here");
    }
    return new CLIPTextConfig(
        fields.integer("vocab_size", defaults.vocabSize),
        fields.integer("hidden_size", defaults.hiddenSize),
        fields.integer("intermediate_size", defaults.intermediateSize),
        fields.integer("projection_dim", defaults.projectionDim),
        fields.integer("num_hidden_layers", defaults.numHiddenLayers),
        fields.integer("num_attention_heads", defaults.numAttentionHeads),
        fields.integer("max_position_embeddings", defaults.maxPositionEmbeddings),
        fields.string("hidden_act", defaults.hiddenAct),
        fields.number("layer_norm_eps", defaults.layerNormEps),
        fields.integer("pad_token_id", defaults.padTokenId),
        fields.integer("bos_token_id", defaults.bosTokenId),
        fields.integer("eos_token_id", defaults.eosTokenId));
  }

  /** The keys that transformers writes. */
  Map<String, Object> fields() {
    Map<String, Object> json = new TreeMap<>();
    json.put("vocab_size", vocabSize);
    json.put("hidden_size", hiddenSize);
    json.put("intermediate_size", intermediateSize);
    json.put("projection_dim", projectionDim);
    json.put("num_hidden_layers", numHiddenLayers);
    json.put("num_attention_heads", numAttentionHeads);
    json.put("max_position_embeddings", maxPositionEmbeddings);
    json.put("hidden_act", hiddenAct);
    json.put("layer_norm_eps", layerNormEps);
    json.put("pad_token_id", padTokenId);
    json.put("bos_token_id", bosTokenId);
    json.put("eos_token_id", eosTokenId);
    json.put("model_type", "clip_text_model");
    return json;
  }

  /**
   * The token that ends a text; empty where it is the greatest of its tokens, as transformers takes
   * it if eos_token_id is 2.
   */
  OptionalInt endToken() {
    return eosTokenId == LEGACY_END ? OptionalInt.empty() : OptionalInt.of(eosTokenId);
  }

  Activation activation() {
    return Activation.named(hiddenAct).orElseThrow();
  }

  /** The same with more tokens: what learned embeddings add. */
  public CLIPTextConfig withVocabSize(int newVocabSize) {
    return new CLIPTextConfig(
        newVocabSize,
        hiddenSize,
        intermediateSize,
        projectionDim,
        numHiddenLayers,
        numAttentionHeads,
        maxPositionEmbeddings,
        hiddenAct,
        layerNormEps,
        padTokenId,
        bosTokenId,
        eosTokenId);
  }
}
