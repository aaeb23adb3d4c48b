package io.github.tornadodiffusion.nn.models.checkpoint;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Where the parameters of a model lie in a checkpoint of the original layout: one table that is
 * read in both directions. It follows from diffusers' names alone, which say what blocks there are.
 */
final class OriginalLayout {
  /** How a parameter is stored in the original layout. */
  enum Form {
    /** As it is. */
    SAME,
    /** A linear weight as a 1x1 convolution, [out, in, 1, 1]. */
    POINTWISE,
    /** A linear weight as [in, out]. */
    TRANSPOSED,
    /** The first third of the rows, which belong to queries. */
    QUERY,
    /** The second third, of keys. */
    KEY,
    /** The last third, of values. */
    VALUE;

    /** Which third of the rows, or -1. */
    int third() {
      return this == QUERY ? 0 : this == KEY ? 1 : this == VALUE ? 2 : -1;
    }
  }

  /**
   * A place in the file.
   *
   * @param name of the tensor
   */
  record Place(String name, Form form) {}

  /** diffusers' names of what a path begins with, and the original ones; the first match counts. */
  private final SequencedMap<String, String> beginnings = new LinkedHashMap<>();

  /** The same of what it ends with. */
  private final SequencedMap<String, String> endings = new LinkedHashMap<>();

  /** The same in residual blocks, whose names others have, too. */
  private final SequencedMap<String, String> inResidualBlocks = new LinkedHashMap<>();

  private final String prefix;
  private final Collection<String> names;

  private OriginalLayout(String prefix, List<ParameterSpec> specs) {
    this.prefix = prefix;
    names = specs.stream().map(ParameterSpec::name).toList();
  }

  /** The places of a UNet2DConditionModel's parameters, by their names. */
  static SequencedMap<String, Place> unet(List<ParameterSpec> specs) {
    OriginalLayout layout = new OriginalLayout("model.diffusion_model.", specs);
    layout.unetBlocks();
    layout.residualBlocks(
        "in_layers.0", "in_layers.2", "out_layers.0", "out_layers.3", "skip_connection");
    layout.inResidualBlocks.put(".time_emb_proj", ".emb_layers.1");
    return layout.places(specs, name -> Form.SAME);
  }

  /** The places of an AutoencoderKL's parameters. */
  static SequencedMap<String, Place> autoencoder(List<ParameterSpec> specs) {
    OriginalLayout layout = new OriginalLayout("first_stage_model.", specs);
    layout.autoencoderBlocks();
    layout.residualBlocks("norm1", "conv1", "norm2", "conv2", "nin_shortcut");
    layout.endings.put(".attn_1.group_norm", ".attn_1.norm");
    layout.endings.put(".attn_1.to_q", ".attn_1.q");
    layout.endings.put(".attn_1.to_k", ".attn_1.k");
    layout.endings.put(".attn_1.to_v", ".attn_1.v");
    layout.endings.put(".attn_1.to_out.0", ".attn_1.proj_out");
    return layout.places(
        specs,
        name ->
            name.contains(".attentions.") && name.endsWith(".weight") && name.contains(".to_")
                ? Form.POINTWISE
                : Form.SAME);
  }

  /**
   * The places of a text encoder of transformers' names, which have a prefix and are the same
   * otherwise.
   */
  static SequencedMap<String, Place> clip(String prefix, List<ParameterSpec> specs) {
    return new OriginalLayout(prefix, specs).places(specs, name -> Form.SAME);
  }

  /** The places of a text encoder in OpenCLIP's names. */
  static SequencedMap<String, Place> openClip(String prefix, List<ParameterSpec> specs) {
    OriginalLayout layout = new OriginalLayout(prefix, specs);
    SequencedMap<String, String> beginnings = layout.beginnings;
    beginnings.put("text_model.embeddings.position_embedding.weight", "positional_embedding");
    beginnings.put("text_model.embeddings.token_embedding", "token_embedding");
    beginnings.put("text_model.final_layer_norm", "ln_final");
    beginnings.put("text_model.encoder.layers", "transformer.resblocks");
    beginnings.put("text_projection.weight", "text_projection");
    SequencedMap<String, String> endings = layout.endings;
    endings.put(".layer_norm1", ".ln_1");
    endings.put(".layer_norm2", ".ln_2");
    endings.put(".mlp.fc1", ".mlp.c_fc");
    endings.put(".mlp.fc2", ".mlp.c_proj");
    endings.put(".self_attn.out_proj", ".attn.out_proj");
    for (String projection : List.of("q", "k", "v")) {
      // Weight and bias of all three are one tensor each, and the names have no dot before them.
      endings.put(".self_attn." + projection + "_proj", ".attn.in_proj_");
    }
    return layout.places(
        specs,
        name ->
            name.equals("text_projection.weight")
                ? Form.TRANSPOSED
                : name.contains(".q_proj.")
                    ? Form.QUERY
                    : name.contains(".k_proj.")
                        ? Form.KEY
                        : name.contains(".v_proj.") ? Form.VALUE : Form.SAME);
  }

