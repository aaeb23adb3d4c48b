package io.github.tornadodiffusion.experiments.jmh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.jni.JniUtils;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/**
 * What PyTorch's kernels do through DJL, on the numbers of the {@link KernelFamily} of the same
 * name. A gradient is the backward pass alone, over a graph that is kept; PyTorch adds it to the
 * last one, so that only the first is to be compared.
 */
public enum DjlKernel {
  CONV_FORWARD((m, c) -> {
    NDArray x = images(m, c, "x", ProductCases.CHANNELS);
    NDArray weight = convWeight(m, c);
    NDArray bias = vector(m, c, "bias");
    return () -> conv(x, weight, bias);
  }),
  CONV_INPUT_GRADIENT((m, c) -> {
    NDArray x = m.zeros(imagesShape(ProductCases.CHANNELS));
    NDArray gradY = images(m, c, "gradY", ProductCases.CHANNELS);
    NDArray weight = convWeight(m, c);
    return gradient(() -> conv(x, weight, null), gradY, x);
  }),
  CONV_WEIGHT_GRADIENT((m, c) -> {
    NDArray x = images(m, c, "x", ProductCases.CHANNELS);
    NDArray gradY = images(m, c, "gradY", ProductCases.CHANNELS);
    NDArray weight = m.zeros(convShape());
    return gradient(() -> conv(x, weight, null), gradY, weight);
  }),
  MATMUL((m, c) -> {
    Shape shape = new Shape(ProductCases.SIZE, ProductCases.SIZE);
    NDArray a = m.create(c.values("a"), shape);
    NDArray b = m.create(c.values("b"), shape);
    return () -> new NDList(a.matMul(b));
  }),
  ATTENTION_FORWARD((m, c) -> {
    NDArray q = tokens(m, c, "q");
    NDArray k = tokens(m, c, "k");
    NDArray v = tokens(m, c, "v");
    return () -> new NDList(DjlLayers.attention(q, k, v, ProductCases.HEADS));
  }),
  ATTENTION_BACKWARD((m, c) -> {
    NDArray q = tokens(m, c, "q");
    NDArray k = tokens(m, c, "k");
    NDArray v = tokens(m, c, "v");
    return gradient(
        () -> new NDList(DjlLayers.attention(q, k, v, ProductCases.HEADS)),
        tokens(m, c, "gradY"),
        q,
        k,
        v);
  }),
  GROUP_NORM_FORWARD((m, c) -> {
    NDArray x = images(m, c, "x", NormCases.CHANNELS);
    NDArray gamma = vector(m, c, "gamma");
    NDArray beta = vector(m, c, "beta");
    return () -> groupNorm(x, gamma, beta);
  }),
  GROUP_NORM_BACKWARD((m, c) -> {
    NDArray x = images(m, c, "x", NormCases.CHANNELS);
    NDArray gamma = vector(m, c, "gamma");
    NDArray beta = vector(m, c, "beta");
    NDArray gradY = images(m, c, "gradY", NormCases.CHANNELS);
    return gradient(() -> groupNorm(x, gamma, beta), gradY, x, gamma, beta);
  }),
  SOFTMAX_FORWARD((m, c) -> {
    NDArray x = rows(m, c, "x");
    return () -> new NDList(x.softmax(-1));
  }),
  SOFTMAX_BACKWARD((m, c) -> {
    NDArray x = rows(m, c, "x");
    return gradient(() -> new NDList(x.softmax(-1)), rows(m, c, "gradY"), x);
  });

  @SuppressWarnings("ImmutableEnumChecker") // lambdas that keep nothing
  private final BiFunction<NDManager, KernelCase, Supplier<NDList>> builder;

  DjlKernel(BiFunction<NDManager, KernelCase, Supplier<NDList>> builder) {
    this.builder = builder;
  }

  /**
   * Copies the numbers of a case to PyTorch.
   *
   * @return computes once; the list is the caller's to close, in the order of the case's outputs
   */
  Supplier<NDList> open(NDManager manager, KernelCase numbers) {
    return builder.apply(manager, numbers);
  }

  private static Supplier<NDList> gradient(
      Supplier<NDList> forward, NDArray gradY, NDArray... variables) {
    for (NDArray variable : variables) {
      variable.setRequiresGradient(true);
    }
    boolean before = JniUtils.isGradMode();
    JniUtils.setGradMode(true);
    NDArray y = forward.get().singletonOrThrow();
    JniUtils.setGradMode(before);
    return () -> {
      JniUtils.backward((PtNDArray) y, (PtNDArray) gradY, true, false);
      NDList gradients = new NDList();
      for (NDArray variable : variables) {
        gradients.add(variable.getGradient());
      }
      return gradients;
    };
  }

  private static NDList conv(NDArray x, NDArray weight, NDArray bias) {
    return Conv2d.conv2d(x, weight, bias, new Shape(1, 1), new Shape(1, 1));
  }

  private static NDList groupNorm(NDArray x, NDArray gamma, NDArray beta) {
    return new NDList(DjlLayers.groupNorm(x, NormCases.GROUPS, gamma, beta, NormCases.EPSILON));
  }

  private static Shape imagesShape(int channels) {
    return new Shape(KernelFamily.BATCH, channels, ProductCases.SIDE, ProductCases.SIDE);
  }

  private static Shape convShape() {
    return new Shape(
        ProductCases.CHANNELS, ProductCases.CHANNELS, ProductCases.KERNEL, ProductCases.KERNEL);
  }

  private static NDArray images(NDManager m, KernelCase c, String name, int channels) {
    return m.create(c.values(name), imagesShape(channels));
  }

  private static NDArray convWeight(NDManager m, KernelCase c) {
    return m.create(c.values("weight"), convShape());
  }

  private static NDArray vector(NDManager m, KernelCase c, String name) {
    return m.create(c.values(name));
  }

  private static NDArray tokens(NDManager m, KernelCase c, String name) {
    return m.create(
        c.values(name),
        new Shape(
            KernelFamily.BATCH, ProductCases.TOKENS * ProductCases.TOKENS, ProductCases.INNER));
  }

  private static NDArray rows(NDManager m, KernelCase c, String name) {
    int rows = KernelFamily.BATCH * NormCases.SIDE * NormCases.SIDE;
    return m.create(c.values(name), new Shape(rows, NormCases.CHANNELS));
  }
}
