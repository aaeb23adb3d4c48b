package uk.ac.manchester.tornado.api.common;

/** Signature only. */
public final class TornadoFunctions {
  @FunctionalInterface
  public interface Task2<A, B> {
    void apply(A arg1, B arg2);
  }

  @FunctionalInterface
  public interface Task3<A, B, C> {
    void apply(A arg1, B arg2, C arg3);
  }
}
