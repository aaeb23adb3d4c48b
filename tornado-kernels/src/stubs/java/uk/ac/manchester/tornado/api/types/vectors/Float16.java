package uk.ac.manchester.tornado.api.types.vectors;

/** Signature only. */
public final class Float16 {
  public Float16(
      float s0,
      float s1,
      float s2,
      float s3,
      float s4,
      float s5,
      float s6,
      float s7,
      float s8,
      float s9,
      float s10,
      float s11,
      float s12,
      float s13,
      float s14,
      float s15) {}

  public static native Float16 add(Float16 a, Float16 b);

  public static native Float16 sub(Float16 a, Float16 b);

  public static native Float16 mult(Float16 a, Float16 b);

  public static native Float16 div(Float16 a, Float16 b);

  public static native Float16 min(Float16 a, Float16 b);

  public static native Float16 max(Float16 a, Float16 b);

  public native float getS0();

  public native float getS1();

  public native float getS2();

  public native float getS3();

  public native float getS4();

  public native float getS5();

  public native float getS6();

  public native float getS7();

  public native float getS8();

  public native float getS9();

  public native float getS10();

  public native float getS11();

  public native float getS12();

  public native float getS13();

  public native float getS14();

  public native float getS15();
}
