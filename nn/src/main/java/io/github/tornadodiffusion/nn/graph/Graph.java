package io.github.tornadodiffusion.nn.graph;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.attention.Attention;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.kernels.ops.embedding.Embedding;
import io.github.tornadodiffusion.kernels.ops.norm.GroupNorm;
import io.github.tornadodiffusion.kernels.ops.resample.Resample;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;
import io.github.tornadodiffusion.nn.operations.ConcatOperation;
import io.github.tornadodiffusion.nn.operations.ConvOperation;
import io.github.tornadodiffusion.nn.operations.GroupNormOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.PixelSumOperation;
import io.github.tornadodiffusion.nn.operations.ScaleImagesOperation;
import io.github.tornadodiffusion.nn.operations.SinusoidOperation;
import io.github.tornadodiffusion.nn.operations.UnaryOperation;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A record of operations on tensors of one batch shape. Shapes are checked as operations are
 * recorded; an error names the layer.
 */
public final class Graph {
  private final List<Operation> operations = new ArrayList<>();
  private final Map<Buffer, float[]> constants = new LinkedHashMap<>();
  private final Map<List<Float>, Buffer> constantOf = new HashMap<>();
  private final Map<Map.Entry<Activation, Tensor>, Tensor> activationOf = new HashMap<>();
  private final Buffer weights;

  /**
   * @param weights the buffer that holds the model's parameters
   */
  public Graph(Buffer weights) {
    this.weights = weights;
  }

  /** The operations in the order in which they were recorded. */
  public List<Operation> operations() {
    return operations;
  }

  /** Buffers that the host must fill once, with their content. */
  public Map<Buffer, float[]> constants() {
    return constants;
  }

  /** Adds the forward pass to the schedule. */
  public void forward(Schedule schedule) {
    operations.forEach(o -> o.forward(schedule));
  }

  /** Numbers that kernels read. */
  public Buffer constant(float... values) {
    List<Float> key = new ArrayList<>();
    for (float value : values) {
      key.add(value);
    }
    return constantOf.computeIfAbsent(
        key,
        k -> {
          Buffer buffer = Buffer.persistent("constant", values.length);
          constants.put(buffer, Arrays.copyOf(values, buffer.floats()));
          return buffer;
        });
  }

  /**
   * Convolution, plus what is to be added to its output. An input whose border is not the padding
   * is copied first.
   *
   * @param bias or null
   * @param perImage {@code [n, 1, 1, cout]} or null
   * @param residual of the output's shape, or null
   */
  public Tensor conv(
      String label,
      Tensor input,
      Parameter weight,
      Parameter bias,
      int stride,
      Padding padding,
      Tensor perImage,
      Tensor residual) {
    int[] shape = weight.spec().shape();
    int kernelH = shape.length == 4 ? shape[2] : 1;
    int kernelW = shape.length == 4 ? shape[3] : 1;
    Scope.check(
        label,
        input.c() == shape[1],
        "takes %d channels, not the %d of %s",
        shape[1],
        input.c(),
        input);
    int h = (padding.top() + input.h() + padding.bottom() - kernelH) / stride + 1;
    int w = (padding.left() + input.w() + padding.right() - kernelW) / stride + 1;
    Scope.check(
        label,
        h > 0 && w > 0,
        "%d x %d pixels are too few for a %d x %d convolution; use larger images",
        input.h(),
        input.w(),
        kernelH,
        kernelW);
    Tensor out = Tensor.of(label, Block.of(0, input.n(), h, w, shape[0]), true);
    Scope.check(
        label,
        residual == null || residual.shape().equals(out.shape()),
        "cannot add %s to %s: height and width must survive every downsampling undivided",
        residual,
        out);
    Tensor x = bordered(label, input, padding);
    return record(
        new ConvOperation(
            label,
            x,
            weight,
            at(weight),
            bias,
            bias == null ? null : at(bias),
            kernelH,
            kernelW,
            stride,
            perImage,
            residual,
            out));
  }

  /**
   * Group normalisation.
   *
   * @param scaleShift {@code [n, 1, 1, 2c]} or null
   * @param padding the border of the output, for a convolution to come
   */
  public Tensor groupNorm(
      String label,
      Tensor input,
      int groups,
      double epsilon,
      Parameter gamma,
      Parameter beta,
      Tensor scaleShift,
      boolean silu,
      Padding padding) {
    Tensor x = bordered(label, input, Padding.NONE);
    Tensor out = Tensor.of(label, Tensor.shape(x.n(), x.h(), x.w(), x.c(), padding), true);
    return record(
        new GroupNormOperation(
            label,
            x,
            groups,
            constant((float) epsilon),
            gamma,
            at(gamma),
            beta,
            at(beta),
            scaleShift,
            silu,
            Buffer.temporary(label + " statistics", GroupNorm.statisticsSize(x.shape(), groups)),
            out));
  }

