package io.github.tornadodiffusion.experiments.jmh;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv2d;
import ai.djl.nn.core.Linear;
import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * diffusers' UNet2DModel of plain and attention blocks (Ho et al. 2020) in DJL's operations, with
 * parameters by diffusers' names.
 */
final class DjlUNet {
  private static final Shape ONE = new Shape(1, 1);

  private final UNet2DConfig config;
  private final SequencedMap<String, NDArray> parameters = new LinkedHashMap<>();
  private final NDArray frequencies;

  /**
   * Copies the parameters to PyTorch.
   *
   * @param initial by diffusers' names
   */
  DjlUNet(NDManager manager, UNet2DConfig config, Map<String, HostTensor> initial) {
    this.config = config;
    initial.forEach((name, tensor) -> {
      long[] shape = Arrays.stream(tensor.shape()).asLongStream().toArray();
      parameters.put(name, manager.create(tensor.values(), new Shape(shape)));
    });
    int base = config.blockOutChannels().getFirst();
    float[] values = Embedding.frequencies(base, (float) config.freqShift());
    frequencies = manager.create(values, new Shape(1, values.length));
  }

  /** The parameters by name. */
  SequencedMap<String, NDArray> parameters() {
    return parameters;
  }

  /**
   * The forward pass.
   *
   * @param sample {@code [n, c, h, w]}, whose manager keeps everything that is computed
   * @param timesteps {@code [n, 1]}
   */
  NDArray predict(NDArray sample, NDArray timesteps) {
    NDArray temb = DjlLayers.silu(timeEmbedding(timesteps));
    NDArray hidden = conv("conv_in", sample, ONE, ONE);
    Deque<NDArray> skips = new ArrayDeque<>(List.of(hidden));
    int levels = config.blockOutChannels().size();
    for (int i = 0; i < levels; i++) {
      hidden = down("down_blocks." + i, hidden, temb, skips, i < levels - 1);
    }
    hidden = resnet("mid_block.resnets.0", hidden, temb);
    hidden = attention("mid_block.attentions.0", hidden);
    hidden = resnet("mid_block.resnets.1", hidden, temb);
    for (int i = 0; i < levels; i++) {
      hidden = up("up_blocks." + i, hidden, temb, skips, i < levels - 1);
    }
    hidden = DjlLayers.silu(norm("conv_norm_out", hidden));
    return conv("conv_out", hidden, ONE, ONE);
  }

  private NDArray timeEmbedding(NDArray timesteps) {
    NDArray angles = timesteps.mul(frequencies);
    NDArray first = config.flipSinToCos() ? angles.cos() : angles.sin();
    NDArray second = config.flipSinToCos() ? angles.sin() : angles.cos();
    NDArray hidden = linear("time_embedding.linear_1", first.concat(second, 1));
    return linear("time_embedding.linear_2", DjlLayers.silu(hidden));
  }

  private NDArray down(
      String block, NDArray x, NDArray temb, Deque<NDArray> skips, boolean downsample) {
    NDArray hidden = x;
    for (int i = 0; i < config.layersPerBlock(); i++) {
      hidden = layer(block, i, hidden, temb);
      skips.push(hidden);
    }
    if (downsample) {
      hidden = conv(block + ".downsamplers.0.conv", hidden, new Shape(2, 2), ONE);
      skips.push(hidden);
    }
    return hidden;
  }

  private NDArray up(
      String block, NDArray x, NDArray temb, Deque<NDArray> skips, boolean upsample) {
    NDArray hidden = x;
    for (int i = 0; i <= config.layersPerBlock(); i++) {
      hidden = layer(block, i, hidden.concat(skips.pop(), 1), temb);
    }
    if (upsample) {
      Shape s = hidden.getShape();
      long[] size = {2 * s.get(2), 2 * s.get(3)};
      hidden = hidden.getNDArrayInternal().interpolation(size, 0, false);
      hidden = conv(block + ".upsamplers.0.conv", hidden, ONE, ONE);
    }
    return hidden;
  }

  private NDArray layer(String block, int i, NDArray x, NDArray temb) {
    NDArray hidden = resnet(block + ".resnets." + i, x, temb);
    String attention = block + ".attentions." + i;
    return parameters.containsKey(attention + ".to_q.weight")
        ? attention(attention, hidden)
        : hidden;
  }

  private NDArray resnet(String name, NDArray x, NDArray temb) {
    NDArray hidden = conv(name + ".conv1", DjlLayers.silu(norm(name + ".norm1", x)), ONE, ONE);
    NDArray time = linear(name + ".time_emb_proj", temb);
    hidden = hidden.add(time.reshape(time.getShape().get(0), time.getShape().get(1), 1, 1));
    hidden = conv(name + ".conv2", DjlLayers.silu(norm(name + ".norm2", hidden)), ONE, ONE);
    String shortcut = name + ".conv_shortcut";
    return hidden.add(
        parameters.containsKey(shortcut + ".weight") ? conv(shortcut, x, ONE, new Shape(0, 0)) : x);
  }

  private NDArray attention(String name, NDArray x) {
    Shape s = x.getShape();
    long tokens = s.get(2) * s.get(3);
    NDArray rows =
        norm(name + ".group_norm", x).reshape(s.get(0), s.get(1), tokens).transpose(0, 2, 1);
    int headDim = config.attentionHeadDim() == null ? (int) s.get(1) : config.attentionHeadDim();
    NDArray mixed =
        DjlLayers.attention(
            linear(name + ".to_q", rows),
            linear(name + ".to_k", rows),
            linear(name + ".to_v", rows),
            (int) s.get(1) / headDim);
    return linear(name + ".to_out.0", mixed).transpose(0, 2, 1).reshape(s).add(x);
  }

  private NDArray norm(String name, NDArray x) {
    return DjlLayers.groupNorm(
        x, config.normNumGroups(), weight(name), bias(name), (float) config.normEps());
  }

  private NDArray conv(String name, NDArray x, Shape stride, Shape padding) {
    NDList out = Conv2d.conv2d(x, weight(name), bias(name), stride, padding);
    return out.singletonOrThrow();
  }

  private NDArray linear(String name, NDArray x) {
    return Linear.linear(x, weight(name), bias(name)).singletonOrThrow();
  }

  private NDArray weight(String name) {
    return parameters.get(name + ".weight");
  }

  private NDArray bias(String name) {
    return parameters.get(name + ".bias");
  }
}
