package io.github.tornadodiffusion.diffusion.data.formats;

import java.io.IOException;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageInputStreamImpl;

/**
 * An image's bytes, with an error once a decoder has read past their end too often. Some decoders
 * take missing bytes for zeros, and ask for millions of them, one by one, in a damaged file.
 */
final class EndingInput extends ImageInputStreamImpl {
  /** How often a decoder may read past the end: some look ahead. */
  private static final int MOST_ENDS = 1000;

  private final ImageInputStream source;
  private int ends;

  EndingInput(ImageInputStream source) {
    this.source = source;
  }

  @Override
  public int read() throws IOException {
    checkClosed();
    bitOffset = 0;
    int value = source.read();
    advance(value < 0 ? -1 : 1);
    return value;
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    checkClosed();
    bitOffset = 0;
    int count = source.read(bytes, offset, length);
    advance(count);
    return count;
  }

  private void advance(int count) throws IOException {
    if (count < 0 && ++ends > MOST_ENDS) {
      throw new IOException("the file is truncated");
    }
    streamPos += Math.max(0, count);
  }

  @Override
  public void seek(long position) throws IOException {
    super.seek(position);
    source.seek(position);
  }

  @Override
  public long length() {
    try {
      return source.length();
    } catch (IOException e) {
      return -1;
    }
  }

  @Override
  public void close() throws IOException {
    super.close();
    source.close();
  }
}
