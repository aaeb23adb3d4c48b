package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * Initial parameters as PyTorch draws them: those of {@code torch.manual_seed(seed);
 * UNet2DModel(...)}. Each layer draws its weight, then its bias, in the order in which diffusers
 * 0.27 constructs the layers, which is not that of the {@code state_dict}.
 */
public final class TorchInitialisation {
  /** Blocks as UNet2DModel constructs them; everything else keeps its place among its siblings. */
  private static final List<String> BLOCKS =
      List.of(
          "conv_in",
          "time_proj",
          "time_embedding",
          "class_embedding",
          "down_blocks",
          "mid_block",
          "up_blocks",
          "conv_norm_out",
          "conv_out");

  /** Behind all numbered layers of a block. */
  private static final int LAST = Integer.MAX_VALUE;

  private TorchInitialisation() {}

  /**
   * The parameters of a new UNet.
   *
   * @param parameters {@link UNet2DModel#parameters()}
   * @param generator advances by what is drawn
   * @return by name, in the order given
   */
  public static SequencedMap<String, HostTensor> unet(
      List<ParameterSpec> parameters, TorchGenerator generator) {
    List<ParameterSpec> constructed = new ArrayList<>(parameters);
    Set<String> names = new HashSet<>();
    parameters.forEach(spec -> names.add(spec.name()));
    constructed.sort(Comparator.comparing(spec -> place(spec.name(), names), Arrays::compare));
    Map<String, HostTensor> drawn = new HashMap<>();
    for (ParameterSpec spec : constructed) {
      drawn.put(spec.name(), draw(spec, generator));
    }
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    parameters.forEach(spec -> tensors.put(spec.name(), drawn.get(spec.name())));
    return tensors;
  }

  /** The next parameter that is drawn. */
  static HostTensor draw(ParameterSpec spec, TorchGenerator generator) {
    float[] values =
        switch (spec.kind()) {
          case CONV_WEIGHT, LINEAR_WEIGHT -> {
            // kaiming_uniform_ with a = sqrt(5), step by step for its rounding
            double gain = Math.sqrt(2.0 / (1 + Math.pow(Math.sqrt(5), 2)));
            double bound = Math.sqrt(3.0) * (gain / Math.sqrt(spec.fanIn()));
            yield generator.uniform(spec.size(), -bound, bound);
          }
          case BIAS -> {
            double bound = 1 / Math.sqrt(spec.fanIn());
            yield generator.uniform(spec.size(), -bound, bound);
          }
          case EMBEDDING -> generator.randn(spec.size());
          case FREQUENCIES -> {
            // GaussianFourierProjection draws twice and keeps the second.
            generator.randn(spec.size());
            float[] frequencies = generator.randn(spec.size());
            for (int i = 0; i < frequencies.length; i++) {
              frequencies[i] *= Initialisation.FREQUENCY_SCALE;
            }
            yield frequencies;
          }
          case NORM_WEIGHT -> {
            float[] ones = new float[spec.size()];
            Arrays.fill(ones, 1);
            yield ones;
          }
          case NORM_BIAS -> new float[spec.size()];
        };
    return new HostTensor(spec.shape().clone(), values);
  }

  /**
   * When a parameter is constructed, to be compared element by element: the block, its number, the
   * layer's number and kind in it.
   *
   * <p>A down block makes a ResNet, then an attention, layer by layer, and what changes the
   * resolution last; an up block likewise, but a single attention after all ResNets; a mid block
   * one ResNet first, then an attention and a ResNet in turn.
   */
  private static int[] place(String name, Set<String> names) {
    String[] path = name.split("\\.");
    int block = BLOCKS.indexOf(path[0]);
    int at = path[0].endsWith("_blocks") ? 2 : 1;
    int number = at == 2 ? Integer.parseInt(path[1]) : 0;
    if (!path[0].contains("_block")) {
      return new int[] {block, number};
    }
    boolean mid = path[0].equals("mid_block");
    return switch (path[at]) {
      case "resnets" -> {
        int layer = Integer.parseInt(path[at + 1]);
        // The mid block's second ResNet follows its first attention.
        yield new int[] {block, number, mid ? layer - 1 : layer, mid ? 1 : 0};
      }
      case "attentions" -> {
        int layer = Integer.parseInt(path[at + 1]);
        String parent = path[0] + "." + number;
        boolean single =
            names.contains(parent + ".resnets.1.conv1.weight")
                && !names.contains(parent + ".attentions.1.to_q.weight");
        yield new int[] {block, number, single ? LAST : layer, mid || single ? 0 : 1};
      }
      case "skip_conv" -> new int[] {block, number, LAST, 2};
      case "skip_norm" -> new int[] {block, number, LAST, 3};
      default -> new int[] {block, number, LAST, 1};
    };
  }
}
