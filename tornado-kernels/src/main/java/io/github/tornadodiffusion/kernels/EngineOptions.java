package io.github.tornadodiffusion.kernels;

/**
 * How a device is to be used.
 *
 * @param threads of the jvm device, the calling one included
 * @param variants which variants of kernels to run
 * @param selfCheck whether kernels must show that they are right before they are used, see {@link
 *     Engine#prove}
 * @param measure whether {@link Engine.Session#measure} will be asked for
 * @param listener hears how far a device is that is being prepared
 */
public record EngineOptions(
    int threads, Variants variants, boolean selfCheck, boolean measure, Listener listener) {
  /** All cores, checked. */
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

  /** Hears of work that comes before the first result. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Called as the work goes on.
     *
     * @param what the work, for instance {@code compiling kernels}
     */
    void preparing(String what, int done, int all);

    /**
     * Called with what the user should know before trusting a number; one line to stderr unless
     * overridden.
     */
    default void warning(String message) {
      System.err.println(message);
    }
  }
}
