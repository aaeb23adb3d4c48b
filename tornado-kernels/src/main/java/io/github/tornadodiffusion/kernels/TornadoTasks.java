package io.github.tornadodiffusion.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/** Kernels as the method references that TornadoVM asks for: it reads the method behind each. */
final class TornadoTasks {
  private TornadoTasks() {}

  /**
   * The method of a kernel.
   *
   * @throws IllegalArgumentException if the kernel is not listed here
   */
  static Task2<FloatArray, IntArray> of(Kernel kernel) {
    return switch (kernel.owner() + "." + kernel.method()) {
      case "ActivationKernels.silu" -> ActivationKernels::silu;
      case "ActivationKernels.siluBackward" -> ActivationKernels::siluBackward;
      case "ActivationKernels.relu" -> ActivationKernels::relu;
      case "ActivationKernels.reluBackward" -> ActivationKernels::reluBackward;
      case "ActivationKernels.gelu" -> ActivationKernels::gelu;
      case "ActivationKernels.geluBackward" -> ActivationKernels::geluBackward;
      case "ActivationKernels.mish" -> ActivationKernels::mish;
      case "ActivationKernels.mishBackward" -> ActivationKernels::mishBackward;
      case "AttentionKernels.forward" -> AttentionKernels::forward;
      case "AttentionKernels.queries" -> AttentionKernels::queries;
      case "AttentionKernels.keys" -> AttentionKernels::keys;
      case "ChannelKernels.softmax" -> ChannelKernels::softmax;
      case "ChannelKernels.softmaxBackward" -> ChannelKernels::softmaxBackward;
      case "ChannelKernels.concat" -> ChannelKernels::concat;
      case "ChannelKernels.concatUnaligned" -> ChannelKernels::concatUnaligned;
      case "ChannelKernels.slice" -> ChannelKernels::slice;
      case "ChannelKernels.sliceUnaligned" -> ChannelKernels::sliceUnaligned;
      case "ConvKernels.forward" -> ConvKernels::forward;
      case "ConvKernels.flip" -> ConvKernels::flip;
      case "ConvKernels.weightGradient" -> ConvKernels::weightGradient;
      case "CrossEntropyKernels.perImage" -> CrossEntropyKernels::perImage;
      case "CrossEntropyKernels.backward" -> CrossEntropyKernels::backward;
      case "ElementwiseKernels.copy" -> ElementwiseKernels::copy;
      case "ElementwiseKernels.add" -> ElementwiseKernels::add;
      case "ElementwiseKernels.scale" -> ElementwiseKernels::scale;
      case "ElementwiseKernels.affine" -> ElementwiseKernels::affine;
      case "EmbeddingKernels.sinusoid" -> EmbeddingKernels::sinusoid;
      case "EmbeddingKernels.lookup" -> EmbeddingKernels::lookup;
      case "EmbeddingKernels.lookupBackward" -> EmbeddingKernels::lookupBackward;
      case "GroupNormKernels.moments" -> GroupNormKernels::moments;
      case "GroupNormKernels.coefficients" -> GroupNormKernels::coefficients;
      case "GroupNormKernels.apply" -> GroupNormKernels::apply;
      case "GroupNormKernels.sums" -> GroupNormKernels::sums;
      case "GroupNormKernels.reduce" -> GroupNormKernels::reduce;
      case "GroupNormKernels.gradient" -> GroupNormKernels::gradient;
      case "LossKernels.meanSquaredError" -> LossKernels::meanSquaredError;
      case "LossKernels.meanSquaredErrorBackward" -> LossKernels::meanSquaredErrorBackward;
      case "MatMulKernels.pack" -> MatMulKernels::pack;
      case "MatMulKernels.multiply" -> MatMulKernels::multiply;
      case "NoiseKernels.gaussian" -> NoiseKernels::gaussian;
      case "NoiseKernels.mixImages" -> NoiseKernels::mixImages;
      case "OptimizerKernels.squares" -> OptimizerKernels::squares;
      case "OptimizerKernels.norm" -> OptimizerKernels::norm;
      case "OptimizerKernels.adamW" -> OptimizerKernels::adamW;
      case "OptimizerKernels.ema" -> OptimizerKernels::ema;
      case "OptimizerKernels.clear" -> OptimizerKernels::clear;
      case "PeakKernels.multiplyAdd" -> PeakKernels::multiplyAdd;
      case "ReduceKernels.sumPixels" -> ReduceKernels::sumPixels;
      case "ReduceKernels.sumRows" -> ReduceKernels::sumRows;
      case "ResampleKernels.nearest" -> ResampleKernels::nearest;
      case "ResampleKernels.nearestBackward" -> ResampleKernels::nearestBackward;
      case "ResampleKernels.averagePool" -> ResampleKernels::averagePool;
      case "ResampleKernels.averagePoolBackward" -> ResampleKernels::averagePoolBackward;
      case "ResampleKernels.filter" -> ResampleKernels::filter;
      case "ResampleKernels.dilate" -> ResampleKernels::dilate;
      case "SamplerUpdateKernels.combine" -> SamplerUpdateKernels::combine;
      case "SamplerUpdateKernels.learnedNoise" -> SamplerUpdateKernels::learnedNoise;
      case "VariationalBoundKernels.perImage" -> VariationalBoundKernels::perImage;
      case "VariationalBoundKernels.backward" -> VariationalBoundKernels::backward;
      default -> throw new IllegalArgumentException("No kernel " + kernel);
    };
  }

  /**
   * The method of a kernel for work groups.
   *
   * @throws IllegalArgumentException if the kernel is not listed here
   */
  static Task3<KernelContext, FloatArray, IntArray> tiled(Kernel kernel) {
    return switch (kernel.owner() + "." + kernel.method()) {
      case "AttentionTileKernels.forward" -> AttentionTileKernels::forward;
      case "AttentionTileKernels.queries" -> AttentionTileKernels::queries;
      case "AttentionTileKernels.keys" -> AttentionTileKernels::keys;
      case "GroupNormTileKernels.moments" -> GroupNormTileKernels::moments;
      case "GroupNormTileKernels.apply" -> GroupNormTileKernels::apply;
      case "GroupNormTileKernels.sums" -> GroupNormTileKernels::sums;
      case "GroupNormTileKernels.reduce" -> GroupNormTileKernels::reduce;
      case "GroupNormTileKernels.gradient" -> GroupNormTileKernels::gradient;
      case "ReduceTileKernels.sumPixels" -> ReduceTileKernels::sumPixels;
      case "ReduceTileKernels.meanSquaredError" -> ReduceTileKernels::meanSquaredError;
      case "ReduceTileKernels.perImage" -> ReduceTileKernels::perImage;
      case "ReduceTileKernels.squares" -> ReduceTileKernels::squares;
      case "ReduceTileKernels.norm" -> ReduceTileKernels::norm;
      case "ProductTileKernels.product" -> ProductTileKernels::product;
      default -> throw new IllegalArgumentException("No kernel " + kernel);
    };
  }
}
