package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.layers.AddedKvAttention;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.layers.GroupNorm2d;
import io.github.tornadodiffusion.nn.layers.ResnetBlock2D;
import io.github.tornadodiffusion.nn.layers.Transformer2DModel;
import io.github.tornadodiffusion.nn.models.DenoisingModel;
import io.github.tornadodiffusion.nn.models.unet.DownBlock2D.Downsampling;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionConfig.Level;
import io.github.tornadodiffusion.nn.models.unet.UpBlock2D.Upsampling;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.function.Function;

/**
 * diffusers' UNet2DConditionModel: a UNet over images or latents that attends to the hidden states
 * of a text (Rombach et al. 2022), for any batch and size.
 */
public final class UNet2DConditionModel implements DenoisingModel {
  /** The hidden states of the text, {@code [n, tokens, contextChannels]}. */
  public static final String ENCODER_HIDDEN_STATES = "encoder_hidden_states";

  /** 1 for a token to attend to and 0 for another, {@code [n, tokens]}. */
  public static final String ENCODER_ATTENTION_MASK = "encoder_attention_mask";

  /** The pooled embedding of the text, {@code [n, length]}, where text_time is added. */
  public static final String TEXT_EMBEDS = AdditionEmbedding.TEXT_EMBEDS;

  /**
   * Original size, crop and target size of every image, {@code [n, 6]}, where text_time is added.
   */
  public static final String TIME_IDS = AdditionEmbedding.TIME_IDS;

  /** A second vector that the timestep is embedded with, {@code [n, timeCondProjDim]}. */
  public static final String TIMESTEP_COND = ConditionEmbedding.TIMESTEP_COND;

  /** What diffusers adds to the scores of a token that nobody shall attend to. */
  private static final float HIDDEN = -10_000;

  private final UNet2DConditionConfig config;
  private final Text text;
  private final Scope root = Scope.root();
  private final Conv2d convIn;
  private final ConditionEmbedding embedding;
  private final Conv2d encoderHidProj; // null for none
  private final AdditionEmbedding addition; // null for none
  private final List<UNetBlock> downBlocks = new ArrayList<>();
  private final List<UNetBlock> upBlocks = new ArrayList<>();
  private final MiddleBlock midBlock; // null for none
  private final GroupNorm2d convNormOut;
  private final Conv2d convOut;

  /**
   * The texts of a batch.
   *
   * @param tokens of every text
   * @param masked whether {@link #ENCODER_ATTENTION_MASK} says which tokens to attend to
   */
  public record Text(int tokens, boolean masked) {
    /** As long as CLIP's texts are, without a mask. */
    public static final Text CLIP = new Text(77, false);
  }

  /** What is between the way down and the way up. */
  @FunctionalInterface
  private interface MiddleBlock {
    Tensor apply(Graph graph, Tensor x, Conditions conditions);
  }

  /**
   * Builds the modules.
   *
   * @throws IllegalArgumentException naming the layer, if the configuration does not fit together
   */
  public UNet2DConditionModel(UNet2DConditionConfig config, Text text) {
    this.config = config;
    this.text = text;
    int base = config.baseChannels();
    int kernel = config.convInKernel();
    convIn =
        Conv2d.conv(
            root.child("conv_in"),
            config.inChannels(),
            base,
            kernel,
            1,
            Padding.all((kernel - 1) / 2),
            true);
    embedding = new ConditionEmbedding(root, config);
    List<Level> levels = config.eachLevel();
    encoderHidProj =
        config.encoderHidDim() == null
            ? null
            : Conv2d.linear(
                root.child("encoder_hid_proj"),
                config.encoderHidDim(),
                levels.getLast().contextChannels(),
                true);
    addition = AdditionEmbedding.of(root.child("add_embedding"), config);
    ResnetBlock2D.Options options =
        ResnetBlock2D.Options.of(embedding.channels(), config.normNumGroups(), config.normEps())
            .withScaleShift(config.scaleShift())
            .with(config.activation())
            .withDropout(config.dropout());
    for (int i = 0; i < levels.size(); i++) {
      addDownBlock(i, options);
    }
    // The up blocks come before the middle block in PyTorch's state_dict.
    for (int i = 0; i < levels.size(); i++) {
      addUpBlock(i, options);
    }
    midBlock = midBlock(options);
    convNormOut =
        new GroupNorm2d(
            root.child("conv_norm_out"), config.normNumGroups(), base, config.normEps());
    kernel = config.convOutKernel();
    convOut =
        Conv2d.conv(
            root.child("conv_out"),
            base,
            config.outChannels(),
            kernel,
            1,
            Padding.all((kernel - 1) / 2),
            true);
  }

