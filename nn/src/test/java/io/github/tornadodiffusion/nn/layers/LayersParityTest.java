package io.github.tornadodiffusion.nn.layers;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.Errors;
import io.github.tornadodiffusion.nn.Golden;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Options;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D.Sampling;
import io.github.tornadodiffusion.nn.models.unet.BlockAttention;
import io.github.tornadodiffusion.nn.models.unet.Conditions;
import io.github.tornadodiffusion.nn.models.unet.DownBlock2D;
import io.github.tornadodiffusion.nn.models.unet.Skips;
import io.github.tornadodiffusion.nn.models.unet.UNetMidBlock2D;
import io.github.tornadodiffusion.nn.models.unet.UpBlock2D;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.ResampleOperation;
import io.github.tornadodiffusion.nn.operations.SoftmaxOperation;
import io.github.tornadodiffusion.nn.programs.GradientCheck.Piece;
import io.github.tornadodiffusion.nn.programs.GradientCheck.Result;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/** Outputs, input gradients and weight gradients of layers against PyTorch and diffusers 0.27.2. */
class LayersParityTest {
  /** Largest error, relative to the largest value of the tensor. */
  private static final double TOLERANCE = 2e-6;

  private static final Scope ROOT = new Scope(null, "");

  private static Map<String, HostTensor> golden;

  /** Builds a layer's modules and returns how to record it. */
  interface Layer {
    Piece build(Scope scope);
  }

  @BeforeAll
  static void read() throws IOException {
    golden = Safetensors.read(Golden.path("layers.safetensors"));
  }

  @TestFactory
  Stream<DynamicTest> layers() {
    Map<String, Layer> layers = new LinkedHashMap<>();
    layers.put("conv_k3s1p1", conv(4, 6, 3, 1, 1, true));
    layers.put("conv_k3s2p1", conv(4, 6, 3, 2, 1, true));
    layers.put("conv_k3s2p1_odd", conv(4, 6, 3, 2, 1, true));
    layers.put("conv_k1s1p0", conv(6, 5, 1, 1, 0, true));
    layers.put("conv_k3s1p1_nobias_rect", conv(3, 8, 3, 1, 1, false));
    layers.put("conv_k3s2p0", conv(4, 4, 3, 2, 0, true));
    layers.put("groupnorm_g2", norm(2, 1e-5));
    layers.put("groupnorm_g8", norm(8, 1e-6));
    layers.put("groupnorm_g1", norm(1, 1e-5));
    layers.put("groupnorm_3d", norm(4, 1e-5));
    layers.put("linear", linear(10, 7, true));
    layers.put("linear_3d_nobias", linear(8, 6, false));
    layers.put(
        "silu",
        s ->
            (g, in) ->
                ActivationOperation.record(
                    g, "silu", Activation.SILU, AffineOperation.scale(g, "scale", in.get("x"), 3)));
    layers.put(
        "softmax",
        s ->
            (g, in) ->
                SoftmaxOperation.record(
                    g, "softmax", AffineOperation.scale(g, "scale", in.get("x"), 4)));
    Options plain = Options.of(16, 4, 1e-5);
    layers.put("resnet_same", resnet(8, 8, plain));
    layers.put("resnet_shortcut", resnet(8, 16, plain));
    layers.put("resnet_scale_shift", resnet(8, 16, plain.withScaleShift(true)));
    layers.put("resnet_output_scale", resnet(8, 8, plain.withOutputScaleFactor(Math.sqrt(2))));
    layers.put("resnet_down", resnet(8, 8, plain.with(Sampling.DOWN)));
    layers.put("resnet_up", resnet(8, 8, plain.with(Sampling.UP)));
    layers.put("resnet_no_temb", resnet(8, 8, Options.of(0, 4, 1e-6)));
    layers.put("attention_h2", attention(8, 4, 1));
    layers.put("attention_h1", attention(16, 4, 1));
    layers.put("attention_rescale", attention(4, 8, Math.sqrt(2)));
    layers.put("upsample_conv", upsample(8, 8, 8, 10));
    layers.put("upsample_conv_out", upsample(8, 6, 6, 6));
    layers.put(
        "upsample_noconv",
        s -> (g, in) -> ResampleOperation.nearest(g, "nearest", in.get("x"), 8, 8, Padding.NONE));
    layers.put("upsample_size", upsample(8, 8, 7, 9));
    layers.put("downsample_conv_p1", downsample(1));
    layers.put("downsample_conv_p0", downsample(0));
    layers.put(
        "downsample_avgpool",
        s -> (g, in) -> ResampleOperation.averagePool(g, "averagePool", in.get("x"), Padding.NONE));
    layers.put(
        "timestep_embedding",
        s -> {
          TimestepEmbedding embedding = new TimestepEmbedding(s, 16, 32);
          return (g, in) -> embedding.apply(g, in.get("x"));
        });
    layers.putAll(blocks());
    return layers.entrySet().stream()
        .map(e -> DynamicTest.dynamicTest(e.getKey(), () -> check(e.getKey(), e.getValue())));
  }

