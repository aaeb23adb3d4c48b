package io.github.tornadodiffusion.kernels;

/**
 * How to use a device.
 *
 * @param threads of the jvm device, the calling one included
 * @param variants which variants of kernels to run
 * @param convolution how to compute convolutions
 * @param selfCheck whether kernels must show that they are right before they are used, see {@link
 *     Engine#prove}
 * @param measure whether {@link Engine.Session#measure} will be called
 * @param listener is told how far the preparation of a device is, and of warnings
 */
public record EngineOptions(
    int threads,
    Variants variants,
    Convolution convolution,
    boolean selfCheck,
    boolean measure,
    Listener listener) {
  /** With convolutions computed as suits the device. */
  public EngineOptions(
      int threads, Variants variants, boolean selfCheck, boolean measure, Listener listener) {
    this(threads, variants, Convolution.AUTO, selfCheck, measure, listener);
  }

  /** All cores, with the self-check. */
  public static final EngineOptions DEFAULT =
      new EngineOptions(
          Runtime.getRuntime().availableProcessors(),
          Variants.AUTO,
          true,
          false,
          (what, done, all) -> {});

  /** The same with other variants of kernels. */
  public EngineOptions with(Variants others) {
    return new EngineOptions(threads, others, convolution, selfCheck, measure, listener);
  }

  /** The same with convolutions computed in another way. */
  public EngineOptions with(Convolution other) {
    return new EngineOptions(threads, variants, other, selfCheck, measure, listener);
  }

  /** The same for measurements. */
  public EngineOptions measuring() {
    return new EngineOptions(threads, variants, convolution, selfCheck, true, listener);
  }

  /** Is told of work that precedes the first result. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Called as the work goes on.
     *
     * @param what the work, for instance {@code compiling kernels}
     */
    void preparing(String what, int done, int all);

    /**
     * Called with a warning that the user should see before trusting a number; prints one line to
     * stderr unless overridden.
     */
    default void warning(String message) {
      System.err.println(message);
    }
  }
}
