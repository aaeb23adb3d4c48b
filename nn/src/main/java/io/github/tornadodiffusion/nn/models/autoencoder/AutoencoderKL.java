package io.github.tornadodiffusion.nn.models.autoencoder;

import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.operations.BoundedOperation;
import io.github.tornadodiffusion.nn.operations.PosteriorOperation;
import io.github.tornadodiffusion.nn.operations.SplitOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * diffusers' AutoencoderKL (Kingma and Welling 2014, Rombach et al. 2022): it encodes images as
 * normal distributions over latents and decodes latents. As a whole it draws latents from the
 * distribution of an image and decodes them, which is what it is trained for; its halves have their
 * own parameters alone and so take less memory.
 */
public final class AutoencoderKL implements Model {
  /** What is encoded, {@code [n, inChannels, h, w]}, about in [-1, 1]. */
  public static final String IMAGES = "images";

  /** Standard normal noise that latents are drawn with, of their shape. */
  public static final String NOISE = "noise";

  /** What is decoded, {@code [n, latentChannels, h / f, w / f]}, not scaled. */
  public static final String LATENTS = "latents";

  /** The means of the latents' distributions, of their shape. */
  public static final String MEAN = "mean";

  /** The logarithms of their variances, from -30 to 20. */
  public static final String LOGVAR = "logvar";

  /** The decoded images, {@code [n, outChannels, h, w]}. */
  public static final String RECONSTRUCTION = "reconstruction";

  /** diffusers' bounds of the logarithm of a variance. */
  private static final double LEAST_LOGVAR = -30;

  private static final double LARGEST_LOGVAR = 20;

  private final AutoencoderKLConfig config;
  private final Scope root = Scope.root();
  private final Encoder encoder; // null in the half that decodes
  private final Decoder decoder; // null in the half that encodes
  private final Conv2d quantConv;
  private final Conv2d postQuantConv;

  /** The whole autoencoder. */
  public AutoencoderKL(AutoencoderKLConfig config) {
    this(config, true, true);
  }

  private AutoencoderKL(AutoencoderKLConfig config, boolean encodes, boolean decodes) {
    this.config = config;
    int latent = config.latentChannels();
    encoder = encodes ? new Encoder(root.child("encoder"), config) : null;
    decoder = decodes ? new Decoder(root.child("decoder"), config) : null;
    quantConv = encodes && config.useQuantConv() ? pointwise("quant_conv", 2 * latent) : null;
    postQuantConv =
        decodes && config.usePostQuantConv() ? pointwise("post_quant_conv", latent) : null;
  }

  private Conv2d pointwise(String name, int channels) {
    return Conv2d.conv(root.child(name), channels, channels, 1, 1, Padding.NONE, true);
  }

  /** The half from {@link #IMAGES} to {@link #MEAN} and {@link #LOGVAR}. */
  public static AutoencoderKL encoder(AutoencoderKLConfig config) {
    return new AutoencoderKL(config, true, false);
  }

  /**
   * The half from {@link #LATENTS} to {@link #RECONSTRUCTION}; height and width of its batches are
   * those of the latents.
   */
  public static AutoencoderKL decoder(AutoencoderKLConfig config) {
    return new AutoencoderKL(config, false, true);
  }

  /** The configuration. */
  public AutoencoderKLConfig config() {
    return config;
  }

  @Override
  public Parameters parameters() {
    return root.parameters();
  }

  /**
   * {@link #IMAGES}, and of the whole {@link #NOISE}; of the half that decodes {@link #LATENTS}.
   *
   * @throws IllegalArgumentException if the images are smaller than the encoder can halve them
   */
  @Override
  public List<Input> inputs(BatchShape batch) {
    int n = batch.images();
    int latent = config.latentChannels();
    if (encoder == null) {
      return List.of(Input.images(LATENTS, n, latent, batch.height(), batch.width(), Padding.NONE));
    }
    int factor = config.scaleFactor();
    if (batch.height() < factor || batch.width() < factor) {
      throw new IllegalArgumentException(
          "Images of %d x %d are too small for an autoencoder of %d levels: use %d x %d or more"
              .formatted(
                  batch.height(), batch.width(), config.blockOutChannels().size(), factor, factor));
    }
    List<Input> inputs = new ArrayList<>();
    inputs.add(
        Input.images(IMAGES, n, config.inChannels(), batch.height(), batch.width(), Padding.NONE));
    if (decoder != null) {
      int h = batch.height() / factor;
      int w = batch.width() / factor;
      inputs.add(Input.images(NOISE, n, latent, h, w, Padding.NONE));
    }
    return inputs;
  }

  /** {@link #RECONSTRUCTION} of what decodes; {@link #MEAN} and {@link #LOGVAR} of what encodes. */
  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    if (encoder == null) {
      return Outputs.of(RECONSTRUCTION, decode(graph, inputs.get(LATENTS)));
    }
    Tensor moments = encoder.apply(graph, inputs.get(IMAGES));
    if (quantConv != null) {
      moments = quantConv.apply(graph, moments);
    }
    List<Tensor> halves = SplitOperation.record(graph, "moments", moments, config.latentChannels());
    Tensor mean = halves.getFirst();
    Tensor logvar =
        BoundedOperation.record(graph, LOGVAR, halves.getLast(), LEAST_LOGVAR, LARGEST_LOGVAR);
    SequencedMap<String, Tensor> distribution = Outputs.of(MEAN, mean, LOGVAR, logvar);
    if (decoder == null) {
      return distribution;
    }
    Tensor latents =
        PosteriorOperation.record(graph, LATENTS, mean, logvar, inputs.get(NOISE), Padding.NONE);
    SequencedMap<String, Tensor> outputs = Outputs.of(RECONSTRUCTION, decode(graph, latents));
    outputs.putAll(distribution);
    return outputs;
  }

  private Tensor decode(Graph graph, Tensor latents) {
    Tensor hidden = postQuantConv == null ? latents : postQuantConv.apply(graph, latents);
    return decoder.apply(graph, hidden);
  }
}
