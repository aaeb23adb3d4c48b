package io.github.tornadodiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Golden;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsTest {
  @TempDir Path directory;

  @ParameterizedTest
  @MethodSource("io.github.tornadodiffusion.nn.Golden#unets")
  void aModelReadAndWrittenIsEqualByteForByte(String name) throws IOException {
    Path golden = Golden.path(name + "/diffusion_pytorch_model.safetensors");
    Path written = directory.resolve("written.safetensors");
    try (SafetensorsFile file = Safetensors.open(golden)) {
      assertEquals(Map.of("format", "pt"), file.metadata());
      // reversed, because the writer orders by itself
      SequencedMap<String, HostTensor> reversed = new LinkedHashMap<>();
      file.names().reversed().forEach(tensor -> reversed.put(tensor, file.tensor(tensor)));
      Safetensors.write(written, reversed, file.metadata());
    }
    assertEquals(-1, Files.mismatch(golden, written));
  }

  @Test
  void everyBitSurvives() throws IOException {
    SplittableRandom random = new SplittableRandom(7);
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    int[] special = {
      0x00000000,
      0x80000000,
      0x7f800000,
      0xff800000,
      0x7fc00000,
      0x7f800001,
      0xffc12345,
      0xff812345,
      0x00000001,
      0x807fffff,
      0x7f7fffff,
      0x3f800000
    };
    float[] values = new float[special.length];
    for (int i = 0; i < special.length; i++) {
      values[i] = Float.intBitsToFloat(special[i]);
    }
    tensors.put("special", new HostTensor(new int[] {3, 4}, values));
    tensors.put("scalar", HostTensor.scalar(-0f));
    tensors.put("empty", HostTensor.zeros(4, 0, 2));
    tensors.put("many chunks", randomBits(random, 3, 211, 1009));
    for (int i = 0; i < 50; i++) {
      int[] shape = random.ints(random.nextInt(5), 1, 6).toArray();
      tensors.put("\u00e9\"\\\n" + random.nextInt(), randomBits(random, shape));
    }
    Path file = directory.resolve("bits.safetensors");
    Safetensors.write(file, tensors, Map.of("k\u00e9y", "v\n"));
    try (SafetensorsFile read = Safetensors.open(file)) {
      assertEquals(Map.of("k\u00e9y", "v\n"), read.metadata());
      assertEquals(tensors, read.tensors());
      assertArrayEquals(new int[] {4, 0, 2}, read.shape("empty"));
      assertEquals(Dtype.F32, read.dtype("special"));
    }
    byte[] bytes = Files.readAllBytes(file);
    assertEquals(0, bytes[0] % 8, "the data is aligned");
    Safetensors.write(file, Safetensors.read(file), Map.of("k\u00e9y", "v\n"));
    assertArrayEquals(bytes, Files.readAllBytes(file));
  }

  @Test
  void aFileWithoutTensorsIsOne() throws IOException {
    Path file = directory.resolve("none.safetensors");
    Safetensors.write(file, new LinkedHashMap<>(), Map.of());
    assertEquals("\10\0\0\0\0\0\0\0{}      ", Files.readString(file));
    assertTrue(Safetensors.read(file).isEmpty());
  }

  @Test
  void unknownNamesAreAnsweredWithSomeThatExist() throws IOException {
    Path golden = Golden.path("tiny_ddpm_pipeline/unet/diffusion_pytorch_model.safetensors");
    try (SafetensorsFile file = Safetensors.open(golden)) {
      assertFalse(file.contains("sample"));
      var e = assertThrows(IllegalArgumentException.class, () -> file.tensor("sample"));
      assertTrue(e.getMessage().contains("no tensor sample; it has conv_in.bias"), e.getMessage());
    }
    SequencedMap<String, HostTensor> reserved = new LinkedHashMap<>();
    reserved.put("__metadata__", HostTensor.scalar(1));
    assertThrows(
        IllegalArgumentException.class,
        () -> Safetensors.write(directory.resolve("x"), reserved, Map.of()));
  }

  /** All 65,536 values against the definition of IEEE 754 binary16. */
  @Test
  void halfPrecisionIsExact() throws IOException {
    float[] floats = readAllShorts("F16");
    for (int bits = 0; bits < 1 << 16; bits++) {
      int exponent = bits >> 10 & 0x1f;
      int fraction = bits & 0x3ff;
      double magnitude =
          exponent == 31
              ? (fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN)
              : exponent == 0
                  ? Math.scalb((double) fraction, -24)
                  : Math.scalb((double) (1024 + fraction), exponent - 25);
      float expected = (float) (bits >> 15 == 0 ? magnitude : -magnitude);
      assertEquals(expected, floats[bits], "F16 " + Integer.toHexString(bits));
    }
  }

  /** BF16 is the upper half of a float. */
  @Test
  void brainFloatIsExact() throws IOException {
    float[] floats = readAllShorts("BF16");
    for (int bits = 0; bits < 1 << 16; bits++) {
      assertEquals(bits << 16, Float.floatToRawIntBits(floats[bits]));
    }
  }

  /** All 256 values against the definitions of OCP's formats and of those without -0. */
  @Test
  void floatsOfOneByteAreExact() throws IOException {
    assertSmallFloats("F8_E4M3", 3, 7, false);
    assertSmallFloats("F8_E5M2", 2, 15, false);
    assertSmallFloats("F8_E4M3FNUZ", 3, 8, true);
    assertSmallFloats("F8_E5M2FNUZ", 2, 16, true);
    float[] scales = readAllBytes("F8_E8M0");
    for (int bits = 0; bits < 255; bits++) {
      assertEquals((float) Math.pow(2, bits - 127), scales[bits]);
    }
    assertTrue(Float.isNaN(scales[255]));
    float[] e4m3 = readAllBytes("F8_E4M3");
    assertEquals(List.of(1f, -1f, 448f, 0x1p-9f), at(e4m3, 0x38, 0xb8, 0x7e, 1));
    assertEquals(
        List.of(1f, 57344f, Float.POSITIVE_INFINITY, 0x1p-16f),
        at(readAllBytes("F8_E5M2"), 0x3c, 0x7b, 0x7c, 1));
    assertEquals(List.of(1f, -240f), at(readAllBytes("F8_E4M3FNUZ"), 0x40, 0xff));
    assertEquals(-0f, e4m3[0x80]);
  }

  private void assertSmallFloats(String type, int fractionBits, int bias, boolean withoutMinusZero)
      throws IOException {
    float[] floats = readAllBytes(type);
    int ones = 0x7f >> fractionBits;
    for (int bits = 0; bits < 256; bits++) {
      int exponent = (bits & 0x7f) >> fractionBits;
      double fraction = (bits & (1 << fractionBits) - 1) / Math.pow(2, fractionBits);
      double magnitude =
          exponent == 0
              ? fraction * Math.pow(2, 1 - bias)
              : (1 + fraction) * Math.pow(2, exponent - bias);
      if (withoutMinusZero ? bits == 0x80 : type.equals("F8_E4M3") && (bits & 0x7f) == 0x7f) {
        magnitude = Double.NaN;
      } else if (type.equals("F8_E5M2") && exponent == ones) {
        magnitude = fraction == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
      }
      float expected = (float) (bits < 128 ? magnitude : -magnitude);
      assertEquals(expected, floats[bits], type + " " + Integer.toHexString(bits));
    }
  }

  private static List<Float> at(float[] floats, int... places) {
    return Arrays.stream(places).mapToObj(place -> floats[place]).toList();
  }

  private float[] readAllBytes(String type) throws IOException {
    RawSafetensors raw = new RawSafetensors(directory.resolve("bytes.safetensors"));
    for (int bits = 0; bits < 256; bits++) {
      raw.data.put((byte) bits);
    }
    Path file =
        raw.write(
            "{\"all\":{\"dtype\":\"%s\",\"shape\":[256],\"data_offsets\":[0,256]}}"
                .formatted(type));
    return Safetensors.read(file).get("all").values();
  }

  /** Types of a newer format, whose sizes nobody knows here. */
  @ParameterizedTest
  @ValueSource(strings = {"U64", "C64", "F4", "F6_E3M2", "a type of the future"})
  void aTensorThatCannotBeReadCostsNoOther(String type) throws IOException {
    RawSafetensors raw = new RawSafetensors(directory.resolve("types.safetensors"));
    raw.data.putFloat(1.5f).putLong(-1).putFloat(-2);
    Path path =
        raw.write(
            """
            {"first":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
             "odd":{"dtype":"%s","shape":[1],"data_offsets":[4,12]},
             "last":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}
            """
                .formatted(type));
    try (SafetensorsFile file = Safetensors.open(path)) {
      assertEquals(List.of("first", "odd", "last"), List.copyOf(file.names()));
      assertEquals(1.5f, file.tensor("first").values()[0]);
      assertEquals(-2, file.tensor("last").values()[0]);
      assertFalse(file.isReadable("odd"));
      assertTrue(file.isReadable("last"));
      var e = assertThrows(IllegalArgumentException.class, () -> file.tensor("odd"));
      assertTrue(
          e.getMessage().startsWith("tensor odd: dtype " + type + " is not supported; convert"),
          e.getMessage());
    }
    var e = assertThrows(IOException.class, () -> Safetensors.read(path));
    assertTrue(e.getMessage().startsWith(path + ": tensor odd: dtype"), e.getMessage());
  }

  @Test
  void otherTypesAreRoundedToFloats() throws IOException {
    RawSafetensors raw = new RawSafetensors(directory.resolve("types.safetensors"));
    raw.data.putDouble(0.1).putDouble(-1e300);
    raw.data.putLong(16_777_217).putLong(-3);
    raw.data.putInt(Integer.MIN_VALUE).putInt(999);
    raw.data.putShort((short) -2).put((byte) -128).put((byte) 200).put((byte) 1).put((byte) 0);
    Path file =
        raw.write(
            """
            {"f64":{"dtype":"F64","shape":[2],"data_offsets":[0,16]},
             "i64":{"dtype":"I64","shape":[2],"data_offsets":[16,32]},
             "i32":{"dtype":"I32","shape":[2],"data_offsets":[32,40]},
             "i16":{"dtype":"I16","shape":[1],"data_offsets":[40,42]},
             "i8":{"dtype":"I8","shape":[1],"data_offsets":[42,43]},
             "u8":{"dtype":"U8","shape":[1],"data_offsets":[43,44]},
             "bool":{"dtype":"BOOL","shape":[2],"data_offsets":[44,46]}}
            """);
    List<Float> values = new ArrayList<>();
    for (HostTensor tensor : Safetensors.read(file).values()) {
      for (float value : tensor.values()) {
        values.add(value);
      }
    }
    assertEquals(
        List.of(
            0.1f,
            Float.NEGATIVE_INFINITY,
            16_777_216f,
            -3f,
            -0x1p31f,
            999f,
            -2f,
            -128f,
            200f,
            1f,
            0f),
        values);
  }

  /** The header may name tensors in any order; empty ones lie between others. */
  @Test
  void tensorsComeInTheOrderOfTheirData() throws IOException {
    RawSafetensors raw = new RawSafetensors(directory.resolve("order.safetensors"));
    raw.data.put((byte) 7).putFloat(1.5f).putFloat(-2);
    Path path =
        raw.write(
            """
            {"last":{"dtype":"F32","shape":[1],"data_offsets":[5,9]},
             "middle":{"dtype":"F32","shape":[1],"data_offsets":[1,5]},
             "none":{"dtype":"F32","shape":[0],"data_offsets":[1,1]},
             "first":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}
            """);
    try (SafetensorsFile file = Safetensors.open(path)) {
      assertEquals(List.of("first", "none", "middle", "last"), List.copyOf(file.names()));
      assertEquals(7, file.tensor("first").values()[0]);
      assertEquals(1.5f, file.tensor("middle").values()[0]);
      assertEquals(-2, file.tensor("last").values()[0]);
      assertEquals(0, file.tensor("none").size());
    }
  }

  @Test
  void aClosedFileIsReadNoMore() throws IOException {
    Path golden = Golden.path("tiny_ddpm_pipeline/unet/diffusion_pytorch_model.safetensors");
    SafetensorsFile file = Safetensors.open(golden);
    assertEquals(golden, file.path());
    assertTrue(file.contains("conv_in.bias"));
    HostTensor before = file.tensor("conv_in.bias");
    file.close();
    assertThrows(IllegalStateException.class, () -> file.tensor("conv_in.bias"));
    assertEquals(before, Safetensors.read(golden).get("conv_in.bias"));
  }

  private float[] readAllShorts(String dtype) throws IOException {
    RawSafetensors raw = new RawSafetensors(directory.resolve("all.safetensors"));
    for (int bits = 0; bits < 1 << 16; bits++) {
      raw.data.putShort((short) bits);
    }
    // an odd header length: nothing may depend on alignment
    Path file =
        raw.write(
            "{\"all\":{\"dtype\":\"%s\",\"shape\":[256,256],\"data_offsets\":[0,131072]}}%s"
                .formatted(dtype, dtype.length() % 2 == 0 ? "" : " "));
    return Safetensors.read(file).get("all").values();
  }

  private static HostTensor randomBits(SplittableRandom random, int... shape) {
    HostTensor tensor = HostTensor.zeros(shape);
    for (int i = 0; i < tensor.size(); i++) {
      tensor.values()[i] = Float.intBitsToFloat(random.nextInt());
    }
    return tensor;
  }
}
