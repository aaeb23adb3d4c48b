package uk.ac.manchester.tornado.api;

import java.util.List;

/** Signature only. */
public class TornadoDeviceMap {
  public native List<TornadoBackend> getAllBackends();
}
