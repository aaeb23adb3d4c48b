package uk.ac.manchester.tornado.api.types.arrays;

import java.lang.foreign.MemorySegment;

/** Signature only. */
public final class FloatArray extends TornadoNativeArray {
  public FloatArray(int numberOfElements) {}

  public native float get(int index);

  public native void set(int index, float value);

  public native MemorySegment getSegment();
}
