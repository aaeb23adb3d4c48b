package io.github.tornadodiffusion.diffusion.data;

import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Square images of one size with random access, safe for use by several threads.
 *
 * <p>What {@link #image} returns depends on the data set's construction and the index alone.
 */
public interface Dataset {
  /** A short name for logs and manifests, such as {@code digits} or a directory's path. */
  String name();

  /** Number of images, at least 1. */
  int size();

  /** Channels of every image: 1 (grey) or 3 (red, green, blue). */
  int channels();

  /** Width and height of every image in pixels. */
  int imageSize();

  /**
   * One image.
   *
   * @param index 0 .. {@link #size()} - 1
   * @return a fresh array of channels * imageSize * imageSize values in [-1, 1], in the order
   *     channel, row, column
   */
  float[] image(int index);

  /** The same image mirrored left to right, a fresh array. */
  default float[] mirrored(int index) {
    float[] image = image(index);
    int width = imageSize();
    for (int row = 0; row < image.length; row += width) {
      for (int left = row, right = row + width - 1; left < right; left++, right--) {
        float value = image[left];
        image[left] = image[right];
        image[right] = value;
      }
    }
    return image;
  }

  /** The class of an image, 0 .. {@link #classes()} - 1, or -1 where images have no labels. */
  int label(int index);

  /** Number of classes, 0 where images have no labels. */
  int classes();

  /** The classes' names in the order of the labels, their numbers where they have no names. */
  default List<String> classNames() {
    return IntStream.range(0, classes()).mapToObj(Integer::toString).toList();
  }

  /** What an image was in its file; empty where it comes from none. */
  default Optional<Originals> original(int index) {
    return Optional.empty();
  }

  /** What the images were in their files; empty where they come from none. */
  default Optional<Originals> originals() {
    return IntStream.range(0, size())
        .mapToObj(this::original)
        .flatMap(Optional::stream)
        .reduce(Originals::with);
  }

  /** The images' sizes before they were cropped and resized; empty where they have none. */
  default Optional<ImageSizes> originalSizes() {
    return originals().map(Originals::sizes);
  }

  /** SHA-256, in hexadecimal, over the pixels of all images in order and their size. */
  String hash();

  /** Warnings about the data, one line each; empty where there are none. */
  default List<String> warnings() {
    return List.of();
  }
}
