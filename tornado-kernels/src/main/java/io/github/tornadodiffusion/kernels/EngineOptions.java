package io.github.tornadodiffusion.kernels;

/**
 * How to use a device.
 *
 * @param threads of the jvm device, the calling one included
 * @param variants which variants of kernels to run
 * @param selfCheck whether kernels must show that they are right before they are used, see {@link
 *     Engine#prove}
 * @param measure whether {@link Engine.Session#measure} will be called
 * @param listener is told how far the preparation of a device is, and of warnings
 */
public record EngineOptions(
    int threads, Variants variants, boolean selfCheck, boolean measure, Listener listener) {
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
    return new EngineOptions(threads, others, selfCheck, measure, listener);
  }

  /** The same for measurements. */
  public EngineOptions measuring() {
    return new EngineOptions(threads, variants, selfCheck, true, listener);
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
