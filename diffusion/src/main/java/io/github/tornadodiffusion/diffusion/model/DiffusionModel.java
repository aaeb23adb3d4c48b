package io.github.tornadodiffusion.diffusion.model;

import io.github.tornadodiffusion.diffusion.schedulers.DDIMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.DDPMScheduler;
import io.github.tornadodiffusion.diffusion.schedulers.SamplerName;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.io.Sha256;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;

/**
 * A model with its scheduler, in a directory as diffusers' DDPMPipeline and DDIMPipeline save it:
 * {@code model_index.json}, {@code unet/} and {@code scheduler/}. As in diffusers, a part without a
 * directory of its own is read from the directory itself, as in the first models that were
 * published.
 *
 * @param scheduler the scheduler of training, which also samples unless another is asked for
 * @param model a UNet2DModel, or one of another class
 * @param parameters its parameters by PyTorch's names, in the order of the specifications
 */
public record DiffusionModel(
    Scheduler scheduler, DenoisingModel model, SequencedMap<String, HostTensor> parameters) {
  /** The file that names the parts of a model. */
  public static final String INDEX = "model_index.json";

  /** The directory of the scheduler. */
  public static final String SCHEDULER = "scheduler";

  /** The directory of the UNet. */
  public static final String UNET = "unet";

  private static final String TRAINED = "DDPMScheduler";
  private static final String SCHEDULER_CONFIG = "scheduler_config.json";
  private static final String UNET_CLASS = "UNet2DModel";
  private static final String LIBRARY = "diffusers";
  private static final Set<String> PARTS = Set.of(UNET, SCHEDULER);

  /** The pipelines that make a scheduler of their own class of the one that they are given. */
  private static final Map<String, String> CONVERTING =
      Map.of("DDIMPipeline", "DDIMScheduler", "PNDMPipeline", "PNDMScheduler");

  /** A UNet with its scheduler. */
  public DiffusionModel(
      Scheduler scheduler, UNet2DConfig unet, SequencedMap<String, HostTensor> parameters) {
    this(scheduler, new UNet2DModel(unet), parameters);
  }

  /**
   * The UNet's configuration.
   *
   * @throws IllegalArgumentException in one line if the model is none
   */
  public UNet2DConfig unet() {
    return UNet2DModel.of(model).config();
  }

  /**
   * Reads a model with the scheduler that it names.
   *
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public static DiffusionModel read(Path directory) throws IOException {
    return readWith(directory, null);
  }

  /**
   * Reads a model and makes another scheduler from its scheduler's configuration.
   *
   * @param sampler see {@link SamplerName#of}
   * @throws IOException in one line naming the file, the cause and the remedy
   * @throws IllegalArgumentException in one line if there is no such sampler
   */
  public static DiffusionModel read(Path directory, String sampler) throws IOException {
    return readWith(directory, SamplerName.of(sampler));
  }

  private static DiffusionModel readWith(Path directory, SamplerName sampler) throws IOException {
    checkDirectory(directory);
    Path index = directory.resolve(INDEX);
    if (!Files.isRegularFile(index)) {
      throw noModel(directory);
    }
    String named = Json.read(index, DiffusionModel::schedulerClass);
    Path config = part(directory, SCHEDULER).resolve(SCHEDULER_CONFIG);
    Scheduler scheduler = Schedulers.read(config, named, index, sampler);
    ModelFiles.Stored stored = ModelFiles.read(part(directory, UNET));
    return new DiffusionModel(scheduler, stored.model(), stored.parameters());
  }

  /**
   * Reads the UNet alone: of a model, whatever its scheduler, or of a directory that diffusers'
   * {@code UNet2DModel.save_pretrained} wrote.
   *
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public static ModelFiles.UNet readUNet(Path directory) throws IOException {
    checkDirectory(directory);
    Path index = directory.resolve(INDEX);
    Path unet = part(directory, UNET);
    if (Files.isRegularFile(index)) {
      Json.read(
          index,
          fields -> {
            checkModel(fields);
            return null;
          });
    } else if (!Files.isRegularFile(unet.resolve(ModelFiles.CONFIG))) {
      throw noModel(directory);
    }
    return ModelFiles.readUNet(unet, config -> new UNet2DModel(config).parameters().specs());
  }

  private static void checkDirectory(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      throw new IOException(
          directory + " is not a directory: name one that a training run or diffusers wrote");
    }
  }

  private static IOException noModel(Path directory) {
    return new IOException(
        directory + " holds no model (it has no " + INDEX + "): name a model directory");
  }

  /** The directory of a part. */
  private static Path part(Path directory, String name) {
    Path own = directory.resolve(name);
    return Files.isDirectory(own) ? own : directory;
  }

  private static void checkModel(JsonFields index) {
    List<String> unet = index.strings(UNET, List.of());
    boolean known =
        unet.size() == 2
            && unet.getFirst().equals(LIBRARY)
            && (unet.getLast().equals(UNET_CLASS)
                || Plugins.find(DenoisingModel.class, unet.getLast()).isPresent());
    if (!known) {
      throw new IllegalArgumentException(
          "unet is %s: only pipelines with a %s, or a class of your own with --plugin, can be read"
              .formatted(unet.isEmpty() ? "missing" : unet, UNET_CLASS));
    }
  }

  /** The class that diffusers gives the scheduler of a pipeline, whatever its own file says. */
  private static String schedulerClass(JsonFields index) {
    checkModel(index);
    List<String> scheduler = index.strings(SCHEDULER, List.of());
    if (scheduler.size() != 2) {
      throw new IllegalArgumentException(
          "scheduler is missing: only pipelines with a scheduler can be read");
    }
    if (!scheduler.getFirst().equals(LIBRARY)) {
      throw new IllegalArgumentException(
          "scheduler is %s: only those of %s can be read".formatted(scheduler, LIBRARY));
    }
    for (String key : index.keys()) {
      // A part of its own is a list of library and class; those that are left out are null.
      if (index.isList(key) && !PARTS.contains(key) && !index.isListOfNulls(key)) {
        throw new IllegalArgumentException(
            "the pipeline has a %s too: only those of a %s and a scheduler alone can be read"
                .formatted(Messages.line(key), UNET_CLASS));
      }
    }
    index.refuseOthers(key -> PARTS.contains(key) || index.isList(key), "diffusers' pipelines");
    String last = scheduler.getLast();
    // What does not exist here may have been replaced by another sampler.
    String named = Schedulers.isRelated(last) ? last : Schedulers.className(last);
    String converted = CONVERTING.get(index.string("_class_name", ""));
    if (converted != null && !Schedulers.isConvertible(named, converted)) {
      throw new IllegalArgumentException(
          "scheduler is %s, which its %s cannot have: name a DDPMPipeline"
              .formatted(named, index.string("_class_name", "")));
    }
    return converted == null ? named : converted;
  }

  /**
   * Checks that a run can begin in the directory, which must be absent or empty.
   *
   * @throws IOException in one line if it holds anything
   */
  public static void checkFree(Path directory) throws IOException {
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw new IOException(directory + " is a file: choose another output directory");
    }
    if (Files.isDirectory(directory)) {
      try (var entries = Files.list(directory)) {
        if (entries.findAny().isPresent()) {
          throw new IOException(
              directory + " is not empty, nothing was written: choose another output directory");
        }
      }
    }
  }

  /**
   * Writes the model to a directory that is absent or empty.
   *
   * @throws IOException in one line if the directory holds anything or a file cannot be written
   */
  public void write(Path directory) throws IOException {
    checkFree(directory);
    writeInto(directory);
  }

  /**
   * Writes the model into a run's own directory; earlier files of a model are replaced, each
   * atomically, the index last.
   *
   * @throws IOException in one line if a file cannot be written
   */
  public void writeInto(Path directory) throws IOException {
    Path schedulerDirectory = Files.createDirectories(directory.resolve(SCHEDULER));
    ModelFiles.write(directory.resolve(UNET), model, parameters);
    AtomicFiles.write(schedulerDirectory.resolve(SCHEDULER_CONFIG), Schedulers.toJson(scheduler));
    Json.write(directory.resolve(INDEX), index());
  }

  /**
   * The scheduler as the one that training is for, with all that its configuration says of it.
   *
   * @throws IllegalArgumentException in one line if models of its kind are not trained here
   */
  public DDPMScheduler trainingScheduler() {
    if (!Schedulers.isConvertible(scheduler, TRAINED)) {
      throw new IllegalArgumentException(
          "a model for %s cannot be trained here, as its training differs from that of %s: begin"
                  .formatted(scheduler.className(), TRAINED)
              + " with another model");
    }
    return (DDPMScheduler) Schedulers.convert(scheduler, TRAINED);
  }

  /** SHA-256 over the scheduler, the configuration and all parameters, in hexadecimal. */
  public String hash() {
    MessageDigest digest = Sha256.digest();
    String configuration = Schedulers.toJson(scheduler) + model.toJson();
    digest.update(configuration.getBytes(StandardCharsets.UTF_8));
    parameters.forEach((name, tensor) -> {
      digest.update(name.getBytes(StandardCharsets.UTF_8));
      ByteBuffer bytes = ByteBuffer.allocate(tensor.values().length * Float.BYTES);
      bytes.asFloatBuffer().put(tensor.values());
      digest.update(bytes.array());
    });
    return Sha256.hex(digest);
  }

  private Map<String, Object> index() {
    return Map.of(
        "_class_name",
        // diffusers has no pipelines named after the other schedulers.
        scheduler instanceof DDIMScheduler ? "DDIMPipeline" : "DDPMPipeline",
        "_diffusers_version",
        Json.DIFFUSERS_VERSION,
        SCHEDULER,
        List.of(LIBRARY, scheduler.className()),
        UNET,
        List.of(LIBRARY, model.className()));
  }
}
