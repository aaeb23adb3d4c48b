package io.github.tornadodiffusion.nn.models.clip;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.LayerNorm;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.EndTokenOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.ReshapeOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * transformers' CLIPTextModel: the text encoder of CLIP (Radford et al. 2021), with the names of
 * its published parameters. Its outputs are {@link #LAST_HIDDEN_STATE}, {@link #POOLER_OUTPUT} and
 * {@link #hiddenStates}.
 */
public sealed class CLIPTextModel implements TextEncoder permits CLIPTextModelWithProjection {
  /** The name in {@code architectures}. */
  public static final String CLASS_NAME = "CLIPTextModel";

  /**
   * The input, if there is one, that tells tokens (1) from padding (0), {@code [n, tokens]}:
   * nothing attends to padding.
   */
  public static final String ATTENTION_MASK = "attention_mask";

  /** The output {@code [n, hiddenSize]}: the last hidden state of the token that ends the text. */
  public static final String POOLER_OUTPUT = "pooler_output";

  /**
   * The output {@code [n, tokens, hiddenSize]} of a model that skips layers: the normalised hidden
   * states of an earlier layer.
   */
  public static final String SKIPPED = "clip_skip";

  /** The parameter {@code [vocabSize, hiddenSize]} with the vectors of all tokens. */
  public static final String TOKEN_EMBEDDING = "text_model.embeddings.token_embedding.weight";

  /** The bias of a token that nothing attends to. */
  private static final float HIDDEN = -1e30f;

  private final CLIPTextConfig config;
  private final Options options;
  private final Scope root = Scope.root();
  private final Parameter tokens;
  private final Parameter positions;
  private final List<CLIPEncoderLayer> layers = new ArrayList<>();
  private final LayerNorm finalNorm;

  /**
   * How a model is used.
   *
   * @param masked whether it reads {@link #ATTENTION_MASK}
   * @param clipSkip how many of the last layers {@link #SKIPPED} leaves out; 0 for no such output
   */
  public record Options(boolean masked, int clipSkip) {
    /** No mask, and no layers skipped. */
    public static final Options DEFAULT = new Options(false, 0);
  }

  /** A model that reads no mask. */
  public CLIPTextModel(CLIPTextConfig config) {
    this(config, Options.DEFAULT);
  }

  /**
   * A model with options.
   *
   * @throws IllegalArgumentException in one line if it has not so many layers to skip
   */
  public CLIPTextModel(CLIPTextConfig config, Options options) {
    int most = config.numHiddenLayers() - 1;
    if (options.clipSkip < 0 || options.clipSkip > most) {
      throw new IllegalArgumentException(
          "--clip-skip %d: the text encoder has %d layers, use 0 to %d"
              .formatted(options.clipSkip, config.numHiddenLayers(), most));
    }
    this.config = config;
    this.options = options;
    Scope model = root.child("text_model");
    Scope embeddings = model.child("embeddings");
    int channels = config.hiddenSize();
    tokens = table(embeddings.child("token_embedding"), config.vocabSize(), channels);
    positions =
        table(embeddings.child("position_embedding"), config.maxPositionEmbeddings(), channels);
    for (int i = 0; i < config.numHiddenLayers(); i++) {
      layers.add(new CLIPEncoderLayer(model.child("encoder.layers." + i), config));
    }
    finalNorm = new LayerNorm(model.child("final_layer_norm"), channels, config.layerNormEps());
  }

  private static Parameter table(Scope scope, int rows, int channels) {
    return scope.parameter("weight", Kind.EMBEDDING, 1, rows, channels);
  }

  /** The name of the output {@code [n, tokens, hiddenSize]} after so many layers. */
  public static String hiddenStates(int layers) {
    return "hidden_states." + layers;
  }

  /** The configuration that the model was built from. */
  public CLIPTextConfig config() {
    return config;
  }

  Scope root() {
    return root;
  }

  /** The parameter {@link #TOKEN_EMBEDDING}. */
  Parameter tokenEmbedding() {
    return tokens;
  }

  /** The same model used in another way. */
  public CLIPTextModel with(Options newOptions) {
    return new CLIPTextModel(config, newOptions);
  }

  @Override
  public String className() {
    return CLASS_NAME;
  }

  @Override
  public Map<String, Object> fields() {
    return config.fields();
  }

  @Override
  public int tokens() {
    return config.maxPositionEmbeddings();
  }

  @Override
  public int hiddenSize() {
    return config.hiddenSize();
  }

  @Override
  public Parameters parameters() {
    return root.parameters();
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    int n = batch.images();
    List<Input> inputs = new ArrayList<>();
    inputs.add(Input.tokenIds(INPUT_IDS, n, tokens(), config.vocabSize()));
    if (options.masked) {
      inputs.add(Input.vectors(ATTENTION_MASK, n, tokens()).with(m -> m == 1 ? 0 : HIDDEN));
    }
    return inputs;
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Tensor ids = inputs.get(INPUT_IDS);
    Tensor bias = inputs.get(ATTENTION_MASK);
    List<Tensor> states = new ArrayList<>();
    states.add(embed(graph, ids));
    for (CLIPEncoderLayer layer : layers) {
      states.add(layer.apply(graph, states.getLast(), bias));
    }
    Tensor last = finalNorm.apply(graph, states.getLast());
    SequencedMap<String, Tensor> outputs = Outputs.of(LAST_HIDDEN_STATE, last);
    Tensor pooled = EndTokenOperation.record(graph, POOLER_OUTPUT, last, ids, config.endToken());
    outputs.put(POOLER_OUTPUT, pooled);
    for (int i = 0; i < states.size(); i++) {
      outputs.put(hiddenStates(i), states.get(i));
    }
    if (options.clipSkip > 0) {
      Tensor skipped = states.get(layers.size() - options.clipSkip);
      outputs.put(SKIPPED, finalNorm.apply(graph, skipped));
    }
    return outputs;
  }

  private Tensor embed(Graph graph, Tensor ids) {
    float[] places = new float[ids.c()];
    for (int i = 0; i < places.length; i++) {
      places[i] = i % tokens();
    }
    Tensor ofTokens =
        graph.adapted(tokens, ids, LookupOperation.record(graph, "token_embedding", tokens, ids));
    Tensor ofPlaces = LookupOperation.record(graph, "position_embedding", positions, places);
    Tensor sum = AddOperation.record(graph, "embeddings", ofTokens, ofPlaces);
    return ReshapeOperation.record(graph, "embeddings", sum, ids.c() / tokens(), 1, tokens());
  }
}
