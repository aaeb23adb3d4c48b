package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels as TornadoVM's tasks: TornadoVM takes the first static call in the bytecode of {@code
 * apply} as the kernel. A class is generated for each kernel. Method references would not do,
 * because a kernel is given by class and name; nor would {@code LambdaMetafactory}, which does not
 * serve classes of other class loaders.
 */
final class TornadoTasks {
  private static final Map<Kernel, Object> LANES = new ConcurrentHashMap<>();
  private static final Map<Kernel, Object> LOOPS = new ConcurrentHashMap<>();
  private static final Map<Kernel, Object> THREADS = new ConcurrentHashMap<>();

  private TornadoTasks() {}

  /**
   * The method of a kernel, with vectors of 16 lanes.
   *
   * @throws IllegalArgumentException if there is none
   */
  @SuppressWarnings("unchecked") // what the method takes is what the task takes
  static Task2<FloatArray, IntArray> lanes(Kernel kernel) {
    return (Task2<FloatArray, IntArray>)
        LANES.computeIfAbsent(
            kernel, k -> task(k, k.owner(), Task2.class, FloatArray.class, IntArray.class));
  }

  /**
   * The method of a kernel with a thread for each lane, shared out by TornadoVM.
   *
   * @throws IllegalArgumentException if there is none
   */
  @SuppressWarnings("unchecked") // what the method takes is what the task takes
  static Task2<FloatArray, IntArray> loops(Kernel kernel) {
    return (Task2<FloatArray, IntArray>)
        LOOPS.computeIfAbsent(
            kernel,
            k ->
                task(
                    k,
                    ThreadKernels.of(k.owner(), ThreadKernels.Sharing.LOOPS),
                    Task2.class,
                    FloatArray.class,
                    IntArray.class));
  }

  /**
   * The method of a kernel for work groups as it is; that of any other kernel with a thread for
   * each lane.
   *
   * @throws IllegalArgumentException if there is none
   */
  @SuppressWarnings("unchecked") // what the method takes is what the task takes
  static Task3<KernelContext, FloatArray, IntArray> threads(Kernel kernel) {
    return (Task3<KernelContext, FloatArray, IntArray>)
        THREADS.computeIfAbsent(
            kernel,
            k ->
                task(
                    k,
                    k.workGroup().isPresent()
                        ? k.owner()
                        : ThreadKernels.of(k.owner(), ThreadKernels.Sharing.CONTEXT),
                    Task3.class,
                    KernelContext.class,
                    FloatArray.class,
                    IntArray.class));
  }

  /** A task that calls the kernel's method in {@code owner}. */
  private static Object task(Kernel kernel, Class<?> owner, Class<?> task, Class<?>... parameters) {
    var _ = KernelCode.method(kernel, KernelCode.read(kernel.owner()));
    String name = Type.getInternalName(owner);
    // TornadoVM looks for @Parallel there, whatever class loader the class has.
    if (ClassLoader.getSystemClassLoader().getResource(name + ".class") == null) {
      throw new IllegalArgumentException(
          ("TornadoVM cannot read the class of %s; put its directory or jar on the JVM's class"
                  + " path, or use --device jvm")
              .formatted(kernel.id()));
    }
    ClassWriter writer = new ClassWriter(ClassWriter.COMPUTE_MAXS);
    writer.visit(
        Opcodes.V25,
        Opcodes.ACC_FINAL | Opcodes.ACC_SYNTHETIC,
        "%s$%s$Task".formatted(name, kernel.method()),
        null,
        "java/lang/Object",
        new String[] {Type.getInternalName(task)});
    MethodVisitor constructor =
        writer.visitMethod(Opcodes.ACC_PRIVATE, "<init>", "()V", null, null);
    constructor.visitVarInsn(Opcodes.ALOAD, 0);
    constructor.visitMethodInsn(Opcodes.INVOKESPECIAL, "java/lang/Object", "<init>", "()V", false);
    constructor.visitInsn(Opcodes.RETURN);
    constructor.visitMaxs(0, 0);
    MethodVisitor apply =
        writer.visitMethod(
            Opcodes.ACC_PUBLIC,
            "apply",
            "(%s)V".formatted("Ljava/lang/Object;".repeat(parameters.length)),
            null,
            null);
    for (int i = 0; i < parameters.length; i++) {
      apply.visitVarInsn(Opcodes.ALOAD, 1 + i);
      apply.visitTypeInsn(Opcodes.CHECKCAST, Type.getInternalName(parameters[i]));
    }
    String descriptor =
        Type.getMethodDescriptor(
            Type.VOID_TYPE, Stream.of(parameters).map(Type::getType).toArray(Type[]::new));
    apply.visitMethodInsn(Opcodes.INVOKESTATIC, name, kernel.method(), descriptor, false);
    apply.visitInsn(Opcodes.RETURN);
    apply.visitMaxs(0, 0);
    try {
      MethodHandles.Lookup lookup = MethodHandles.privateLookupIn(owner, MethodHandles.lookup());
      Constructor<?> made = lookup.defineClass(writer.toByteArray()).getDeclaredConstructor();
      made.setAccessible(true);
      return made.newInstance();
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException("TornadoVM's task for " + kernel.id(), e);
    }
  }
}
