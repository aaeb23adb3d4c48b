package io.github.tornadodiffusion.kernels.jvm;

import java.util.Arrays;

/** TornadoVM's VectorFloat16 on the JVM, as single floats, see {@link HostScalars}. */
public final class HostScalarView {
  private final float[] values;

  public HostScalarView(HostFloatArray array) {
    this.values = array.values;
  }

  public float get(int index) {
    return values[index];
  }

  public void set(int index, float value) {
    values[index] = value;
  }

  public void clear(int offset, int floats) {
    Arrays.fill(values, offset, offset + floats, 0f);
  }
}
