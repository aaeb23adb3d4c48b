package io.github.tornadodiffusion.kernels;

/**
 * How a device is to be used.
 *
 * @param threads of the jvm device, the calling one included
 * @param selfCheck whether a device of TornadoVM must show that its kernels are right, see {@link
 *     Engine#prove}
 * @param measure whether {@link Engine.Session#measure} will be asked for
 * @param listener hears how far a device is that is being prepared
 */
public record EngineOptions(int threads, boolean selfCheck, boolean measure, Listener listener) {
  /** All cores, checked. */
  public static final EngineOptions DEFAULT =
      new EngineOptions(
          Runtime.getRuntime().availableProcessors(), true, false, (what, done, all) -> {});

  /** Hears of work that comes before the first result. */
  @FunctionalInterface
  public interface Listener {
    /**
     * Called as the work goes on.
     *
     * @param what the work, for instance {@code compiling kernels}
     */
    void preparing(String what, int done, int all);
  }
}
