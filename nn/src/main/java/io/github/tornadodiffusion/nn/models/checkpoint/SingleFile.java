package io.github.tornadodiffusion.nn.models.checkpoint;

import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.io.SafetensorsFile;
import io.github.tornadodiffusion.nn.models.checkpoint.OriginalLayout.Form;
import io.github.tornadodiffusion.nn.models.checkpoint.OriginalLayout.Place;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A checkpoint of Stable Diffusion 1.x, 2.x or SDXL in one {@code .safetensors} file, in the layout
 * of CompVis and Stability AI. The weights of text encoder, UNet and autoencoder are there, not
 * their configurations, which follow from the family.
 */
public final class SingleFile implements AutoCloseable {
  private static final String UNET = "model.diffusion_model.input_blocks.0.0.weight";
  private static final String FIRST_TEXT = "cond_stage_model.transformer.";
  private static final String OPEN_TEXT = "cond_stage_model.model.";
  private static final String XL_FIRST = "conditioner.embedders.0.transformer.";
  private static final String XL_SECOND = "conditioner.embedders.1.model.";
  private static final List<String> PICKLES = List.of(".ckpt", ".pt", ".pth", ".bin");

  private final SafetensorsFile file;
  private final Family family;

  /** The models that were published in this layout. */
  public enum Family {
    /** Stable Diffusion 1.1 to 1.5: one text encoder of OpenAI's CLIP. */
    SD_1(FIRST_TEXT, null),
    /** Stable Diffusion 2.0 and 2.1: one text encoder of OpenCLIP. */
    SD_2(OPEN_TEXT, null),
    /** Stable Diffusion XL: one of each. */
    SDXL(XL_FIRST, XL_SECOND);

    private final String first;
    private final String second;

    Family(String first, String second) {
      this.first = first;
      this.second = second;
    }

    /** What the names of the parameters of every text encoder begin with. */
    private List<String> texts() {
      return second == null ? List.of(first) : List.of(first, second);
    }
  }

  private SingleFile(SafetensorsFile file, Family family) {
    this.file = file;
    this.family = family;
  }

  /**
   * Opens a checkpoint.
   *
   * @throws IOException in one line if the file cannot be read, is a pickle or has another layout
   */
  public static SingleFile open(Path path) throws IOException {
    String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
    if (PICKLES.stream().anyMatch(name::endsWith)) {
      throw new IOException(
          "%s is a pickle, which may run any program and is not read: load it with diffusers'"
                  .formatted(path)
              + " StableDiffusionPipeline.from_single_file and save it with"
              + " save_pretrained(directory, safe_serialization=True)");
    }
    SafetensorsFile file = Safetensors.open(path);
    Family family = family(file);
    if (family == null) {
      try (file) {
        throw new IOException(
            "%s is no checkpoint of Stable Diffusion 1, 2 or XL in their original layout (its first"
                    .formatted(path)
                + " tensor is %s): give such a file, or a directory as diffusers saves it"
                    .formatted(
                        file.names().isEmpty()
                            ? "missing"
                            : Messages.piece(file.names().getFirst())));
      }
    }
    return new SingleFile(file, family);
  }

  private static Family family(SafetensorsFile file) {
    if (!file.contains(UNET)) {
      return null;
    }
    for (Family family : Family.values()) {
      if (family.texts().stream()
          .allMatch(text -> file.names().stream().anyMatch(name -> name.startsWith(text)))) {
        return family;
      }
    }
    return null;
  }

  /** Which models it belongs to. */
  public Family family() {
    return family;
  }

  /** Channels that its UNet reads: 4, or 9 for inpainting. */
  public int inChannels() {
    return file.shape(UNET)[1];
  }

  /**
   * The UNet's parameters, by diffusers' names.
   *
   * @throws IOException in one line naming the first parameter that is missing or does not fit
   */
  public SequencedMap<String, HostTensor> unet(List<ParameterSpec> specs) throws IOException {
    return read(specs, OriginalLayout.unet(specs));
  }

  /** The autoencoder's parameters, likewise. */
  public SequencedMap<String, HostTensor> autoencoder(List<ParameterSpec> specs)
      throws IOException {
    return read(specs, OriginalLayout.autoencoder(specs));
  }

  /**
   * A text encoder's parameters by transformers' names, likewise.
   *
   * @param number 0, or 1 for the second one of SDXL
   */
  public SequencedMap<String, HostTensor> textEncoder(int number, List<ParameterSpec> specs)
      throws IOException {
    return read(specs, text(family, number, specs));
  }

