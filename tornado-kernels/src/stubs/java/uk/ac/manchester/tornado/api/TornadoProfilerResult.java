package uk.ac.manchester.tornado.api;

/** Signature only. */
public class TornadoProfilerResult {
  public native String getProfileLog();

  public native long getCompileTime();

  public native long getDataTransfersTime();
}
