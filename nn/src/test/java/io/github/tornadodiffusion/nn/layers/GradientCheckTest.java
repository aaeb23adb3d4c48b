package io.github.tornadodiffusion.nn.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.UNets;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Options;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Sampling;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.models.unet.UNetInputs;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import io.github.tornadodiffusion.nn.operations.EndTokenOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.PixelMeanOperation;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;
import io.github.tornadodiffusion.nn.operations.ScaleImagesOperation;
import io.github.tornadodiffusion.nn.programs.GradientCheck;
import io.github.tornadodiffusion.nn.programs.GradientCheck.Piece;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.LossGradients;
import io.github.tornadodiffusion.nn.training.Initialisation;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/**
 * Gradients against differences of the forward pass along random directions, with channel counts
 * and sizes that fit no tile.
 */
class GradientCheckTest {
  private static final Engine ENGINE = TestEngine.ENGINE;
  private static final int DIRECTIONS = 3;

  /** Step along a direction of unit elements: small against curvature, large against rounding. */
  private static final float STEP = 0.002f;

  /** A layer and its inputs as {n, c, h, w}. */
  private record Case(
      LayersParityTest.Layer layer, Map<String, int[]> inputs, Map<String, float[]> fixed) {
    Case(LayersParityTest.Layer layer, Map<String, int[]> inputs) {
      this(layer, inputs, Map.of());
    }
  }

