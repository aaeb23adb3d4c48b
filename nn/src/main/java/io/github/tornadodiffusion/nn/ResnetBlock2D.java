package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.kernels.Activation;

/**
 * diffusers' ResnetBlock2D: {@code (shortcut(x) + conv2(f(norm2(conv1(f(norm1(x))) + time)))) /
 * outputScaleFactor}, where f is an activation and up- or downsampling stands before conv1 and the
 * shortcut.
 */
final class ResnetBlock2D {
  private final Scope scope;
  private final Options options;
  private final GroupNorm2d norm1;
  private final Conv2d conv1;
  private final Conv2d timeEmbProj;
  private final GroupNorm2d norm2;
  private final Conv2d conv2;
  private final Conv2d convShortcut;

  /** Change of resolution inside the block. */
  enum Sampling {
    NONE,
    UP,
    DOWN
  }

  /**
   * What all blocks of a model part share.
   *
   * @param tembChannels channels of the time embedding, 0 for a block without
   * @param groups groups of both normalisations
   * @param scaleShift whether the time embedding scales and shifts after norm2 instead of being
   *     added before it
   * @param activation of the block and of the time embedding that it takes
   * @param outputScaleFactor divisor of the output
   */
  record Options(
      int tembChannels,
      int groups,
      double epsilon,
      boolean scaleShift,
      Activation activation,
      double outputScaleFactor,
      Sampling sampling) {
    /** Options of a plain block with SiLU. */
    static Options of(int tembChannels, int groups, double epsilon) {
      return new Options(tembChannels, groups, epsilon, false, Activation.SILU, 1, Sampling.NONE);
    }

    Options withScaleShift(boolean newScaleShift) {
      return new Options(
          tembChannels, groups, epsilon, newScaleShift, activation, outputScaleFactor, sampling);
    }

    Options with(Activation newActivation) {
      return new Options(
          tembChannels, groups, epsilon, scaleShift, newActivation, outputScaleFactor, sampling);
    }

    Options withOutputScaleFactor(double newFactor) {
      return new Options(
          tembChannels, groups, epsilon, scaleShift, activation, newFactor, sampling);
    }

    Options with(Sampling newSampling) {
      return new Options(
          tembChannels, groups, epsilon, scaleShift, activation, outputScaleFactor, newSampling);
    }
  }

  ResnetBlock2D(Scope scope, int cin, int cout, Options options) {
    this.scope = scope;
    this.options = options;
    norm1 = new GroupNorm2d(scope.child("norm1"), options.groups, cin, options.epsilon);
    conv1 = Conv2d.same(scope.child("conv1"), cin, cout);
    int projected = options.scaleShift ? 2 * cout : cout;
    timeEmbProj =
        options.tembChannels == 0
            ? null
            : Conv2d.linear(scope.child("time_emb_proj"), options.tembChannels, projected, true);
    norm2 = new GroupNorm2d(scope.child("norm2"), options.groups, cout, options.epsilon);
    conv2 = Conv2d.same(scope.child("conv2"), cout, cout);
    convShortcut =
        cin == cout
            ? null
            : Conv2d.conv(scope.child("conv_shortcut"), cin, cout, 1, 1, Padding.NONE, true);
  }

  /**
   * @param temb the time embedding before its activation, {@code [n, 1, 1, tembChannels]}; null for
   *     a block without
   */
  Tensor apply(Graph graph, Tensor x, Tensor temb) {
    Tensor time =
        timeEmbProj == null
            ? null
            : timeEmbProj.apply(
                graph, graph.activation("time_embedding.act", options.activation, temb));
    Tensor hidden;
    Tensor input;
    if (options.sampling == Sampling.NONE) {
      hidden = norm1.apply(graph, x, options.activation, conv1.padding());
      input = x;
    } else {
      hidden =
          resample(graph, norm1.apply(graph, x, options.activation, Padding.NONE), conv1.padding());
      input = resample(graph, x, Padding.NONE);
    }
    hidden = conv1.apply(graph, hidden, options.scaleShift ? null : time, null);
    hidden =
        norm2.apply(
            graph, hidden, options.scaleShift ? time : null, options.activation, conv2.padding());
    Tensor shortcut = convShortcut == null ? input : convShortcut.apply(graph, input);
    Tensor sum = conv2.apply(graph, hidden, null, shortcut);
    return options.outputScaleFactor == 1
        ? sum
        : graph.scale(scope.path(), sum, 1 / options.outputScaleFactor);
  }

  private Tensor resample(Graph graph, Tensor x, Padding padding) {
    return options.sampling == Sampling.UP
        ? graph.nearest(scope.child("upsample").path(), x, 2 * x.h(), 2 * x.w(), padding)
        : graph.averagePool(scope.child("downsample").path(), x, padding);
  }
}
