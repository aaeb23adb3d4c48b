package io.github.tornadodiffusion.diffusion.fuzz;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.model.DiffusionModel;
import io.github.tornadodiffusion.diffusion.sampling.Mask;
import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.Schedulers;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.io.Safetensors;
import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Every reader of files, as a method that takes the bytes of one. What is around the file is fixed:
 * an index has a model beside it, labels have images.
 */
final class FuzzTargets {
  /** Puts a file among others where its reader looks for it, and reads it. */
  @FunctionalInterface
  interface Target {
    /**
     * Reads a file.
     *
     * @param directory empty, for this file alone
     */
    void read(Path directory, byte[] file) throws IOException;
  }

  private static final int IMAGE_SIZE = 8;
  private static final int COLOURS = 3;

  private static final SequencedMap<String, Target> TARGETS = new LinkedHashMap<>();

  static {
    TARGETS.put("safetensors", FuzzTargets::safetensors);
    TARGETS.put("unet-config", FuzzTargets::unetConfig);
    TARGETS.put("scheduler-config", FuzzTargets::schedulerConfig);
    TARGETS.put("model-index", FuzzTargets::modelIndex);
    TARGETS.put("weight-index", FuzzTargets::weightIndex);
    TARGETS.put("class-labels", FuzzTargets::classLabels);
    TARGETS.put("image", FuzzTargets::image);
    TARGETS.put("mask", FuzzTargets::mask);
    TARGETS.put("idx-images", FuzzTargets::idxImages);
    TARGETS.put("idx-labels", FuzzTargets::idxLabels);
    TARGETS.put("cifar", (directory, file) -> data(directory, "data_batch_1.bin", file));
    TARGETS.put("cifar-names", FuzzTargets::cifarNames);
    TARGETS.put("parquet", (directory, file) -> data(directory, "train.parquet", file));
    TARGETS.put("zip", (directory, file) -> data(directory, "images.zip", file));
    for (String name : new String[] {"dataset.json", "metadata.csv", "metadata.jsonl"}) {
      TARGETS.put(name, (directory, file) -> labels(directory, name, file));
    }
    TARGETS.put("tar", (directory, file) -> data(directory, "images.tar", file));
  }

  private FuzzTargets() {}

  static List<String> names() {
    return List.copyOf(TARGETS.keySet());
  }

  static Target of(String name) {
    return TARGETS.get(name);
  }

  private static void safetensors(Path directory, byte[] file) throws IOException {
    Path path = Files.write(directory.resolve("tensors.safetensors"), file);
    SequencedMap<String, HostTensor> tensors = Safetensors.read(path);
    long values = tensors.values().stream().mapToLong(HostTensor::size).sum();
    if (values > file.length) {
      throw new AssertionError(values + " values of a file of " + file.length + " bytes");
    }
  }

  /** A configuration that is accepted is written and read as the same one. */
  private static void unetConfig(Path directory, byte[] file) throws IOException {
    Files.write(directory.resolve(ModelFiles.CONFIG), file);
    Safetensors.write(
        directory.resolve(ModelFiles.WEIGHTS), new LinkedHashMap<>(), Safetensors.PYTORCH_METADATA);
    UNet2DConfig config = UNet2DConfig.read(directory.resolve(ModelFiles.CONFIG));
    if (!UNet2DConfig.fromJson(config.toJson()).equals(config)) {
      throw new AssertionError("read back as another: " + config.toJson());
    }
    try {
      DiffusionModel.readUNet(directory);
    } catch (IOException e) {
      // The configuration is a model's, which has parameters; here are none.
      if (!e.getMessage().contains("do not fit")) {
        throw e;
      }
    }
  }

  private static void schedulerConfig(Path directory, byte[] file) throws IOException {
    Path path = Files.write(directory.resolve("scheduler_config.json"), file);
    Scheduler scheduler = Schedulers.read(path);
    String json = Schedulers.toJson(scheduler);
    if (!Schedulers.toJson(Schedulers.convert(scheduler, scheduler.className())).equals(json)) {
      throw new AssertionError("read back as another: " + json);
    }
    scheduler.plan(4, StepOptions.DEFAULTS);
  }

  private static void modelIndex(Path directory, byte[] file) throws IOException {
    SmallModel.write(directory);
    Files.write(directory.resolve(DiffusionModel.INDEX), file);
    DiffusionModel.read(directory);
  }

  private static void weightIndex(Path directory, byte[] file) throws IOException {
    SmallModel.write(directory);
    Path unet = directory.resolve(DiffusionModel.UNET);
    Path weights = unet.resolve(ModelFiles.WEIGHTS);
    Files.move(weights, unet.resolve("a.safetensors"));
    Files.write(unet.resolve(ModelFiles.WEIGHTS + ".index.json"), file);
    DiffusionModel.readUNet(directory);
  }

  private static void classLabels(Path directory, byte[] file) throws IOException {
    Files.write(directory.resolve("class_labels.json"), file);
    ClassLabels.read(directory, 11);
  }

  private static void image(Path directory, byte[] file) throws IOException {
    Path path = Files.write(directory.resolve("image"), file);
    ImageDecoder.decode(path, IMAGE_SIZE, COLOURS);
  }

  private static void mask(Path directory, byte[] file) throws IOException {
    Path path = Files.write(directory.resolve("mask.png"), file);
    Mask.read(path, Datasets.open("digits", IMAGE_SIZE, 1, 0));
  }

  private static void idxImages(Path directory, byte[] file) throws IOException {
    data(directory, "train-images-idx3-ubyte", file);
  }

  private static void idxLabels(Path directory, byte[] file) throws IOException {
    Files.write(directory.resolve("train-labels-idx1-ubyte"), file);
    byte[] images = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 7, 9};
    data(directory, "train-images-idx3-ubyte", images);
  }

  private static void cifarNames(Path directory, byte[] file) throws IOException {
    Files.write(directory.resolve("batches.meta.txt"), file);
    data(directory, "data_batch_1.bin", new byte[1 + 32 * 32 * COLOURS]);
  }

  /** Labels beside two images. */
  private static void labels(Path directory, String name, byte[] file) throws IOException {
    byte[] image =
        HexFormat.of()
            .parseHex("474946383961010001008000000000000000002c000000000100010000020144003b");
    Files.createDirectories(directory.resolve("data/00000"));
    Files.write(directory.resolve("data/00000/a.gif"), image);
    Files.write(directory.resolve("data/00000/b.gif"), image);
    Files.write(directory.resolve("data").resolve(name), file);
    read(Datasets.open(directory.resolve("data").toString(), IMAGE_SIZE, COLOURS, 0));
  }

  /** Opens a data set and looks at all that it says of itself and at every image. */
  private static void data(Path directory, String name, byte[] file) throws IOException {
    Path path = Files.write(directory.resolve(name), file);
    read(Datasets.open(path.toString(), IMAGE_SIZE, COLOURS, 0));
  }

  private static void read(Dataset data) {
    for (int i = 0; i < data.size(); i++) {
      if (data.label(i) >= Math.max(1, data.classNames().size())) {
        throw new AssertionError("label " + data.label(i) + " of " + data.classNames());
      }
      data.image(i);
    }
    data.warnings().forEach(Fuzzing::checkMessage);
  }
}
