package uk.ac.manchester.tornado.api.math;

/** Signature only. */
public final class TornadoMath {
  public static native float min(float a, float b);

  public static native float max(float a, float b);

  public static native float abs(float a);

  public static native float exp(float value);

  public static native float log(float value);

  public static native float sqrt(float value);

  public static native float sin(float angle);

  public static native float cos(float angle);

  public static native float floor(float value);
}
