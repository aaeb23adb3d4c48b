package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A text encoder and a UNet that reads its hidden states as one model, so that both can be trained
 * together. It reads tokens in place of hidden states.
 *
 * @param encoder with the output {@link TextEncoder#LAST_HIDDEN_STATE}
 * @param unet with the input {@link UNet2DConditionModel#ENCODER_HIDDEN_STATES}
 * @param parameters of both
 */
public record TextConditionedUNet(Model encoder, Model unet, Parameters parameters)
    implements Model {
  /** A text encoder and a UNet. */
  public TextConditionedUNet(Model encoder, Model unet) {
    this(encoder, unet, new Parameters(encoder.parameters(), unet.parameters()));
  }

  @Override
  public List<Input> inputs(BatchShape batch) {
    List<Input> inputs = new ArrayList<>(unet.inputs(batch));
    inputs.removeIf(i -> i.name().equals(UNet2DConditionModel.ENCODER_HIDDEN_STATES));
    inputs.addAll(encoder.inputs(batch));
    return inputs;
  }

  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Map<String, Tensor> all = new HashMap<>(inputs);
    all.put(
        UNet2DConditionModel.ENCODER_HIDDEN_STATES,
        encoder.record(graph, inputs).get(TextEncoder.LAST_HIDDEN_STATE));
    return unet.record(graph, all);
  }
}
