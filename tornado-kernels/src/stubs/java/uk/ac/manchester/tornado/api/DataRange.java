package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/** Signature only. */
public class DataRange {
  public DataRange(TornadoNativeArray array) {}

  public native DataRange withOffset(long offset);

  public native DataRange withSize(long size);
}
