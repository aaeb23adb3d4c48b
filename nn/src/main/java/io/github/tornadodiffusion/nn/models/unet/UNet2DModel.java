package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.ParameterSpec;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.models.unet.DownBlock2D.Downsampling;
import io.github.tornadodiffusion.nn.models.unet.UpBlock2D.Upsampling;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.ScaleImagesOperation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * diffusers' UNet2DModel: a UNet over images with a time embedding (Ho et al. 2020). It declares
 * its parameters and records its forward pass for any batch and image size.
 */
public final class UNet2DModel implements DenoisingModel {
  /** The input that the output is multiplied by, if the time embedding is of Fourier features. */
  private static final String INVERSE_TIMESTEPS = "1 / timesteps";

  private final UNet2DConfig config;
  private final Scope root = Scope.root();
  private final Conv2d convIn;
  private final ConditionEmbedding embedding;
  private final List<UNetBlock> downBlocks = new ArrayList<>();
  private final List<UNetBlock> upBlocks = new ArrayList<>();
  private final UNetMidBlock2D midBlock; // null where there is none
  private final GroupNorm2d convNormOut;
  private final Conv2d convOut;

  /**
   * Builds the modules.
   *
   * @throws IllegalArgumentException naming the layer, if the configuration does not fit together
   */
  public UNet2DModel(UNet2DConfig config) {
    this.config = config;
    List<Integer> channels = config.blockOutChannels();
    int base = channels.getFirst();
    int tembChannels = config.timeEmbedDim();
    convIn = Conv2d.same(root.child("conv_in"), config.inChannels(), base);
    embedding = new ConditionEmbedding(root, config);
    boolean scaleShift = config.resnetTimeScaleShift().equals("scale_shift");
    ResnetBlock2D.Options options =
        ResnetBlock2D.Options.of(tembChannels, groups(base), config.normEps())
            .withScaleShift(scaleShift)
            .with(config.activation())
            .withDropout(config.dropout());
    addDownBlocks(options);
    // The up blocks come before the middle block in PyTorch's state_dict.
    addUpBlocks(options);
    int last = channels.getLast();
    int lastGroups = groups(last);
    Integer attentionGroups = config.attnNormNumGroups();
    if (attentionGroups == null && !scaleShift) {
      attentionGroups = lastGroups;
    }
    ResnetBlock2D.Options middle =
        options
            .withGroups(lastGroups, lastGroups)
            .withOutputScaleFactor(config.midBlockScaleFactor());
    midBlock =
        config.midBlockType() == null
            ? null
            : new UNetMidBlock2D(
                root.child("mid_block"),
                last,
                BlockAttention.self(
                    last, config.addAttention() ? headDim(last) : null, attentionGroups, middle),
                middle);
    convNormOut =
        new GroupNorm2d(root.child("conv_norm_out"), groups(base), base, config.normEps());
    convOut = Conv2d.same(root.child("conv_out"), base, config.outChannels());
  }

  /**
   * A model as a UNet.
   *
   * @throws IllegalArgumentException in one line if it is another
   */
  public static UNet2DModel of(DenoisingModel model) {
    if (model instanceof UNet2DModel unet) {
      return unet;
    }
    throw new IllegalArgumentException(
        "the model is of %s, which can be sampled and no more: give a %s"
            .formatted(model.className(), UNet2DConfigJson.CLASS_NAME));
  }

  /** The configuration that the model was built from. */
  public UNet2DConfig config() {
    return config;
  }

  @Override
  public String className() {
    return UNet2DConfigJson.CLASS_NAME;
  }

  @Override
  public Map<String, Object> fields() {
    return UNet2DConfigJson.fields(config);
  }

  @Override
  public BatchShape batch(int images) {
    if (config.sampleSize() == null) {
      throw new IllegalArgumentException(
          "the model's config.json has no sample_size; add the image size in pixels");
    }
    return new BatchShape(images, config.sampleSize().height(), config.sampleSize().width());
  }

  @Override
  public int inChannels() {
    return config.inChannels();
  }

  @Override
  public int outChannels() {
    return config.outChannels();
  }

  @Override
  public boolean conditioned() {
    return config.conditioned();
  }

  @Override
  public Integer numClassEmbeds() {
    return config.numClassEmbeds();
  }

  @Override
  public boolean takesTimestepZero() {
    return !config.fourier();
  }

  /** Every parameter, with diffusers' names and PyTorch's shapes, in {@code state_dict} order. */
  @Override
  public Parameters parameters() {
    return root.parameters();
  }

  /**
   * The same in the order in which diffusers constructs the layers and PyTorch draws their values.
   */
  public List<ParameterSpec> constructionOrder() {
    return ConstructionOrder.of(parameters().specs());
  }

  /**
   * Checks an image size.
   *
   * @throws IllegalArgumentException if some downsampling would meet an odd height or width
   */
  public void checkSampleSize(int height, int width) {
    int factor = 1 << (config.blockOutChannels().size() - 1);
    if (height < 1 || width < 1 || height % factor != 0 || width % factor != 0) {
      throw new IllegalArgumentException(
          "Images of %d x %d do not fit a UNet with %d levels: use a height and width divisible by %d"
              .formatted(height, width, config.blockOutChannels().size(), factor));
    }
  }

