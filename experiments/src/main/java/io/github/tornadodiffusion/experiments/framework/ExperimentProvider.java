package io.github.tornadodiffusion.experiments.framework;

import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import java.util.stream.Stream;

/**
 * An experiment from outside this project, found as a service on the class path or in a plug-in:
 * the file in {@code META-INF/services/} with the full name of this interface lists the class.
 */
public interface ExperimentProvider {
  /**
   * The command of {@code experiment NAME}: an object with picocli's annotation {@code Command},
   * which gives it the name of {@link #kind}.
   *
   * @return its result is the exit code
   */
  Callable<Integer> command();

  /** The name of the experiment and its report. */
  Experiment.Kind kind();

  /** All providers that this thread can load, see {@link Thread#getContextClassLoader}. */
  static Stream<ExperimentProvider> all() {
    return ServiceLoader.load(ExperimentProvider.class).stream().map(ServiceLoader.Provider::get);
  }
}
