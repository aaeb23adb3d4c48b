package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.TimestepEmbedding;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.SinusoidOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The embedding of timesteps and class labels in UNet2DModel: one vector per image, the sum of
 * both.
 */
final class ConditionEmbedding {
  private static final String LABELS_IN_WORDS = "class labels";

  /**
   * Where the vector of a class label comes from: nowhere, a table, its timestep embedding, or the
   * caller.
   */
  private enum Classes {
    NONE,
    TABLE,
    TIMESTEP,
    IDENTITY
  }

  private final UNet2DConfig config;
  private final Parameter frequencies;
  private final Parameter timeTable;
  private final TimestepEmbedding timeEmbedding;
  private final Classes classes;
  private final Parameter classTable;
  private final TimestepEmbedding classEmbedding;

  /**
   * @param root the scope of the UNet
   * @param timeEmbedDim channels of the vector
   */
  ConditionEmbedding(Scope root, UNet2DConfig config, int timeEmbedDim) {
    this.config = config;
    int base = config.blockOutChannels().getFirst();
    Scope timeProj = root.child("time_proj");
    boolean fourier = config.fourier();
    frequencies = fourier ? timeProj.parameter("weight", Kind.FREQUENCIES, 1, base) : null;
    timeTable =
        config.timeEmbeddingType().equals("learned")
            ? timeProj.parameter("weight", Kind.EMBEDDING, 1, config.numTrainTimesteps(), base)
            : null;
    int features = fourier ? 2 * base : base;
    timeEmbedding = new TimestepEmbedding(root.child("time_embedding"), features, timeEmbedDim);
    classes = classes(config);
    Scope scope = root.child("class_embedding");
    classTable =
        classes == Classes.TABLE
            ? scope.parameter("weight", Kind.EMBEDDING, 1, config.numClassEmbeds(), timeEmbedDim)
            : null;
    classEmbedding =
        classes == Classes.TIMESTEP ? new TimestepEmbedding(scope, features, timeEmbedDim) : null;
  }

  private static Classes classes(UNet2DConfig config) {
    return switch (config.classEmbedType()) {
      case null -> config.numClassEmbeds() == null ? Classes.NONE : Classes.TABLE;
      case "timestep" -> Classes.TIMESTEP;
      default -> Classes.IDENTITY;
    };
  }

  /** Its inputs for n images, {@link Model#TIMESTEPS} and {@link Model#CLASS_LABELS}. */
  List<Input> inputs(int n) {
    List<Input> inputs = new ArrayList<>();
    inputs.add(Input.numbers(Model.TIMESTEPS, n).with(t -> number("timestep", t)));
    Input labels = Input.numbers(Model.CLASS_LABELS, n);
    switch (classes) {
      case NONE -> {}
      case TABLE ->
          inputs.add(
              Input.labels(Model.CLASS_LABELS, n, config.numClassEmbeds()).called(LABELS_IN_WORDS));
      case TIMESTEP ->
          inputs.add(labels.with(l -> number("class label", l)).called(LABELS_IN_WORDS));
      case IDENTITY ->
          inputs.add(
              Input.vectors(Model.CLASS_LABELS, n, config.classVectorLength())
                  .called("values of class vectors"));
    }
    return inputs;
  }

  /** A number as the time embedding reads it. */
  private float number(String what, float value) {
    if (config.fourier()) {
      if (!(value > 0)) {
        throw new IllegalArgumentException(
            "The model embeds logarithms (time_embedding_type fourier) and cannot take the %s %s:"
                    .formatted(what, value)
                + " use numbers above 0");
      }
      return (float) StrictMath.log(value);
    }
    return timeTable == null ? value : Input.index(what, value, config.numTrainTimesteps());
  }

  /** Records the vector {@code [n, 1, 1, timeEmbedDim]}. */
  Tensor apply(Graph graph, Map<String, Tensor> inputs) {
    Tensor time = timeEmbedding.apply(graph, features(graph, inputs.get(Model.TIMESTEPS)));
    Tensor labels = inputs.get(Model.CLASS_LABELS);
    Tensor ofClasses =
        switch (classes) {
          case NONE -> null;
          case TABLE -> LookupOperation.record(graph, "class_embedding", classTable, labels);
          case TIMESTEP -> classEmbedding.apply(graph, features(graph, labels));
          case IDENTITY -> labels;
        };
    return ofClasses == null
        ? time
        : AddOperation.record(graph, "class_embedding", time, ofClasses);
  }

  private Tensor features(Graph graph, Tensor numbers) {
    if (frequencies != null) {
      return SinusoidOperation.fourier(graph, "time_proj", numbers, frequencies);
    }
    if (timeTable != null) {
      return LookupOperation.record(graph, "time_proj", timeTable, numbers);
    }
    return SinusoidOperation.record(
        graph,
        "time_proj",
        numbers,
        config.blockOutChannels().getFirst(),
        config.freqShift(),
        config.flipSinToCos());
  }
}
