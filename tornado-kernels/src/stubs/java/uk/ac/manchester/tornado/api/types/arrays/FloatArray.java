package uk.ac.manchester.tornado.api.types.arrays;

/** Signature only. */
public final class FloatArray {
  public native float get(int index);

  public native void set(int index, float value);
}
