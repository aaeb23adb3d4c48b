package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.ThreadLanes;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.bytecode.ParallelLoop;
import io.github.tornadodiffusion.kernels.bytecode.ScalarCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.IincInsnNode;
import org.objectweb.asm.tree.InsnList;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.LabelNode;
import org.objectweb.asm.tree.LocalVariableNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Kernels for devices with work groups, made from those with {@code @Parallel} loops: a vector
 * becomes one float, and a loop strides over the threads of one dimension of the grid. The
 * innermost parallel loop is the first dimension, so that neighbouring threads, which a GPU serves
 * together, read and write neighbouring floats. So of
 *
 * <pre>{@code
 * for (@Parallel int t = 0; t < rows; t++) {
 *   VectorFloat16 v = new VectorFloat16(m);
 *   for (@Parallel int i = 0; i < n / Lanes.width(); i++) {
 *     v.set(i, Lanes.exp(v.get(i)));
 *   }
 * }
 * }</pre>
 *
 * <p>it makes
 *
 * <pre>{@code
 * for (int t = c.globalIdy; t < rows; t += c.globalGroupSizeY) {
 *   for (int i = c.globalIdx; i < n; i += c.globalGroupSizeX) {
 *     m.set(i, TornadoMath.exp(m.get(i)));
 *   }
 * }
 * }</pre>
 *
 * <p>or, with {@link Sharing#LOOPS}, the same with the {@code @Parallel} loops as they were, which
 * TornadoVM shares out.
 *
 * <p>The class keeps its name but lies in a class loader of its own: TornadoVM looks for
 * {@code @Parallel} in the class file that the system class loader finds under that name, by the
 * places of instructions and the numbers of variables. So these stay what they were; a method with
 * a context is not found there.
 */
final class ThreadKernels extends ClassLoader {
  private static final String CONTEXT = KernelCode.API + "KernelContext";
  private static final String ARRAY = KernelCode.API + "types/arrays/FloatArray";

  /** The view of an array as vectors becomes the array itself. */
  private static final String VIEW = KernelCode.API + "types/collections/VectorFloat16";

  private static final String MATH = KernelCode.API + "math/TornadoMath";
  private static final String THREAD_LANES = Type.getInternalName(ThreadLanes.class);
  private static final Map<String, String> TYPES =
      Map.of(VIEW, ARRAY, Type.getInternalName(Lanes.class), THREAD_LANES);

  private static final List<String> PARAMETERS = List.of("context", "arena", "descriptor");

  /** How threads are told which turns of a loop are theirs. */
  enum Sharing {
    /** By a KernelContext, their first argument. */
    CONTEXT,

    /** By TornadoVM, for SPIR-V, whose modules are invalid if a kernel takes a context. */
    LOOPS
  }

  private record Made(Class<?> owner, Sharing sharing) {}

  private static final Map<Made, Class<?>> CLASSES = new ConcurrentHashMap<>();

  /** Names of the dimensions of a grid, the one of neighbouring threads first. */
  private static final List<String> DIMENSIONS = List.of("x", "y", "z");

  private final Class<?> owner;

  private ThreadKernels(Class<?> owner) {
    super(owner.getClassLoader());
    this.owner = owner;
  }

  /**
   * The class whose kernels compute one lane in a thread.
   *
   * @throws IllegalArgumentException if a parallel loop has a form that cannot be shared out
   */
  static Class<?> of(Class<?> owner, Sharing sharing) {
    return CLASSES.computeIfAbsent(
        new Made(owner, sharing),
        made -> {
          byte[] code = code(owner, sharing);
          return new ThreadKernels(owner).defineClass(owner.getName(), code, 0, code.length);
        });
  }

  /** Other classes of the kernels' package lie here too, so that they see each other. */
  @Override
  protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
    synchronized (getClassLoadingLock(name)) {
      Class<?> loaded = findLoadedClass(name);
      if (loaded != null) {
        return loaded;
      }
      String in = name.substring(0, name.lastIndexOf('.') + 1);
      if (!in.equals(owner.getPackageName() + ".")) {
        return super.loadClass(name, resolve);
      }
      byte[] code = KernelCode.bytes(super.loadClass(name, false));
      return defineClass(name, code, 0, code.length);
    }
  }

  /** The class file of a class of kernels, made for threads. */
  static byte[] code(Class<?> owner, Sharing sharing) {
    ClassNode node = new ClassNode();
    ClassReader reader = KernelCode.reader(owner);
    reader.accept(new ClassRemapper(node, ScalarCode.remapper(TYPES)), ClassReader.EXPAND_FRAMES);
    // It is nobody's nest mate.
    node.nestHostClass = null;
    node.nestMembers = null;
    for (MethodNode method : node.methods) {
      replaceViews(method);
      replaceWaves(method);
      ScalarCode.rewrite(method);
      if (sharing == Sharing.CONTEXT && KernelCode.isLoopKernel(method)) {
        share(owner.getName(), method);
      }
    }
    // With the constants of the original, so that each is loaded by an instruction as long as
    // there.
    ClassWriter writer = new ClassWriter(reader, 0);
    node.accept(writer);
    return writer.toByteArray();
  }

  /** What was {@code new VectorFloat16(m)} is {@code m}, and nothing else moves. */
  private static void replaceViews(MethodNode method) {
    for (AbstractInsnNode node : method.instructions.toArray()) {
      if (node instanceof TypeInsnNode type
          && type.getOpcode() == Opcodes.NEW
          && type.desc.equals(ARRAY)) {
        replaceByNothing(method, type.getNext(), 1); // DUP
        replaceByNothing(method, type, 3);
      }
      if (node instanceof MethodInsnNode call
          && call.getOpcode() == Opcodes.INVOKESPECIAL
          && call.owner.equals(ARRAY)) {
        replaceByNothing(method, call, 3);
      }
    }
  }

  private static void replaceByNothing(MethodNode method, AbstractInsnNode node, int bytes) {
    for (int i = 0; i < bytes; i++) {
      method.instructions.insertBefore(node, new InsnNode(Opcodes.NOP));
    }
    method.instructions.remove(node);
  }

  /** Sine and cosine of a device are not exact enough everywhere. */
  private static void replaceWaves(MethodNode method) {
    for (AbstractInsnNode node : method.instructions) {
      if (node instanceof MethodInsnNode call
          && call.owner.equals(MATH)
          && call.desc.equals("(F)F")
          && (call.name.equals("sin") || call.name.equals("cos"))) {
        call.owner = THREAD_LANES;
      }
    }
  }

  /** Gives a kernel its context, and each parallel loop the threads of a dimension. */
  private static void share(String owner, MethodNode method) {
    List<ParallelLoop> loops = ParallelLoop.of(owner, method);
    int nested = ParallelLoop.nested(method);
    if (nested > DIMENSIONS.size()) {
      throw new IllegalArgumentException(
          "%s.%s nests %d parallel loops where a grid has %d dimensions; leave @Parallel out of some"
              .formatted(owner, method.name, nested, DIMENSIONS.size()));
    }
    method.visibleLocalVariableAnnotations = null;
    addContext(method);
    shareClearing(method, loops, nested);
    for (ParallelLoop loop : loops) {
      String dimension = DIMENSIONS.get(nested - 1 - loop.depth());
      InsnList start = read("globalId" + dimension);
      method.instructions.insertBefore(loop.zero(), start);
      method.instructions.remove(loop.zero());
      InsnList step = new InsnList();
      step.add(new VarInsnNode(Opcodes.ILOAD, loop.variable() + 1));
      step.add(read("globalGroupSize" + dimension.toUpperCase(Locale.ROOT)));
      step.add(new InsnNode(Opcodes.IADD));
      step.add(new VarInsnNode(Opcodes.ISTORE, loop.variable() + 1));
      method.instructions.insertBefore(loop.increment(), step);
      method.instructions.remove(loop.increment());
    }
    method.maxStack += 2;
  }

  /** A first parameter, which moves all variables up by one. */
  private static void addContext(MethodNode method) {
    method.desc = method.desc.replace("(", "(L" + CONTEXT + ";");
    method.signature = null;
    method.parameters = null;
    method.maxLocals++;
    for (AbstractInsnNode node : method.instructions) {
      if (node instanceof VarInsnNode variable) {
        variable.var++;
      } else if (node instanceof IincInsnNode increment) {
        increment.var++;
      } else if (node instanceof FrameNode frame) {
        List<Object> locals = new ArrayList<>(frame.local);
        locals.addFirst(CONTEXT);
        frame.local = locals;
      }
    }
    // TornadoVM asks for the names of the parameters.
    LabelNode start = new LabelNode();
    LabelNode end = new LabelNode();
    method.instructions.insert(start);
    method.instructions.add(end);
    method.localVariables = new ArrayList<>();
    for (Type parameter : Type.getArgumentTypes(method.desc)) {
      int index = method.localVariables.size();
      method.localVariables.add(
          new LocalVariableNode(
              PARAMETERS.get(index), parameter.getDescriptor(), null, start, end, index));
    }
  }

  /**
   * Where the first dimension is not yet taken, its threads share what is to be cleared. Otherwise
   * each would clear all of it.
   */
  private static void shareClearing(MethodNode method, List<ParallelLoop> loops, int nested) {
    for (AbstractInsnNode node : method.instructions.toArray()) {
      if (node instanceof MethodInsnNode call
          && call.owner.equals(THREAD_LANES)
          && call.name.equals("clear")) {
        int at = method.instructions.indexOf(call);
        long around =
            loops.stream()
                .filter(loop -> method.instructions.indexOf(loop.exit()) < at)
                .filter(loop -> at < method.instructions.indexOf(loop.increment()))
                .count();
        if (around < nested) {
          method.instructions.insertBefore(call, new VarInsnNode(Opcodes.ALOAD, 0));
          call.desc = call.desc.replace(")", "L" + CONTEXT + ";)");
        }
      }
    }
  }

  private static InsnList read(String field) {
    InsnList code = new InsnList();
    code.add(new VarInsnNode(Opcodes.ALOAD, 0));
    code.add(new FieldInsnNode(Opcodes.GETFIELD, CONTEXT, field, "Ljava/lang/Integer;"));
    code.add(
        new MethodInsnNode(Opcodes.INVOKEVIRTUAL, "java/lang/Integer", "intValue", "()I", false));
    return code;
  }
}
