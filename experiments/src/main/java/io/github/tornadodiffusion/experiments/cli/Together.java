package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.LostProcessException;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;

/**
 * A command that several processes run together. Process 0 reads and writes files and says what
 * there is to say; the others are silent, unless what they have to say concerns themselves alone.
 */
public final class Together implements AutoCloseable {
  private static final int LOOK_MILLIS = 100;
  private static final String ERROR = "error";

  private final Communicator communicator;
  private final Supplier<String> remedy;
  private final PrintWriter err;
  private final Thread watch;
  private final Thread atSignal = new Thread(this::look, "processes at the end");
  private volatile boolean closed;
  private boolean said;

  /** What a process does of a command. */
  @FunctionalInterface
  public interface Work {
    /** Does it; returns the exit code. */
    int run() throws IOException;
  }

  /**
   * Does a command in all processes and ends MPI. Where a process is lost, the first of those that
   * are left says so.
   *
   * @param remedy what there is to do then, in words
   * @param work all processes end it together, unless one of them fails
   */
  public static int run(
      Communicator communicator, PrintWriter err, Supplier<String> remedy, Work work)
      throws IOException {
    int code;
    boolean lost;
    try (Together together = new Together(communicator, own(communicator, err), remedy)) {
      code = together.attempt(work);
      lost = together.said;
    }
    Mpi.end(lost ? code : 0);
    return code;
  }

  private static PrintWriter own(Communicator communicator, PrintWriter err) {
    return communicator.leads() ? err : new PrintWriter(System.err, true, StandardCharsets.UTF_8);
  }

  /**
   * Prints an error. What all processes know is said by the first one; a process that fails while
   * the others go on says so itself, with its name.
   */
  static void error(PrintWriter err, String message) {
    Communicator processes = Mpi.joined();
    PrintWriter own = own(processes, err);
    String name = processes.leads() ? "" : processes.name(processes.rank()) + ": ";
    own.println("error: " + name + message);
    own.flush();
  }

  private int attempt(Work work) throws IOException {
    try {
      return work.run();
    } catch (LostProcessException e) {
      say(e.getMessage(), communicator.leads() ? 1 : 0);
      return Errors.FAILURE;
    }
  }

  /**
   * Watches the other processes: when one has ended that should not have, says so and ends this
   * one.
   *
   * @param remedy what there is to do, in words
   */
  private Together(Communicator communicator, PrintWriter err, Supplier<String> remedy) {
    this.communicator = communicator;
    this.remedy = remedy;
    this.err = err;
    watch = Thread.ofPlatform().daemon().name("processes").unstarted(this::watch);
    if (communicator.size() > 1) {
      watch.start();
      Runtime.getRuntime().addShutdownHook(atSignal);
    }
  }

  /** The writer of a process: what only the first one is to say goes nowhere in the others. */
  public static PrintWriter writer(PrintWriter own) {
    return Mpi.isLaunched() && !Mpi.isFirst()
        ? new PrintWriter(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)
        : own;
  }

  /**
   * What process 0 finds, in all processes.
   *
   * @throws IOException in process 0 what {@code find} throws, in the others that it did
   */
  public static String fromLeader(Communicator communicator, Callable<String> find)
      throws IOException {
    Exception failure = null;
    String found = "";
    if (communicator.leads()) {
      try {
        found = "+" + find.call();
      } catch (Exception e) {
        failure = e;
      }
    }
    String all =
        new String(
            communicator.broadcast(found.getBytes(StandardCharsets.UTF_8)), StandardCharsets.UTF_8);
    if (all.isEmpty()) {
      Mpi.end(0);
      rethrow(failure);
      throw new IOException("process 0 says why there is no result");
    }
    return all.substring(1);
  }

  private static void rethrow(Exception failure) throws IOException {
    switch (failure) {
      case null -> {
        // There is none.
      }
      case RuntimeException known -> throw known;
      case IOException known -> throw known;
      default -> throw new IllegalStateException(failure);
    }
  }

