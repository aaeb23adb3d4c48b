package io.github.tornadodiffusion.nn.layers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.TestEngine;
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
import io.github.tornadodiffusion.nn.models.unet.UNetInference;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.UNetGradients;
import java.util.LinkedHashMap;
import java.util.Map;
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
  private record Case(LayersParityTest.Layer layer, Map<String, int[]> inputs) {}

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
                Tensor joined = g.concat("concat", a, g.add("add", in.get("b"), in.get("b")));
                Tensor twice = conv.apply(g, joined, null, g.scale("scale", joined, 0.5));
                Tensor large = g.nearest("nearest", twice, 7, 5, Padding.all(1));
                return g.add(
                    "sum",
                    g.activation("silu", Activation.SILU, large),
                    g.affine("affine", large, 2, -1, Padding.NONE));
              };
            },
            shapes("a", new int[] {2, 3, 5, 4}, "b", new int[] {2, 5, 5, 4})));
    cases.put(
        "average pool",
        of((g, in) -> g.averagePool("pool", in.get("x"), Padding.NONE), 2, 5, 5, 7));
    cases.put(
        "filters",
        of(
            (g, in) -> {
              Tensor half = g.filteredHalf("half", in.get("x"), Padding.NONE);
              return g.filteredDouble("double", half, Padding.all(1));
            },
            2,
            5,
            4,
            6));
    cases.put(
        "means of pixels times a factor for each image",
        of(
            (g, in) -> {
              Tensor mean = g.meanOfPixels("mean", in.get("x"));
              return g.scaleImages("scaled", mean, g.constant(0.5f, -2));
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
              return (g, in) -> g.lookup("lookup", table, g.constant(3, 1, 3), 3);
            },
            Map.of()));
    return cases.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getValue())));
  }

  /** Of one input. */
  private static Case of(LayerHarness.Piece piece, int... shape) {
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
    SplittableRandom random = new SplittableRandom(7);
    Scope scope = Scope.root();
    LayerHarness.Piece piece = layer.layer.build(scope);
    LayerHarness harness = new LayerHarness(scope);
    Map<String, float[]> inputs = new LinkedHashMap<>();
    layer.inputs.forEach((name, s) -> {
      harness.input(name, s[0], s[1], s[2], s[3]);
      inputs.put(name, randoms(random, s[0] * s[1] * s[2] * s[3]));
    });
    Map<String, HostTensor> weights = new LinkedHashMap<>();
    for (ParameterSpec spec : scope.parameters().specs()) {
      float[] values = randoms(random, spec.size());
      for (int i = 0; i < values.length; i++) {
        values[i] /= (float) Math.sqrt(spec.fanIn());
      }
      weights.put(spec.name(), new HostTensor(spec.shape(), values));
    }
    int outputs = harness.run(piece, weights, inputs, null).output().length;
    float[] gradOutput = randoms(random, outputs);
    LayerHarness.Result result = harness.run(piece, weights, inputs, gradOutput);
    for (int direction = 0; direction < DIRECTIONS; direction++) {
      double expected = 0;
      double scale = 0;
      Map<String, float[]> upInputs = new LinkedHashMap<>();
      Map<String, float[]> downInputs = new LinkedHashMap<>();
      for (String name : inputs.keySet()) {
        float[] along = randoms(random, inputs.get(name).length);
        expected += dot(along, result.gradInputs().get(name));
        scale += norm(result.gradInputs().get(name));
        upInputs.put(name, moved(inputs.get(name), along, STEP));
        downInputs.put(name, moved(inputs.get(name), along, -STEP));
      }
      Map<String, HostTensor> up = new LinkedHashMap<>();
      Map<String, HostTensor> down = new LinkedHashMap<>();
      for (String name : weights.keySet()) {
        HostTensor weight = weights.get(name);
        float[] along = randoms(random, weight.size());
        expected += dot(along, result.gradWeights().get(name).values());
        scale += norm(result.gradWeights().get(name).values());
        up.put(name, new HostTensor(weight.shape(), moved(weight.values(), along, STEP)));
        down.put(name, new HostTensor(weight.shape(), moved(weight.values(), along, -STEP)));
      }
      double difference =
          dot(gradOutput, harness.run(piece, up, upInputs, gradOutput).output())
              - dot(gradOutput, harness.run(piece, down, downInputs, gradOutput).output());
      assertEquals(expected, difference / (2 * STEP), 2e-3 * scale);
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
        Initialisation.pytorchDefault(model.parameters(), 1);
    float[] sample = randoms(random, 2 * 3 * 8 * 12);
    float[] target = randoms(random, 2 * 5 * 8 * 12);
    float[] timesteps = {3, 950};
    int[] labels = {17, 40};
    try (UNetGradients gradients = UNetGradients.open(ENGINE, config, parameters, 2, 8, 12);
        UNetInference inference = UNetInference.open(ENGINE, config, parameters, 2, 8, 12)) {
      gradients.run(sample, timesteps, labels, target);
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
        double above = loss(inference.predict(sample, timesteps, labels), target);
        inference.setParameters(down);
        double below = loss(inference.predict(sample, timesteps, labels), target);
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

  private static double norm(float[] a) {
    return Math.sqrt(dot(a, a));
  }
}
