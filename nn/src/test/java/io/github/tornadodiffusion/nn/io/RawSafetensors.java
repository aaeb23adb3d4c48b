package io.github.tornadodiffusion.nn.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** A safetensors file put together by hand, so that it may be wrong. */
final class RawSafetensors {
  final ByteBuffer data = ByteBuffer.allocate(1 << 18).order(ByteOrder.LITTLE_ENDIAN);
  private final Path path;

  RawSafetensors(Path path) {
    this.path = path;
  }

  /** Writes the header's length, the header, and what was put into {@link #data}. */
  Path write(String header) throws IOException {
    byte[] bytes = header.getBytes(StandardCharsets.UTF_8);
    return write(bytes.length, bytes);
  }

  /** The same with a claimed length that may be another than the header's. */
  Path write(long claimedLength, byte[] header) throws IOException {
    ByteBuffer file =
        ByteBuffer.allocate(Long.BYTES + header.length + data.position())
            .order(ByteOrder.LITTLE_ENDIAN);
    file.putLong(claimedLength).put(header).put(data.array(), 0, data.position());
    Files.write(path, file.array());
    return path;
  }
}
