package io.github.tornadodiffusion.experiments.jmh;

import static io.github.tornadodiffusion.experiments.jmh.KernelFamily.images;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNorm;
import java.util.List;

/** Cases of group normalisation and softmax. */
final class NormCases {
  static final int GROUPS = 32;
  static final float EPSILON = 1e-5f;
  static final int SIDE = 32;
  static final int CHANNELS = 64;

  private NormCases() {}

  /** A normalisation and what its two cases share. */
  private static final class Norm {
    final KernelCase norm = new KernelCase();
    final Block x = norm.take(images(SIDE, CHANNELS));
    final Block y = norm.take(images(SIDE, CHANNELS));
    final int eps = norm.constants(EPSILON);
    final int gamma = norm.take(CHANNELS);
    final int beta = norm.take(CHANNELS);
    final int statistics = norm.take(GroupNorm.statisticsSize(x, GROUPS));

    Norm() {
      norm.input("x", Operand.images(x));
      norm.input("gamma", Operand.vector(gamma, CHANNELS));
      norm.input("beta", Operand.vector(beta, CHANNELS));
    }
  }

  static KernelCase groupNormForward() {
    Norm n = new Norm();
    return n.norm
        .run(GroupNorm.forward(n.x, GROUPS, n.eps, n.gamma, n.beta, -1, false, n.statistics, n.y))
        .output("y", Operand.images(n.y));
  }

  /** Without SiLU, because the gradient of that one changes what it reads. */
  static KernelCase groupNormBackward() {
    Norm n = new Norm();
    Block gradY = n.norm.take(images(SIDE, CHANNELS));
    Block gradX = n.norm.take(images(SIDE, CHANNELS));
    int gradGamma = n.norm.take(CHANNELS);
    int gradBeta = n.norm.take(CHANNELS);
    int scratch = n.norm.take(GroupNorm.backwardScratch(n.x, GROUPS));
    n.norm.input("gradY", Operand.images(gradY));
    return n.norm
        .prepare(
            GroupNorm.forward(n.x, GROUPS, n.eps, n.gamma, n.beta, -1, false, n.statistics, n.y))
        .run(
            GroupNorm.backward(
                n.x,
                GROUPS,
                n.gamma,
                n.beta,
                -1,
                false,
                n.statistics,
                gradY,
                gradX,
                false,
                gradGamma,
                gradBeta,
                false,
                -1,
                scratch))
        .output("gradX", Operand.images(gradX))
        .output("gradGamma", Operand.vector(gradGamma, CHANNELS))
        .output("gradBeta", Operand.vector(gradBeta, CHANNELS));
  }

  static KernelCase softmaxForward() {
    KernelCase softmax = new KernelCase();
    Block x = softmax.take(images(SIDE, CHANNELS));
    Block y = softmax.take(images(SIDE, CHANNELS));
    softmax.input("x", Operand.rows(x));
    return softmax.run(Elementwise.softmax(x, y)).output("y", Operand.rows(y));
  }

  static KernelCase softmaxBackward() {
    KernelCase softmax = new KernelCase();
    Block x = softmax.take(images(SIDE, CHANNELS));
    Block y = softmax.take(images(SIDE, CHANNELS));
    Block gradY = softmax.take(images(SIDE, CHANNELS));
    Block gradX = softmax.take(images(SIDE, CHANNELS));
    softmax.input("x", Operand.rows(x));
    softmax.input("gradY", Operand.rows(gradY));
    return softmax
        .prepare(List.of(Elementwise.softmax(x, y)))
        .run(Elementwise.softmaxBackward(y, gradY, gradX, false))
        .output("gradX", Operand.rows(gradX));
  }
}
