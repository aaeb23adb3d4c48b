package io.github.tornadodiffusion.nn.graph;

import java.util.function.Predicate;

/**
 * Which parameters a program trains, or differentiates by. The others are frozen: they have no
 * gradient, no moments and no update, and what only their gradients would need is not computed.
 */
@FunctionalInterface
public interface Trainable {
  /** Every parameter. */
  Trainable ALL = parameter -> true;

  /** No parameter. */
  Trainable NONE = parameter -> false;

  /** Whether a parameter is trained. */
  boolean trains(ParameterSpec parameter);

  /** The parameters with certain names, for instance {@code name -> name.contains(".to_q.")}. */
  static Trainable named(Predicate<String> names) {
    return parameter -> names.test(parameter.name());
  }
}
