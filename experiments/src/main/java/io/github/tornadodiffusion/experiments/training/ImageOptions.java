package io.github.tornadodiffusion.experiments.training;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.ImageSizes;
import io.github.tornadodiffusion.diffusion.data.Originals;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.training.Preset;
import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.Arguments;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/**
 * The images of a training and the preset that goes with them: as given, chosen to fit the data, or
 * the default; and what the images lose on the way from their files.
 */
public final class ImageOptions {
  private static final String PRESET = "--preset";
  private static final String SIZE = "--image-size";
  private static final String CHANNELS = "--channels";

  /** The preset of the digits has three levels, which is right for images up to this size. */
  private static final int SMALL = 16;

  private static final String SMALL_PRESET = "digits";
  private static final String LARGE_PRESET = "butterflies";

  @Option(
      names = PRESET,
      paramLabel = "P",
      description =
          "digits, butterflies, unit1 or a class of your own, see --plugin (default: "
              + Presets.DEFAULT
              + "; with --data the one that fits the images).")
  public String preset;

  @Option(
      names = "--data",
      paramLabel = "SRC",
      description =
          "digits, butterflies, butterflies:COUNT, or the path of a directory, an archive or a data"
              + " set of images (default: the preset's).")
  public String data;

  @Option(names = SIZE, paramLabel = "N", description = "Width and height in pixels.")
  public Integer imageSize;

  @Option(names = CHANNELS, paramLabel = "N", description = "1 (grey) or 3 (colour).")
  public Integer channels;

  private String chosen;
  private boolean chosenSize;
  private boolean chosenChannels;

  /** The name of the preset. */
  public String preset() {
    return preset == null ? Presets.DEFAULT : preset;
  }

  /** The source of the images. */
  public String data() {
    return data == null ? Presets.named(preset()).data() : data;
  }

  /**
   * What fits images.
   *
   * @param found what they are in their files; empty if they come from none
   * @param preset by the size of the images
   * @param imageSize no less than that of the files up to 16 pixels
   * @param channels 1 where no image has colour
   */
  public record Fit(Optional<Originals> found, Preset preset, int imageSize, int channels) {
    /**
     * Looks at some of the images.
     *
     * @throws IllegalArgumentException in one line if there are none
     */
    public static Fit of(String source) {
      Optional<Originals> found = Datasets.look(source);
      if (found.isEmpty()) {
        Preset own = Presets.named(source.equals(SMALL_PRESET) ? SMALL_PRESET : LARGE_PRESET);
        return new Fit(found, own, own.model().sampleSize().width(), own.model().inChannels());
      }
      Originals images = found.get();
      int side = Math.min(images.sizes().maxWidth(), images.sizes().maxHeight());
      Preset preset = Presets.named(side <= SMALL ? SMALL_PRESET : LARGE_PRESET);
      int usual = preset.model().sampleSize().width();
      return new Fit(
          found,
          preset,
          side <= SMALL && side > usual ? SMALL : usual,
          images.coloured() == 0 ? 1 : 3);
    }

    private String describe(int size, int planes) {
      return "preset %s with images of %s, %s; %s names another"
          .formatted(
              preset.name(),
              kind(size, planes),
              found
                  .map(images -> "because the files are " + images.describe())
                  .orElse("because the images are made for it"),
              PRESET);
    }
  }

  /**
   * Chooses what is not given so that it fits the data, where data is given and no preset.
   *
   * @throws IllegalArgumentException in one line if there is no such data
   */
  public void fit() {
    if (preset != null || data == null) {
      return;
    }
    Fit fit = Fit.of(data);
    preset = fit.preset().name();
    // What was chosen is no decision of the user, so what is lost is still worth a warning.
    chosenSize = imageSize == null;
    chosenChannels = channels == null;
    imageSize = chosenSize ? Integer.valueOf(fit.imageSize()) : imageSize;
    channels = chosenChannels ? Integer.valueOf(fit.channels()) : channels;
    chosen = fit.describe(imageSize, channels);
  }

  /** Says what was chosen, and warns of what images lose that nobody asked to be lost. */
  public void say(Dataset images, PrintWriter err) {
    sayChosen(err);
    losses(images).forEach(warning -> err.println("warning: " + Messages.line(warning)));
    err.flush();
  }

