package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.check.KernelCode;
import java.lang.invoke.LambdaMetafactory;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;

/**
 * Kernels as the method references that TornadoVM asks for: it reads the method behind each. They
 * are made as javac's are, but from a name, so that a kernel may lie in any class.
 */
final class TornadoTasks {
  private TornadoTasks() {}

  /**
   * The method of a kernel.
   *
   * @throws IllegalArgumentException if there is none
   */
  @SuppressWarnings("unchecked") // what the method takes is what the task takes
  static Task2<FloatArray, IntArray> of(Kernel kernel) {
    return (Task2<FloatArray, IntArray>)
        reference(kernel, Task2.class, FloatArray.class, IntArray.class);
  }

  /**
   * The method of a kernel for work groups.
   *
   * @throws IllegalArgumentException if there is none
   */
  @SuppressWarnings("unchecked") // what the method takes is what the task takes
  static Task3<KernelContext, FloatArray, IntArray> tiled(Kernel kernel) {
    return (Task3<KernelContext, FloatArray, IntArray>)
        reference(kernel, Task3.class, KernelContext.class, FloatArray.class, IntArray.class);
  }

  private static Object reference(Kernel kernel, Class<?> task, Class<?>... parameters) {
    MethodType type = MethodType.methodType(void.class, parameters);
    try {
      MethodHandles.Lookup lookup =
          MethodHandles.privateLookupIn(kernel.owner(), MethodHandles.lookup());
      MethodHandle method = lookup.findStatic(kernel.owner(), kernel.method(), type);
      return LambdaMetafactory.metafactory(
              lookup,
              "apply",
              MethodType.methodType(task),
              type.generic().changeReturnType(void.class),
              method,
              type)
          .getTarget()
          .invoke();
    } catch (ReflectiveOperationException e) {
      KernelCode.method(kernel, KernelCode.read(kernel.owner())); // says why
      throw new IllegalStateException("TornadoVM's task for " + kernel.id(), e);
    } catch (Throwable e) {
      throw new IllegalStateException("TornadoVM's task for " + kernel.id(), e);
    }
  }
}
