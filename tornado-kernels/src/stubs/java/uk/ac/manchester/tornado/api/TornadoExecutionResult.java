package uk.ac.manchester.tornado.api;

/** Signature only. */
public class TornadoExecutionResult {
  public native TornadoExecutionResult transferToHost(DataRange range);

  public native TornadoProfilerResult getProfilerResult();
}
