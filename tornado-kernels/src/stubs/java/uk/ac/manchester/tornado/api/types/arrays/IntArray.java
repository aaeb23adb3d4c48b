package uk.ac.manchester.tornado.api.types.arrays;

/** Signature only. */
public final class IntArray extends TornadoNativeArray {
  public IntArray(int numberOfElements) {}

  public static native IntArray fromArray(int[] values);

  public native int get(int index);

  public native void set(int index, int value);
}
