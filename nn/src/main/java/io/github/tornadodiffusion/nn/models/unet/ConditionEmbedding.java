package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.TimestepEmbedding;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.SinusoidOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The embedding of timesteps and class labels in a UNet: one vector per image, the sum of both, or
 * one after the other.
 */
final class ConditionEmbedding {
  /** A second vector that the timestep is embedded with, {@code [n, timeCondProjDim]}. */
  static final String TIMESTEP_COND = "timestep_cond";

  private static final String LABELS_IN_WORDS = "class labels";

  /**
   * Where the vector of a class label comes from: nowhere, a table, its timestep embedding, the
   * caller, or a vector of the caller that is embedded or goes through a linear layer.
   */
  private enum Classes {
    NONE,
    TABLE,
    TIMESTEP,
    IDENTITY,
    PROJECTION,
    SIMPLE_PROJECTION
  }

  private final EmbeddingConfig config;
  private final Parameter frequencies;
  private final Parameter timeTable;
  private final TimestepEmbedding timeEmbedding;
  private final Classes classes;
  private final Parameter classTable;
  private final TimestepEmbedding classEmbedding;
  private final Conv2d classProjection;

  /**
   * @param root the scope of the UNet
   */
  ConditionEmbedding(Scope root, EmbeddingConfig config) {
    this.config = config;
    int timeEmbedDim = config.timeEmbedDim();
    int base = config.baseChannels();
    Scope timeProj = root.child("time_proj");
    boolean fourier = config.fourier();
    frequencies = fourier ? timeProj.parameter("weight", Kind.FREQUENCIES, 1, base) : null;
    timeTable =
        config.learnedTimesteps() == null
            ? null
            : timeProj.parameter("weight", Kind.EMBEDDING, 1, config.learnedTimesteps(), base);
    int features = fourier ? 2 * base : base;
    timeEmbedding =
        new TimestepEmbedding(
            root.child("time_embedding"), features, timeEmbedDim, config.timeOptions());
    classes = classes(config);
    Scope scope = root.child("class_embedding");
    classTable =
        classes == Classes.TABLE
            ? scope.parameter("weight", Kind.EMBEDDING, 1, config.numClassEmbeds(), timeEmbedDim)
            : null;
    classEmbedding =
        switch (classes) {
          case TIMESTEP ->
              new TimestepEmbedding(
                  scope,
                  features,
                  timeEmbedDim,
                  new TimestepEmbedding.Options(config.timeActivation(), null, null));
          case PROJECTION ->
              new TimestepEmbedding(scope, config.projectionInputDim(), timeEmbedDim);
          default -> null;
        };
    classProjection =
        classes == Classes.SIMPLE_PROJECTION
            ? Conv2d.linear(scope, config.projectionInputDim(), timeEmbedDim, true)
            : null;
  }

  private static Classes classes(EmbeddingConfig config) {
    return switch (config.classEmbedType()) {
      case null -> config.numClassEmbeds() == null ? Classes.NONE : Classes.TABLE;
      case "timestep" -> Classes.TIMESTEP;
      case "projection" -> Classes.PROJECTION;
      case "simple_projection" -> Classes.SIMPLE_PROJECTION;
      default -> Classes.IDENTITY;
    };
  }

  /** Length of the vector. */
  int channels() {
    return (config.concatenatesClasses() ? 2 : 1) * config.timeEmbedDim();
  }

  /**
   * Its inputs for n images, {@link Model#TIMESTEPS}, {@link Model#CLASS_LABELS} and {@link
   * #TIMESTEP_COND}, as far as it has them.
   */
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
      case IDENTITY -> inputs.add(classVectors(n, config.timeEmbedDim()));
      case PROJECTION, SIMPLE_PROJECTION ->
          inputs.add(classVectors(n, config.projectionInputDim()));
    }
    if (config.timeCondProjDim() != null) {
      inputs.add(Input.vectors(TIMESTEP_COND, n, config.timeCondProjDim()));
    }
    return inputs;
  }

  private static Input classVectors(int n, int length) {
    return Input.vectors(Model.CLASS_LABELS, n, length).called("values of class vectors");
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
    return timeTable == null ? value : Input.index(what, value, config.learnedTimesteps());
  }

  /** Records the vector {@code [n, 1, 1, channels]}. */
  Tensor apply(Graph graph, Map<String, Tensor> inputs) {
    Tensor time =
        timeEmbedding.apply(
            graph, features(graph, inputs.get(Model.TIMESTEPS)), inputs.get(TIMESTEP_COND));
    Tensor labels = inputs.get(Model.CLASS_LABELS);
    Tensor ofClasses =
        switch (classes) {
          case NONE -> null;
          case TABLE -> LookupOperation.record(graph, "class_embedding", classTable, labels);
          case TIMESTEP -> classEmbedding.apply(graph, features(graph, labels));
          case IDENTITY -> labels;
          case PROJECTION -> classEmbedding.apply(graph, labels);
          case SIMPLE_PROJECTION -> classProjection.apply(graph, labels);
        };
    if (ofClasses == null) {
      return time;
    }
    return config.concatenatesClasses()
        ? ConcatOperation.record(graph, "class_embedding", time, ofClasses)
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
        config.baseChannels(),
        config.freqShift(),
        config.flipSinToCos());
  }
}
