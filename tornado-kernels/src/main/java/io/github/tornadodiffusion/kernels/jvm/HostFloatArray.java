package io.github.tornadodiffusion.kernels.jvm;

/** TornadoVM's FloatArray on the JVM. */
public final class HostFloatArray {
  final float[] values;

  public HostFloatArray(float[] values) {
    this.values = values;
  }

  public float get(int index) {
    return values[index];
  }

  public void set(int index, float value) {
    values[index] = value;
  }
}
