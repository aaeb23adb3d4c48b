package io.github.tornadodiffusion.kernels.jvm;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.bytecode.ParallelLoop;
import io.github.tornadodiffusion.kernels.bytecode.ScalarCode;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.Remapper;
import org.objectweb.asm.commons.SimpleRemapper;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Turns the bytecode of kernel classes into code for the JVM's vectors. TornadoVM's types become
 * the Host classes of this package, and the outermost {@code @Parallel} loop runs from {@link
 * HostIntArray#from()} to {@link HostIntArray#to()}, so that workers can share it. No TornadoVM
 * class is loaded.
 */
final class KernelLoader {
  private static final String API = KernelCode.API;
  private static final String HOST = KernelLoader.class.getPackageName().replace('.', '/') + "/";
  private static final Map<String, String> TYPES =
      Map.of(
          API + "types/arrays/FloatArray",
          HOST + "HostFloatArray",
          API + "types/arrays/IntArray",
          HOST + "HostIntArray",
          API + "types/collections/VectorFloat16",
          HOST + "HostView",
          API + "types/vectors/Float16",
          "jdk/incubator/vector/FloatVector",
          API + "math/TornadoMath",
          HOST + "HostMath",
          Type.getInternalName(Lanes.class),
          HOST + "HostLanes");

  /** What differs where vectors are to have one lane. */
  private static final Map<String, String> SCALAR_TYPES =
      Map.of(
          API + "types/collections/VectorFloat16",
          HOST + "HostScalarView",
          Type.getInternalName(Lanes.class),
          HOST + "HostScalars");

  private static final MethodType KERNEL =
      MethodType.methodType(void.class, HostFloatArray.class, HostIntArray.class);

  /** The number of classes that were defined under a new name. */
  private static final AtomicInteger DEFINED = new AtomicInteger();

  private final boolean scalar;
  private final Map<Class<?>, MethodHandles.Lookup> classes = new HashMap<>();
  private final Map<Kernel, MethodHandle> handles = new HashMap<>();

  /**
   * A loader.
   *
   * @param scalar whether vectors are to have one lane, a plain float
   */
  KernelLoader(boolean scalar) {
    this.scalar = scalar;
  }

  /** Whether a method of TornadoVM has a counterpart in the Host classes. */
  static boolean hosts(MethodInsnNode call) {
    Remapper remapper = new SimpleRemapper(Opcodes.ASM9, TYPES);
    String owner = remapper.mapType(call.owner);
    if (!owner.startsWith(HOST)) {
      return false;
    }
    try {
      MethodType type =
          MethodType.fromMethodDescriptorString(
              remapper.mapMethodDesc(call.desc), KernelLoader.class.getClassLoader());
      Class<?> host = Class.forName(owner.replace('/', '.'));
      return call.name.equals("<init>")
          ? host.getConstructor(type.parameterArray()) != null
          : host.getMethod(call.name, type.parameterArray()).getReturnType() == type.returnType();
    } catch (ReflectiveOperationException | TypeNotPresentException _) {
      return false;
    }
  }

  /**
   * The kernel as a method {@code (HostFloatArray, HostIntArray) -> void}.
   *
   * @throws IllegalArgumentException if it is not written as {@link Kernel} says
   */
  synchronized MethodHandle load(Kernel kernel) {
    return handles.computeIfAbsent(
        kernel,
        k -> {
          if (k.isForeign()) {
            KernelRules.check(k);
          }
          MethodHandles.Lookup lookup = classes.computeIfAbsent(k.owner(), this::define);
          try {
            return lookup.findStatic(lookup.lookupClass(), k.method(), KERNEL);
          } catch (ReflectiveOperationException e) {
            throw new IllegalArgumentException("no kernel " + k.id(), e);
          }
        });
  }

  private MethodHandles.Lookup define(Class<?> owner) {
    try {
      // In the owner's package, so that it may use the package's other classes.
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(owner, MethodHandles.lookup());
      if (lookup.hasFullPrivilegeAccess()) {
        return lookup.defineHiddenClass(remapped(owner, TYPES), true);
      }
      // The package of a class from another class loader takes no hidden classes: defined under a
      // new name.
      Map<String, String> types = new HashMap<>(TYPES);
      String name = Type.getInternalName(owner);
      types.put(name, "%s$jvm%d".formatted(name, DEFINED.incrementAndGet()));
      return lookup.in(lookup.defineClass(remapped(owner, types)));
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] remapped(Class<?> owner, Map<String, String> types) {
    Map<String, String> names = new HashMap<>(types);
    names.putAll(scalar ? SCALAR_TYPES : Map.of());
    ClassNode node = new ClassNode();
    KernelCode.reader(owner)
        .accept(
            new ClassRemapper(
                node,
                scalar ? ScalarCode.remapper(names) : new SimpleRemapper(Opcodes.ASM9, names)),
            0);
    // The new class has no nest mates.
    node.nestHostClass = null;
    node.nestMembers = null;
    for (MethodNode method : node.methods) {
      if (scalar) {
        ScalarCode.rewrite(method);
      }
      if (method.desc.equals(KERNEL.toMethodDescriptorString())) {
        split(owner.getName(), method);
      }
    }
    ClassWriter writer = new ClassWriter(0);
    node.accept(writer);
    return writer.toByteArray();
  }

  /**
   * Rewrites {@code for (i = 0; i < bound; ..)} to {@code for (i = d.from(); i < min(bound,
   * d.to()); ..)}.
   */
  private static void split(String owner, MethodNode method) {
    if (ParallelLoop.nested(method) == 0) {
      return; // a helper method
    }
    ParallelLoop loop = ParallelLoop.of(owner, method).getFirst();
    method.instructions.insertBefore(loop.zero(), descriptor("from"));
    method.instructions.remove(loop.zero());
    InsnList limit = descriptor("to");
    limit.add(new MethodInsnNode(Opcodes.INVOKESTATIC, "java/lang/Math", "min", "(II)I"));
    method.instructions.insertBefore(loop.exit(), limit);
    method.maxStack += 2;
  }

  private static InsnList descriptor(String accessor) {
    InsnList list = new InsnList();
    list.add(new VarInsnNode(Opcodes.ALOAD, 1));
    list.add(
        new MethodInsnNode(
            Opcodes.INVOKEVIRTUAL, Type.getInternalName(HostIntArray.class), accessor, "()I"));
    return list;
  }
}