  /** Whole blocks as UNet2DModel builds them. */
  private static Map<String, Layer> blocks() {
    Map<String, Layer> layers = new LinkedHashMap<>();
    Options options = Options.of(16, 4, 1e-5);
    layers.put(
        "block_down",
        s -> {
          DownBlock2D block =
              new DownBlock2D(s, 2, 8, 12, null, DownBlock2D.Downsampling.CONV, 1, options);
          return (g, in) -> block.apply(g, in.get("x"), Conditions.of(in.get("temb")), new Skips());
        });
    layers.put(
        "block_attn_down",
        s -> {
          DownBlock2D block =
              new DownBlock2D(
                  s,
                  1,
                  8,
                  12,
                  BlockAttention.self(12, 4, 4, options),
                  DownBlock2D.Downsampling.CONV,
                  1,
                  options);
          return (g, in) -> block.apply(g, in.get("x"), Conditions.of(in.get("temb")), new Skips());
        });
    layers.put(
        "block_mid",
        s -> {
          UNetMidBlock2D block =
              new UNetMidBlock2D(s, 12, BlockAttention.self(12, 4, 4, options), options);
          return (g, in) -> block.apply(g, in.get("x"), Conditions.of(in.get("temb")));
        });
    layers.put(
        "block_up",
        s -> {
          UpBlock2D block = new UpBlock2D(s, 2, 8, 12, 8, null, UpBlock2D.Upsampling.CONV, options);
          return (g, in) ->
              block.apply(
                  g,
                  in.get("x"),
                  Conditions.of(in.get("temb")),
                  new Skips(in.get("r0"), in.get("r1")));
        });
    layers.put(
        "block_attn_up",
        s -> {
          UpBlock2D block =
              new UpBlock2D(
                  s,
                  1,
                  8,
                  12,
                  12,
                  BlockAttention.self(12, 4, 4, options),
                  UpBlock2D.Upsampling.CONV,
                  options);
          return (g, in) ->
              block.apply(g, in.get("x"), Conditions.of(in.get("temb")), new Skips(in.get("r0")));
        });
    return layers;
  }

  private static Layer conv(int cin, int cout, int kernel, int stride, int padding, boolean bias) {
    return s -> {
      Conv2d conv = Conv2d.conv(s, cin, cout, kernel, stride, Padding.all(padding), bias);
      return (g, in) -> conv.apply(g, in.get("x"));
    };
  }

  private static Layer linear(int in, int out, boolean bias) {
    return s -> {
      Conv2d linear = Conv2d.linear(s, in, out, bias);
      return (g, inputs) -> linear.apply(g, inputs.get("x"));
    };
  }

  private static Layer norm(int groups, double epsilon) {
    return s -> {
      GroupNorm2d norm = new GroupNorm2d(s, groups, 8, epsilon);
      return (g, in) -> norm.apply(g, in.get("x"));
    };
  }

  private static Layer resnet(int cin, int cout, Options options) {
    return s -> {
      ResnetBlock2D block = new ResnetBlock2D(s, cin, cout, options);
      return (g, in) -> block.apply(g, in.get("x"), in.get("temb"));
    };
  }

  private static Layer attention(int headDim, int groups, double rescale) {
    return s -> {
      SelfAttention attention = new SelfAttention(s, 16, headDim, groups, 1e-5, rescale);
      return (g, in) -> attention.apply(g, in.get("x"));
    };
  }

  private static Layer upsample(int channels, int outChannels, int h, int w) {
    return s -> {
      Conv2d conv = Resampling.upsample(s, channels, outChannels);
      return (g, in) -> Resampling.upsample(g, ROOT, in.get("x"), h, w, conv);
    };
  }

  private static Layer downsample(int padding) {
    return s -> {
      Conv2d conv = Resampling.downsample(s, 8, padding);
      return (g, in) -> conv.apply(g, in.get("x"));
    };
  }

  private static void check(String name, Layer layer) {
    Scope scope = Scope.root();
    Piece piece = layer.build(scope);
    LayerHarness harness = new LayerHarness(scope);
    Map<String, float[]> inputs = new LinkedHashMap<>();
    part(name + ".input.")
        .forEach((input, tensor) -> {
          int[] s = images(tensor.shape(), name);
          harness.input(input, s[0], s[1], s[2], s[3]);
          inputs.put(input, tensor.values());
        });
    Result result =
        harness.run(
            piece, part(name + ".weight."), inputs, golden.get(name + ".grad_output").values());
    compare(name + " output", result.output(), golden.get(name + ".output").values());
    inputs
        .keySet()
        .forEach(input ->
            compare(
                name + " gradient of " + input,
                result.gradInputs().get(input),
                golden.get(name + ".grad_input." + input).values()));
    part(name + ".grad_weight.")
        .forEach((weight, tensor) ->
            compare(
                name + " gradient of " + weight,
                result.gradWeights().get(weight).values(),
                tensor.values()));
  }

  private static void compare(String what, float[] actual, float[] expected) {
    // A key bias has no gradient, because softmax does not change when all scores do.
    double tolerance = what.endsWith("to_k.bias") ? 1e-6 : TOLERANCE * Errors.magnitude(expected);
    Errors.check(what, actual, expected, tolerance);
  }

  /** PyTorch's shape as [n, c, h, w] with the same order of elements. */
  private static int[] images(int[] s, String name) {
    if (s.length == 4) {
      return s;
    }
    if (name.startsWith("groupnorm")) {
      return new int[] {s[0], s[1], 1, s[2]};
    }
    int channels = s[s.length - 1];
    return new int[] {Arrays.stream(s).reduce(1, (a, b) -> a * b) / channels, channels, 1, 1};
  }

  private static Map<String, HostTensor> part(String prefix) {
    Map<String, HostTensor> part = new LinkedHashMap<>();
    golden.forEach((name, tensor) -> {
      if (name.startsWith(prefix)) {
        part.put(name.substring(prefix.length()), tensor);
      }
    });
    return part;
  }
}
