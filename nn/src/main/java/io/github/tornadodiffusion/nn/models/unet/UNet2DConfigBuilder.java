package io.github.tornadodiffusion.nn.models.unet;

import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig.SampleSize;
import java.util.List;

/**
 * Makes a {@link UNet2DConfig} from diffusers' defaults or from another configuration. A setter has
 * the name of the record's component, which documents it.
 */
public final class UNet2DConfigBuilder {
  private SampleSize sampleSize;
  private int inChannels = 3;
  private int outChannels = 3;
  private boolean centerInputSample;
  private String timeEmbeddingType = "positional";
  private Integer timeEmbeddingDim;
  private int freqShift;
  private boolean flipSinToCos = true;
  private List<String> downBlockTypes =
      List.of("DownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D", "AttnDownBlock2D");
  private String midBlockType = UNet2DConfig.MID_BLOCK_TYPE;
  private List<String> upBlockTypes =
      List.of("AttnUpBlock2D", "AttnUpBlock2D", "AttnUpBlock2D", "UpBlock2D");
  private List<Integer> blockOutChannels = List.of(224, 448, 672, 896);
  private int layersPerBlock = 2;
  private double midBlockScaleFactor = 1;
  private int downsamplePadding = 1;
  private String downsampleType = "conv";
  private String upsampleType = "conv";
  private double dropout;
  private String actFn = "silu";
  private Integer attentionHeadDim = 8;
  private Integer normNumGroups = 32;
  private Integer attnNormNumGroups;
  private double normEps = 1e-5;
  private String resnetTimeScaleShift = "default";
  private boolean addAttention = true;
  private String classEmbedType;
  private Integer numClassEmbeds;
  private Integer numTrainTimesteps;

  UNet2DConfigBuilder() {}

  UNet2DConfigBuilder(UNet2DConfig config) {
    sampleSize = config.sampleSize();
    inChannels = config.inChannels();
    outChannels = config.outChannels();
    centerInputSample = config.centerInputSample();
    timeEmbeddingType = config.timeEmbeddingType();
    timeEmbeddingDim = config.timeEmbeddingDim();
    freqShift = config.freqShift();
    flipSinToCos = config.flipSinToCos();
    downBlockTypes = config.downBlockTypes();
    midBlockType = config.midBlockType();
    upBlockTypes = config.upBlockTypes();
    blockOutChannels = config.blockOutChannels();
    layersPerBlock = config.layersPerBlock();
    midBlockScaleFactor = config.midBlockScaleFactor();
    downsamplePadding = config.downsamplePadding();
    downsampleType = config.downsampleType();
    upsampleType = config.upsampleType();
    dropout = config.dropout();
    actFn = config.actFn();
    attentionHeadDim = config.attentionHeadDim();
    normNumGroups = config.normNumGroups();
    attnNormNumGroups = config.attnNormNumGroups();
    normEps = config.normEps();
    resnetTimeScaleShift = config.resnetTimeScaleShift();
    addAttention = config.addAttention();
    classEmbedType = config.classEmbedType();
    numClassEmbeds = config.numClassEmbeds();
    numTrainTimesteps = config.numTrainTimesteps();
  }

  /** Sets a square sample size in pixels. */
  public UNet2DConfigBuilder sampleSize(int side) {
    return sampleSize(SampleSize.square(side));
  }

