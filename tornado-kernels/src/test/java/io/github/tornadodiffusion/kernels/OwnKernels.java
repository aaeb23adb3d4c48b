package io.github.tornadodiffusion.kernels;

import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;

/** The project's kernels, found in its class files. */
public final class OwnKernels {
  private OwnKernels() {}

  /** What fronts declare: static fields that are kernels, or activations. */
  public static Set<Kernel> declared() {
    Set<Kernel> kernels = fields();
    // Those for work groups are variants of others, and what is made of others has no method.
    kernels.removeIf(kernel -> kernel.workGroup().isPresent() || isMadeOfOthers(kernel));
    return kernels;
  }

  private static Set<Kernel> fields() {
    Set<Kernel> kernels = new HashSet<>();
    for (ClassNode node : classes()) {
      if (node.fields.stream().anyMatch(field -> field.desc.matches(".*/(Kernel|Activation);"))) {
        for (Field field : load(node).getDeclaredFields()) {
          if (Modifier.isStatic(field.getModifiers())) {
            kernels.addAll(of(field));
          }
        }
      }
    }
    return kernels;
  }

  private static boolean isMadeOfOthers(Kernel kernel) {
    return kernel.variants().stream()
        .anyMatch(variant -> variant.needs().equals(Capability.NOTHING));
  }

  /** The kernels for work groups among the variants of what is declared. */
  public static Set<Kernel> tiles() {
    return fields().stream()
        .flatMap(kernel -> kernel.variants().stream())
        .filter(variant -> variant.needs().equals(Capability.WORK_GROUPS))
        .flatMap(variant -> variant.kernels().stream())
        .filter(kernel -> kernel.workGroup().isPresent())
        .collect(Collectors.toSet());
  }

  /**
   * Class and name of all methods of classes of kernels that can be launched.
   *
   * @param tiles whether those for work groups
   */
  public static Set<String> methods(boolean tiles) {
    String descriptor =
        "(%sLuk/ac/manchester/tornado/api/types/arrays/FloatArray;Luk/ac/manchester/tornado/api/types/arrays/IntArray;)V"
            .formatted(tiles ? "Luk/ac/manchester/tornado/api/KernelContext;" : "");
    return classes().stream()
        .filter(owner -> owner.name.endsWith("Kernels"))
        .flatMap(owner ->
            owner.methods.stream()
                .filter(method -> method.desc.equals(descriptor))
                .filter(method -> (method.access & Opcodes.ACC_PRIVATE) == 0)
                .map(method -> owner.name.replace('/', '.') + "." + method.name))
        .collect(Collectors.toSet());
  }

  /** The same of kernels. */
  public static Set<String> methods(Set<Kernel> kernels) {
    return kernels.stream()
        .map(kernel -> kernel.owner().getName() + "." + kernel.method())
        .collect(Collectors.toSet());
  }

  private static List<Kernel> of(Field field) {
    try {
      field.setAccessible(true);
      if (field.getType() == Kernel.class) {
        return List.of((Kernel) field.get(null));
      }
      if (field.getType() == Activation.class) {
        Activation f = (Activation) field.get(null);
        Block x = Block.of(16, 1, 1, 1, 16);
        return List.of(f.forward(x, x).kernel(), f.backward(x, x, x, false).kernel());
      }
      return List.of();
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private static Class<?> load(ClassNode node) {
    try {
      return Class.forName(node.name.replace('/', '.'));
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static List<ClassNode> classes() {
    try {
      Path root = Path.of(Kernel.class.getResource("Kernel.class").toURI()).getParent();
      try (Stream<Path> files = Files.walk(root.resolve("ops"))) {
        return files
            .filter(file -> file.toString().endsWith(".class"))
            .map(OwnKernels::read)
            .toList();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  private static ClassNode read(Path file) {
    ClassNode node = new ClassNode();
    try {
      new ClassReader(Files.readAllBytes(file)).accept(node, 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return node;
  }
}
