package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.Handle;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.InvokeDynamicInsnNode;
import org.objectweb.asm.tree.LdcInsnNode;
import org.objectweb.asm.tree.MethodNode;

/** Reads the class files, so that it needs no TornadoVM. */
class TornadoTasksTest {
  private static final String API = "uk/ac/manchester/tornado/api/types/arrays/";
  private static final String KERNEL = "(L" + API + "FloatArray;L" + API + "IntArray;)V";
  private static final String TILE_KERNEL =
      "(Luk/ac/manchester/tornado/api/KernelContext;" + KERNEL.substring(1);

  private static ClassNode read(Path file) throws IOException {
    ClassNode node = new ClassNode();
    new ClassReader(Files.readAllBytes(file)).accept(node, 0);
    return node;
  }

  private static String simpleName(String internalName) {
    return internalName.substring(internalName.lastIndexOf('/') + 1);
  }

  private static Path classes() throws URISyntaxException {
    return Path.of(Kernel.class.getResource("Kernel.class").toURI()).getParent();
  }

  /** Class and name of all kernels with such parameters. */
  private static Set<String> kernels(String descriptor) throws IOException, URISyntaxException {
    Set<String> kernels = new TreeSet<>();
    try (Stream<Path> files = Files.list(classes())) {
      for (Path file : files.filter(f -> f.toString().endsWith("Kernels.class")).toList()) {
        ClassNode owner = read(file);
        for (MethodNode method : owner.methods) {
          if (method.desc.equals(descriptor) && (method.access & Opcodes.ACC_PRIVATE) == 0) {
            kernels.add(simpleName(owner.name) + "." + method.name);
          }
        }
      }
    }
    return kernels;
  }

  /** Checks that a method of TornadoTasks knows these kernels and no others. */
  private static void assertListed(Set<String> kernels, String by)
      throws IOException, URISyntaxException {
    Set<String> names = new TreeSet<>();
    Set<String> methods = new TreeSet<>();
    MethodNode list =
        read(classes().resolve("TornadoTasks.class")).methods.stream()
            .filter(method -> method.name.equals(by))
            .findFirst()
            .orElseThrow();
    for (AbstractInsnNode code : list.instructions) {
      switch (code) {
        case LdcInsnNode constant when constant.cst instanceof String name -> {
          if (name.contains("Kernels.")) {
            names.add(name);
          }
        }
        case InvokeDynamicInsnNode reference ->
            List.of(reference.bsmArgs).stream()
                .filter(Handle.class::isInstance)
                .map(Handle.class::cast)
                .forEach(h -> methods.add(simpleName(h.getOwner()) + "." + h.getName()));
        default -> {}
      }
    }
    assertEquals(kernels, methods);
    assertEquals(kernels, names);
  }

  @Test
  void everyKernelIsATask() throws IOException, URISyntaxException {
    Set<String> kernels = kernels(KERNEL);
    assertTrue(kernels.size() > 30, "kernels found");
    assertListed(kernels, "of");
  }

  @Test
  void everyKernelForWorkGroupsIsATaskAndAVariant() throws IOException, URISyntaxException {
    Set<String> kernels = kernels(TILE_KERNEL);
    assertTrue(kernels.size() > 10, "kernels found");
    assertListed(kernels, "tiled");
    Set<String> variants = new TreeSet<>();
    Tiles.kernels().forEach(kernel -> variants.add(kernel.owner() + "." + kernel.method()));
    assertEquals(kernels, variants);
  }
}
