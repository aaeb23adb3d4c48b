package io.github.tornadodiffusion.kernels.jvm;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.bytecode.ParallelLoop;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * The rules of the jvm engine for kernels. Without this check a broken rule would show as an error
 * of the JVM that does not mention it, or as wrong numbers.
 */
final class KernelRules {
  private static final String LANES = Type.getInternalName(Lanes.class);

  private KernelRules() {}

  /**
   * Checks a kernel and the methods of its class that it calls.
   *
   * @throws IllegalArgumentException naming the rule that it breaks
   */
  static void check(Kernel kernel) {
    ClassNode owner = KernelCode.read(kernel.owner());
    MethodNode method = KernelCode.method(kernel, owner);
    String name = kernel.owner().getName() + "." + method.name;
    if (ParallelLoop.nested(method) == 0) {
      throw new IllegalArgumentException(
          "%s has no parallel loop; write its outermost one as for (@Parallel int i = 0; i < bound;"
                  .formatted(name)
              + " i++)");
    }
    Set<MethodNode> known = new HashSet<>(Set.of(method));
    Deque<MethodNode> open = new ArrayDeque<>(known);
    while (!open.isEmpty()) {
      for (AbstractInsnNode code : open.remove().instructions) {
        if (!(code instanceof MethodInsnNode call)) {
          continue;
        }
        if (call.owner.equals(owner.name)) {
          owner.methods.stream()
              .filter(own -> own.name.equals(call.name) && own.desc.equals(call.desc))
              .filter(known::add)
              .forEach(open::add);
        } else if (call.owner.startsWith(KernelCode.API)) {
          if (!KernelLoader.hosts(call)) {
            throw new IllegalArgumentException(
                "%s calls %s.%s, which the jvm engine has not; use Lanes or other methods"
                    .formatted(name, simple(call.owner), call.name));
          }
        } else if (!call.owner.equals(LANES) && call.desc.contains(KernelCode.API)) {
          throw new IllegalArgumentException(
              "%s calls %s.%s, which takes TornadoVM's types; move it into %s"
                  .formatted(name, simple(call.owner), call.name, simple(owner.name)));
        }
      }
    }
  }

  private static String simple(String internalName) {
    return internalName.substring(internalName.lastIndexOf('/') + 1);
  }
}
