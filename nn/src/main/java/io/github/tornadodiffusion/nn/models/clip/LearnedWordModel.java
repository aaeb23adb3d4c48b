package io.github.tornadodiffusion.nn.models.clip;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.MixOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A text encoder with vectors for tokens that it does not know, as textual inversion learns them
 * (Gal et al. 2022). They are a parameter of their own, which {@link #TRAINABLE} trains alone.
 */
public final class LearnedWordModel implements Model {
  /** The vectors, {@code [vectors, hiddenSize]}. */
  public static final String VECTORS = "learned_word.weight";

  /** The vectors; the text encoder is frozen. */
  public static final Trainable TRAINABLE = Trainable.named(VECTORS::equals);

  private static final String ROWS = "learned rows";
  private static final String KNOWN = "known tokens";
  private static final String LEARNED = "learned tokens";

  private final CLIPTextModel model;
  private final Parameters parameters;
  private final Parameter vectors;

  /**
   * A text encoder with more tokens.
   *
   * @param count of the vectors
   */
  public LearnedWordModel(CLIPTextModel model, int count) {
    this.model = model;
    parameters = new Parameters(model.parameters());
    vectors =
        new Scope(parameters, "")
            .child("learned_word")
            .parameter("weight", Kind.EMBEDDING, 1, count, model.config().hiddenSize());
  }

  /**
   * What the model reads.
   *
   * @param ids of the tokens; those from {@code first} on have vectors of their own
   * @param first the id of the first vector
   */
  public static Map<String, float[]> values(int[] ids, int first) {
    int n = ids.length;
    float[] known = new float[n];
    float[] rows = new float[n];
    float[] isKnown = new float[n];
    float[] isLearned = new float[n];
    for (int i = 0; i < n; i++) {
      boolean learned = ids[i] >= first;
      known[i] = learned ? 0 : ids[i];
      rows[i] = learned ? ids[i] - first : 0;
      isKnown[i] = learned ? 0 : 1;
      isLearned[i] = learned ? 1 : 0;
    }
    return Map.of(CLIPTextModel.INPUT_IDS, known, ROWS, rows, KNOWN, isKnown, LEARNED, isLearned);
  }

  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    int n = batch.images();
    int tokens = model.tokens();
    List<Input> inputs = new ArrayList<>(model.inputs(batch));
    inputs.add(Input.tokenIds(ROWS, n, tokens, vectors.spec().shape()[0]));
    inputs.add(Input.numbers(KNOWN, n * tokens));
    inputs.add(Input.numbers(LEARNED, n * tokens));
    return inputs;
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    graph.adapt(
        model.tokenEmbedding(),
        (on, ids, known) ->
            MixOperation.record(
                on,
                "learned_word",
                known,
                LookupOperation.record(on, "learned_word", vectors, inputs.get(ROWS)),
                inputs.get(KNOWN),
                inputs.get(LEARNED),
                Padding.NONE));
    return model.record(graph, inputs);
  }
}
