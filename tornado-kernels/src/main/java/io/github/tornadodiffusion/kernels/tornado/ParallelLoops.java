package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.MethodNode;

/**
 * How many {@code @Parallel} loops a kernel nests, told by its class file. The outermost shares out
 * rows or tiles, which is enough for the cores of a CPU; a second one shares out what is in a row,
 * which keeps a GPU busy.
 */
final class ParallelLoops {
  private static final String PARALLEL = "Luk/ac/manchester/tornado/api/annotations/Parallel;";
  private static final Map<Class<?>, Map<String, Integer>> CLASSES = new ConcurrentHashMap<>();

  private ParallelLoops() {}

  /** Nested parallel loops of a kernel. */
  static int of(Kernel kernel) {
    return CLASSES.computeIfAbsent(kernel.owner(), ParallelLoops::read).get(kernel.method());
  }

  private static Map<String, Integer> read(Class<?> owner) {
    ClassNode node = new ClassNode();
    try (InputStream in = Kernel.classFile(owner)) {
      new ClassReader(in.readAllBytes()).accept(node, 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return node.methods.stream()
        .collect(Collectors.toMap(method -> method.name, ParallelLoops::count, Math::max));
  }

  private static int count(MethodNode method) {
    return method.visibleLocalVariableAnnotations == null
        ? 0
        : (int)
            method.visibleLocalVariableAnnotations.stream()
                .filter(annotation -> annotation.desc.equals(PARALLEL))
                .count();
  }
}
