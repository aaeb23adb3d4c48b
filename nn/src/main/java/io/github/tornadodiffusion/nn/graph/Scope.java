package io.github.tornadodiffusion.nn.graph;

/** The path of a module in its model, which prefixes the names of its parameters. */
public record Scope(Parameters parameters, String path) {

  /** The scope of a whole model. */
  public static Scope root() {
    return new Scope(new Parameters(), "");
  }

  /** The scope of a part, whose path is {@code path.name}. */
  public Scope child(String name) {
    return new Scope(parameters, path.isEmpty() ? name : path + "." + name);
  }

  /**
   * Declares a parameter.
   *
   * @param name the last part of its path
   * @param fanIn see {@link ParameterSpec}
   * @param shape PyTorch's, see {@link ParameterSpec}
   */
  public Parameter parameter(String name, ParameterSpec.Kind kind, int fanIn, int... shape) {
    return parameters.add(child(name).path, kind, fanIn, shape);
  }

  /** Refuses a model, naming the layer. */
  public void check(boolean holds, String message, Object... arguments) {
    check(path, holds, message, arguments);
  }

  /** Refuses a model, naming the layer. */
  public static void check(String layer, boolean holds, String message, Object... arguments) {
    if (!holds) {
      String detail = message.formatted(arguments);
      throw new IllegalArgumentException(layer.isEmpty() ? detail : layer + ": " + detail);
    }
  }
}