  private void addDownBlock(int index, ResnetBlock2D.Options common) {
    List<Level> levels = config.eachLevel();
    Level level = levels.get(index);
    ResnetBlock2D.Options options = options(level.down(), common);
    boolean last = index == levels.size() - 1;
    downBlocks.add(
        new DownBlock2D(
            root.child("down_blocks." + index),
            level.layers(),
            levels.get(Math.max(0, index - 1)).channels(),
            level.channels(),
            attention(
                level.down(), level, level.heads(), level.downTransformers().iterator(), options),
            last
                ? Downsampling.NONE
                : resamples(level.down()) ? Downsampling.RESNET : Downsampling.CONV,
            config.downsamplePadding(),
            options));
  }

  private void addUpBlock(int index, ResnetBlock2D.Options common) {
    List<Level> levels = config.eachLevel().reversed();
    Level level = levels.get(index);
    ResnetBlock2D.Options options = options(level.up(), common);
    boolean last = index == levels.size() - 1;
    upBlocks.add(
        new UpBlock2D(
            root.child("up_blocks." + index),
            level.layers() + 1,
            levels.get(Math.min(index + 1, levels.size() - 1)).channels(),
            levels.get(Math.max(0, index - 1)).channels(),
            level.channels(),
            attention(
                level.up(), level, level.upHeads(), level.upTransformers().iterator(), options),
            last ? Upsampling.NONE : resamples(level.up()) ? Upsampling.RESNET : Upsampling.CONV,
            options));
  }

  /** Whether a block changes the resolution in a residual block, and has the options of those. */
  private static boolean resamples(String type) {
    return type.startsWith("Resnet") || type.startsWith("Simple");
  }

  private ResnetBlock2D.Options options(String type, ResnetBlock2D.Options common) {
    return resamples(type)
        ? common
            .withOutputScaleFactor(config.resnetOutScaleFactor())
            .withSkipTimeAct(config.resnetSkipTimeAct())
        : common;
  }

  /**
   * Makes the attentions of a block, one after the other.
   *
   * @param headDim channels of a head in blocks without transformers
   * @param layers of each transformer
   */
  private Function<Scope, BlockAttention> attention(
      String type,
      Level level,
      int headDim,
      Iterator<Integer> layers,
      ResnetBlock2D.Options options) {
    if (type.startsWith("Cross")) {
      return scope -> transformer(scope, level, layers.next(), level.onlyCross());
    }
    if (type.startsWith("Simple")) {
      return scope -> addedKv(scope, level, headDim, level.onlyCross());
    }
    return BlockAttention.self(
        level.channels(), type.startsWith("Attn") ? headDim : null, options.groups(), options);
  }

  private BlockAttention transformer(Scope scope, Level level, int layers, boolean onlyCross) {
    Transformer2DModel transformer =
        new Transformer2DModel(
            scope,
            level.channels(),
            new Transformer2DModel.Options(
                level.heads(),
                layers,
                level.contextChannels(),
                config.normNumGroups(),
                config.useLinearProjection(),
                onlyCross));
    return (graph, x, c) -> transformer.apply(graph, x, c.context(), c.contextMask());
  }

  private BlockAttention addedKv(Scope scope, Level level, int headDim, boolean onlyCross) {
    AddedKvAttention attention =
        new AddedKvAttention(
            scope,
            level.channels(),
            headDim,
            level.contextChannels(),
            config.normNumGroups(),
            onlyCross);
    return (graph, x, c) -> attention.apply(graph, x, c.context(), c.contextMask());
  }

