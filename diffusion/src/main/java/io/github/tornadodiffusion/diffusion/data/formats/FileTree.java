package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import java.io.IOException;
import java.util.List;
import java.util.SortedSet;

/** Files with paths: those of a directory and its subdirectories, or of an archive. */
interface FileTree {
  /** Its name in messages: its path. */
  String place();

  /** The paths of all files that are not hidden, with {@code /} between names. */
  SortedSet<String> paths();

  /**
   * All bytes of a file.
   *
   * @throws IOException if it cannot be read; the message says why in one line
   */
  byte[] content(String path) throws IOException;

  /**
   * Decodes an image.
   *
   * @throws IOException if it cannot be decoded; the message says why in one line
   */
  default DecodedImage decode(String path, int imageSize, int channels) throws IOException {
    return ImageDecoder.decode(content(path), imageSize, channels);
  }

  /** Warnings from listing the files, one line each. */
  List<String> warnings();
}
