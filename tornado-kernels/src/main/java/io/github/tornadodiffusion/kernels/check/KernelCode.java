package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/** Kernels as their class files have them, read without loading the types of TornadoVM. */
public final class KernelCode {
  /** Where TornadoVM's types lie. */
  public static final String API = "uk/ac/manchester/tornado/api/";

  /** The annotation of loops that are shared out. */
  public static final String PARALLEL = "L" + API + "annotations/Parallel;";

  private static final String ARGUMENTS =
      "L%stypes/arrays/FloatArray;L%stypes/arrays/IntArray;)V".formatted(API, API);

  private KernelCode() {}

  /**
   * The class file of a kernel's class.
   *
   * @throws IllegalArgumentException if there is none, as for a class that was made at run time
   */
  public static ClassReader reader(Class<?> owner) {
    String name = owner.getName();
    try (InputStream in =
        owner.getResourceAsStream(name.substring(name.lastIndexOf('.') + 1) + ".class")) {
      if (in == null) {
        throw new IllegalArgumentException(
            "the class file of %s cannot be read; compile it to a directory or jar on the class path"
                .formatted(name));
      }
      return new ClassReader(in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The class of a kernel. */
  public static ClassNode read(Class<?> owner) {
    ClassNode node = new ClassNode();
    reader(owner).accept(node, 0);
    return node;
  }

  /**
   * The method of a kernel.
   *
   * @param owner the kernel's class
   * @throws IllegalArgumentException if the class has no method of the name that is a kernel
   */
  public static MethodNode method(Kernel kernel, ClassNode owner) {
    String descriptor =
        kernel.workGroup().isPresent()
            ? "(L%sKernelContext;%s".formatted(API, ARGUMENTS)
            : "(" + ARGUMENTS;
    List<MethodNode> named =
        owner.methods.stream().filter(method -> method.name.equals(kernel.method())).toList();
    return named.stream()
        .filter(method -> method.desc.equals(descriptor))
        .filter(method -> (method.access & Opcodes.ACC_STATIC) != 0)
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "%s.%s is no kernel: %s; declare it as static void %s(%sFloatArray, IntArray)"
                    .formatted(
                        kernel.owner().getName(),
                        kernel.method(),
                        named.isEmpty()
                            ? "there is no such method"
                            : "it is not static or takes something else",
                        kernel.method(),
                        kernel.workGroup().isPresent() ? "KernelContext, " : "")));
  }

  /** Loops of a method that are shared out, one nested in the other. */
  public static int parallelLoops(MethodNode method) {
    return method.visibleLocalVariableAnnotations == null
        ? 0
        : (int)
            method.visibleLocalVariableAnnotations.stream()
                .filter(annotation -> annotation.desc.equals(PARALLEL))
                .count();
  }
}
