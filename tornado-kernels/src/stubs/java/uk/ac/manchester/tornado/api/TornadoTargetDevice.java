package uk.ac.manchester.tornado.api;

/** Signature only. */
public interface TornadoTargetDevice {
  String getDeviceName();

  long getDeviceGlobalMemorySize();

  long getDeviceMaxAllocationSize();

  int getDeviceMaxComputeUnits();

  int getMaxThreadsPerBlock();

  long getDeviceLocalMemorySize();

  String getDeviceInfo();
}
