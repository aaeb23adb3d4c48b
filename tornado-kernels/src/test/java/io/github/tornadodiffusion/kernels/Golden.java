package io.github.tornadodiffusion.kernels;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reference tensors made by diffusers and PyTorch: a reader for the float32 safetensors files of
 * the test resources.
 */
public final class Golden {
  private static final Pattern TENSOR =
      Pattern.compile(
          "\"([^\"]+)\":\\s*\\{\"dtype\":\\s*\"F32\",.*?\"data_offsets\":\\s*\\[(\\d+),\\s*(\\d+)\\]");

  private final Map<String, float[]> tensors = new HashMap<>();

  public Golden(String resource) {
    byte[] bytes;
    try (InputStream in = Golden.class.getResourceAsStream("/" + resource)) {
      bytes = in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int header = (int) buffer.getLong();
    Matcher matcher = TENSOR.matcher(new String(bytes, 8, header, StandardCharsets.UTF_8));
    while (matcher.find()) {
      int from = Integer.parseInt(matcher.group(2));
      int to = Integer.parseInt(matcher.group(3));
      float[] values = new float[(to - from) / 4];
      buffer.position(8 + header + from);
      buffer.asFloatBuffer().get(values);
      tensors.put(matcher.group(1), values);
    }
  }

  /** A tensor's values in C order. */
  public float[] tensor(String name) {
    float[] values = tensors.get(name);
    if (values == null) {
      throw new AssertionError("no tensor " + name + " among " + tensors.keySet());
    }
    return values;
  }
}
