package io.github.tornadodiffusion.nn.models.clip;

import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.WeightFiles;
import io.github.tornadodiffusion.nn.models.ParameterFiles;
import io.github.tornadodiffusion.nn.models.TextEncoder;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SequencedMap;

/** The {@code text_encoder} directory of a pipeline: a configuration and its parameters. */
public final class TextEncoderFiles {
  private TextEncoderFiles() {}

  /**
   * A text encoder as stored in files.
   *
   * @param parameters its parameters by PyTorch's names, in the order of the specifications
   */
  public record Stored(TextEncoder model, SequencedMap<String, HostTensor> parameters) {}

  /**
   * Reads a text encoder of the class that its configuration names: one of transformers', or one's
   * own on the class path or in a plug-in.
   *
   * @param directory as transformers' {@code save_pretrained} writes it
   * @throws IOException in one line naming the file, the cause and the remedy, if a file is missing
   *     or damaged or the parameters are not the expected ones
   */
  public static Stored read(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new IOException(
          directory + " is not a directory; name one that holds a text encoder's config.json");
    }
    TextEncoder model =
        Json.read(directory.resolve(ParameterFiles.CONFIG), TextEncoderFiles::model);
    return new Stored(model, ParameterFiles.read(directory, model.parameters().specs()));
  }

  /**
   * The text encoder that a {@code config.json} describes.
   *
   * @throws IllegalArgumentException in one line if there is none of that class or it is not
   *     supported
   */
  public static TextEncoder model(JsonFields fields) {
    List<String> names =
        fields.strings(TextEncoder.ARCHITECTURES, List.of(CLIPTextModel.CLASS_NAME));
    String name = names.isEmpty() ? CLIPTextModel.CLASS_NAME : names.getFirst();
    return switch (name) {
      case CLIPTextModel.CLASS_NAME -> new CLIPTextModel(CLIPTextConfig.of(fields));
      case CLIPTextModelWithProjection.CLASS_NAME ->
          new CLIPTextModelWithProjection(CLIPTextConfig.of(fields));
      default ->
          Plugins.create(TextEncoder.class, name, fields)
              .orElseThrow(() ->
                  new IllegalArgumentException(
                      "architectures is %s; only %s, %s, or a class of your own with --plugin, can be read"
                          .formatted(
                              name,
                              CLIPTextModel.CLASS_NAME,
                              CLIPTextModelWithProjection.CLASS_NAME)));
    };
  }

  /**
   * Writes a text encoder, each file atomically; the directory is made if it is not there.
   *
   * @throws IOException in one line naming the file and the cause
   */
  public static void write(
      Path directory, TextEncoder model, SequencedMap<String, HostTensor> parameters)
      throws IOException {
    ParameterFiles.write(directory, model.toJson(), WeightFiles.TEXT_WEIGHTS, parameters);
  }
}
