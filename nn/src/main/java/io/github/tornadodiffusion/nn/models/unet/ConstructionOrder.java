package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The order in which diffusers 0.27 constructs the layers of a UNet2DModel, which is not that of
 * its {@code state_dict}.
 */
final class ConstructionOrder {
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

  /** After all numbered layers of a block. */
  private static final int LAST = Integer.MAX_VALUE;

  private ConstructionOrder() {}

  /** The parameters in that order. */
  static List<ParameterSpec> of(List<ParameterSpec> parameters) {
    List<ParameterSpec> constructed = new ArrayList<>(parameters);
    Set<String> names = new HashSet<>();
    parameters.forEach(spec -> names.add(spec.name()));
    constructed.sort(Comparator.comparing(spec -> place(spec.name(), names), Arrays::compare));
    return constructed;
  }

  /**
   * When a parameter is constructed, to be compared element by element: the block, its number, and
   * the number and kind of the layer in it.
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