  /**
   * Prepares a command in all processes, and makes sure that they are about to do the same.
   *
   * @param facts of what was prepared that must be equal, by name; read if there are several
   * @throws IOException in process 0, naming the process that cannot begin and why
   * @throws IllegalArgumentException in one line naming the process and the fact that differs
   */
  public static <T> T prepare(
      Communicator communicator, Callable<T> prepare, Function<T, Map<String, Object>> facts)
      throws IOException {
    T prepared = null;
    Map<String, Object> own = Map.of();
    Exception failure = null;
    try {
      prepared = prepare.call();
      if (communicator.size() > 1) {
        own = facts.apply(prepared);
        own.put("version", Versions.program());
      }
    } catch (Exception e) {
      failure = e;
    }
    agree(communicator, failure, own);
    return prepared;
  }

  /**
   * Makes sure that all processes are about to do the same.
   *
   * @param failure what this process cannot begin for, or null
   * @param facts what must be equal, by name; ignored where there is a failure
   * @throws IOException in process 0, naming the process and its failure
   * @throws IllegalArgumentException in one line naming the process and the fact that differs
   */
  private static void agree(Communicator communicator, Exception failure, Map<String, ?> facts)
      throws IOException {
    Map<String, Object> own = new TreeMap<>(facts);
    if (failure != null) {
      own = Map.of(ERROR, Errors.message(failure));
    }
    List<JsonNode> all = new ArrayList<>();
    for (byte[] other : communicator.allGather(Json.line(own).getBytes(StandardCharsets.UTF_8))) {
      all.add(Json.tree(new String(other, StandardCharsets.UTF_8)));
    }
    String difference = difference(communicator, all);
    if (difference != null) {
      // All processes know it, so all end, and none need be ended by force.
      Mpi.end(0);
      rethrow(failure);
      throw new IllegalArgumentException(difference);
    }
  }

  /** What one process cannot do or has otherwise; null for nothing. */
  private static String difference(Communicator communicator, List<JsonNode> all) {
    for (int rank = 0; rank < all.size(); rank++) {
      if (all.get(rank).has(ERROR)) {
        return "%s: %s".formatted(communicator.name(rank), all.get(rank).get(ERROR).asString());
      }
      for (Map.Entry<String, JsonNode> fact : all.get(rank).properties()) {
        JsonNode first = all.getFirst().path(fact.getKey());
        if (!first.equals(fact.getValue())) {
          return "%s has %s %s and process 0 %s; start the same program with the same options and"
                  .formatted(
                      communicator.name(rank),
                      fact.getKey(),
                      Messages.line(fact.getValue().toString()),
                      Messages.line(first.toString()))
              + " data everywhere";
        }
      }
    }
    return null;
  }

  private void watch() {
    while (!closed) {
      try {
        Thread.sleep(LOOK_MILLIS);
      } catch (InterruptedException _) {
        return;
      }
      if (look()) {
        // The launcher then ends those that have not noticed.
        Runtime.getRuntime().halt(Errors.FAILURE);
      }
    }
  }

  /** Says which process has ended; returns whether one has. */
  private boolean look() {
    int lost = closed ? -1 : communicator.lost();
    if (lost < 0 || closed) {
      return false;
    }
    say(communicator.name(lost) + " has ended", lost);
    return true;
  }

  /**
   * Says what happened to a process, once, in the first one that is left.
   *
   * @param lost the process that does not say anything any more
   */
  private synchronized void say(String what, int lost) {
    if (!said && communicator.rank() == (lost == 0 ? 1 : 0)) {
      err.println("error: %s; %s".formatted(what, remedy.get()));
      err.flush();
    }
    said = true;
  }

  /** Ends the watch: from here on processes may end. */
  @Override
  public void close() {
    closed = true;
    if (communicator.size() > 1) {
      try {
        Runtime.getRuntime().removeShutdownHook(atSignal);
      } catch (IllegalStateException _) {
        // The process is ending; the hook has nothing to say any more.
      }
    }
  }
}
