package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.DropoutOperation;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;

/**
 * diffusers' ResnetBlock2D: {@code (shortcut(x) + conv2(drop(f(norm2(conv1(f(norm1(x))) + time)))))
 * / outputScaleFactor}, where f is an activation, drop is dropout in training and up- or
 * downsampling comes before conv1 and the shortcut.
 */
public final class ResnetBlock2D {
  private final Scope scope;
  private final Options options;
  private final GroupNorm2d norm1;
  private final Conv2d conv1;
  private final Conv2d timeEmbProj;
  private final GroupNorm2d norm2;
  private final Conv2d conv2;
  private final Conv2d convShortcut;

  /** Change of resolution inside the block. */
  public enum Sampling {
    /** Keeps the resolution. */
    NONE,
    /** Doubles the resolution. */
    UP,
    /** Halves the resolution. */
    DOWN,
    /** With StyleGAN's filter; the shortcut then always has its convolution. */
    FILTERED_UP,
    /** Likewise. */
    FILTERED_DOWN;

    private boolean filtered() {
      return this == FILTERED_UP || this == FILTERED_DOWN;
    }
  }

  /**
   * The options of a block.
   *
   * @param tembChannels channels of the time embedding, 0 for none
   * @param groups groups of the first normalisation
   * @param groupsOut groups of the second
   * @param scaleShift whether the time embedding scales and shifts after norm2 instead of being
   *     added before it
   * @param activation of the block and of its time embedding
   * @param outputScaleFactor divisor of the output
   * @param dropout probability of an element before conv2 to drop in training
   * @param skipTimeAct whether the time embedding has its activation already
   */
  public record Options(
      int tembChannels,
      int groups,
      int groupsOut,
      double epsilon,
      boolean scaleShift,
      Activation activation,
      double outputScaleFactor,
      double dropout,
      Sampling sampling,
      boolean skipTimeAct) {
    /** Options of a plain block with SiLU. */
    public static Options of(int tembChannels, int groups, double epsilon) {
      return new Options(
          tembChannels,
          groups,
          groups,
          epsilon,
          false,
          Activation.SILU,
          1,
          0,
          Sampling.NONE,
          false);
    }

    /** With other groups of the normalisations. */
    public Options withGroups(int in, int out) {
      return with(in, out, scaleShift, activation, outputScaleFactor, dropout, sampling);
    }

    /** With or without scale and shift. */
    public Options withScaleShift(boolean newScaleShift) {
      return with(
          groups, groupsOut, newScaleShift, activation, outputScaleFactor, dropout, sampling);
    }

    /** With another activation. */
    public Options with(Activation newActivation) {
      return with(
          groups, groupsOut, scaleShift, newActivation, outputScaleFactor, dropout, sampling);
    }

    /** With another divisor of the output. */
    public Options withOutputScaleFactor(double newFactor) {
      return with(groups, groupsOut, scaleShift, activation, newFactor, dropout, sampling);
    }

    /** With another probability of dropout. */
    public Options withDropout(double newDropout) {
      return with(
          groups, groupsOut, scaleShift, activation, outputScaleFactor, newDropout, sampling);
    }

    /** With or without an activation of the time embedding. */
    public Options withSkipTimeAct(boolean skip) {
      return new Options(
          tembChannels,
          groups,
          groupsOut,
          epsilon,
          scaleShift,
          activation,
          outputScaleFactor,
          dropout,
          sampling,
          skip);
    }

    /** With another change of resolution. */
    public Options with(Sampling newSampling) {
      return with(
          groups, groupsOut, scaleShift, activation, outputScaleFactor, dropout, newSampling);
    }

    private Options with(
        int in,
        int out,
        boolean shift,
        Activation function,
        double factor,
        double drop,
        Sampling change) {
      return new Options(
          tembChannels, in, out, epsilon, shift, function, factor, drop, change, skipTimeAct);
    }
  }

  /** Declares the parameters of a block from cin to cout channels. */
  public ResnetBlock2D(Scope scope, int cin, int cout, Options options) {
    this.scope = scope;
    this.options = options;
    norm1 = new GroupNorm2d(scope.child("norm1"), options.groups, cin, options.epsilon);
    conv1 = Conv2d.same(scope.child("conv1"), cin, cout);
    int projected = options.scaleShift ? 2 * cout : cout;
    timeEmbProj =
        options.tembChannels == 0
            ? null
            : Conv2d.linear(scope.child("time_emb_proj"), options.tembChannels, projected, true);
    norm2 = new GroupNorm2d(scope.child("norm2"), options.groupsOut, cout, options.epsilon);
    conv2 = Conv2d.same(scope.child("conv2"), cout, cout);
    convShortcut =
        cin == cout && !options.sampling.filtered()
            ? null
            : Conv2d.conv(scope.child("conv_shortcut"), cin, cout, 1, 1, Padding.NONE, true);
  }

  /**
   * The output, {@code [n, h, w, cout]} at the new resolution.
   *
   * @param temb the time embedding before its activation, {@code [n, 1, 1, tembChannels]}; null for
   *     a block without one
   */
  public Tensor apply(Graph graph, Tensor x, Tensor temb) {
    Tensor time =
        timeEmbProj == null
            ? null
            : timeEmbProj.apply(
                graph,
                options.skipTimeAct
                    ? temb
                    : ActivationOperation.record(
                        graph, "time_embedding.act", options.activation, temb));
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
    hidden =
        DropoutOperation.record(
            graph, scope.child("dropout").path(), hidden, options.dropout, conv2.padding());
    Tensor shortcut = convShortcut == null ? input : convShortcut.apply(graph, input);
    Tensor sum = conv2.apply(graph, hidden, null, shortcut);
    return options.outputScaleFactor == 1
        ? sum
        : AffineOperation.scale(graph, scope.path(), sum, 1 / options.outputScaleFactor);
  }

  private Tensor resample(Graph graph, Tensor x, Padding padding) {
    String up = scope.child("upsample").path();
    String down = scope.child("downsample").path();
    return switch (options.sampling) {
      case UP -> ResampleOperation.nearest(graph, up, x, 2 * x.h(), 2 * x.w(), padding);
      case DOWN -> ResampleOperation.averagePool(graph, down, x, padding);
      case FILTERED_UP -> ResampleOperation.filteredDouble(graph, up, x, padding);
      case FILTERED_DOWN -> ResampleOperation.filteredHalf(graph, down, x, padding);
      case NONE -> throw new AssertionError(scope.path());
    };
  }
}