  private SequencedMap<String, Place> places(
      List<ParameterSpec> specs, Function<String, Form> form) {
    SequencedMap<String, Place> places = new LinkedHashMap<>();
    for (ParameterSpec spec : specs) {
      places.put(spec.name(), new Place(prefix + original(spec.name()), form.apply(spec.name())));
    }
    return places;
  }

  private String original(String name) {
    String path = name;
    for (Map.Entry<String, String> entry : beginnings.entrySet()) {
      if (path.equals(entry.getKey()) || path.startsWith(entry.getKey() + ".")) {
        path = entry.getValue() + path.substring(entry.getKey().length());
        break;
      }
    }
    int dot = path.lastIndexOf('.');
    if (dot < 0) {
      return path;
    }
    String module = path.substring(0, dot);
    String last = path.substring(dot);
    boolean residual = name.contains(".resnets.");
    for (Map.Entry<String, String> entry : (residual ? inResidualBlocks : endings).entrySet()) {
      if (module.endsWith(entry.getKey())) {
        String start = module.substring(0, module.length() - entry.getKey().length());
        String end = entry.getValue();
        return start + end + (end.endsWith("_") ? last.substring(1) : last);
      }
    }
    return path;
  }

  private boolean has(String path) {
    return names.stream().anyMatch(name -> name.startsWith(path + "."));
  }

  private int count(String path) {
    return (int) IntStream.iterate(0, i -> has(path + "." + i), i -> i + 1).count();
  }

  private void residualBlocks(
      String norm1, String conv1, String norm2, String conv2, String shortcut) {
    inResidualBlocks.put(".norm1", "." + norm1);
    inResidualBlocks.put(".conv1", "." + conv1);
    inResidualBlocks.put(".norm2", "." + norm2);
    inResidualBlocks.put(".conv2", "." + conv2);
    inResidualBlocks.put(".conv_shortcut", "." + shortcut);
  }

  private void unetBlocks() {
    beginnings.put("conv_in", "input_blocks.0.0");
    beginnings.put("time_embedding.linear_1", "time_embed.0");
    beginnings.put("time_embedding.linear_2", "time_embed.2");
    beginnings.put("add_embedding.linear_1", "label_emb.0.0");
    beginnings.put("add_embedding.linear_2", "label_emb.0.2");
    beginnings.put("conv_norm_out", "out.0");
    beginnings.put("conv_out", "out.2");
    beginnings.put("mid_block.resnets.0", "middle_block.0");
    beginnings.put("mid_block.attentions.0", "middle_block.1");
    beginnings.put("mid_block.resnets.1", "middle_block.2");
    int number = 1;
    for (int i = 0; i < count("down_blocks"); i++) {
      String block = "down_blocks." + i;
      for (int j = 0; j < count(block + ".resnets"); j++) {
        beginnings.put(block + ".resnets." + j, "input_blocks." + number + ".0");
        beginnings.put(block + ".attentions." + j, "input_blocks." + number + ".1");
        number++;
      }
      if (has(block + ".downsamplers.0")) {
        beginnings.put(block + ".downsamplers.0.conv", "input_blocks." + number++ + ".0.op");
      }
    }
    number = 0;
    for (int i = 0; i < count("up_blocks"); i++) {
      String block = "up_blocks." + i;
      for (int j = 0; j < count(block + ".resnets"); j++) {
        beginnings.put(block + ".resnets." + j, "output_blocks." + number + ".0");
        beginnings.put(block + ".attentions." + j, "output_blocks." + number + ".1");
        number++;
      }
      // It follows the last residual block and its attention.
      int at = has(block + ".attentions") ? 2 : 1;
      beginnings.put(
          block + ".upsamplers.0.conv", "output_blocks.%d.%d.conv".formatted(number - 1, at));
    }
  }

  private void autoencoderBlocks() {
    for (String half : List.of("encoder", "decoder")) {
      beginnings.put(half + ".mid_block.resnets.0", half + ".mid.block_1");
      beginnings.put(half + ".mid_block.attentions.0", half + ".mid.attn_1");
      beginnings.put(half + ".mid_block.resnets.1", half + ".mid.block_2");
      beginnings.put(half + ".conv_norm_out", half + ".norm_out");
    }
    int levels = count("decoder.up_blocks");
    for (int i = 0; i < levels; i++) {
      String down = "encoder.down_blocks." + i;
      beginnings.put(down + ".resnets", "encoder.down." + i + ".block");
      beginnings.put(down + ".downsamplers.0.conv", "encoder.down." + i + ".downsample.conv");
      // The decoder's levels count from the finest one.
      String up = "decoder.up_blocks." + i;
      int level = levels - 1 - i;
      beginnings.put(up + ".resnets", "decoder.up." + level + ".block");
      beginnings.put(up + ".upsamplers.0.conv", "decoder.up." + level + ".upsample.conv");
    }
  }
}
