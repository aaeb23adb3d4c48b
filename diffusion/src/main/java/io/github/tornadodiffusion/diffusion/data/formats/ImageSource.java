package io.github.tornadodiffusion.diffusion.data.formats;

import java.io.IOException;
import java.util.List;

/** Images where they lie, with random access, safe for use by several threads. */
public interface ImageSource {
  /** What the images are called together in messages: the path that holds them. */
  String place();

  /** Number of images, at least 1. */
  int size();

  /** What an image is called in messages. */
  String name(int index);

  /**
   * Decodes an image.
   *
   * @param imageSize width and height to resize to
   * @param channels 3, or 1 for grey
   * @throws IOException if the image cannot be decoded; the message says why in one line
   */
  DecodedImage decode(int index, int imageSize, int channels) throws IOException;

  /** The class of an image, or -1 where images have no labels. */
  int label(int index);

  /** The classes' names in the order of the labels; empty where images have no labels. */
  List<String> classNames();

  /** Warnings so far, one line each. */
  default List<String> warnings() {
    return List.of();
  }
}
