package io.github.tornadodiffusion.diffusion.data;

import io.github.tornadodiffusion.nn.random.SplitMix64;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A data set in two parts that share no image; both keep the order of the whole.
 *
 * @param training images that a model may see
 * @param heldOut images that it may not see
 */
public record HeldOut(Dataset training, Dataset heldOut) {
  private static final long STREAM = 0x484f;

  /**
   * Splits a data set at random. Where images have classes, every class is split by itself, so that
   * both parts have the classes in the same proportions, apart from rounding.
   *
   * @param fraction of the images to hold out, above 0 and below 1
   * @param seed of the choice, which depends only on the seed, the size and the labels
   * @throws IllegalArgumentException if a part would have no image
   */
  public static HeldOut split(Dataset dataset, double fraction, long seed) {
    if (!(fraction > 0 && fraction < 1)) {
      throw new IllegalArgumentException(
          "The held-out fraction is %s: give one between 0 and 1".formatted(fraction));
    }
    SortedMap<Integer, List<Integer>> classes = new TreeMap<>();
    for (int i = 0; i < dataset.size(); i++) {
      classes.computeIfAbsent(dataset.label(i), label -> new ArrayList<>()).add(i);
    }
    boolean[] held = new boolean[dataset.size()];
    classes.forEach((label, members) -> {
      SplitMix64 random = new SplitMix64(seed, STREAM, label);
      int count = (int) Math.round(fraction * members.size());
      for (int i = 0; i < count; i++) {
        Collections.swap(members, i, i + random.nextInt(members.size() - i));
        held[members.get(i)] = true;
      }
    });
    return new HeldOut(part(dataset, held, false), part(dataset, held, true));
  }

  private static Dataset part(Dataset dataset, boolean[] held, boolean which) {
    int[] indices = IntStream.range(0, held.length).filter(i -> held[i] == which).toArray();
    return new Subset(dataset, indices, which ? "held-out" : "training");
  }
}
