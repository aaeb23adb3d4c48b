package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/**
 * Files in Hugging Face's safetensors format: the header's length (u64, little endian), a JSON
 * header, then the tensors' bytes. See https://github.com/huggingface/safetensors.
 */
public final class Safetensors {
  /** What diffusers puts into a model file's metadata. */
  public static final Map<String, String> PYTORCH_METADATA = Map.of("format", "pt");

  private static final int HEADER_ALIGNMENT = 8;
  private static final int CHUNK_BYTES = 1 << 20;

  private Safetensors() {}

  /**
   * Maps a file for reading.
   *
   * @throws IOException in one line naming the file, the cause and the remedy, whatever the file
   *     holds
   */
  public static SafetensorsFile open(Path path) throws IOException {
    return SafetensorsFile.open(path);
  }

  /**
   * Reads all tensors of a file, in the order of their data.
   *
   * @throws IOException as {@link #open} does, and where the type of a tensor cannot be read
   */
  public static SequencedMap<String, HostTensor> read(Path path) throws IOException {
    try (SafetensorsFile file = open(path)) {
      return file.tensors();
    } catch (IllegalArgumentException e) {
      throw new IOException(Messages.line("%s: %s".formatted(path, e.getMessage())), e);
    }
  }

  /**
   * Writes a file of F32 tensors atomically, see {@link AtomicFiles}. Tensors are ordered by name,
   * as the reference implementation orders tensors of one type, so the bytes depend on the content
   * alone.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public static void write(
      Path path, SequencedMap<String, HostTensor> tensors, Map<String, String> metadata)
      throws IOException {
    if (tensors.containsKey(SafetensorsHeader.METADATA)) {
      throw new IllegalArgumentException(
          "A tensor cannot be named " + SafetensorsHeader.METADATA + "; rename it");
    }
    List<String> names = new ArrayList<>(tensors.keySet());
    names.sort((a, b) -> Arrays.compareUnsigned(utf8(a), utf8(b)));
    byte[] header = header(names, tensors, metadata);
    AtomicFiles.write(
        path,
        channel -> {
          ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
          buffer.putLong(header.length).flip();
          AtomicFiles.writeFully(channel, buffer);
          AtomicFiles.writeFully(channel, ByteBuffer.wrap(header));
          for (String name : names) {
            writeFloats(channel, buffer, tensors.get(name).values());
          }
        });
  }

  private static byte[] header(
      List<String> names, Map<String, HostTensor> tensors, Map<String, String> metadata) {
    Map<String, Object> header = new LinkedHashMap<>();
    if (!metadata.isEmpty()) {
      header.put(SafetensorsHeader.METADATA, new TreeMap<>(metadata));
    }
    long offset = 0;
    for (String name : names) {
      HostTensor tensor = tensors.get(name);
      long end = offset + (long) tensor.size() * Float.BYTES;
      Map<String, Object> entry = new LinkedHashMap<>();
      entry.put("dtype", Dtype.F32.name());
      entry.put("shape", tensor.shape());
      entry.put("data_offsets", List.of(offset, end));
      header.put(name, entry);
      offset = end;
    }
    String json = Json.line(header);
    int padding = Math.floorMod(-utf8(json).length, HEADER_ALIGNMENT);
    return utf8(json + " ".repeat(padding));
  }

  private static void writeFloats(FileChannel channel, ByteBuffer buffer, float[] values)
      throws IOException {
    int chunk = CHUNK_BYTES / Float.BYTES;
    for (int from = 0; from < values.length; from += chunk) {
      int count = Math.min(chunk, values.length - from);
      buffer.clear().limit(count * Float.BYTES);
      buffer.asFloatBuffer().put(values, from, count);
      AtomicFiles.writeFully(channel, buffer);
    }
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
