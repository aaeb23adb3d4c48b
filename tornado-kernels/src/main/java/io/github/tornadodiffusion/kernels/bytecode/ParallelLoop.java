package io.github.tornadodiffusion.kernels.bytecode;

import java.util.Comparator;
import java.util.List;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.JumpInsnNode;
import org.objectweb.asm.tree.LocalVariableAnnotationNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * A loop of a kernel that is shared out: {@code for (@Parallel int i = 0; i < bound; i++)}.
 *
 * @param depth parallel loops around it
 * @param variable i
 * @param zero what i starts from
 * @param exit the jump out of the loop, taken where i is not below the bound
 * @param increment of i
 */
public record ParallelLoop(
    int depth, int variable, AbstractInsnNode zero, JumpInsnNode exit, IincInsnNode increment) {
  /** Where a loop's variable lives. */
  private record Scope(int from, int to) {
    boolean contains(Scope other) {
      return from <= other.from && other.to <= to && !equals(other);
    }
  }

  /** How deep parallel loops are nested; their form is not checked. */
  public static int nested(MethodNode method) {
    return annotations(method).stream().mapToInt(loop -> 1 + depth(method, loop)).max().orElse(0);
  }

  /**
   * The parallel loops of a method in the order of the code, the outermost one first.
   *
   * @param owner name of the method's class
   * @throws IllegalArgumentException if a loop has another form
   */
  public static List<ParallelLoop> of(String owner, MethodNode method) {
    return annotations(method).stream()
        .map(loop -> of(owner, method, loop, depth(method, loop)))
        .toList();
  }

  private static List<LocalVariableAnnotationNode> annotations(MethodNode method) {
    return method.visibleLocalVariableAnnotations == null
        ? List.of()
        : method.visibleLocalVariableAnnotations.stream()
            .filter(annotation -> annotation.desc.equals(KernelCode.PARALLEL))
            .sorted(Comparator.comparingInt(annotation -> scope(method, annotation).from))
            .toList();
  }

  private static int depth(MethodNode method, LocalVariableAnnotationNode loop) {
    Scope scope = scope(method, loop);
    return (int)
        annotations(method).stream().filter(other -> scope(method, other).contains(scope)).count();
  }

  private static Scope scope(MethodNode method, LocalVariableAnnotationNode annotation) {
    InsnList code = method.instructions;
    return new Scope(
        code.indexOf(annotation.start.getFirst()), code.indexOf(annotation.end.getFirst()));
  }

  private static ParallelLoop of(
      String owner, MethodNode method, LocalVariableAnnotationNode annotation, int depth) {
    int variable = annotation.index.getFirst();
    AbstractInsnNode start = annotation.start.getFirst();
    AbstractInsnNode store = real(start.getPrevious(), false);
    AbstractInsnNode zero = real(store.getPrevious(), false);
    AbstractInsnNode load = real(start, true);
    JumpInsnNode exit = null;
    IincInsnNode increment = null;
    for (AbstractInsnNode at = load; !at.equals(annotation.end.getFirst()); at = at.getNext()) {
      if (exit == null && at instanceof JumpInsnNode jump) {
        exit = jump;
      }
      if (at instanceof IincInsnNode i && i.var == variable) {
        increment = i;
      }
    }
    if (!(store instanceof VarInsnNode s && s.getOpcode() == Opcodes.ISTORE && s.var == variable)
        || zero.getOpcode() != Opcodes.ICONST_0
        || !(load instanceof VarInsnNode l && l.getOpcode() == Opcodes.ILOAD && l.var == variable)
        || exit == null
        || exit.getOpcode() != Opcodes.IF_ICMPGE
        || increment == null
        || increment.incr != 1) {
      throw new IllegalArgumentException(
          "%s.%s: %s parallel loop has another form; write for (@Parallel int i = 0; i < bound; i++)"
              .formatted(owner, method.name, depth == 0 ? "its outermost" : "an inner"));
    }
    return new ParallelLoop(depth, variable, zero, exit, increment);
  }

  /** The nearest real instruction from {@code node} on, skipping labels, lines and frames. */
  private static AbstractInsnNode real(AbstractInsnNode node, boolean forward) {
    AbstractInsnNode at = node;
    while (at.getOpcode() < 0) {
      at = forward ? at.getNext() : at.getPrevious();
    }
    return at;
  }
}
