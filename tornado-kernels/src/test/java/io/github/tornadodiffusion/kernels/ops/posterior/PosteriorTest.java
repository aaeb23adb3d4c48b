package io.github.tornadodiffusion.kernels.ops.posterior;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Naive;
import io.github.tornadodiffusion.kernels.TestArena;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class PosteriorTest {
  private static final double ROUNDING = 2e-6;

  private final TestArena arena = new TestArena(11);

  static List<Block> borderedShapes() {
    return Naive.borderedShapes();
  }

  private static Block plain(Block b) {
    return b.bordered(0, 0, 0, 0);
  }

  /** Numbers in -range .. range. */
  private Block random(Block shape, float range) {
    Block block = arena.place(shape);
    float[] values = arena.randoms(block.pixels() * block.c());
    for (int i = 0; i < values.length; i++) {
      values[i] *= range;
    }
    arena.fill(block, values);
    return block;
  }

  private Naive values(Block b) {
    return Naive.of(b, arena.read(b));
  }

  private void check(Block out, Naive expected, Call call) {
    double[] oracle = Naive.values(out, expected);
    arena.run(call);
    Naive.assertClose(oracle, arena.read(out), ROUNDING);
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void bounds(Block shape) {
    Block x = random(shape, 60);
    Block gradOut = arena.random(plain(shape));
    int bounds = arena.put(-30, 20);
    Block out = arena.place(shape.bordered(1, 0, 2, 1));
    Naive vx = values(x);
    Naive vg = values(gradOut);
    Block gradX = arena.random(plain(shape));
    Naive before = values(gradX);
    check(
        out,
        (n, c, i, j) -> Math.min(Math.max(vx.at(n, c, i, j), -30), 20),
        Posterior.bounded(x, bounds, out));
    check(
        gradX,
        (n, c, i, j) -> {
          double v = vx.at(n, c, i, j);
          return before.at(n, c, i, j) + (v > -30 && v < 20 ? vg.at(n, c, i, j) : 0);
        },
        Posterior.boundedBackward(x, bounds, gradOut, gradX, true));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void drawsFromTheDistribution(Block shape) {
    Block mean = random(plain(shape), 2);
    Block logvar = random(plain(shape), 3);
    Block noise = random(shape, 3);
    Block gradOut = arena.random(plain(shape));
    Naive m = values(mean);
    Naive v = values(logvar);
    Naive e = values(noise);
    Naive g = values(gradOut);
    Block out = arena.place(shape);
    Block gradLogvar = arena.place(plain(shape));
    check(
        out,
        (n, c, i, j) -> m.at(n, c, i, j) + Math.exp(v.at(n, c, i, j) / 2) * e.at(n, c, i, j),
        Posterior.drawn(mean, logvar, noise, out));
    check(
        gradLogvar,
        (n, c, i, j) -> g.at(n, c, i, j) * Math.exp(v.at(n, c, i, j) / 2) * e.at(n, c, i, j) / 2,
        Posterior.drawnBackward(logvar, noise, gradOut, gradLogvar, false));
  }

  @ParameterizedTest
  @MethodSource("borderedShapes")
  void divergesFromTheStandardDistribution(Block shape) {
    Block mean = random(shape, 2);
    Block logvar = random(plain(shape), 3);
    Block gradOut = arena.random(plain(shape));
    Naive m = values(mean);
    Naive v = values(logvar);
    Naive g = values(gradOut);
    Block out = arena.place(shape);
    Block gradMean = arena.place(plain(shape));
    Block gradLogvar = arena.random(plain(shape));
    Naive before = values(gradLogvar);
    check(
        out,
        (n, c, i, j) -> {
          double mu = m.at(n, c, i, j);
          double log = v.at(n, c, i, j);
          return 0.5 * (mu * mu + Math.exp(log) - 1 - log);
        },
        Posterior.divergence(mean, logvar, out));
    check(
        gradMean,
        (n, c, i, j) -> g.at(n, c, i, j) * m.at(n, c, i, j),
        Posterior.divergenceByMean(mean, gradOut, gradMean, false));
    check(
        gradLogvar,
        (n, c, i, j) ->
            before.at(n, c, i, j) + g.at(n, c, i, j) * (Math.exp(v.at(n, c, i, j)) - 1) / 2,
        Posterior.divergenceBackward(logvar, gradOut, gradLogvar, true));
  }

  @Test
  void blocksThatDoNotFitAreRefused() {
    Block block = Block.of(0, 1, 2, 2, 4);
    assertThrows(
        IllegalArgumentException.class,
        () -> Posterior.drawn(block, block, Block.of(0, 1, 2, 2, 5), block));
  }
}
