package io.github.tornadodiffusion.kernels;

/** TornadoVM's FloatArray on the JVM. */
final class HostFloatArray {
  final float[] values;

  HostFloatArray(float[] values) {
    this.values = values;
  }

  float get(int index) {
    return values[index];
  }

  void set(int index, float value) {
    values[index] = value;
  }
}