  @TestFactory
  Stream<DynamicTest> layers() {
    Map<String, Case> cases = new LinkedHashMap<>();
    int[] odd = {3, 3, 5, 7};
    cases.put("conv 3x3 stride 2", conv(3, 5, 3, 2, Padding.all(1), odd));
    cases.put("conv 3x3 stride 2 one side", conv(3, 5, 3, 2, new Padding(0, 0, 1, 1), odd));
    cases.put("conv 5x5 stride 3", conv(3, 17, 5, 3, Padding.all(2), odd));
    cases.put("conv 2x2 stride 2", conv(3, 7, 2, 2, Padding.NONE, odd));
    cases.put("conv 4x4 stride 1", conv(7, 3, 4, 1, new Padding(2, 1, 1, 2), 1, 7, 6, 5));
    cases.put("conv 1x1 stride 2", conv(5, 33, 1, 2, Padding.NONE, 2, 5, 7, 3));
    cases.put(
        "group norm of one channel each",
        new Case(
            s -> {
              GroupNorm2d norm = new GroupNorm2d(s, 5, 5, 1e-5);
              return (g, in) -> norm.apply(g, in.get("x"), Activation.SILU, Padding.NONE);
            },
            Map.of("x", new int[] {2, 5, 3, 7})));
    cases.put("resnet 3 to 5", resnet(3, 5, false, Activation.SILU, Sampling.NONE));
    cases.put("resnet 5 to 7 scale shift mish", resnet(5, 7, true, Activation.MISH, Sampling.NONE));
    cases.put("resnet 7 down gelu", resnet(7, 7, false, Activation.GELU, Sampling.DOWN));
    cases.put("resnet 3 up", resnet(3, 3, true, Activation.SILU, Sampling.UP));
    cases.put("attention 7 channels", attention(7, 7));
    cases.put("attention 7 channels in 2 heads of 3", attention(7, 3));
    cases.put("attention 34 channels in 2 heads of 17", attention(34, 17));
    cases.put(
        "several consumers",
        new Case(
            s -> {
              Conv2d conv = Conv2d.same(s.child("conv"), 8, 8);
              return (g, in) -> {
                Tensor a = in.get("a");
                Tensor joined =
                    ConcatOperation.record(
                        g, "concat", a, AddOperation.record(g, "add", in.get("b"), in.get("b")));
                Tensor twice =
                    conv.apply(g, joined, null, AffineOperation.scale(g, "scale", joined, 0.5));
                Tensor large = ResampleOperation.nearest(g, "nearest", twice, 7, 5, Padding.all(1));
                return AddOperation.record(
                    g,
                    "sum",
                    ActivationOperation.record(g, "silu", Activation.SILU, large),
                    AffineOperation.record(g, "affine", large, 2, -1, Padding.NONE));
              };
            },
            shapes("a", new int[] {2, 3, 5, 4}, "b", new int[] {2, 5, 5, 4})));
    cases.put(
        "average pool",
        of(
            (g, in) -> ResampleOperation.averagePool(g, "pool", in.get("x"), Padding.NONE),
            2,
            5,
            5,
            7));
    cases.put(
        "filters",
        of(
            (g, in) -> {
              Tensor half = ResampleOperation.filteredHalf(g, "half", in.get("x"), Padding.NONE);
              return ResampleOperation.filteredDouble(g, "double", half, Padding.all(1));
            },
            2,
            5,
            4,
            6));
    cases.put(
        "means of pixels times a factor for each image",
        of(
            (g, in) -> {
              Tensor mean = PixelMeanOperation.record(g, "mean", in.get("x"));
              return ScaleImagesOperation.record(g, "scaled", mean, g.constant(0.5f, -2));
            },
            2,
            5,
            3,
            4));
    cases.put(
        "a layer used twice",
        new Case(
            s -> {
              Conv2d conv = Conv2d.same(s, 5, 5);
              return (g, in) -> conv.apply(g, conv.apply(g, in.get("x")));
            },
            Map.of("x", new int[] {2, 5, 3, 4})));
    cases.put(
        "lookup",
        new Case(
            s -> {
              Parameter table = s.parameter("table", ParameterSpec.Kind.EMBEDDING, 1, 4, 5);
              return (g, in) ->
                  LookupOperation.record(g, "lookup", table, g.input(Input.numbers("rows", 3)));
            },
            Map.of(),
            Map.of("rows", new float[] {3, 1, 3})));
    cases.put(
        "rows of a table that are always the same",
        new Case(
            s -> {
              Parameter table = s.parameter("table", ParameterSpec.Kind.EMBEDDING, 1, 4, 17);
              return (g, in) -> LookupOperation.record(g, "positions", table, 0, 1, 2, 0, 1, 2);
            },
            Map.of()));
    cases.put(
        "layer normalisation",
        new Case(
            s -> {
              LayerNorm norm = new LayerNorm(s, 19, 1e-5);
              return (g, in) -> norm.apply(g, in.get("x"));
            },
            Map.of("x", new int[] {2, 19, 3, 5})));
    cases.put(
        "GEGLU",
        new Case(
            s -> {
              Geglu geglu = new Geglu(s, 7, 21);
              return (g, in) -> geglu.apply(g, in.get("x"));
            },
            Map.of("x", new int[] {2, 7, 1, 5})));
    cases.put(
        "attention to another sequence with a bias",
        new Case(
            s ->
                (g, in) -> {
                  Tensor k = in.get("k");
                  Tensor bias = g.input(Input.vectors("bias", 2, 7));
                  return AttentionOperation.record(g, "cross", in.get("q"), k, k, 3, bias, false);
                },
            shapes("q", new int[] {2, 12, 3, 5}, "k", new int[] {2, 12, 1, 7}),
            Map.of("bias", new float[] {0, 0, -1e30f, 1, 0, 0, 0, -1, 0, 0, 0, 2, 0, -1e30f})));
    cases.put(
        "causal attention",
        of(
            (g, in) -> {
              Tensor x = in.get("x");
              return AttentionOperation.record(g, "causal", x, x, x, 2, null, true);
            },
            2,
            14,
            1,
            21));
    for (OptionalInt end : List.of(OptionalInt.empty(), OptionalInt.of(6))) {
      cases.put(
          "hidden states of end tokens, " + end,
          new Case(
              s ->
                  (g, in) ->
                      EndTokenOperation.record(
                          g, "end", in.get("x"), g.input(Input.tokenIds("ids", 2, 4, 9)), end),
              Map.of("x", new int[] {2, 5, 1, 4}),
              Map.of("ids", new float[] {1, 6, 8, 8, 3, 2, 6, 6})));
    }
    return cases.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getValue())));
  }

  /** Of one input. */
  private static Case of(Piece piece, int... shape) {
    return new Case(s -> piece, Map.of("x", shape));
  }

  private static Case conv(
      int cin, int cout, int kernel, int stride, Padding padding, int... shape) {
    return new Case(
        s -> {
          Conv2d conv = Conv2d.conv(s, cin, cout, kernel, stride, padding, true);
          return (g, in) -> conv.apply(g, in.get("x"));
        },
        Map.of("x", shape));
  }

  private static Case resnet(
      int cin, int cout, boolean scaleShift, Activation activation, Sampling sampling) {
    Options options =
        Options.of(11, 1, 1e-5)
            .withScaleShift(scaleShift)
            .with(activation)
            .withOutputScaleFactor(1.5)
            .with(sampling);
    return new Case(
        s -> {
          ResnetBlock2D block = new ResnetBlock2D(s, cin, cout, options);
          return (g, in) -> block.apply(g, in.get("x"), in.get("temb"));
        },
        shapes("x", new int[] {2, cin, 5, 7}, "temb", new int[] {2, 11, 1, 1}));
  }

  private static Case attention(int channels, int headDim) {
    return new Case(
        s -> {
          SelfAttention attention = new SelfAttention(s, channels, headDim, 1, 1e-5, 1);
          return (g, in) -> attention.apply(g, in.get("x"));
        },
        Map.of("x", new int[] {2, channels, 3, 5}));
  }

  private static Map<String, int[]> shapes(String a, int[] shapeA, String b, int[] shapeB) {
    Map<String, int[]> shapes = new LinkedHashMap<>();
    shapes.put(a, shapeA);
    shapes.put(b, shapeB);
    return shapes;
  }

  private static void check(Case layer) {
    Scope scope = Scope.root();
    Piece piece = layer.layer.build(scope);
    LayerHarness harness = new LayerHarness(scope);
    layer.inputs.forEach((name, s) -> harness.input(name, s[0], s[1], s[2], s[3]));
    Map<String, HostTensor> weights = GradientCheck.randomParameters(scope.parameters(), 1);
    try (GradientCheck check = harness.open(piece, weights)) {
      double error = check.error(7, layer.fixed, false);
      assertTrue(error < 2e-3, "error " + error);
    }
  }

  /** A whole UNet whose options no reference covers together. */
  @Test
  void unetOfOddChannels() {
    UNet2DConfig config =
        UNet2DConfig.builder()
            .inChannels(3)
            .outChannels(5)
            .blockOutChannels(6, 10, 7)
            .downBlockTypes("AttnDownBlock2D", "ResnetDownsampleBlock2D", "DownBlock2D")
            .upBlockTypes("ResnetUpsampleBlock2D", "UpBlock2D", "AttnUpBlock2D")
            .layersPerBlock(1)
            .normNumGroups(1)
            .attentionHeadDim(3)
            .downsampleType("resnet")
            .resnetTimeScaleShift("scale_shift")
            .classEmbedType("timestep")
            .attnNormNumGroups(7)
            .midBlockScaleFactor(1.5)
            .flipSinToCos(false)
            .build();
    SplittableRandom random = new SplittableRandom(3);
    UNet2DModel model = new UNet2DModel(config);
    SequencedMap<String, HostTensor> parameters =
        Initialisation.pytorchDefault(model.parameters().specs(), 1);
    float[] sample = randoms(random, 2 * 3 * 8 * 12);
    float[] target = randoms(random, 2 * 5 * 8 * 12);
    float[] timesteps = {3, 950};
    int[] labels = {17, 40};
    try (LossGradients gradients = UNets.gradients(ENGINE, config, parameters, 2, 8, 12);
        Inference inference = UNets.inference(ENGINE, config, parameters, 2, 8, 12)) {
      Map<String, float[]> values = UNetInputs.of(sample, timesteps, labels).values();
      gradients.run(UNets.withTarget(values, target));
      Map<String, HostTensor> gradient = gradients.gradients();
      for (int direction = 0; direction < DIRECTIONS; direction++) {
        double expected = 0;
        double squares = 0;
        Map<String, HostTensor> up = new LinkedHashMap<>();
        Map<String, HostTensor> down = new LinkedHashMap<>();
        for (String name : parameters.keySet()) {
          HostTensor parameter = parameters.get(name);
          float[] along = randoms(random, parameter.size());
          float[] of = gradient.get(name).values();
          expected += dot(along, of);
          squares += dot(of, of);
          float step = STEP / 2;
          up.put(name, new HostTensor(parameter.shape(), moved(parameter.values(), along, step)));
          down.put(
              name, new HostTensor(parameter.shape(), moved(parameter.values(), along, -step)));
        }
        inference.setParameters(up);
        double above = loss(inference.predict(values), target);
        inference.setParameters(down);
        double below = loss(inference.predict(values), target);
        double difference = (above - below) / (2 * STEP / 2);
        assertEquals(expected, difference, 5e-3 * Math.sqrt(squares));
      }
    }
  }

  private static double loss(float[] output, float[] target) {
    double sum = 0;
    for (int i = 0; i < output.length; i++) {
      double difference = (double) output[i] - target[i];
      sum += difference * difference;
    }
    return sum / output.length;
  }

  private static float[] randoms(SplittableRandom random, int n) {
    float[] values = new float[n];
    for (int i = 0; i < n; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  private static float[] moved(float[] from, float[] along, float step) {
    float[] moved = from.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += step * along[i];
    }
    return moved;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
