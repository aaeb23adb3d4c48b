package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.MethodNode;

/** The project's kernels, found in the directory or jar of their classes. */
public final class OwnKernels {
  private static final String KERNELS = "io/github/tornadodiffusion/kernels/ops";

  private static final String DESCRIPTOR =
      "(Luk/ac/manchester/tornado/api/types/arrays/FloatArray;Luk/ac/manchester/tornado/api/types/arrays/IntArray;)V";

  /** Parts of other kernels, which programs name instead of them. */
  private static final String PARTS =
      "Conv\\.flip|Winograd\\..*|GroupNorm\\.(coefficients|apply|reduce|gradient)";

  /** What has no method of its own, but parts. */
  private static final Set<String> WHOLES =
      Set.of("Conv.inputGradient", "GroupNorm.normalise", "GroupNorm.gradients");

  private OwnKernels() {}

  /** The ids of all that programs name: those for work groups and parts are variants. */
  public static Set<String> ids() {
    try {
      Path classes =
          Path.of(Kernel.class.getProtectionDomain().getCodeSource().getLocation().toURI());
      if (Files.isDirectory(classes)) {
        return ids(classes);
      }
      try (FileSystem jar = FileSystems.newFileSystem(classes)) {
        return ids(jar.getPath("/"));
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static Set<String> ids(Path root) throws IOException, ClassNotFoundException {
    Set<String> ids = new TreeSet<>();
    try (Stream<Path> files = Files.walk(root.resolve(KERNELS))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = root.relativize(file).toString();
        if (name.endsWith("Kernels.class")) {
          Class<?> owner =
              Class.forName(
                  name.replace(".class", "").replace('/', '.'),
                  false,
                  Kernel.class.getClassLoader());
          for (MethodNode method : KernelCode.read(owner).methods) {
            if (method.desc.equals(DESCRIPTOR) && (method.access & Opcodes.ACC_PRIVATE) == 0) {
              ids.add(Kernel.of(owner, method.name).id());
            }
          }
        }
      }
    }
    ids.removeIf(id -> id.matches(PARTS));
    ids.addAll(WHOLES);
    return ids;
  }
}
