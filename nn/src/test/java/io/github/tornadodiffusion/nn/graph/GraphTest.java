package io.github.tornadodiffusion.nn.graph;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.LayerHarness;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.PixelMeanOperation;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;
import io.github.tornadodiffusion.nn.operations.ScaleImagesOperation;
import io.github.tornadodiffusion.nn.operations.SinusoidOperation;
import io.github.tornadodiffusion.nn.programs.GradientCheck.Piece;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/** Shapes, refusals and values of single operations, by hand. */
class GraphTest {
  private final Scope scope = Scope.root();

  /** Of the parameters that are declared so far. */
  private Graph graph() {
    return new Graph(scope.parameters(), Trainable.ALL, Graph.Mode.EVALUATION);
  }

  private final Graph graph = graph();

  private static Tensor image(int n, int h, int w, int c) {
    return Tensor.of("x", Block.of(0, n, h, w, c), true);
  }

  private static void assertRefused(String message, Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void convolutionsRefuseWhatDoesNotFit() {
    Conv2d four = Conv2d.same(scope.child("four"), 4, 8);
    assertRefused(
        "four: takes 4 channels, not the 3 of x [2, 4, 6, 3]",
        () -> four.apply(graph(), image(2, 4, 6, 3)));
    Conv2d five = Conv2d.conv(scope.child("five"), 3, 8, 5, 1, Padding.NONE, true);
    assertRefused(
        "five: 4 x 6 pixels are too few for a 5 x 5 convolution; use larger images",
        () -> five.apply(graph(), image(2, 4, 6, 3)));
    assertRefused(
        "five: 6 x 4 pixels are too few for a 5 x 5 convolution; use larger images",
        () -> five.apply(graph(), image(2, 6, 4, 3)));
    assertEquals(Block.of(0, 2, 1, 1, 8), five.apply(graph(), image(2, 5, 5, 3)).shape());
    Conv2d same = Conv2d.same(scope.child("same"), 3, 3);
    assertRefused(
        "same: cannot add x [2, 4, 5, 3] to same [2, 4, 6, 3]: height and width must survive every"
            + " downsampling undivided",
        () -> same.apply(graph(), image(2, 4, 6, 3), null, image(2, 4, 5, 3)));
  }

  @Test
  void whatIsAddedOrJoinedMustFit() {
    assertRefused(
        "sum: cannot add x [2, 4, 6, 3] and x [2, 4, 5, 3]",
        () -> AddOperation.record(graph, "sum", image(2, 4, 6, 3), image(2, 4, 5, 3)));
    for (Tensor other : List.of(image(1, 4, 6, 3), image(2, 5, 6, 3), image(2, 4, 5, 3))) {
      assertRefused(
          "joined: cannot join x [2, 4, 6, 3] and %s: height and width must survive every"
                  .formatted(other)
              + " downsampling undivided",
          () -> ConcatOperation.record(graph, "joined", image(2, 4, 6, 3), other));
    }
    Tensor joined = ConcatOperation.record(graph, "joined", image(2, 4, 6, 3), image(2, 4, 6, 5));
    assertEquals(Block.of(0, 2, 4, 6, 8), joined.shape());
  }

  @Test
  void whatCannotBeHalvedIsRefused() {
    assertRefused(
        "pool: 1 x 6 pixels cannot be halved; use larger images",
        () -> ResampleOperation.averagePool(graph, "pool", image(2, 1, 6, 3), Padding.NONE));
    assertRefused(
        "pool: 6 x 1 pixels cannot be halved; use larger images",
        () -> ResampleOperation.averagePool(graph, "pool", image(2, 6, 1, 3), Padding.NONE));
    assertRefused(
        "filter: 5 x 6 pixels cannot be halved; use even sizes",
        () -> ResampleOperation.filteredHalf(graph, "filter", image(2, 5, 6, 3), Padding.NONE));
    assertRefused(
        "filter: 6 x 5 pixels cannot be halved; use even sizes",
        () -> ResampleOperation.filteredHalf(graph, "filter", image(2, 6, 5, 3), Padding.NONE));
  }

  @Test
  void resamplingChangesHeightAndWidth() {
    Tensor x = image(2, 4, 6, 3);
    assertEquals(
        Block.of(0, 2, 2, 3, 3),
        ResampleOperation.averagePool(graph, "p", x, Padding.NONE).shape());
    assertEquals(
        Block.of(0, 2, 2, 3, 3),
        ResampleOperation.filteredHalf(graph, "f", x, Padding.NONE).shape());
    assertEquals(
        Block.of(0, 2, 8, 12, 3),
        ResampleOperation.filteredDouble(graph, "d", x, Padding.NONE).shape());
    assertEquals(
        Block.of(0, 2, 7, 5, 3),
        ResampleOperation.nearest(graph, "n", x, 7, 5, Padding.NONE).shape());
    assertEquals(Block.of(0, 2, 1, 1, 3), PixelMeanOperation.record(graph, "m", x).shape());
    Tensor odd = ResampleOperation.averagePool(graph, "odd", image(2, 3, 2, 3), Padding.NONE);
    assertEquals(Block.of(0, 2, 1, 1, 3), odd.shape());
  }

  /** Nothing is differentiated by what depends on no parameter and no input. */
  @Test
  void oneInputThatNeedsAGradientIsEnough() {
    Tensor fixed = Tensor.of("fixed", Block.of(0, 1, 2, 2, 3), false);
    Tensor learned = image(1, 2, 2, 3);
    assertTrue(AddOperation.record(graph, "sum", fixed, learned).needsGradient());
    assertTrue(AddOperation.record(graph, "sum", learned, fixed).needsGradient());
    assertFalse(AddOperation.record(graph, "sum", fixed, fixed).needsGradient());
    assertTrue(ConcatOperation.record(graph, "joined", fixed, learned).needsGradient());
    assertTrue(ConcatOperation.record(graph, "joined", learned, fixed).needsGradient());
    assertFalse(ConcatOperation.record(graph, "joined", fixed, fixed).needsGradient());
  }

  /** Of two images as input, with two pixels each: 1 and 2, then 3 and -5. */
  private float[] output(Piece piece) {
    LayerHarness harness = new LayerHarness(scope).input("x", 2, 1, 1, 2);
    return harness.run(piece, Map.of(), Map.of("x", new float[] {1, 2, 3, -5}), null).output();
  }

  /** Without an input that is differentiated by. */
  private float[] output(
      Piece piece, Map<String, HostTensor> weights, Map<String, float[]> values) {
    return new LayerHarness(scope).run(piece, weights, values, null).output();
  }

  @Test
  void valuesAreThoseOfTheFormulas() {
    assertArrayEquals(
        new float[] {1, 3, 5, -11},
        output((g, in) -> AffineOperation.record(g, "affine", in.get("x"), 2, -1, Padding.NONE)));
    assertArrayEquals(
        new float[] {1.5f, -1},
        output((g, in) -> PixelMeanOperation.record(g, "mean", in.get("x"))));
    assertArrayEquals(
        new float[] {0.5f, 1, -6, 10},
        output((g, in) ->
            ScaleImagesOperation.record(g, "scaled", in.get("x"), g.constant(0.5f, -2))));
  }

  @Test
  void aLookupCopiesRows() {
    Parameter table = scope.parameter("table", Kind.EMBEDDING, 1, 3, 2);
    HostTensor rows = new HostTensor(new int[] {3, 2}, new float[] {1, 2, 3, 4, 5, 6});
    assertArrayEquals(
        new float[] {5, 6, 1, 2},
        output(
            (g, in) ->
                LookupOperation.record(g, "lookup", table, g.input(Input.numbers("rows", 2))),
            Map.of("table", rows),
            Map.of("rows", new float[] {2, 0})));
  }

  /** The sines, then the cosines of 2 pi times logarithm times frequency. */
  @Test
  void fourierFeatures() {
    float[] frequencies = {0.25f, 1.5f};
    float[] logarithms = {0.3f, -0.7f};
    Parameter weight = scope.parameter("weight", Kind.FREQUENCIES, 1, 2);
    float[] actual =
        output(
            (g, in) -> {
              Tensor given = g.input(Input.numbers("logarithms", 2));
              return AffineOperation.scale(
                  g, "scale", SinusoidOperation.fourier(g, "fourier", given, weight), 1);
            },
            Map.of("weight", new HostTensor(new int[] {2}, frequencies)),
            Map.of("logarithms", logarithms));
    assertEquals(8, actual.length);
    for (int n = 0; n < 2; n++) {
      for (int k = 0; k < 2; k++) {
        double argument = 2 * Math.PI * logarithms[n] * frequencies[k];
        assertEquals(Math.sin(argument), actual[4 * n + k], 1e-6);
        assertEquals(Math.cos(argument), actual[4 * n + 2 + k], 1e-6);
      }
    }
  }

  @Test
  void timestepsHaveNoGradient() {
    Tensor timesteps = graph.input(Input.numbers("timesteps", 2));
    Tensor sinusoid = SinusoidOperation.record(graph, "time", timesteps, 8, 0, true);
    assertFalse(sinusoid.needsGradient());
    Operation operation = graph.operations().getLast();
    Gradients gradients = new Gradients(graph.layout(), Buffer.persistent("gradients", 16), false);
    assertThrows(
        IllegalStateException.class, () -> operation.backward(new Steps(), sinusoid, gradients));
  }

  @Test
  void aParametersGradientIsOverwrittenOrAddedTo() {
    assertArrayEquals(new float[] {3, 6, 5, 10}, gradientAfterTwoRuns(false));
    assertArrayEquals(new float[] {6, 12, 10, 20}, gradientAfterTwoRuns(true));
  }

  /** Of the weight of a linear layer, which is the gradient of the output times the input. */
  private float[] gradientAfterTwoRuns(boolean accumulate) {
    Scope own = Scope.root();
    Conv2d linear = Conv2d.linear(own.child("linear"), 2, 2, false);
    Graph recorded = new Graph(own.parameters(), Trainable.ALL, Graph.Mode.EVALUATION);
    Buffer gradients = recorded.layout().like("gradients");
    Tensor x = recorded.input(Input.vectors("x", 1, 2));
    Tensor out = linear.apply(recorded, x);
    Tensor gradOut = Tensor.persistent("gradient", out.plainShape(), false);
    Steps steps = new Steps();
    recorded.forward(steps);
    new Gradients(recorded.layout(), gradients, accumulate)
        .backward(steps, recorded.operations(), Map.of(out, gradOut));
    RecordedProgram.Part twice =
        new RecordedProgram.Part("twice", 0, steps.size(), List.of(), List.of());
    RecordedProgram<LoadedProgram> program =
        new RecordedProgram<>(
            BatchShape.of(1), recorded, steps, List.of(twice), List::of, loaded -> loaded);
    HostTensor zeros = new HostTensor(new int[] {2, 2}, new float[4]);
    try (LoadedProgram loaded = program.open(TestEngine.ENGINE, Map.of("linear.weight", zeros))) {
      for (int run = 0; run < 2; run++) {
        loaded.writeInputs(Map.of("x", new float[] {1, 2}), null);
        loaded.write(gradOut, "gradient", new float[] {3, 5}, Order.CHANNELS_LAST);
        loaded.run();
      }
      return loaded.readTrained(gradients).get("linear.weight").values();
    }
  }
}
