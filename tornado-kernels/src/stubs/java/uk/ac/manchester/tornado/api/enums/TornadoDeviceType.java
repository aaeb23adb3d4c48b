package uk.ac.manchester.tornado.api.enums;

/** Signature only. */
public enum TornadoDeviceType {
  CPU,
  GPU
}