  private static SequencedMap<String, Place> text(
      Family family, int number, List<ParameterSpec> specs) {
    String prefix = family.texts().get(number);
    return prefix.equals(OPEN_TEXT) || prefix.equals(XL_SECOND)
        ? OriginalLayout.openClip(prefix, specs)
        : OriginalLayout.clip(prefix, specs);
  }

  private SequencedMap<String, HostTensor> read(
      List<ParameterSpec> specs, SequencedMap<String, Place> places) throws IOException {
    SequencedMap<String, HostTensor> parameters = new LinkedHashMap<>();
    for (ParameterSpec spec : specs) {
      Place place = places.get(spec.name());
      if (!file.contains(place.name())) {
        throw new IOException(
            "%s has no %s: it is damaged, or of another model"
                .formatted(file.path(), place.name()));
      }
      HostTensor tensor = file.tensor(place.name());
      if (!Arrays.equals(tensor.shape(), stored(spec.shape(), place.form()))) {
        throw new IOException(
            "%s: %s is %s and should be %s: it is of another model"
                .formatted(
                    file.path(),
                    place.name(),
                    Arrays.toString(tensor.shape()),
                    Arrays.toString(stored(spec.shape(), place.form()))));
      }
      parameters.put(spec.name(), taken(tensor, spec.shape(), place.form()));
    }
    return parameters;
  }

  /** The shape of a parameter in the file. */
  private static int[] stored(int[] shape, Form form) {
    return switch (form) {
      case SAME -> shape;
      case POINTWISE -> new int[] {shape[0], shape[1], 1, 1};
      case TRANSPOSED -> new int[] {shape[1], shape[0]};
      case QUERY, KEY, VALUE -> {
        int[] all = shape.clone();
        all[0] *= 3;
        yield all;
      }
    };
  }

  private static HostTensor taken(HostTensor tensor, int[] shape, Form form) {
    float[] values = tensor.values();
    return new HostTensor(
        shape,
        switch (form) {
          case SAME, POINTWISE -> values;
          case TRANSPOSED -> transposed(values, shape[1], shape[0]);
          case QUERY, KEY, VALUE -> {
            int length = values.length / 3;
            yield Arrays.copyOfRange(values, form.third() * length, (form.third() + 1) * length);
          }
        });
  }

  private static float[] transposed(float[] values, int rows, int columns) {
    float[] transposed = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      transposed[i % columns * rows + i / columns] = values[i];
    }
    return transposed;
  }

  /**
   * Writes a checkpoint in this layout.
   *
   * @param unet parameters by diffusers' names
   * @param autoencoder likewise
   * @param texts the parameters of every text encoder, by transformers' names
   * @throws IOException in one line naming the file and the cause
   */
  public static void write(
      Path path,
      Family family,
      SequencedMap<String, HostTensor> unet,
      SequencedMap<String, HostTensor> autoencoder,
      List<SequencedMap<String, HostTensor>> texts)
      throws IOException {
    SequencedMap<String, HostTensor> tensors = new LinkedHashMap<>();
    put(unet, OriginalLayout.unet(specs(unet)), tensors);
    put(autoencoder, OriginalLayout.autoencoder(specs(autoencoder)), tensors);
    for (int i = 0; i < texts.size(); i++) {
      put(texts.get(i), text(family, i, specs(texts.get(i))), tensors);
    }
    Safetensors.write(path, tensors, Safetensors.PYTORCH_METADATA);
  }

  private static List<ParameterSpec> specs(Map<String, HostTensor> parameters) {
    return parameters.entrySet().stream()
        .map(e -> new ParameterSpec(e.getKey(), e.getValue().shape(), ParameterSpec.Kind.BIAS, 1))
        .toList();
  }

  private static void put(
      SequencedMap<String, HostTensor> parameters,
      SequencedMap<String, Place> places,
      Map<String, HostTensor> tensors) {
    parameters.forEach((name, tensor) -> {
      Place place = places.get(name);
      int[] shape = stored(tensor.shape(), place.form());
      switch (place.form()) {
        case SAME, POINTWISE -> tensors.put(place.name(), new HostTensor(shape, tensor.values()));
        case TRANSPOSED ->
            tensors.put(
                place.name(),
                new HostTensor(
                    shape, transposed(tensor.values(), tensor.shape()[0], tensor.shape()[1])));
        case QUERY, KEY, VALUE -> {
          HostTensor all = tensors.computeIfAbsent(place.name(), n -> HostTensor.zeros(shape));
          int length = tensor.size();
          System.arraycopy(tensor.values(), 0, all.values(), place.form().third() * length, length);
        }
      }
    });
  }

  @Override
  public void close() {
    file.close();
  }
}
