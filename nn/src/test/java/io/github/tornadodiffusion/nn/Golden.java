package io.github.tornadodiffusion.nn;

import java.net.URI;
import java.nio.file.Path;
import java.util.List;

/** Reference files made with diffusers 0.27.2 and PyTorch 1.13. */
public final class Golden {
  static final List<String> UNETS =
      List.of(
          "tiny_ddpm_pipeline/unet",
          "unet_options/gelu_fourier_classes",
          "unet_options/mish_learned_time",
          "unet_variants/class_labels",
          "unet_variants/ddpm_original",
          "unet_variants/grey_center_rect",
          "unet_variants/resnet_updown",
          "unet_variants/scale_shift");

  private Golden() {}

  public static Path path(String name) {
    return Path.of(URI.create(Golden.class.getResource("/golden/" + name).toString()));
  }

  static List<String> unets() {
    return UNETS;
  }
}
