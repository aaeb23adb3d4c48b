package io.github.tornadodiffusion.kernels;

import java.util.Arrays;

/** TornadoVM's VectorFloat16 on the JVM, as single floats, see {@link HostScalars}. */
final class HostScalarView {
  private final float[] values;

  HostScalarView(HostFloatArray array) {
    this.values = array.values;
  }

  float get(int index) {
    return values[index];
  }

  void set(int index, float value) {
    values[index] = value;
  }

  void clear(int offset, int floats) {
    Arrays.fill(values, offset, offset + floats, 0f);
  }
}
