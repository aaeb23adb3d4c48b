package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.TimestepEmbedding;

/** What UNet2DModel makes of timesteps and class labels: one vector an image, their sum. */
final class ConditionEmbedding {
  /** The vector of class labels is zero, of a table, of their timestep embedding, or as given. */
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

  /** Records the vector {@code [n, 1, 1, timeEmbedDim]}. */
  Tensor apply(Graph graph, Conditions conditions) {
    Tensor time = timeEmbedding.apply(graph, features(graph, conditions, conditions.timesteps));
    Tensor ofClasses =
        switch (classes) {
          case NONE -> null;
          case TABLE ->
              graph.lookup("class_embedding", classTable, conditions.labels, conditions.batch);
          case TIMESTEP ->
              classEmbedding.apply(graph, features(graph, conditions, conditions.labels));
          case IDENTITY -> conditions.classVectors;
        };
    return ofClasses == null ? time : graph.add("class_embedding", time, ofClasses);
  }

  private Tensor features(Graph graph, Conditions conditions, Buffer numbers) {
    if (frequencies != null) {
      return graph.fourier("time_proj", numbers, conditions.batch, frequencies);
    }
    if (timeTable != null) {
      return graph.lookup("time_proj", timeTable, numbers, conditions.batch);
    }
    return graph.sinusoid(
        "time_proj",
        numbers,
        conditions.batch,
        config.blockOutChannels().getFirst(),
        config.freqShift(),
        config.flipSinToCos());
  }
}
