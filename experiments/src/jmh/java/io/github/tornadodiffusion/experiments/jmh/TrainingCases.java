package io.github.tornadodiffusion.experiments.jmh;

import static io.github.tornadodiffusion.experiments.jmh.KernelFamily.BATCH;
import static io.github.tornadodiffusion.experiments.jmh.KernelFamily.images;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.kernels.ops.loss.Loss;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBound;
import io.github.tornadodiffusion.kernels.ops.noise.Noise;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerCalls;
import io.github.tornadodiffusion.kernels.ops.reduce.Reduce;
import java.util.Arrays;

/** Cases of what a training step has around the model: noise, conditions, losses, updates. */
final class TrainingCases {
  private static final int PARAMETERS = Block.round16(18_536_323);
  private static final int CLASSES = 1000;
  private static final Block IMAGES = images(32, 3);
  private static final Block ROWS = Block.of(0, BATCH, 1, 1, 256);

  private TrainingCases() {}

  static KernelCase sumPixels() {
    KernelCase sum = new KernelCase();
    Block x = sum.numbers(images(32, 64));
    return sum.run(Reduce.sumPixels(x, sum.take(BATCH * x.stride())));
  }

  static KernelCase noise() {
    KernelCase noise = new KernelCase();
    int seed = noise.constants(Noise.seedBlock(1, 0, 0));
    return noise.run(Noise.gaussian(seed, noise.take(IMAGES)));
  }

  static KernelCase mix() {
    KernelCase mix = new KernelCase();
    Block x = mix.numbers(IMAGES);
    Block y = mix.numbers(IMAGES);
    int a = mix.numbers(BATCH);
    int b = mix.numbers(BATCH);
    return mix.run(Noise.mix(x, y, a, b, mix.take(IMAGES)));
  }

  static KernelCase sinusoid() {
    KernelCase sinusoid = new KernelCase();
    int timesteps = labels(sinusoid);
    int frequencies = sinusoid.constants(Embedding.frequencies(64, 0));
    int factor = sinusoid.constants(1);
    Block out = sinusoid.take(Block.of(0, BATCH, 1, 1, 64));
    return sinusoid.run(Embedding.sinusoid(timesteps, frequencies, factor, true, out));
  }

  static KernelCase lookup() {
    KernelCase lookup = new KernelCase();
    int table = lookup.numbers(CLASSES * ROWS.stride());
    return lookup.run(Embedding.lookup(table, labels(lookup), lookup.take(ROWS)));
  }

  static KernelCase lookupBackward() {
    KernelCase lookup = new KernelCase();
    Block gradOut = lookup.numbers(ROWS);
    int gradTable = lookup.take(CLASSES * ROWS.stride());
    return lookup.run(Embedding.lookupBackward(gradOut, labels(lookup), CLASSES, gradTable, false));
  }

  private static int labels(KernelCase of) {
    float[] labels = new float[BATCH];
    for (int i = 0; i < BATCH; i++) {
      int label = i * CLASSES / BATCH;
      labels[i] = label;
    }
    return of.constants(labels);
  }

  static KernelCase meanSquaredError() {
    KernelCase loss = new KernelCase();
    Block prediction = loss.numbers(IMAGES);
    Block target = loss.numbers(IMAGES);
    return loss.run(Loss.meanSquaredError(prediction, target, loss.take(BATCH)));
  }

  static KernelCase meanSquaredErrorBackward() {
    KernelCase loss = new KernelCase();
    Block prediction = loss.numbers(IMAGES);
    Block target = loss.numbers(IMAGES);
    int weights = loss.numbers(BATCH);
    return loss.run(Loss.meanSquaredErrorBackward(prediction, target, weights, loss.take(IMAGES)));
  }

  /** A model's variance and what its bound is measured against; one image is at timestep 0. */
  private static final class Bound {
    final KernelCase bound = new KernelCase();
    final Block prediction = bound.numbers(IMAGES);
    final Block target = bound.numbers(IMAGES);
    final Block variance = bound.numbers(IMAGES);
    final Block images = bound.numbers(IMAGES);
    final int range = bound.constants(each(0.5f));
    final int scale = bound.constants(each(0.9f));
    final int halfBin = bound.constants(0.7f, 0, 0, 0, 0, 0, 0, 0);

    private static float[] each(float value) {
      float[] values = new float[BATCH];
      Arrays.fill(values, value);
      return values;
    }
  }

  static KernelCase variationalBound() {
    Bound b = new Bound();
    return b.bound.run(
        VariationalBound.perImage(
            b.prediction,
            b.target,
            b.variance,
            b.images,
            b.range,
            b.scale,
            b.halfBin,
            b.bound.take(BATCH)));
  }

  static KernelCase variationalBoundBackward() {
    Bound b = new Bound();
    return b.bound.run(
        VariationalBound.backward(
            b.prediction,
            b.target,
            b.variance,
            b.images,
            b.range,
            b.scale,
            b.halfBin,
            b.bound.numbers(BATCH),
            b.bound.take(IMAGES)));
  }

  static KernelCase adamW() {
    KernelCase update = new KernelCase();
    int parameters = update.numbers(PARAMETERS);
    int gradients = update.numbers(PARAMETERS);
    int first = update.take(PARAMETERS);
    int second = update.take(PARAMETERS);
    int hyper = hyper(update);
    int scratch = update.take(OptimizerCalls.clipScratch(PARAMETERS));
    return update
        .run(OptimizerCalls.clip(gradients, PARAMETERS, hyper, scratch))
        .run(OptimizerCalls.adamW(parameters, gradients, first, second, PARAMETERS, hyper));
  }

  static KernelCase ema() {
    KernelCase update = new KernelCase();
    int shadow = update.numbers(PARAMETERS);
    int parameters = update.numbers(PARAMETERS);
    return update.run(OptimizerCalls.ema(shadow, parameters, PARAMETERS, hyper(update)));
  }

  private static int hyper(KernelCase update) {
    return update.constants(OptimizerCalls.hyper(1e-4f, 0.9f, 0.999f, 1e-8f, 1e-2f, 1, 1, 0.999f));
  }
}
