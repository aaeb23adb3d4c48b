package uk.ac.manchester.tornado.api.types.collections;

import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/** Signature only. */
public final class VectorFloat16 {
  public VectorFloat16(FloatArray array) {}

  public native Float16 get(int index);

  public native void set(int index, Float16 value);
}