  /** Sets {@link UNet2DConfig#sampleSize}. */
  public UNet2DConfigBuilder sampleSize(SampleSize value) {
    sampleSize = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#inChannels}. */
  public UNet2DConfigBuilder inChannels(int value) {
    inChannels = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#outChannels}. */
  public UNet2DConfigBuilder outChannels(int value) {
    outChannels = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#centerInputSample}. */
  public UNet2DConfigBuilder centerInputSample(boolean value) {
    centerInputSample = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#timeEmbeddingType}. */
  public UNet2DConfigBuilder timeEmbeddingType(String value) {
    timeEmbeddingType = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#timeEmbeddingDim}. */
  public UNet2DConfigBuilder timeEmbeddingDim(Integer value) {
    timeEmbeddingDim = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#freqShift}. */
  public UNet2DConfigBuilder freqShift(int value) {
    freqShift = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#flipSinToCos}. */
  public UNet2DConfigBuilder flipSinToCos(boolean value) {
    flipSinToCos = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#downBlockTypes}. */
  public UNet2DConfigBuilder downBlockTypes(List<String> value) {
    downBlockTypes = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#downBlockTypes}. */
  public UNet2DConfigBuilder downBlockTypes(String... values) {
    return downBlockTypes(List.of(values));
  }

  /** Sets {@link UNet2DConfig#midBlockType}. */
  public UNet2DConfigBuilder midBlockType(String value) {
    midBlockType = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#upBlockTypes}. */
  public UNet2DConfigBuilder upBlockTypes(List<String> value) {
    upBlockTypes = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#upBlockTypes}. */
  public UNet2DConfigBuilder upBlockTypes(String... values) {
    return upBlockTypes(List.of(values));
  }

  /** Sets {@link UNet2DConfig#blockOutChannels}. */
  public UNet2DConfigBuilder blockOutChannels(List<Integer> value) {
    blockOutChannels = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#blockOutChannels}. */
  public UNet2DConfigBuilder blockOutChannels(Integer... values) {
    return blockOutChannels(List.of(values));
  }

  /** Sets {@link UNet2DConfig#layersPerBlock}. */
  public UNet2DConfigBuilder layersPerBlock(int value) {
    layersPerBlock = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#midBlockScaleFactor}. */
  public UNet2DConfigBuilder midBlockScaleFactor(double value) {
    midBlockScaleFactor = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#downsamplePadding}. */
  public UNet2DConfigBuilder downsamplePadding(int value) {
    downsamplePadding = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#downsampleType}. */
  public UNet2DConfigBuilder downsampleType(String value) {
    downsampleType = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#upsampleType}. */
  public UNet2DConfigBuilder upsampleType(String value) {
    upsampleType = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#dropout}. */
  public UNet2DConfigBuilder dropout(double value) {
    dropout = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#actFn}. */
  public UNet2DConfigBuilder actFn(String value) {
    actFn = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#attentionHeadDim}. */
  public UNet2DConfigBuilder attentionHeadDim(Integer value) {
    attentionHeadDim = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#normNumGroups}. */
  public UNet2DConfigBuilder normNumGroups(Integer value) {
    normNumGroups = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#attnNormNumGroups}. */
  public UNet2DConfigBuilder attnNormNumGroups(Integer value) {
    attnNormNumGroups = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#normEps}. */
  public UNet2DConfigBuilder normEps(double value) {
    normEps = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#resnetTimeScaleShift}. */
  public UNet2DConfigBuilder resnetTimeScaleShift(String value) {
    resnetTimeScaleShift = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#addAttention}. */
  public UNet2DConfigBuilder addAttention(boolean value) {
    addAttention = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#classEmbedType}. */
  public UNet2DConfigBuilder classEmbedType(String value) {
    classEmbedType = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#numClassEmbeds}. */
  public UNet2DConfigBuilder numClassEmbeds(Integer value) {
    numClassEmbeds = value;
    return this;
  }

  /** Sets {@link UNet2DConfig#numTrainTimesteps}. */
  public UNet2DConfigBuilder numTrainTimesteps(Integer value) {
    numTrainTimesteps = value;
    return this;
  }

  /**
   * The configuration.
   *
   * @throws IllegalArgumentException if it is not one that can be computed
   */
  public UNet2DConfig build() {
    return new UNet2DConfig(
        sampleSize,
        inChannels,
        outChannels,
        centerInputSample,
        timeEmbeddingType,
        timeEmbeddingDim,
        freqShift,
        flipSinToCos,
        downBlockTypes,
        midBlockType,
        upBlockTypes,
        blockOutChannels,
        layersPerBlock,
        midBlockScaleFactor,
        downsamplePadding,
        downsampleType,
        upsampleType,
        dropout,
        actFn,
        attentionHeadDim,
        normNumGroups,
        attnNormNumGroups,
        normEps,
        resnetTimeScaleShift,
        addAttention,
        classEmbedType,
        numClassEmbeds,
        numTrainTimesteps);
  }
}
