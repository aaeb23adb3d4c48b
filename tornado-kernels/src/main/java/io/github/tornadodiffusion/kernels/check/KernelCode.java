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

/** Reads kernels from class files, without loading the types of TornadoVM. */
public final class KernelCode {
  /** The package of TornadoVM's types. */
  public static final String API = "uk/ac/manchester/tornado/api/";

  /** The annotation of parallel loops. */
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
   * @throws IllegalArgumentException if the class has no kernel of that name
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
        .filter(method ->
            (method.access & (Opcodes.ACC_STATIC | Opcodes.ACC_PRIVATE)) == Opcodes.ACC_STATIC)
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "%s.%s is no kernel: %s; declare it as static void %s(%sFloatArray, IntArray)"
                    .formatted(
                        kernel.owner().getName(),
                        kernel.method(),
                        named.isEmpty()
                            ? "there is no such method"
                            : "it is private, not static, or takes something else",
                        kernel.method(),
                        kernel.workGroup().isPresent() ? "KernelContext, " : "")));
  }

  /** The number of parallel loops in a method, one nested in the other. */
  public static int parallelLoops(MethodNode method) {
    return method.visibleLocalVariableAnnotations == null
        ? 0
        : (int)
            method.visibleLocalVariableAnnotations.stream()
                .filter(annotation -> annotation.desc.equals(PARALLEL))
                .count();
  }
}
