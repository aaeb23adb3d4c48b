package io.github.tornadodiffusion.diffusion.data.decoding;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * An image's bytes, with an error once a decoder has read past their end too often. Some decoders
 * treat missing bytes as zeros and, in a damaged file, ask for millions of them one by one.
 */
final class EndingInput extends ImageInputStreamImpl {
  /** How often a decoder may read past the end: some look ahead. */
  private static final int MOST_ENDS = 1000;

  private final MemorySegment content;
  private int ends;

  EndingInput(MemorySegment content) {
    this.content = content;
  }

  @Override
  public int read() throws IOException {
    checkClosed();
    bitOffset = 0;
    if (streamPos >= content.byteSize()) {
      return end();
    }
    return content.get(ValueLayout.JAVA_BYTE, streamPos++) & 0xFF;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    checkClosed();
    bitOffset = 0;
    int count = (int) Math.min(length, content.byteSize() - streamPos);
    if (count <= 0 && length > 0) {
      return end();
    }
    MemorySegment.copy(content, ValueLayout.JAVA_BYTE, streamPos, bytes, offset, count);
    streamPos += count;
    return count;
  }

  private int end() throws IOException {
    if (++ends > MOST_ENDS) {
      throw new IOException("the file is truncated");
    }
    return -1;
  }

  @Override
  public long length() {
    return content.byteSize();
  }
}
