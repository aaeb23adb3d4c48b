package io.github.tornadodiffusion.nn.io;

import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SequencedSet;

/**
 * An open safetensors file: memory-mapped, so that only the tensors that are asked for are read.
 * Made by {@link Safetensors#open(Path)}.
 */
public final class SafetensorsFile implements AutoCloseable {
  private static final int LENGTH_BYTES = Long.BYTES;

  /** A header takes several times its length while it is read. */
  private static final int HEAP_PER_HEADER = 16;

  private static final ValueLayout.OfLong LENGTH =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Path path;
  private final Arena arena;
  private final SafetensorsHeader header;
  private final MemorySegment data;

  private SafetensorsFile(Path path, Arena arena, SafetensorsHeader header, MemorySegment data) {
    this.path = path;
    this.arena = arena;
    this.header = header;
    this.data = data;
  }

  @SuppressWarnings("MustBeClosedChecker") // the file that is returned closes its arena
  static SafetensorsFile open(Path path) throws IOException {
    if (Files.isDirectory(path)) {
      throw new IOException(
          Messages.line(path + " is a directory; name the .safetensors file in it"));
    }
    Arena arena = Arena.ofShared();
    SafetensorsFile file = null;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      file = open(path, arena, channel);
      return file;
    } catch (CharacterCodingException e) {
      throw new IOException(
          Messages.line(path + ": the header is not UTF-8; the file is damaged or not safetensors"),
          e);
    } catch (EOFException | IllegalArgumentException e) {
      throw new IOException(Messages.line("%s: %s".formatted(path, e.getMessage())), e);
    } catch (IOException e) {
      throw new IOException(
          Messages.line("Cannot read %s: %s; check the name".formatted(path, Messages.reason(e))),
          e);
    } finally {
      if (file == null) {
        arena.close();
      }
    }
  }

  private static SafetensorsFile open(Path path, Arena arena, FileChannel channel)
      throws IOException {
    long size = channel.size();
    if (size < LENGTH_BYTES) {
      throw new EOFException(
          "the file has only %d bytes; it is truncated, fetch or save it again".formatted(size));
    }
    MemorySegment file = channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena);
    long headerBytes = file.get(LENGTH, 0);
    if (headerBytes < 0 || headerBytes > SafetensorsHeader.MOST_BYTES) {
      throw new IllegalArgumentException(
          "the header claims %s bytes, more than the %d allowed; this is not a safetensors file"
              .formatted(Long.toUnsignedString(headerBytes), SafetensorsHeader.MOST_BYTES));
    }
    if (headerBytes > size - LENGTH_BYTES) {
      throw new EOFException(
          "the header claims %d bytes but only %d follow; the file is truncated or not safetensors,"
                  .formatted(headerBytes, size - LENGTH_BYTES)
              + " fetch or save it again");
    }
    long heap = Runtime.getRuntime().maxMemory();
    if (headerBytes > heap / HEAP_PER_HEADER) {
      throw new IllegalArgumentException(
          "the header has %d bytes, too many for a heap of %d MiB; give more, with -Xmx"
              .formatted(headerBytes, heap >> 20));
    }
    String json =
        StandardCharsets.UTF_8
            .newDecoder()
            .decode(file.asSlice(LENGTH_BYTES, headerBytes).asByteBuffer())
            .toString();
    MemorySegment data = file.asSlice(LENGTH_BYTES + headerBytes);
    return new SafetensorsFile(path, arena, SafetensorsHeader.parse(json, data.byteSize()), data);
  }

  /** The names of the tensors, in the order of their data. */
  public SequencedSet<String> names() {
    return Collections.unmodifiableSequencedSet(header.tensors().sequencedKeySet());
  }

  /** Whether there is a tensor of this name. */
  public boolean contains(String name) {
    return header.tensors().containsKey(name);
  }

  /** The extents of a tensor, outermost first. */
  public int[] shape(String name) {
    return entry(name).shape().clone();
  }

  /**
   * The element type of a tensor in the file.
   *
   * @throws IllegalArgumentException if there is none of this name, or its type cannot be read
   */
  public Dtype dtype(String name) {
    SafetensorsHeader.Entry entry = entry(name);
    if (entry.dtype() == null) {
      throw new IllegalArgumentException(
          "tensor %s: %s".formatted(Messages.piece(name), Dtype.unsupported(entry.type())));
    }
    return entry.dtype();
  }

  /** Whether a tensor of this name is there and of a type that can be read. */
  public boolean isReadable(String name) {
    return contains(name) && entry(name).dtype() != null;
  }

  /**
   * Reads a tensor: F32 bit for bit, narrower floats exactly, F64 and integers rounded to float.
   *
   * @throws IllegalArgumentException if there is none of this name, or its type cannot be read
   */
  public HostTensor tensor(String name) {
    Dtype dtype = dtype(name);
    SafetensorsHeader.Entry entry = entry(name);
    MemorySegment segment = data.asSlice(entry.begin(), entry.end() - entry.begin());
    return new HostTensor(entry.shape().clone(), dtype.toFloats(segment, entry.count()));
  }

  /**
   * Reads every tensor, in the order of the data.
   *
   * @throws IllegalArgumentException if the type of one cannot be read
   */
  public SequencedMap<String, HostTensor> tensors() {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    names().forEach(name -> tensors.put(name, tensor(name)));
    return tensors;
  }

  /** The strings under {@code __metadata__}. */
  public Map<String, String> metadata() {
    return Collections.unmodifiableMap(header.metadata());
  }

  /** The file. */
  public Path path() {
    return path;
  }

  private SafetensorsHeader.Entry entry(String name) {
    SafetensorsHeader.Entry entry = header.tensors().get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "%s has no tensor %s; it has %s"
              .formatted(
                  path,
                  Messages.piece(name),
                  header.tensors().isEmpty() ? "none" : Messages.firstOf(List.copyOf(names()))));
    }
    return entry;
  }

  /** Unmaps the file; tensors read before stay valid. */
  @Override
  public void close() {
    arena.close();
  }
}