  /** Multi-head attention over pixels; q, k and v are outputs that nothing else reads. */
  public Tensor attention(String label, Tensor q, Tensor k, Tensor v, int heads) {
    Tensor out = Tensor.of(label, q.shape(), true);
    int saved = Attention.savedSize(q.shape(), heads);
    return record(
        new AttentionOperation(
            label, q, k, v, heads, Buffer.temporary(label + " saved", saved), out));
  }

  /**
   * An activation without border. Recorded once for each input, because all resnets share that of
   * the time embedding.
   */
  public Tensor activation(String label, Activation function, Tensor x) {
    Tensor known = activationOf.get(Map.entry(function, x));
    if (known == null) {
      known = activation(label, function, x, Padding.NONE);
      activationOf.put(Map.entry(function, x), known);
    }
    return known;
  }

  /** An activation with a border for the convolution to come. */
  public Tensor activation(String label, Activation function, Tensor x, Padding padding) {
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            x,
            like(label, x, Tensor.shape(x.n(), x.h(), x.w(), x.c(), padding)),
            (in, constant, to) -> function.forward(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                function.backward(saved, gradOut, gradX, accumulate)));
  }

  /** Softmax over channels. */
  public Tensor softmax(String label, Tensor x) {
    Tensor out = like(label, x, x.plainShape());
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            out,
            out,
            (in, constant, to) -> Elementwise.softmax(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Elementwise.softmaxBackward(saved, gradOut, gradX, accumulate)));
  }

  /** {@code factor * x}. */
  public Tensor scale(String label, Tensor x, double factor) {
    return record(
        new UnaryOperation(
            label,
            x,
            constant((float) factor),
            null,
            like(label, x, x.plainShape()),
            (in, constant, to) -> Elementwise.scale(in, constant, to, false),
            (saved, constant, gradOut, gradX, accumulate) ->
                Elementwise.scale(gradOut, constant, gradX, accumulate)));
  }

  /** {@code factor * x + term}, with a border for the convolution to come. */
  public Tensor affine(String label, Tensor x, double factor, double term, Padding padding) {
    return record(
        new UnaryOperation(
            label,
            x,
            constant((float) factor, (float) term),
            null,
            like(label, x, Tensor.shape(x.n(), x.h(), x.w(), x.c(), padding)),
            (in, constant, to) -> Elementwise.affine(in, constant, constant + 1, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Elementwise.scale(gradOut, constant, gradX, accumulate)));
  }

  /** The same values within another border; x itself if it has that border. */
  Tensor bordered(String label, Tensor x, Padding padding) {
    if (x.padding().equals(padding)) {
      return x;
    }
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            like(label + " border", x, Tensor.shape(x.n(), x.h(), x.w(), x.c(), padding)),
            (in, constant, to) -> Elementwise.copy(in, to, false),
            (saved, constant, gradOut, gradX, accumulate) ->
                Elementwise.copy(gradOut, gradX, accumulate)));
  }

  /** Nearest-neighbour resampling to h x w pixels. */
  public Tensor nearest(String label, Tensor x, int h, int w, Padding padding) {
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            like(label, x, Tensor.shape(x.n(), h, w, x.c(), padding)),
            (in, constant, to) -> Resample.nearest(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Resample.nearestBackward(gradOut, gradX, accumulate)));
  }

  /** Average of 2 x 2 pixels; an odd last row or column is dropped. */
  public Tensor averagePool(String label, Tensor x, Padding padding) {
    Scope.check(
        label,
        x.h() > 1 && x.w() > 1,
        "%d x %d pixels cannot be halved; use larger images",
        x.h(),
        x.w());
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            like(label, x, Tensor.shape(x.n(), x.h() / 2, x.w() / 2, x.c(), padding)),
            (in, constant, to) -> Resample.averagePool(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Resample.averagePoolBackward(gradOut, gradX, accumulate)));
  }

  /** The mean over the pixels of every image, {@code [n, 1, 1, c]}; nothing else may read x. */
  public Tensor meanOfPixels(String label, Tensor x) {
    Tensor sum = record(new PixelSumOperation(label, x, like(label, x, rows(x))));
    return scale(label, sum, 1.0 / (x.h() * x.w()));
  }

  private static Block rows(Tensor x) {
    return Block.of(0, x.n(), 1, 1, x.c());
  }

  /** Half the height and width after a filter; both must be even. */
  public Tensor filteredHalf(String label, Tensor x, Padding padding) {
    Scope.check(
        label,
        x.h() % 2 == 0 && x.w() % 2 == 0,
        "%d x %d pixels cannot be halved; use even sizes",
        x.h(),
        x.w());
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            like(label, x, Tensor.shape(x.n(), x.h() / 2, x.w() / 2, x.c(), padding)),
            (in, constant, to) -> Resample.filteredHalf(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Resample.filteredHalfBackward(gradOut, gradX, accumulate)));
  }

  /** Twice the height and width with a filter. */
  public Tensor filteredDouble(String label, Tensor x, Padding padding) {
    return record(
        new UnaryOperation(
            label,
            x,
            null,
            null,
            like(label, x, Tensor.shape(x.n(), 2 * x.h(), 2 * x.w(), x.c(), padding)),
            (in, constant, to) -> Resample.filteredDouble(in, to),
            (saved, constant, gradOut, gradX, accumulate) ->
                Resample.filteredDoubleBackward(gradOut, gradX, accumulate)));
  }

  /** {@code a + b}. */
  public Tensor add(String label, Tensor a, Tensor b) {
    Scope.check(label, a.plainShape().equals(b.plainShape()), "cannot add %s and %s", a, b);
    boolean needsGradient = a.needsGradient() || b.needsGradient();
    return record(new AddOperation(label, a, b, Tensor.of(label, a.plainShape(), needsGradient)));
  }

  /** Channels of a, then channels of b. */
  public Tensor concat(String label, Tensor a, Tensor b) {
    Scope.check(
        label,
        a.n() == b.n() && a.h() == b.h() && a.w() == b.w(),
        "cannot join %s and %s: height and width must survive every downsampling undivided",
        a,
        b);
    Block shape = Block.of(0, a.n(), a.h(), a.w(), a.c() + b.c());
    boolean needsGradient = a.needsGradient() || b.needsGradient();
    return record(new ConcatOperation(label, a, b, Tensor.of(label, shape, needsGradient)));
  }

  /**
   * Sinusoidal embedding of timesteps {@code [n, 1, 1, channels]}.
   *
   * @param timesteps {@code [n]}
   * @param freqShift subtracted from the number of frequencies in the exponent's divisor
   * @param flip whether the cosines come before the sines
   */
  public Tensor sinusoid(
      String label, Buffer timesteps, int n, int channels, int freqShift, boolean flip) {
    Buffer frequencies = constant(Embedding.frequencies(channels, freqShift));
    return sinusoid(label, timesteps, n, channels, frequencies, 1, flip);
  }

  /**
   * Random Fourier features {@code [n, 1, 1, 2k]}: the sines, then the cosines of 2 pi times
   * logarithm times frequency.
   *
   * @param logarithms of the timesteps, {@code [n]}
   * @param frequencies {@code [k]}, which are not trained
   */
  public Tensor fourier(String label, Buffer logarithms, int n, Parameter frequencies) {
    int channels = 2 * frequencies.spec().shape()[0];
    return sinusoid(label, logarithms, n, channels, at(frequencies), 2 * Math.PI, false);
  }

  private Tensor sinusoid(
      String label,
      Buffer timesteps,
      int n,
      int channels,
      Stored frequencies,
      double factor,
      boolean flip) {
    Tensor out = Tensor.of(label, Block.of(0, n, 1, 1, channels), false);
    return record(
        new SinusoidOperation(label, timesteps, frequencies, constant((float) factor), flip, out));
  }

  /** Each image of x times its factor. */
  public Tensor scaleImages(String label, Tensor x, Buffer factors) {
    return record(
        new ScaleImagesOperation(
            label, x, factors, constant(new float[x.n()]), like(label, x, x.plainShape())));
  }

  /** Rows of a table, {@code [n, 1, 1, features]}. */
  public Tensor lookup(String label, Parameter table, Buffer labels, int n) {
    Tensor out = Tensor.of(label, Block.of(0, n, 1, 1, table.spec().shape()[1]), true);
    return record(new LookupOperation(label, table, at(table), labels, out));
  }

  private Stored at(Parameter parameter) {
    return new Stored.Slice(weights, parameter.start(), parameter.floats());
  }

  private static Tensor like(String label, Tensor x, Block shape) {
    return Tensor.of(label, shape, x.needsGradient());
  }

  private Tensor record(Operation operation) {
    operations.add(operation);
    return operation.out();
  }
}