  private MiddleBlock midBlock(ResnetBlock2D.Options common) {
    Scope scope = root.child("mid_block");
    Level level = config.eachLevel().getLast();
    int channels = level.channels();
    ResnetBlock2D.Options options = common.withOutputScaleFactor(config.midBlockScaleFactor());
    return switch (config.midBlockType()) {
      case null -> null;
      case "UNetMidBlock2D" -> {
        // diffusers builds this one with a single ResNet.
        ResnetBlock2D resnet =
            new ResnetBlock2D(scope.child("resnets.0"), channels, channels, options);
        yield (graph, x, conditions) -> resnet.apply(graph, x, conditions.temb());
      }
      case "UNetMidBlock2DSimpleCrossAttn" ->
          new UNetMidBlock2D(
                  scope,
                  channels,
                  own -> addedKv(own, level, level.heads(), config.midOnlyCross()),
                  options.withSkipTimeAct(config.resnetSkipTimeAct()))
              ::apply;
      default ->
          new UNetMidBlock2D(
                  scope,
                  channels,
                  own -> transformer(own, level, level.downTransformers().getFirst(), false),
                  options)
              ::apply;
    };
  }

  /** The configuration that the model was built from. */
  public UNet2DConditionConfig config() {
    return config;
  }

  @Override
  public String className() {
    return UNet2DConditionConfig.CLASS_NAME;
  }

  @Override
  public Map<String, Object> fields() {
    return config.values();
  }

  @Override
  public BatchShape batch(int images) {
    if (config.sampleSize() == null) {
      throw new IllegalArgumentException(
          "the model's config.json has no sample_size; add the size of its latents");
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
  public Integer numClassEmbeds() {
    return config.numClassEmbeds();
  }

  /** Every parameter, with diffusers' names and PyTorch's shapes. */
  @Override
  public Parameters parameters() {
    return root.parameters();
  }

  /**
   * {@link Model#SAMPLE}, {@link Model#TIMESTEPS}, {@link #ENCODER_HIDDEN_STATES}, and as far as
   * the model has them {@link #ENCODER_ATTENTION_MASK}, {@link Model#CLASS_LABELS}, {@link
   * #TEXT_EMBEDS}, {@link #TIME_IDS} and {@link #TIMESTEP_COND}.
   */
  @Override
  public List<Input> inputs(BatchShape batch) {
    int n = batch.images();
    Padding border = config.centerInputSample() ? Padding.NONE : convIn.padding();
    List<Input> inputs = new ArrayList<>();
    inputs.add(Input.images(SAMPLE, n, config.inChannels(), batch.height(), batch.width(), border));
    inputs.addAll(embedding.inputs(n));
    inputs.add(Input.hiddenStates(ENCODER_HIDDEN_STATES, n, text.tokens, config.contextChannels()));
    if (text.masked) {
      inputs.add(
          Input.vectors(ENCODER_ATTENTION_MASK, n, text.tokens).with(kept -> (1 - kept) * HIDDEN));
    }
    if (addition != null) {
      inputs.addAll(addition.inputs(n));
    }
    return inputs;
  }

  /** Records the prediction {@code [n, h, w, outChannels]}, which is called {@link #SAMPLE} too. */
  @Override
  public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
    Tensor context = inputs.get(ENCODER_HIDDEN_STATES);
    Tensor temb = embedding.apply(graph, inputs);
    if (addition != null) {
      temb = addition.apply(graph, temb, inputs);
    }
    if (config.timeEmbeddingAct() != null) {
      temb = ActivationOperation.record(graph, "time_embed_act", config.timeEmbeddingAct(), temb);
    }
    if (encoderHidProj != null) {
      context = encoderHidProj.apply(graph, context);
    }
    Conditions conditions = new Conditions(temb, context, inputs.get(ENCODER_ATTENTION_MASK));
    Tensor sample = inputs.get(SAMPLE);
    Tensor x =
        config.centerInputSample()
            ? AffineOperation.record(graph, "center_input_sample", sample, 2, -1, convIn.padding())
            : sample;
    Tensor hidden = convIn.apply(graph, x);
    Skips skips = new Skips(hidden);
    for (UNetBlock block : downBlocks) {
      hidden = block.apply(graph, hidden, conditions, skips);
    }
    if (midBlock != null) {
      hidden = midBlock.apply(graph, hidden, conditions);
    }
    for (UNetBlock block : upBlocks) {
      hidden = block.apply(graph, hidden, conditions, skips);
    }
    Activation activation = config.activation();
    hidden = convNormOut.apply(graph, hidden, activation, convOut.padding());
    return Outputs.of(SAMPLE, convOut.apply(graph, hidden));
  }
}
