package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.ThreadLanes;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.objectweb.asm.Type;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.MethodInsnNode;

/**
 * What is asked of TornadoVM, read from the class files that ask: another release may lack some of
 * it, which would otherwise show in the middle of a run.
 */
final class TornadoApi {
  private static final List<Class<?>> ASKING =
      List.of(
          TornadoDevices.class,
          TornadoSession.class,
          TornadoTasks.class,
          TransferKernels.class,
          Lanes.class,
          ThreadLanes.class);

  private TornadoApi() {}

  /** The first thing that TornadoVM lacks, as Type.member. */
  static Optional<String> missing() {
    return ASKING.stream()
        .flatMap(asking -> KernelCode.read(asking).methods.stream())
        .flatMap(method -> Arrays.stream(method.instructions.toArray()))
        .flatMap(TornadoApi::missing)
        .findFirst();
  }

  private static Stream<String> missing(AbstractInsnNode code) {
    return switch (code) {
      case MethodInsnNode call when call.owner.startsWith(KernelCode.API) ->
          unless(has(call.owner, call.name + call.desc), call.owner, call.name);
      case FieldInsnNode field when field.owner.startsWith(KernelCode.API) ->
          unless(has(field.owner, field.name + field.desc), field.owner, field.name);
      default -> Stream.empty();
    };
  }

  private static Stream<String> unless(boolean has, String owner, String member) {
    return has
        ? Stream.empty()
        : Stream.of(owner.substring(owner.lastIndexOf('/') + 1) + "." + member);
  }

  private static boolean has(String owner, String member) {
    try {
      Class<?> type =
          Class.forName(owner.replace('/', '.'), false, TornadoApi.class.getClassLoader());
      return Stream.of(
              Arrays.stream(type.getConstructors())
                  .map(made -> "<init>" + Type.getConstructorDescriptor(made)),
              Arrays.stream(type.getMethods())
                  .map(method -> method.getName() + Type.getMethodDescriptor(method)),
              Arrays.stream(type.getFields())
                  .map(field -> field.getName() + Type.getDescriptor(field.getType())))
          .flatMap(members -> members)
          .anyMatch(member::equals);
    } catch (ClassNotFoundException | LinkageError _) {
      return false;
    }
  }
}
