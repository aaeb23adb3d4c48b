package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Tiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.ClassNode;

/** Reads the class files, so that it needs no TornadoVM. */
class TornadoTasksTest {
  private static final String API = "uk/ac/manchester/tornado/api/types/arrays/";
  private static final String TILE_KERNEL =
      "(Luk/ac/manchester/tornado/api/KernelContext;L%sFloatArray;L%sIntArray;)V"
          .formatted(API, API);

  private static ClassNode read(Path file) {
    ClassNode node = new ClassNode();
    try {
      new ClassReader(Files.readAllBytes(file)).accept(node, 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return node;
  }

  /** Class and name of all kernels for work groups. */
  private static Set<String> tileKernels() throws IOException, URISyntaxException {
    Set<String> kernels = new TreeSet<>();
    Path classes = Path.of(Kernel.class.getResource("Kernel.class").toURI()).getParent();
    try (Stream<Path> files = Files.walk(classes)) {
      files
          .filter(file -> file.toString().endsWith("Kernels.class"))
          .map(TornadoTasksTest::read)
          .forEach(owner ->
              owner.methods.stream()
                  .filter(method -> method.desc.equals(TILE_KERNEL))
                  .filter(method -> (method.access & Opcodes.ACC_PRIVATE) == 0)
                  .forEach(method -> kernels.add(owner.name + "." + method.name)));
    }
    return kernels;
  }

  @Test
  void everyKernelForWorkGroupsIsAVariant() throws IOException, URISyntaxException {
    Set<String> kernels = tileKernels();
    assertTrue(kernels.size() > 10, "kernels found");
    Set<String> variants = new TreeSet<>();
    Tiles.kernels()
        .forEach(kernel ->
            variants.add(kernel.owner().getName().replace('.', '/') + "." + kernel.method()));
    assertEquals(kernels, variants);
  }
}
