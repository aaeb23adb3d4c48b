package uk.ac.manchester.tornado.api.types.arrays;

/** Signature only. */
public abstract class TornadoNativeArray {}
