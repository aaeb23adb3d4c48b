package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A model whose channels are those of the latents, of a mask and of the latents of what is kept:
 * the sampler sees the first of them alone.
 *
 * @param model that reads them all as {@link Model#SAMPLE}
 * @param channels of the latents
 */
record InpaintingModel(Model model, int channels) implements Model {
  /** 1 where latents are drawn, {@code [n, 1, h, w]}. */
  static final String MASK = "mask";

  /** The latents of the image with grey where it is drawn, {@code [n, channels, h, w]}. */
  static final String MASKED_IMAGE = "masked_image_latents";

  @Override
  public Parameters parameters() {
    return model.parameters();
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    List<Input> inputs = new ArrayList<>(model.inputs(batch));
    inputs.removeIf(input -> input.name().equals(SAMPLE));
    inputs.add(images(SAMPLE, batch, channels));
    inputs.add(images(MASK, batch, 1));
    inputs.add(images(MASKED_IMAGE, batch, channels));
    return inputs;
  }

  private static Input images(String name, BatchShape batch, int channels) {
    return Input.images(
        name, batch.images(), channels, batch.height(), batch.width(), Padding.NONE);
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Tensor masked = ConcatOperation.record(graph, MASK, inputs.get(SAMPLE), inputs.get(MASK));
    Map<String, Tensor> joined = new HashMap<>(inputs);
    joined.put(
        SAMPLE, ConcatOperation.record(graph, MASKED_IMAGE, masked, inputs.get(MASKED_IMAGE)));
    return model.record(graph, joined);
  }
}
