package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.GreyImage;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Messages;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.IntFunction;
import javax.imageio.ImageIO;

/**
 * The single images of a sampling in their directory. Each is whole or not there, and is what it is
 * by its number alone, so that a sampling that was stopped goes on with the first that is missing.
 *
 * @param directory that holds them
 */
record KeptImages(Path directory) {
  /** What a file says of itself alone, and what may differ between parts of a sampling. */
  private static final Set<String> OWN =
      Set.of("index", "label", "class", "labels", "parameters", "Software");

  private static final String COUNT = "count";

  /** Channels of a picture. */
  private static final int RGB = 3;

  /** The file of an image. */
  Path file(int index) {
    return directory.resolve("%05d.png".formatted(index));
  }

  /**
   * How many images are there, from the first on without a gap.
   *
   * @param text what the file of an image of this sampling says about how it is made
   * @param labels one an image, or null
   * @param countMatters whether an image depends on how many there are
   * @throws IOException in one line if one of them was made otherwise, or cannot be read
   */
  int count(IntFunction<Map<String, String>> text, int[] labels, boolean countMatters)
      throws IOException {
    if (Files.isDirectory(directory)) {
      AtomicFiles.removeLeftovers(directory);
    }
    int count = 0;
    while (Files.exists(file(count))) {
      check(count, text.apply(count), labels, countMatters);
      count++;
    }
    return count;
  }

  private void check(int index, Map<String, String> text, int[] labels, boolean countMatters)
      throws IOException {
    Map<String, String> its;
    try {
      its = PngFiles.text(file(index));
    } catch (IOException | RuntimeException e) {
      // Readers throw exceptions of many types at files that are no pictures.
      throw new IOException(
          "%s cannot be read (%s); remove it or choose another --images"
              .formatted(file(index), Messages.line(String.valueOf(e.getMessage()))),
          e);
    }
    Set<String> keys = new TreeSet<>(text.keySet());
    keys.addAll(its.keySet());
    keys.removeAll(OWN);
    if (!countMatters) {
      keys.remove(COUNT);
    }
    for (String key : keys) {
      compare(index, key, its.get(key), text.get(key));
    }
    if (labels != null && index < labels.length) {
      compare(index, "label", its.get("label"), Integer.toString(labels[index]));
    }
  }

  private void compare(int index, String key, String before, String now) throws IOException {
    if (!String.valueOf(before).equals(String.valueOf(now))) {
      throw new IOException(
          Messages.line(
              "%s was made with %s %s and not %s"
                      .formatted(file(index), key, words(before), words(now))
                  + "; give the options that it was made with, or another --images"));
    }
  }

  private static String words(String value) {
    return value == null ? "nothing" : value;
  }

  /**
   * The values of the first images, as they are written again byte for byte.
   *
   * @param all receives them: count * length values, NCHW
   * @param channels of an image
   */
  void read(float[] all, int count, int channels) throws IOException {
    for (int index = 0; index < count; index++) {
      BufferedImage image = GreyImage.toRgb(ImageIO.read(file(index).toFile()));
      int plane = image.getWidth() * image.getHeight();
      int at = index * channels * plane;
      for (int pixel = 0; pixel < plane; pixel++) {
        int rgb = image.getRGB(pixel % image.getWidth(), pixel / image.getWidth());
        for (int channel = 0; channel < Math.min(channels, RGB); channel++) {
          int value = rgb >> Byte.SIZE * (RGB - 1 - channel) & 0xFF;
          all[at + channel * plane + pixel] = value / 255f * 2 - 1;
        }
      }
    }
  }
}
