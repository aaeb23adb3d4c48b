package io.github.tornadodiffusion.diffusion;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The reference data of diffusers among the test resources. */
public final class Golden {
  // Python writes infinities.
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  private final JsonNode json;
  private final JsonNode header;
  private final ByteBuffer data;

  /** Reads {@code <name>.json} and {@code <name>.safetensors}. */
  public Golden(String name) {
    this(name, name);
  }

  /** Reads {@code <name>.json} and {@code <tensors>.safetensors}. */
  public Golden(String name, String tensors) {
    json = json(name + ".json");
    ByteBuffer file =
        ByteBuffer.wrap(bytes(tensors + ".safetensors")).order(ByteOrder.LITTLE_ENDIAN);
    byte[] headerBytes = new byte[Math.toIntExact(file.getLong())];
    file.get(headerBytes);
    header = JSON.readTree(new String(headerBytes, StandardCharsets.UTF_8));
    data = file.slice().order(ByteOrder.LITTLE_ENDIAN);
  }

  public JsonNode json() {
    return json;
  }

  public boolean has(String tensor) {
    return header.has(tensor);
  }

  public float[] tensor(String tensor) {
    JsonNode offsets = header.get(tensor).get("data_offsets");
    int from = offsets.get(0).asInt();
    float[] values = new float[(offsets.get(1).asInt() - from) / Float.BYTES];
    data.slice(from, values.length * Float.BYTES)
        .order(ByteOrder.LITTLE_ENDIAN)
        .asFloatBuffer()
        .get(values);
    return values;
  }

  public static JsonNode json(String name) {
    return parse(new String(bytes(name), StandardCharsets.UTF_8));
  }

  public static JsonNode parse(String json) {
    return JSON.readTree(json);
  }

  private static byte[] bytes(String name) {
    try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
