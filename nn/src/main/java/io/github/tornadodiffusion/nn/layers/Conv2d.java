package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ConvOperation;

/**
 * A convolution layer; a linear layer is a 1x1 convolution whose weight has PyTorch's linear shape.
 */
public final class Conv2d {
  private final Scope scope;
  private final Parameter weight;
  private final Parameter bias;
  private final int stride;
  private final Padding padding;

  private Conv2d(Scope scope, Parameter weight, Parameter bias, int stride, Padding padding) {
    this.scope = scope;
    this.weight = weight;
    this.bias = bias;
    this.stride = stride;
    this.padding = padding;
  }

  /** torch.nn.Conv2d with a square kernel. */
  public static Conv2d conv(
      Scope scope, int cin, int cout, int kernel, int stride, Padding padding, boolean bias) {
    int fanIn = cin * kernel * kernel;
    Parameter weight =
        scope.parameter("weight", Kind.CONV_WEIGHT, fanIn, cout, cin, kernel, kernel);
    return new Conv2d(scope, weight, bias(scope, bias, fanIn, cout), stride, padding);
  }

  /** A 3x3 convolution with stride 1 that keeps the size. */
  public static Conv2d same(Scope scope, int cin, int cout) {
    return conv(scope, cin, cout, 3, 1, Padding.all(1), true);
  }

  /** torch.nn.Linear over the channels of every pixel. */
  public static Conv2d linear(Scope scope, int in, int out, boolean bias) {
    Parameter weight = scope.parameter("weight", Kind.LINEAR_WEIGHT, in, out, in);
    return new Conv2d(scope, weight, bias(scope, bias, in, out), 1, Padding.NONE);
  }

  private static Parameter bias(Scope scope, boolean bias, int fanIn, int cout) {
    return bias ? scope.parameter("bias", Kind.BIAS, fanIn, cout) : null;
  }

  /** The border that the input should have; any other input is copied first. */
  public Padding padding() {
    return padding;
  }

  /** The convolution of x. */
  public Tensor apply(Graph graph, Tensor x) {
    return apply(graph, x, null, null);
  }

  /** With {@code perImage} [n, 1, 1, cout] and {@code residual} added, unless null. */
  public Tensor apply(Graph graph, Tensor x, Tensor perImage, Tensor residual) {
    Tensor out =
        ConvOperation.record(
            graph, scope.path(), x, weight, bias, stride, padding, perImage, residual);
    return graph.adapted(weight, x, out);
  }
}
