package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.function.IntUnaryOperator;

/**
 * Says what a kernel call must write: one element at a time, in double precision, from nothing but
 * the call's descriptor and the arena as it is before the call. The kernel documents the places of
 * its descriptor.
 */
@FunctionalInterface
public interface CallOracle {
  /** Reads a call's descriptor; the arena is read when a region's elements are asked for. */
  Expectation expect(Call call);

  /**
   * The oracle of a kernel that writes one range of the arena.
   *
   * @param offset the place in the descriptor that says where the range begins
   * @param count the place in the descriptor that says how many elements it has
   */
  static CallOracle range(int offset, int count, Value value) {
    return call -> {
      int[] d = call.descriptor();
      return new Expectation(
          d[count] + " elements",
          Region.at(d[offset], d[count], (i, before, sum) -> sum.add(value.of(i, d, before))));
    };
  }

  /** An element that is no sum. */
  @FunctionalInterface
  interface Value {
    /** What element i must be, when the arena holds {@code before}. */
    double of(int i, int[] descriptor, Arena before);
  }

  /**
   * Everything that a call writes for others to read.
   *
   * @param shape what a table shows, for instance {@code 8x32x32 3x3 64 -> 128}
   */
  public record Expectation(String shape, List<Region> regions) {
    /** The same for a few regions. */
    public Expectation(String shape, Region... regions) {
      this(shape, List.of(regions));
    }
  }

  /**
   * Elements of one kind, so that their errors can be measured against one scale.
   *
   * @param count how many there are
   * @param index where in the arena element i lies
   * @param element what it must be
   */
  record Region(int count, IntUnaryOperator index, Element element) {
    /** Consecutive elements. */
    public static Region at(int offset, int count, Element element) {
      return new Region(count, i -> offset + i, element);
    }

    /** Element i as it must be after the call, when the arena holds {@code before}. */
    public Terms expected(int i, Arena before) {
      Terms terms = new Terms();
      element.add(i, before, terms);
      return terms;
    }
  }

  /** Adds the terms that element i must be the sum of; none if it must be zero. */
  @FunctionalInterface
  interface Element {
    /** Adds the terms of element i, when the arena holds {@code before}. */
    void add(int i, Arena before, Terms sum);
  }
}
