package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import io.github.tornadodiffusion.nn.training.LearningRateSchedule.Kind;
import java.util.List;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** The presets that {@code --preset} names. */
public final class Presets {
  /** The preset of {@code train} without options. */
  public static final String DEFAULT = "digits";

  private static final String DOWN = "DownBlock2D";
  private static final String UP = "UpBlock2D";
  private static final String ATTENTION_DOWN = "AttnDownBlock2D";
  private static final String ATTENTION_UP = "AttnUpBlock2D";
  private static final int TIMESTEPS = 1000;

  private Presets() {}

  /** The presets, the default first. */
  public static List<Preset> all() {
    return List.of(digits(), butterflies(), unit1());
  }

  /**
   * The preset of a name.
   *
   * @param name one of {@link #all}, or a class that supplies a {@link Preset}, on the class path
   *     or in a plug-in, see {@link Plugins}
   * @throws IllegalArgumentException in one line if there is none
   */
  public static Preset named(String name) {
    return all().stream()
        .filter(preset -> preset.name().equals(name))
        .findFirst()
        .or(() -> Plugins.create(Source.class, name).map(Source::get))
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown preset '%s'; use %s".formatted(Messages.line(name), names())));
  }

  /** Supplies a preset. An implementation has a public constructor without arguments. */
  @FunctionalInterface
  public interface Source extends Supplier<Preset> {}

  /** The names, for messages. */
  static String names() {
    return all().stream().map(Preset::name).collect(Collectors.joining(" or "));
  }

  /** Handwritten digits of 8x8 grey pixels, in about two minutes on two cores. */
  private static Preset digits() {
    UNet2DConfig model =
        UNet2DConfig.builder()
            .sampleSize(8)
            .inChannels(1)
            .outChannels(1)
            .layersPerBlock(2)
            .blockOutChannels(32, 64, 64)
            .downBlockTypes(DOWN, ATTENTION_DOWN, DOWN)
            .upBlockTypes(UP, ATTENTION_UP, UP)
            .normNumGroups(8)
            .build();
    return new Preset(
        "digits",
        "digits",
        model,
        BetaSchedule.SQUAREDCOS_CAP_V2,
        PredictionType.EPSILON,
        TIMESTEPS,
        new Preset.Recipe(
            64,
            2000,
            0,
            false,
            Optimization.constant(1e-3)
                .withSchedule(Kind.COSINE, 50)
                .withMaxGradNorm(1)
                .withEmaDecay(0.995)));
  }

  /** Drawn butterflies of 32x32 colour pixels. */
  private static Preset butterflies() {
    UNet2DConfig model =
        UNet2DConfig.builder()
            .sampleSize(32)
            .layersPerBlock(2)
            .blockOutChannels(32, 64, 128, 128)
            .downBlockTypes(DOWN, DOWN, ATTENTION_DOWN, DOWN)
            .upBlockTypes(UP, ATTENTION_UP, UP, UP)
            .normNumGroups(8)
            .build();
    return new Preset(
        "butterflies",
        "butterflies",
        model,
        BetaSchedule.SQUAREDCOS_CAP_V2,
        PredictionType.EPSILON,
        TIMESTEPS,
        new Preset.Recipe(
            32,
            3000,
            0,
            true,
            Optimization.constant(5e-4)
                .withSchedule(Kind.COSINE, 100)
                .withMaxGradNorm(1)
                .withEmaDecay(0.999)));
  }

  /** The UNet and recipe of unit 1 of Hugging Face's diffusion course. */
  private static Preset unit1() {
    UNet2DConfig model =
        UNet2DConfig.builder()
            .sampleSize(32)
            .layersPerBlock(2)
            .blockOutChannels(64, 128, 128, 256)
            .downBlockTypes(DOWN, DOWN, ATTENTION_DOWN, ATTENTION_DOWN)
            .upBlockTypes(ATTENTION_UP, ATTENTION_UP, UP, UP)
            .build();
    return new Preset(
        "unit1",
        "butterflies",
        model,
        BetaSchedule.SQUAREDCOS_CAP_V2,
        PredictionType.EPSILON,
        TIMESTEPS,
        new Preset.Recipe(64, 0, 30, false, Optimization.constant(4e-4)));
  }
}
