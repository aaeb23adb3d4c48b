package io.github.tornadodiffusion.nn.training;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Initial parameters as PyTorch draws them: those of {@code torch.manual_seed(seed); Model(...)}.
 * Each layer draws its weight, then its bias, in the order in which the layers are constructed,
 * which need not be that of the {@code state_dict}.
 */
public final class TorchInitialisation {
  private TorchInitialisation() {}

  /**
   * The parameters of a new model.
   *
   * @param parameters all of them
   * @param constructed the same in the order in which PyTorch constructs the layers
   * @param generator draws the numbers, and advances
   * @return by name, in the order of {@code parameters}
   */
  public static SequencedMap<String, HostTensor> of(
      List<ParameterSpec> parameters, List<ParameterSpec> constructed, TorchGenerator generator) {
    Map<String, HostTensor> drawn = new HashMap<>();
    for (ParameterSpec spec : constructed) {
      drawn.put(spec.name(), draw(spec, generator));
    }
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    parameters.forEach(spec -> tensors.put(spec.name(), drawn.get(spec.name())));
    return tensors;
  }

  /** Draws the next parameter. */
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
}
