package io.github.tornadodiffusion.nn.models;

import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.io.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A network that makes hidden states of the tokens of a text. It reads {@link #INPUT_IDS}, {@code
 * [n, tokens]}, and has the output {@link #LAST_HIDDEN_STATE}; the names of both are transformers'.
 *
 * <p>A class of one's own is public and has a public constructor with the {@link
 * io.github.tornadodiffusion.nn.io.JsonFields} of its {@code config.json}, whose {@code
 * architectures} name the class.
 */
public interface TextEncoder extends Model {
  /** The input with the tokens. */
  String INPUT_IDS = "input_ids";

  /** The output {@code [n, tokens, hiddenSize]} after the last layer and its normalisation. */
  String LAST_HIDDEN_STATE = "last_hidden_state";

  /** The key of the class names in {@code config.json}. */
  String ARCHITECTURES = "architectures";

  /** The name in {@code architectures}. */
  default String className() {
    return getClass().getName();
  }

  /** The other values of its {@code config.json}, of which the constructor makes it again. */
  Map<String, Object> fields();

  /** Tokens of a text, to which it is padded. */
  int tokens();

  /** Channels of a token's hidden state. */
  int hiddenSize();

  /** The text of {@code config.json}. */
  default String toJson() {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put(ARCHITECTURES, List.of(className()));
    json.putAll(fields());
    return Json.write(json);
  }
}
