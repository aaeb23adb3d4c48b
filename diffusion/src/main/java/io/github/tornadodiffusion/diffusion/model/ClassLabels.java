package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The meaning of the classes of a model, in {@code class_labels.json} of its directory. diffusers
 * has no such file and ignores it.
 *
 * @param classes 0 .. classes - 1 are classes of images
 * @param nullClass the class of images without a label, which classifier-free guidance needs; null
 *     for none
 */
public record ClassLabels(int classes, Integer nullClass) {
  private static final String FILE = "class_labels.json";
  private static final String CLASSES = "classes";
  private static final String NULL_CLASS = "null_class";

  /**
   * Reads the file of a model's directory; without it every embedding is a class of images.
   *
   * @return null for a model without classes
   * @throws IOException in one line if the file is damaged or does not fit the model
   */
  public static ClassLabels read(Path directory, UNet2DConfig model) throws IOException {
    Integer embeddings = model.numClassEmbeds();
    if (embeddings == null) {
      return null;
    }
    Path file = directory.resolve(FILE);
    if (!Files.exists(file)) {
      return new ClassLabels(embeddings, null);
    }
    return Json.read(
        file,
        fields -> {
          int classes = fields.integer(CLASSES, embeddings);
          int nullClass = fields.integer(NULL_CLASS, -1);
          if (classes < 1 || classes > embeddings || nullClass >= embeddings) {
            throw new IllegalArgumentException(
                "it speaks of %d classes, the model has %d: remove it"
                    .formatted(Math.max(classes, nullClass + 1), embeddings));
          }
          return new ClassLabels(classes, nullClass < 0 ? null : nullClass);
        });
  }

  /**
   * Writes the file into a model's directory.
   *
   * @throws IOException in one line if it cannot be written
   */
  public void write(Path directory) throws IOException {
    Json.write(
        directory.resolve(FILE),
        nullClass == null
            ? Map.of(CLASSES, classes)
            : Map.of(CLASSES, classes, NULL_CLASS, nullClass));
  }
}
