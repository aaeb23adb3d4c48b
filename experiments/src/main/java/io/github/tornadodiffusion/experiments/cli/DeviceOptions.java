package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.kernels.Convolution;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Engines;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.Mpi;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/** The options of every command that computes. */
public final class DeviceOptions {
  private static final String JVM = "jvm";
  private static final String CONV = "--conv";

  @Option(
      names = "--device",
      paramLabel = "ID",
      defaultValue = JVM,
      description =
          "Device to compute on, as 'devices' lists them (default: jvm); under mpirun opencl:rank"
              + " gives each process of a machine its own. A training takes several, with commas.")
  public String device;

  /** Those after the first one. */
  private List<String> helpers = List.of();

  @Option(
      names = "--kernels",
      paramLabel = "SET",
      defaultValue = "auto",
      description =
          "Variants of kernels: lanes (for a CPU), tiles or threads (for a GPU), those of a"
              + " plug-in, or auto: by the device (default).")
  String kernels;

  @Option(
      names = CONV,
      paramLabel = "HOW",
      defaultValue = "auto",
      description =
          "Convolutions: direct, winograd (fewer multiplications, other rounding), or auto: by"
              + " device and shape (default).")
  public String conv;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads of the jvm device (default: all cores); no influence on results.")
  Integer threads;

  @Option(
      names = "--no-self-check",
      description = "Trust a device of TornadoVM without comparing its kernels with jvm's first.")
  public boolean noSelfCheck;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  /**
   * The options of a device, given by the program rather than on a command line.
   *
   * @param kernels as {@code --kernels} names them
   * @param threads of the jvm device, or null for all cores
   */
  public static DeviceOptions of(String device, String kernels, Integer threads) {
    DeviceOptions options = new DeviceOptions();
    options.device = device;
    options.kernels = kernels;
    options.conv = Convolution.AUTO.id();
    options.threads = threads;
    return options;
  }

  /**
   * Checks the options without allocating memory or starting threads. Of the processes on a machine
   * each takes its share of it.
   *
   * @throws IllegalArgumentException if the device or its variants of kernels do not exist or there
   *     are no threads
   */
  public void check() {
    share(Mpi.join());
    Engines.check(device, Variants.named(kernels));
    helpers.forEach(helper -> Engines.check(helper, Variants.named(kernels)));
    var _ = Convolution.named(conv);
    if (threads != null && (threads < 1 || threads > 1024)) {
      throw new IllegalArgumentException("--threads is " + threads + "; give 1 to 1024");
    }
  }

  /**
   * The arguments of a run that goes on or is repeated: with the convolutions that it was made
   * with, which were direct before there was a choice.
   *
   * @param run its manifest
   */
  public static List<String> pinned(List<String> arguments, JsonNode run) {
    boolean known = run.at("/device/conv").isString() || run.at("/configuration/conv").isString();
    boolean computes = run.has("device") || run.path("configuration").has("device");
    if (known || !computes || Arguments.gives(arguments, CONV)) {
      return arguments;
    }
    List<String> pinned = new ArrayList<>(arguments);
    pinned.addAll(List.of(CONV, Convolution.DIRECT.id()));
    return pinned;
  }

  /**
   * Shares the machine with the other processes on it: a device whose number is {@code rank} is
   * that of this process's place among them, and processors that several may use are divided.
   */
  private void share(Communicator communicator) {
    if (device.endsWith(":rank")) {
      device = device.substring(0, device.length() - 4) + communicator.localRank();
    }
    if (threads == null && communicator.size() > 1) {
      threads = Math.max(1, threads() / communicator.sharingProcessors());
    }
  }

  /** What must be the same in processes that compute together, by name. */
  public Map<String, Object> facts() {
    return Map.of("device", device.replaceFirst(":.*", ""), "kernels", kernels, "conv", conv);
  }

  /** Takes several devices, the first of which is {@link #device} from here on. */
  public void takeSeveral() {
    List<String> all = List.of(device.split(",", -1));
    device = all.getFirst();
    helpers = all.subList(1, all.size());
  }

  /** The devices after the first one. */
  public List<String> helpers() {
    return helpers;
  }

  /** Notes those that change nothing on the device. */
  public Ineffective note(Ineffective options) {
    return options.note(
        "--threads",
        !isJvm() && !helpers.contains(JVM),
        "they are those of the jvm device; leave it out");
  }

  /** Whether the device is this JVM. */
  public boolean isJvm() {
    return device.equals(JVM);
  }

  /** A description of the device. */
  public String describe() {
    String first = isJvm() ? "%s with %d threads".formatted(device, threads()) : device;
    return Stream.concat(Stream.of(first), helpers.stream()).collect(Collectors.joining(", "));
  }

  /** Threads that the jvm device computes with. */
  public int threads() {
    return threads == null ? Runtime.getRuntime().availableProcessors() : threads;
  }

  /**
   * Starts the device.
   *
   * @param measure whether programs are to be measured
   * @param err where to show the progress of its preparation
   */
  public Engine open(boolean measure, PrintWriter err) {
    check();
    return open(device, measure, err);
  }

  /** Starts the devices after the first one. */
  public List<Engine> openHelpers(PrintWriter err) {
    List<Engine> opened = new ArrayList<>();
    try {
      helpers.forEach(helper -> opened.add(open(helper, false, err)));
    } catch (RuntimeException e) {
      opened.forEach(Engine::close);
      throw e;
    }
    return opened;
  }

  private Engine open(String id, boolean measure, PrintWriter err) {
    return Engines.open(
        id,
        new EngineOptions(
            threads(),
            Variants.named(kernels),
            Convolution.named(conv),
            !noSelfCheck,
            measure,
            new StartUp(err)::show));
  }
}
