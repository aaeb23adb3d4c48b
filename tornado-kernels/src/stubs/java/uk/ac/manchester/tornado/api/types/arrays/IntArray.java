package uk.ac.manchester.tornado.api.types.arrays;

/** Signature only. */
public final class IntArray {
  public native int get(int index);

  public native void set(int index, int value);
}
