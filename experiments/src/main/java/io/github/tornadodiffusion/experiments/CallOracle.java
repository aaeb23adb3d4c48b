package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Call;

/**
 * Computes single output elements of a kernel call anew: one element at a time, in double
 * precision, from nothing but the call's descriptor and the arena as it is before the call.
 */
interface CallOracle {
  /** The shape that a table shows, for instance {@code 8x32x32x64->128 3x3}. */
  String shape(Call call);

  /** How many elements the call writes. */
  long outputs(Call call);

  /** Where in the arena element {@code i} of the outputs lies. */
  int index(Call call, long i);

  /** The value of element {@code i} after the call. */
  double expected(Call call, long i, Arena before);
}
