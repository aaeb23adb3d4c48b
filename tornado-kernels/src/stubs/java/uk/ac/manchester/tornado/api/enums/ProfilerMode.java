package uk.ac.manchester.tornado.api.enums;

/** Signature only. */
public enum ProfilerMode {
  SILENT
}
