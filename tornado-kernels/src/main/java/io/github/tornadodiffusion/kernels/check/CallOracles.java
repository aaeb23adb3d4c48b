package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.CallOracle;
import io.github.tornadodiffusion.kernels.ops.activation.ActivationOracles;
import io.github.tornadodiffusion.kernels.ops.attention.AttentionOracles;
import io.github.tornadodiffusion.kernels.ops.conv.ConvOracles;
import io.github.tornadodiffusion.kernels.ops.dropout.DropoutOracles;
import io.github.tornadodiffusion.kernels.ops.elementwise.ChannelOracles;
import io.github.tornadodiffusion.kernels.ops.elementwise.ElementwiseOracles;
import io.github.tornadodiffusion.kernels.ops.embedding.EmbeddingOracles;
import io.github.tornadodiffusion.kernels.ops.loss.CrossEntropyOracles;
import io.github.tornadodiffusion.kernels.ops.loss.LossOracles;
import io.github.tornadodiffusion.kernels.ops.loss.VariationalBoundOracles;
import io.github.tornadodiffusion.kernels.ops.noise.NoiseOracles;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNormOracles;
import io.github.tornadodiffusion.kernels.ops.optimizer.OptimizerOracles;
import io.github.tornadodiffusion.kernels.ops.peak.PeakOracles;
import io.github.tornadodiffusion.kernels.ops.product.MatMulOracles;
import io.github.tornadodiffusion.kernels.ops.reduce.ReduceOracles;
import io.github.tornadodiffusion.kernels.ops.resample.ResampleOracles;
import io.github.tornadodiffusion.kernels.ops.sampling.SamplerUpdateOracles;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/** The oracles by kernel id, one file for each family of kernels. */
public final class CallOracles {
  private static final Map<String, CallOracle> ORACLES = new HashMap<>();

  static {
    ORACLES.put("Conv.forward", ConvOracles::forward);
    ORACLES.put("Conv.weightGradient", ConvOracles::weightGradient);
    ORACLES.put("Conv.flip", ConvOracles::flip);
    ORACLES.put("MatMul.pack", MatMulOracles::pack);
    ORACLES.put("MatMul.multiply", MatMulOracles::multiply);
    ORACLES.put("GroupNorm.moments", GroupNormOracles::moments);
    ORACLES.put("GroupNorm.coefficients", GroupNormOracles::coefficients);
    ORACLES.put("GroupNorm.apply", GroupNormOracles::apply);
    ORACLES.put("GroupNorm.sums", GroupNormOracles::sums);
    ORACLES.put("GroupNorm.reduce", GroupNormOracles::reduce);
    ORACLES.put("GroupNorm.gradient", GroupNormOracles::gradient);
    ORACLES.put("Attention.forward", AttentionOracles::forward);
    ORACLES.put("Attention.queries", AttentionOracles::queries);
    ORACLES.put("Attention.keys", AttentionOracles::keys);
    ORACLES.put("CrossEntropy.perImage", CrossEntropyOracles::perImage);
    ORACLES.put("CrossEntropy.backward", CrossEntropyOracles::backward);
    ORACLES.put("Dropout.drop", DropoutOracles::drop);
    ORACLES.put("Elementwise.copy", ElementwiseOracles::copy);
    ORACLES.put("Elementwise.add", ElementwiseOracles::add);
    ORACLES.put("Elementwise.scale", ElementwiseOracles::scale);
    ORACLES.put("Elementwise.affine", ElementwiseOracles::affine);
    ORACLES.put("Activation.silu", ActivationOracles::silu);
    ORACLES.put("Activation.siluBackward", ActivationOracles::siluBackward);
    ORACLES.put("Activation.relu", ActivationOracles::relu);
    ORACLES.put("Activation.reluBackward", ActivationOracles::reluBackward);
    ORACLES.put("Activation.gelu", ActivationOracles::gelu);
    ORACLES.put("Activation.geluBackward", ActivationOracles::geluBackward);
    ORACLES.put("Activation.mish", ActivationOracles::mish);
    ORACLES.put("Activation.mishBackward", ActivationOracles::mishBackward);
    ORACLES.put("Channel.concat", ChannelOracles::concat);
    ORACLES.put("Channel.concatUnaligned", ChannelOracles::concat);
    ORACLES.put("Channel.softmax", ChannelOracles::softmax);
    ORACLES.put("Channel.softmaxBackward", ChannelOracles::softmaxBackward);
    ORACLES.put("Channel.slice", ChannelOracles::slice);
    ORACLES.put("Channel.sliceUnaligned", ChannelOracles::slice);
    ORACLES.put("Resample.nearest", ResampleOracles::nearest);
    ORACLES.put("Resample.nearestBackward", ResampleOracles::nearestBackward);
    ORACLES.put("Resample.averagePool", ResampleOracles::averagePool);
    ORACLES.put("Resample.averagePoolBackward", ResampleOracles::averagePoolBackward);
    ORACLES.put("Resample.filter", ResampleOracles::filter);
    ORACLES.put("Resample.dilate", ResampleOracles::dilate);
    ORACLES.put("Reduce.sumPixels", ReduceOracles::sumPixels);
    ORACLES.put("Reduce.sumRows", ReduceOracles::sumRows);
    ORACLES.put("Embedding.sinusoid", EmbeddingOracles::sinusoid);
    ORACLES.put("Embedding.lookup", EmbeddingOracles::lookup);
    ORACLES.put("Embedding.lookupBackward", EmbeddingOracles::lookupBackward);
    ORACLES.put("Loss.meanSquaredError", LossOracles::meanSquaredError);
    ORACLES.put("Loss.meanSquaredErrorBackward", LossOracles::meanSquaredErrorBackward);
    ORACLES.put("VariationalBound.perImage", VariationalBoundOracles::perImage);
    ORACLES.put("VariationalBound.backward", VariationalBoundOracles::backward);
    ORACLES.put("Optimizer.squares", OptimizerOracles::squares);
    ORACLES.put("Optimizer.norm", OptimizerOracles::norm);
    ORACLES.put("Optimizer.adamW", OptimizerOracles::adamW);
    ORACLES.put("Optimizer.ema", OptimizerOracles::ema);
    ORACLES.put("Optimizer.clear", OptimizerOracles::clear);
    ORACLES.put("Peak.multiplyAdd", PeakOracles::multiplyAdd);
    ORACLES.put("Noise.gaussian", NoiseOracles::gaussian);
    ORACLES.put("Noise.mixImages", NoiseOracles::mixImages);
    ORACLES.put("SamplerUpdate.combine", SamplerUpdateOracles::combine);
    ORACLES.put("SamplerUpdate.learnedNoise", SamplerUpdateOracles::learnedNoise);
  }

  private CallOracles() {}

  /** The kernels that have an oracle. */
  public static Set<String> kernels() {
    return Set.copyOf(ORACLES.keySet());
  }

  /**
   * What a call must write.
   *
   * @throws IllegalStateException if its kernel has no oracle: then no figure may be printed
   */
  public static CallOracle.Expectation of(Call call) {
    CallOracle oracle = ORACLES.get(call.kernel().id());
    if (oracle == null) {
      throw new IllegalStateException(
          "the kernel %s has no oracle; no figures are printed".formatted(call.kernel().id()));
    }
    return oracle.expect(call);
  }
}
