package io.github.tornadodiffusion.diffusion.data.formats;

import io.github.tornadodiffusion.diffusion.data.decoding.DecodedImage;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.util.List;

/** Images in their files, with random access, safe for use by several threads. */
public interface ImageSource {
  /** The name of the whole in messages: the path that contains the images. */
  String place();

  /** Number of images, at least 1. */
  int size();

  /** The name of an image in messages. */
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

  /**
   * What is said of every image, in their order; null where nothing is.
   *
   * @param column of a table, where the captions are in one
   * @throws IOException in one line if there are no captions or they cannot be read
   */
  default List<String> captions(String column) throws IOException {
    throw new IOException(
        Messages.line(
            "the images of %s have no captions: give a directory with metadata.jsonl, metadata.csv or"
                    .formatted(place())
                + " .txt files, or Parquet files"));
  }

  /** The classes' names in the order of the labels; empty if images have no labels. */
  List<String> classNames();

  /** Warnings so far, one line each. */
  default List<String> warnings() {
    return List.of();
  }
}
