package io.github.tornadodiffusion.experiments.jmh;

import static io.github.tornadodiffusion.experiments.jmh.KernelFamily.images;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.attention.Attention;
import io.github.tornadodiffusion.kernels.ops.attention.Attention.Mask;
import io.github.tornadodiffusion.kernels.ops.conv.Conv;
import io.github.tornadodiffusion.kernels.ops.product.MatMul;

/** Cases of everything that is made of products: convolutions, matrix products and attention. */
final class ProductCases {
  static final int HEADS = 16;
  static final int TOKENS = 16;
  static final int INNER = 128;
  static final int SIZE = 512;
  static final int KERNEL = 3;
  static final int SIDE = 32;
  static final int CHANNELS = 64;

  private ProductCases() {}

  static KernelCase convForward() {
    KernelCase conv = new KernelCase();
    Block x = conv.take(images(SIDE, CHANNELS).bordered(1, 1, 1, 1));
    Block y = conv.take(images(SIDE, CHANNELS));
    Operand weights = weights(conv);
    Operand bias = Operand.vector(conv.take(CHANNELS), CHANNELS);
    conv.input("x", Operand.images(x));
    conv.input("weight", weights);
    conv.input("bias", bias);
    return conv.run(Conv.forward(x, weights.offset(), KERNEL, KERNEL, 1, bias.offset(), -1, -1, y))
        .output("y", Operand.images(y));
  }

  static KernelCase convInputGradient() {
    KernelCase conv = new KernelCase();
    Block gradY = conv.take(images(SIDE, CHANNELS).bordered(1, 1, 1, 1));
    Block gradX = conv.take(images(SIDE, CHANNELS));
    Operand weights = weights(conv);
    conv.input("gradY", Operand.images(gradY));
    conv.input("weight", weights);
    return conv.run(Conv.inputGradient(gradY, weights.offset(), KERNEL, KERNEL, false, gradX))
        .output("gradX", Operand.images(gradX));
  }

  static KernelCase convWeightGradient() {
    KernelCase conv = new KernelCase();
    Block x = conv.take(images(SIDE, CHANNELS).bordered(1, 1, 1, 1));
    Block gradY = conv.take(images(SIDE, CHANNELS));
    Operand gradWeight = weights(conv);
    conv.input("x", Operand.images(x));
    conv.input("gradY", Operand.images(gradY));
    return conv.run(Conv.weightGradient(x, gradY, KERNEL, KERNEL, 1, gradWeight.offset(), false))
        .output("gradWeight", gradWeight);
  }

  private static Operand weights(KernelCase conv) {
    int offset = conv.take(Conv.weightSize(KERNEL, KERNEL, CHANNELS, CHANNELS));
    return Operand.weights(offset, CHANNELS, CHANNELS, KERNEL);
  }

  static KernelCase matmul() {
    KernelCase matmul = new KernelCase();
    Block shape = Block.of(0, 1, 1, SIZE, SIZE);
    Block a = matmul.take(shape);
    Block b = matmul.take(shape);
    Block c = matmul.take(shape);
    matmul.input("a", Operand.rows(a));
    matmul.input("b", Operand.rows(b));
    int scratch = matmul.take(MatMul.scratch(1, SIZE, SIZE));
    return matmul
        .run(
            MatMul.multiply(
                1, SIZE, SIZE, SIZE, a.offset(), false, b.offset(), false, c.offset(), scratch))
        .output("c", Operand.rows(c));
  }

  static KernelCase attentionForward() {
    KernelCase attention = new KernelCase();
    Block q = tokens(attention, "q");
    Block k = tokens(attention, "k");
    Block v = tokens(attention, "v");
    Block y = attention.take(images(TOKENS, INNER));
    return attention
        .run(
            Attention.forward(
                q,
                k,
                v,
                HEADS,
                Mask.NONE,
                y,
                attention.take(Attention.savedSize(q, HEADS)),
                attention.take(Attention.forwardScratch(q, HEADS))))
        .output("y", Operand.rows(y));
  }

  static KernelCase attentionBackward() {
    KernelCase attention = new KernelCase();
    Block q = tokens(attention, "q");
    Block k = tokens(attention, "k");
    Block v = tokens(attention, "v");
    Block gradY = tokens(attention, "gradY");
    Block shape = images(TOKENS, INNER);
    Block y = attention.take(shape);
    Block gradQ = attention.take(shape);
    Block gradK = attention.take(shape);
    Block gradV = attention.take(shape);
    int saved = attention.take(Attention.savedSize(q, HEADS));
    int forwardScratch = attention.take(Attention.forwardScratch(q, HEADS));
    int scratch = attention.take(Attention.backwardScratch(q, k, HEADS));
    return attention
        .prepare(Attention.forward(q, k, v, HEADS, Mask.NONE, y, saved, forwardScratch))
        .run(
            Attention.backward(
                q, k, v, HEADS, Mask.NONE, y, saved, gradY, gradQ, gradK, gradV, scratch))
        .output("gradQ", Operand.rows(gradQ))
        .output("gradK", Operand.rows(gradK))
        .output("gradV", Operand.rows(gradV));
  }

  private static Block tokens(KernelCase attention, String name) {
    Block block = attention.take(images(TOKENS, INNER));
    attention.input(name, Operand.rows(block));
    return block;
  }
}
