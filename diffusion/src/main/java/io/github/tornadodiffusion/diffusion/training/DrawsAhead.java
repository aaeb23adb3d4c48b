package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.nn.io.HostTensor;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.SequencedMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntPredicate;

/**
 * Draws what comes next while the model trains: images are decoded on a thread of their own.
 *
 * <p>Everything is drawn in the order of the steps and by one thread, so that the draws are the
 * same as without it, and at most {@link #AHEAD} draws wait in memory.
 */
final class DrawsAhead implements TrainingDraws, AutoCloseable {
  /** One that is ready and one that is being drawn: more would take memory and save no time. */
  static final int AHEAD = 2;

  private final TrainingDraws draws;
  private final int steps;
  private final IntPredicate own;
  private final Deque<Waiting> waiting = new ArrayDeque<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          Thread.ofPlatform().daemon().name("training data").factory());
  private int nextStep = -1;
  private int nextPart;

  private record Waiting(int step, int part, Future<Draw> draw) {}

  /**
   * Draws ahead.
   *
   * @param draws not to be used elsewhere once the first draw is asked for
   * @param steps of the run: nothing is drawn for those after
   * @param own the parts of a step that will be asked for
   */
  DrawsAhead(TrainingDraws draws, int steps, IntPredicate own) {
    this.draws = draws;
    this.steps = steps;
    this.own = own;
  }

  @Override
  public SequencedMap<String, HostTensor> initialParameters() {
    return draws.initialParameters();
  }

  @Override
  public int parts(int step) {
    return draws.parts(step);
  }

  /**
   * The draw of a call.
   *
   * @throws RuntimeException if drawing it threw one
   */
  @Override
  public Draw draw(int step, int part) {
    if (nextStep < 0) {
      nextStep = step;
      nextPart = part;
    }
    ask();
    Waiting first = waiting.poll();
    if (first == null || first.step != step || first.part != part) {
      throw new IllegalStateException(
          "Part %d of step %d was drawn out of order or after the end".formatted(part, step));
    }
    Draw draw = result(first.draw);
    ask();
    return draw;
  }

  private void ask() {
    while (waiting.size() < AHEAD && nextStep < steps) {
      int step = nextStep;
      int part = nextPart;
      waiting.add(new Waiting(step, part, thread.submit(() -> draws.draw(step, part))));
      do {
        nextPart++;
        if (nextPart == draws.parts(nextStep)) {
          nextPart = 0;
          nextStep++;
        }
      } while (!own.test(nextPart));
    }
  }

  private static Draw result(Future<Draw> draw) {
    try {
      return draw.get();
    } catch (ExecutionException e) {
      switch (e.getCause()) {
        case RuntimeException failure -> throw failure;
        case Error failure -> throw failure;
        default -> throw new IllegalStateException(e.getCause());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("The training was interrupted while it waited for data", e);
    }
  }

  @Override
  public long epoch(int step) {
    return draws.epoch(step);
  }

  @Override
  public boolean givesNoise() {
    return draws.givesNoise();
  }

  @Override
  public void skipTo(int step) {
    draws.skipTo(step);
  }

  /** Waits for the draw that is being made, without interrupting it: that would close its file. */
  @Override
  public void close() {
    waiting.forEach(ahead -> ahead.draw.cancel(false));
    thread.close();
  }
}
