package io.github.tornadodiffusion.nn.models.classifier;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.PixelMeanOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A small convolutional classifier of images: a 3x3 convolution, one with stride 2 as long as the
 * image has more than {@link #SMALLEST} pixels on a side, each with group normalisation and SiLU;
 * the mean over the pixels; a linear layer with SiLU, whose output is the features; and a linear
 * layer to the logits of the classes.
 */
public final class Classifier implements Model {
  /** The images, {@code [n, c, h, w]}. */
  public static final String IMAGES = "images";

  /** The output that the class of an image is computed from, {@code [n, features]}. */
  public static final String FEATURES = "features";

  /** The output that is larger the more likely a class is, {@code [n, classes]}. */
  public static final String LOGITS = "logits";

  private static final int SMALLEST = 4;
  private static final int GROUPS = 8;
  private static final double EPSILON = 1e-5;

  private final ClassifierConfig config;
  private final Parameters parameters;
  private final List<Conv2d> convolutions = new ArrayList<>();
  private final List<GroupNorm2d> norms = new ArrayList<>();
  private final Conv2d features;
  private final Conv2d logits;

  /** A classifier with the given configuration. */
  public Classifier(ClassifierConfig config) {
    this(config, Scope.root());
  }

  Classifier(ClassifierConfig config, Scope scope) {
    this.config = config;
    parameters = scope.parameters();
    int side = Math.max(config.height(), config.width());
    int channels = config.blockChannels();
    block(scope, config.channels(), channels, 1);
    while (side > SMALLEST) {
      int wider = Math.min(2 * channels, 4 * config.blockChannels());
      block(scope, channels, wider, 2);
      channels = wider;
      side = (side + 1) / 2;
    }
    features = Conv2d.linear(scope.child("features"), channels, config.features(), true);
    logits = Conv2d.linear(scope.child("logits"), config.features(), config.classes(), true);
  }

  private void block(Scope scope, int cin, int cout, int stride) {
    String number = Integer.toString(convolutions.size());
    convolutions.add(
        Conv2d.conv(
            scope.child("convs").child(number), cin, cout, 3, stride, Padding.all(1), true));
    int groups = cout % GROUPS == 0 ? GROUPS : 1;
    norms.add(new GroupNorm2d(scope.child("norms").child(number), groups, cout, EPSILON));
  }

  /** The configuration. */
  public ClassifierConfig config() {
    return config;
  }

  /** All parameters in the order of the layers. */
  @Override
  public Parameters parameters() {
    return parameters;
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    return List.of(
        Input.images(
                IMAGES,
                batch.images(),
                config.channels(),
                config.height(),
                config.width(),
                convolutions.getFirst().padding())
            .called("image values"));
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Tensor x = inputs.get(IMAGES);
    for (int i = 0; i < convolutions.size(); i++) {
      boolean last = i == convolutions.size() - 1;
      x = convolutions.get(i).apply(graph, x);
      x =
          norms
              .get(i)
              .apply(
                  graph,
                  x,
                  Activation.SILU,
                  last ? Padding.NONE : convolutions.get(i + 1).padding());
    }
    Tensor mean = PixelMeanOperation.record(graph, "mean", x);
    Tensor hidden = features.apply(graph, mean);
    Tensor active =
        ActivationOperation.record(graph, "features.activation", Activation.SILU, hidden);
    return Outputs.of(FEATURES, active, LOGITS, logits.apply(graph, active));
  }
}
