package io.github.tornadodiffusion.diffusion.schedulers.steps;

import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Combine;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The updates of a table with less work: results that are never read are left out, and a
 * combination that is only read by others of the same call becomes part of them. The weights are
 * multiplied out in double precision, so that nothing is divided by a small number and then
 * multiplied by it again in single precision.
 *
 * @param calls the updates of every call of the model
 * @param registers all that they use, including the sample, the output and the noise
 */
public record FoldedUpdates(List<List<Update>> calls, Set<Integer> registers) {
  /** The updates of all calls of a sampling. */
  public static FoldedUpdates of(List<ModelCall> table) {
    List<List<Update>> calls = new ArrayList<>();
    Set<Integer> registers = new TreeSet<>(Set.of(Update.SAMPLE, Update.OUTPUT, Update.NOISE));
    Set<Integer> wanted = Set.of(Update.SAMPLE);
    for (ModelCall call : table.reversed()) {
      Set<Integer> after = wanted;
      Set<Integer> before = new TreeSet<>(after);
      List<Update> updates = folded(needed(call.updates(), before), after);
      for (Update update : updates) {
        registers.add(update.target());
        registers.addAll(update.reads());
      }
      calls.add(updates);
      before.add(Update.SAMPLE); // the input of the model
      wanted = before;
    }
    return new FoldedUpdates(List.copyOf(calls.reversed()), Set.copyOf(registers));
  }

  /**
   * The updates without those whose result is never read.
   *
   * @param wanted the registers that are read afterwards; becomes those that must be there before
   */
  private static List<Update> needed(List<Update> updates, Set<Integer> wanted) {
    List<Update> needed = new ArrayList<>();
    for (Update update : updates.reversed()) {
      if (wanted.remove(update.target())) {
        wanted.addAll(update.reads());
        needed.add(update);
      }
    }
    return needed.reversed();
  }

  private static List<Update> folded(List<Update> updates, Set<Integer> wanted) {
    List<Update> folded = new ArrayList<>();
    // What a register would hold if its last combination had been carried out.
    Map<Integer, List<Term>> pending = new HashMap<>();
    for (int i = 0; i < updates.size(); i++) {
      Update update = updates.get(i);
      if (!(update instanceof Combine combine)) {
        folded.add(update);
        continue;
      }
      Combine whole = new Combine(combine.target(), substituted(combine.terms(), pending));
      pending.remove(combine.target());
      if (isPassing(whole, i, updates, wanted)) {
        pending.put(whole.target(), whole.terms());
      } else {
        folded.add(whole);
      }
    }
    return List.copyOf(folded);
  }

  private static List<Term> substituted(List<Term> terms, Map<Integer, List<Term>> pending) {
    Map<Integer, Double> weights = new TreeMap<>();
    for (Term term : terms) {
      for (Term part :
          pending.getOrDefault(term.register(), List.of(new Term(term.register(), 1)))) {
        weights.merge(part.register(), term.weight() * part.weight(), Double::sum);
      }
    }
    return weights.entrySet().stream()
        .filter(entry -> entry.getValue() != 0)
        .map(entry -> new Term(entry.getKey(), entry.getValue()))
        .toList();
  }

  /**
   * Whether a combination can become part of all updates that read its result: these are
   * combinations, too, and its own inputs are still unchanged.
   */
  private static boolean isPassing(
      Combine combine, int index, List<Update> updates, Set<Integer> wanted) {
    Set<Integer> overwritten = new TreeSet<>();
    for (Update later : updates.subList(index + 1, updates.size())) {
      if (later.reads(combine.target())
          && (!(later instanceof Combine)
              || combine.reads().stream().anyMatch(overwritten::contains))) {
        return false;
      }
      if (later.target() == combine.target()) {
        return true;
      }
      overwritten.add(later.target());
    }
    return !wanted.contains(combine.target());
  }
}
