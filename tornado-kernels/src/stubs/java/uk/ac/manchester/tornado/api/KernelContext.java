package uk.ac.manchester.tornado.api;

/** Signature only. */
public class KernelContext {
  public final Integer globalIdx = 0;
  public final Integer localIdx = 0;
  public final Integer groupIdx = 0;
  public final Integer globalGroupSizeX = 0;

  public native void localBarrier();

  public native int[] allocateIntLocalArray(int size);

  public native float[] allocateFloatLocalArray(int size);
}
