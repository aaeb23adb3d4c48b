package io.github.tornadodiffusion.kernels;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A kernel and what engines need to know about it. It is a static method {@code void
 * method(FloatArray arena, IntArray descriptor)} of any class in any package, written once for the
 * jvm engine and for TornadoVM:
 *
 * <ul>
 *   <li>Its outermost loop is {@code for (@Parallel int i = 0; i < bound; i++)}, where bound was
 *       read from the descriptor. Its iterations run in parallel, so none may read what another one
 *       writes. A second {@code @Parallel} loop right inside keeps a GPU busy.
 *   <li>It computes with {@link Lanes} on a {@code VectorFloat16} made within the loop, or with
 *       single floats of the arena and {@code TornadoMath}.
 *   <li>It calls only methods of its own class, methods of {@link Lanes}, and methods that take
 *       only numbers.
 * </ul>
 *
 * <p>A kernel for work groups has a {@link WorkGroup} and a different signature: see {@link Tiles}.
 *
 * <p>The class is only named here and never initialised, because it mentions types of TornadoVM,
 * which may be absent. The jvm engine reads its class file and makes a class of its own from it.
 *
 * <pre>{@code
 * static final Kernel FORWARD =
 *     Kernel.of(ConvKernels.class, "forward")
 *         .with(ConvOracles::forward)
 *         .with(Tiles.variant(ConvTileKernels.class, "forward", 1024));
 * }</pre>
 *
 * <p>Two kernels are equal if they are the same method.
 */
public final class Kernel {
  private static final String OURS = Kernel.class.getPackageName() + ".";

  private final Class<?> owner;
  private final String method;
  private final WorkGroup workGroup;
  private final CallOracle oracle;
  private final List<Variant> variants;
  private final Joiner joiner;

  /** Makes one call of two calls of a kernel. */
  @FunctionalInterface
  public interface Joiner {
    /** The call that does both; nothing where one of them needs what the other one writes. */
    Optional<Call> join(Call first, Call second);
  }

  private Kernel(
      Class<?> owner,
      String method,
      WorkGroup workGroup,
      CallOracle oracle,
      List<Variant> variants,
      Joiner joiner) {
    this.owner = owner;
    this.method = method;
    this.workGroup = workGroup;
    this.oracle = oracle;
    this.variants = variants;
    this.joiner = joiner;
  }

  /** The kernel that is a method of a class, still without oracle, variants and work group. */
  public static Kernel of(Class<?> owner, String method) {
    return new Kernel(owner, method, null, null, List.of(), (first, second) -> Optional.empty());
  }

  /** The same kernel, judged by an oracle. */
  public Kernel with(CallOracle newOracle) {
    return new Kernel(owner, method, workGroup, newOracle, variants, joiner);
  }

  /** The same kernel with one more variant, which is used only where no earlier one can be. */
  public Kernel with(Variant variant) {
    List<Variant> more = Stream.concat(variants.stream(), Stream.of(variant)).toList();
    return new Kernel(owner, method, workGroup, oracle, more, joiner);
  }

  /** The same kernel, run by work groups. */
  public Kernel with(WorkGroup newWorkGroup) {
    return new Kernel(owner, method, newWorkGroup, oracle, variants, joiner);
  }

  /** The same kernel, of which a launch may do what several calls do, one after the other. */
  public Kernel joining(Joiner newJoiner) {
    return new Kernel(owner, method, workGroup, oracle, variants, newJoiner);
  }

  /** The class that holds the method. */
  public Class<?> owner() {
    return owner;
  }

  /** Name of the method. */
  public String method() {
    return method;
  }

  /** The work groups that it is written for; empty for a kernel with {@code @Parallel} loops. */
  public Optional<WorkGroup> workGroup() {
    return Optional.ofNullable(workGroup);
  }

  /** The oracle, which says what the kernel must write; empty if there is none. */
  public Optional<CallOracle> oracle() {
    return Optional.ofNullable(oracle);
  }

  /** Other ways to compute the same, the best first; see {@link Variants}. */
  public List<Variant> variants() {
    return variants;
  }

  /** One call in place of two that follow each other, if the first is one of this kernel. */
  Optional<Call> join(Call first, Call second) {
    return second.kernel().equals(this) ? joiner.join(first, second) : Optional.empty();
  }

  /** Whether the kernel is not part of this project, whose own kernels are proved by its tests. */
  public boolean isForeign() {
    return !owner.getName().startsWith(OURS);
  }

  /**
   * The name to print, for instance {@code Conv.forward} for a method of ConvKernels; the name of a
   * foreign kernel starts with its package.
   */
  public String id() {
    String name = isForeign() ? owner.getName() : owner.getSimpleName();
    return name.replaceAll("Kernels$", "") + "." + method;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof Kernel kernel && kernel.owner == owner && kernel.method.equals(method);
  }

  @Override
  public int hashCode() {
    return 31 * owner.hashCode() + method.hashCode();
  }

  @Override
  public String toString() {
    return id();
  }
}
