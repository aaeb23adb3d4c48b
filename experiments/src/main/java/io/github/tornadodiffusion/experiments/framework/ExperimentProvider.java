package io.github.tornadodiffusion.experiments.framework;

import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * An experiment from outside this project, found as a service on the class path or in a plug-in:
 * the file {@code META-INF/services/} and the full name of this interface names the class.
 */
public interface ExperimentProvider {
  /**
   * What {@code experiment NAME} runs: an object with picocli's annotation {@code Command}, which
   * gives it the name of {@link #kind}.
   *
   * @return its result is the exit code
   */
  Callable<Integer> command();

  /** What the experiment is called and how it is reported. */
  Experiment.Kind kind();

  /** All that this thread can load, see {@link Thread#getContextClassLoader}. */
  static Stream<ExperimentProvider> all() {
    return ServiceLoader.load(ExperimentProvider.class).stream().map(ServiceLoader.Provider::get);
  }
}