  /**
   * {@link Model#SAMPLE}, {@link Model#TIMESTEPS}, and for a model with classes {@link
   * Model#CLASS_LABELS}.
   */
  @Override
  public List<Input> inputs(BatchShape batch) {
    checkSampleSize(batch.height(), batch.width());
    int n = batch.images();
    Padding border = config.centerInputSample() ? Padding.NONE : convIn.padding();
    List<Input> inputs = new ArrayList<>();
    inputs.add(Input.images(SAMPLE, n, config.inChannels(), batch.height(), batch.width(), border));
    inputs.addAll(embedding.inputs(n));
    if (config.fourier()) {
      inputs.add(Input.numbers(INVERSE_TIMESTEPS, n).from(TIMESTEPS).with(t -> 1 / t));
    }
    return inputs;
  }

  /** Records the prediction {@code [n, h, w, outChannels]}, which is called {@link #SAMPLE} too. */
  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    return Outputs.of(SAMPLE, predict(graph, inputs));
  }

  private Tensor predict(Graph graph, Map<String, Tensor> inputs) {
    Tensor sample = inputs.get(SAMPLE);
    Conditions conditions = Conditions.of(embedding.apply(graph, inputs));
    Tensor x =
        config.centerInputSample()
            ? AffineOperation.record(graph, "center_input_sample", sample, 2, -1, convIn.padding())
            : sample;
    Tensor hidden = convIn.apply(graph, x);
    Skips skips = new Skips(hidden);
    skips.image(x);
    for (UNetBlock block : downBlocks) {
      hidden = block.apply(graph, hidden, conditions, skips);
    }
    if (midBlock != null) {
      hidden = midBlock.apply(graph, hidden, conditions);
    }
    skips.image(null);
    for (UNetBlock block : upBlocks) {
      hidden = block.apply(graph, hidden, conditions, skips);
    }
    hidden = convNormOut.apply(graph, hidden, Activation.SILU, convOut.padding());
    Tensor out = convOut.apply(graph, hidden, null, skips.image());
    return config.fourier()
        ? ScaleImagesOperation.record(
            graph, "division by the timesteps", out, inputs.get(INVERSE_TIMESTEPS))
        : out;
  }

  private void addDownBlocks(ResnetBlock2D.Options options) {
    List<Integer> channels = config.blockOutChannels();
    for (int i = 0; i < channels.size(); i++) {
      String type = config.downBlockTypes().get(i);
      Scope scope = root.child("down_blocks." + i);
      int cin = channels.get(Math.max(0, i - 1));
      int cout = channels.get(i);
      boolean attention = type.startsWith("Attn");
      Integer headDim = attention ? headDim(cout) : null;
      boolean last = i == channels.size() - 1;
      if (type.contains("Skip")) {
        downBlocks.add(
            new SkipDownBlock2D(
                scope, config.layersPerBlock(), cin, cout, headDim, !last, options));
        continue;
      }
      boolean resnet =
          type.startsWith("Resnet") || attention && config.downsampleType().equals("resnet");
      Downsampling ending = resnet ? Downsampling.RESNET : Downsampling.CONV;
      downBlocks.add(
          new DownBlock2D(
              scope,
              config.layersPerBlock(),
              cin,
              cout,
              BlockAttention.self(cout, headDim, options.groups(), options),
              last ? Downsampling.NONE : ending,
              config.downsamplePadding(),
              options));
    }
  }

  private void addUpBlocks(ResnetBlock2D.Options options) {
    List<Integer> channels = config.blockOutChannels().reversed();
    int layers = config.layersPerBlock() + 1;
    for (int i = 0; i < channels.size(); i++) {
      String type = config.upBlockTypes().get(i);
      Scope scope = root.child("up_blocks." + i);
      int cin = channels.get(Math.min(i + 1, channels.size() - 1));
      int previous = channels.get(Math.max(0, i - 1));
      int cout = channels.get(i);
      boolean attention = type.startsWith("Attn");
      Integer headDim = attention ? headDim(cout) : null;
      boolean last = i == channels.size() - 1;
      if (type.contains("Skip")) {
        upBlocks.add(
            new SkipUpBlock2D(scope, layers, cin, previous, cout, headDim, !last, options));
        continue;
      }
      boolean resnet =
          type.startsWith("Resnet") || attention && config.upsampleType().equals("resnet");
      Upsampling ending = resnet ? Upsampling.RESNET : Upsampling.CONV;
      upBlocks.add(
          new UpBlock2D(
              scope,
              layers,
              cin,
              previous,
              cout,
              BlockAttention.self(cout, headDim, options.groups(), options),
              last ? Upsampling.NONE : ending,
              options));
    }
  }

  /** Groups of the normalisations of the middle block and the output; skip blocks have others. */
  private int groups(int channels) {
    Integer groups = config.normNumGroups();
    return groups == null ? SkipDownBlock2D.groups(channels) : groups;
  }

  private int headDim(int channels) {
    return config.attentionHeadDim() == null ? channels : config.attentionHeadDim();
  }
}