  /** Says what was chosen, if anything was. */
  void sayChosen(PrintWriter err) {
    if (chosen != null) {
      err.println(Messages.line(chosen));
    }
  }

  /** Takes what is not given from a network, which decides it. */
  public void of(UNet2DConfig unet) {
    imageSize = imageSize == null ? Integer.valueOf(unet.sampleSize().height()) : imageSize;
    channels = channels == null ? Integer.valueOf(unet.inChannels()) : channels;
  }

  /**
   * The arguments of a run with the preset, the size and the channels that it had, if they do not
   * name them: so that it is the same run also where the choice would be another one today.
   *
   * @param run its manifest
   */
  public static List<String> pinned(List<String> arguments, JsonNode run) {
    if (Arguments.gives(arguments, PRESET)
        || Arguments.gives(arguments, "--model")
        || !Arguments.gives(arguments, "--data")
        || recorded(run).isEmpty()) {
      return arguments;
    }
    List<String> pinned = new ArrayList<>(arguments);
    pinned.addAll(List.of(PRESET, recorded(run).get().path("preset").asString()));
    if (!Arguments.gives(arguments, SIZE)) {
      pinned.addAll(List.of(SIZE, Integer.toString(size(unet(run)))));
    }
    if (!Arguments.gives(arguments, CHANNELS)) {
      pinned.addAll(List.of(CHANNELS, Integer.toString(unet(run).path("in_channels").asInt())));
    }
    return pinned;
  }

  /** What a manifest tells of its training; empty where it tells of none. */
  private static Optional<JsonNode> recorded(JsonNode run) {
    JsonNode inExperiment = run.at("/configuration/training");
    JsonNode training = inExperiment.isObject() ? inExperiment : run.path("configuration");
    boolean whole = training.path("preset").isString() && unet(run).path("in_channels").isNumber();
    return whole ? Optional.of(training) : Optional.empty();
  }

  private static JsonNode unet(JsonNode run) {
    JsonNode inExperiment = run.at("/configuration/training/unet");
    return inExperiment.isObject() ? inExperiment : run.path("unet");
  }

  private static int size(JsonNode unet) {
    JsonNode size = unet.path("sample_size");
    return size.isArray() ? size.path(0).asInt() : size.asInt();
  }

  /** What images became, and what they are in their files: in a few words. */
  public static String describe(Dataset images) {
    String now = kind(images.imageSize(), images.channels());
    return images
        .originals()
        .map(files -> {
          boolean same =
              files.sizes().equals(ImageSizes.of(images.imageSize(), images.imageSize()))
                  && (images.channels() == 1 ? 0 : files.count()) == files.coloured();
          return now + (same ? ", as their files" : "; the files are " + files.describe());
        })
        .orElse(now);
  }

  private static String kind(int size, int channels) {
    return size + "x" + size + (channels == 1 ? " grey" : " colour");
  }

  /** Warns of what images lose that nobody asked to be lost, one line each. */
  public List<String> losses(Dataset images) {
    List<String> warnings = new ArrayList<>();
    Originals files = images.originals().orElse(null);
    if (files == null) {
      return warnings;
    }
    if (images.channels() == 1 && files.coloured() > 0 && (channels == null || chosenChannels)) {
      warnings.add(
          "%s of %s lose their colour; keep it with %s 3, or give %s 1 if that is meant"
              .formatted(images(files.coloured()), count(files.count()), CHANNELS, CHANNELS));
    }
    if (files.halved() > 0 && (imageSize == null || chosenSize)) {
      int size = images.imageSize();
      warnings.add(
          "%s of %s lose more than half of their width and height, which become %d pixels; keep more"
                  .formatted(images(files.halved()), count(files.count()), size)
              + " with %s %d, which takes about four times as long, or give %s %d if that is meant"
                  .formatted(SIZE, 2 * size, SIZE, size));
    }
    return warnings;
  }

  private static String images(int count) {
    return count(count) + (count == 1 ? " image" : " images");
  }

  private static String count(int count) {
    return String.format(Locale.ROOT, "%,d", count);
  }
}
