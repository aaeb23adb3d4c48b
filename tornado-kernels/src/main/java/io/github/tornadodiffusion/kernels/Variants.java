package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Which variants of kernels a device runs: for each kernel the first variant in its list whose
 * capability is named here, or else the kernel itself, which runs everywhere.
 *
 * @param id the name by which they are chosen, as in {@code --kernels tiles}
 * @param capabilities that variants may require
 */
public record Variants(String id, Set<Capability> capabilities) {
  /** What suits the type of the device. */
  public static final Variants AUTO = new Variants("auto", Set.of());

  /** Vectors of 16 floats a thread, for the cores of a CPU. */
  public static final Variants LANES = new Variants("lanes", Set.of(Capability.VECTORS));

  /**
   * For a GPU: work groups that share tiles in local memory, and a thread a lane in all other
   * kernels.
   */
  public static final Variants TILES = new Variants("tiles", Set.of(Capability.WORK_GROUPS));

  /** A thread a lane in every kernel, for devices whose compiler gets no work groups right. */
  public static final Variants THREADS = new Variants("threads", Set.of());

  private static final List<Variants> ALL = List.of(AUTO, LANES, TILES, THREADS);

  /**
   * The variants of that name.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Variants named(String name) {
    return ALL.stream()
        .filter(variants -> variants.id.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown kernels '%s'; use %s"
                    .formatted(
                        name, ALL.stream().map(Variants::id).collect(Collectors.joining(" or ")))));
  }

  /**
   * What a device runs of them.
   *
   * @return the variants themselves, or for {@link #AUTO} those that suit the device
   * @throws IllegalArgumentException if the device has no such vectors or no such work groups
   */
  public Variants on(Device device) {
    boolean vectors = device.type().equals("cpu") && device.backend().equals("opencl");
    if (equals(LANES) && !vectors) {
      throw new IllegalArgumentException(
          "--kernels lanes are vectors for the cores of a CPU, which %s has not; use auto"
              .formatted(device.id()));
    }
    boolean workGroups = !device.backend().equals("spirv");
    if (equals(TILES) && !workGroups) {
      throw new IllegalArgumentException(
          "--kernels tiles would be invalid SPIR-V modules as TornadoVM writes them for %s; use auto"
              .formatted(device.id()));
    }
    if (!equals(AUTO)) {
      return this;
    }
    if (!workGroups) {
      return THREADS;
    }
    return vectors ? LANES : TILES;
  }

  /** The call of the variant that is chosen, or the call itself. */
  public Call of(Call call) {
    return call.kernel().variants().stream()
        .filter(variant -> capabilities.contains(variant.needs()))
        .findFirst()
        .map(variant -> variant.of(call))
        .orElse(call);
  }

  /** A program whose calls are those of {@link #of(Call)}. */
  public Program of(Program program) {
    return new Program(
        program.name(),
        program.calls().stream().map(this::of).toList(),
        program.labels(),
        program.inputs(),
        program.outputs());
  }
}
