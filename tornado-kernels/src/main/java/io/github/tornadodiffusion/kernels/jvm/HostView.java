package io.github.tornadodiffusion.kernels.jvm;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;

/**
 * TornadoVM's VectorFloat16 on the JVM: a view of an array as vectors of {@link HostLanes#width()}
 * floats.
 */
public final class HostView {
  private final float[] values;

  public HostView(HostFloatArray array) {
    this.values = array.values;
  }

  public FloatVector get(int index) {
    return FloatVector.fromArray(HostLanes.SPECIES, values, index * HostLanes.width());
  }

  public void set(int index, FloatVector value) {
    value.intoArray(values, index * HostLanes.width());
  }

  public void clear(int offset, int floats) {
    Arrays.fill(values, offset, offset + floats, 0f);
  }
}
