package io.github.tornadodiffusion.kernels;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which variants of kernels a device runs: for each call the first variant in its kernel's list
 * whose capability is named here and that serves the call, or else the kernel itself, which runs
 * everywhere.
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

  private static final List<Variants> OWN = List.of(AUTO, LANES, TILES, THREADS);

  /**
   * The variants of that name: those above, or of {@link KernelCases}.
   *
   * @throws IllegalArgumentException if there are none
   */
  public static Variants named(String name) {
    return all()
        .filter(variants -> variants.id.equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "unknown kernels '%s'; use %s"
                    .formatted(name, all().map(Variants::id).collect(Collectors.joining(" or ")))));
  }

  /** The services are looked for only if none of the first has the name. */
  private static Stream<Variants> all() {
    Stream<KernelCases> cases = Stream.of(0).flatMap(_ -> KernelCases.all().stream());
    return Stream.concat(OWN.stream(), cases.flatMap(family -> family.variants().stream()));
  }

  /**
   * What a device runs of them.
   *
   * @return the variants themselves, or for {@link #AUTO} those that suit the device
   * @throws IllegalArgumentException if the device has no such vectors or no such work groups
   */
  public Variants on(Device device) {
    boolean vectors = device.type().equals("cpu") && device.backend().equals("opencl");
    if (capabilities.contains(Capability.VECTORS) && !vectors) {
      throw new IllegalArgumentException(
          "--kernels %s are vectors for the cores of a CPU, which %s has not; use auto"
              .formatted(id, device.id()));
    }
    boolean workGroups = !device.backend().equals("spirv");
    if (capabilities.contains(Capability.WORK_GROUPS) && !workGroups) {
      throw new IllegalArgumentException(
          "--kernels %s would be invalid SPIR-V modules as TornadoVM writes them for %s; use auto"
              .formatted(id, device.id()));
    }
    if (!equals(AUTO)) {
      return this;
    }
    if (!workGroups) {
      return THREADS;
    }
    return vectors ? LANES : TILES;
  }

  /** The same with one more capability. */
  public Variants with(Capability more) {
    return new Variants(
        id,
        Stream.concat(capabilities.stream(), Stream.of(more))
            .collect(Collectors.toUnmodifiableSet()));
  }

  /** Floats of memory that programs need besides their own. */
  public int scratch(List<Program> programs) {
    return programs.stream()
        .flatMap(program -> program.calls().stream())
        .mapToInt(this::scratch)
        .max()
        .orElse(0);
  }

  private int scratch(Call call) {
    Optional<Variant> variant = chosen(call);
    if (variant.isEmpty()) {
      return 0;
    }
    int own = variant.get().scratch().applyAsInt(call);
    int ofCalls =
        variant.get().calls().of(call, 0).stream().mapToInt(this::scratch).max().orElse(0);
    return Math.addExact(own, ofCalls);
  }

  /**
   * The calls of the variant that is chosen, for which variants are chosen likewise, or the call
   * itself.
   *
   * @param scratch offset of the memory that they ask for
   */
  public List<Call> of(Call call, int scratch) {
    Optional<Variant> variant = chosen(call);
    if (variant.isEmpty()) {
      return List.of(call);
    }
    int next = scratch + variant.get().scratch().applyAsInt(call);
    return variant.get().calls().of(call, scratch).stream()
        .flatMap(made -> of(made, next).stream())
        .toList();
  }

  /**
   * A program with the calls of the variants that are chosen, as few launches as they can be: calls
   * that follow each other are joined where the kernel can do so.
   *
   * @param scratch offset of {@link #scratch(List)} floats
   */
  public ChosenProgram of(Program program, int scratch) {
    List<Call> calls = new ArrayList<>();
    List<String> labels = new ArrayList<>();
    List<Integer> counts = new ArrayList<>();
    for (int i = 0; i < program.calls().size(); i++) {
      Call call = program.calls().get(i);
      int before = calls.size();
      of(call, scratch).forEach(made -> append(calls, made));
      int added = calls.size() - before;
      labels.addAll(Collections.nCopies(added, program.labels().get(i)));
      counts.add(added);
    }
    return new ChosenProgram(
        new Program(program.name(), calls, labels, program.inputs(), program.outputs()), counts);
  }

  private static void append(List<Call> calls, Call call) {
    Optional<Call> joined =
        calls.isEmpty() ? Optional.empty() : calls.getLast().kernel().join(calls.getLast(), call);
    joined.ifPresent(_ -> calls.removeLast());
    calls.add(joined.orElse(call));
  }

  private Optional<Variant> chosen(Call call) {
    return call.kernel().variants().stream()
        .filter(variant ->
            variant.needs().equals(Capability.NOTHING) || capabilities.contains(variant.needs()))
        .filter(variant -> variant.serves().test(call))
        .findFirst();
  }

  /**
   * What a device runs of a program.
   *
   * @param program what runs
   * @param counts of its calls that each call of the original became, without those that were
   *     joined to an earlier one
   */
  public record ChosenProgram(Program program, List<Integer> counts) {
    /** A measurement of {@link #program} as one of the original, whose calls it adds up. */
    public Engine.Measurement ofOriginal(Engine.Measurement measured) {
      long[] sums = new long[counts.size()];
      int next = 0;
      for (int i = 0; i < sums.length; i++) {
        for (int j = 0; j < counts.get(i); j++) {
          sums[i] += measured.calls()[next++];
        }
      }
      return new Engine.Measurement(
          sums, measured.compilation(), measured.transfers(), measured.total(), measured.joules());
    }
  }
}
