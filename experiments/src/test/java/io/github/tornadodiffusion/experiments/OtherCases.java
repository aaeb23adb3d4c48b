package io.github.tornadodiffusion.experiments;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.Call;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.KernelCases;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.ClassRemapper;
import org.objectweb.asm.commons.SimpleRemapper;

/** A family of kernels that somebody else puts on the class path: a sum. */
public final class OtherCases implements KernelCases {
  /** The id of its only kernel. */
  public static final String KERNEL = "org.example.Sum.add";

  private static final Block ONE = Block.of(16, 1, 1, 1, 16);

  private static final String CLASS = "org/example/SumKernels";

  @Override
  public String name() {
    return "sums of somebody else";
  }

  @Override
  public List<Trial> trials() {
    Block a = Block.of(16, 1, 23, 443, 16);
    int floats = 16 + 3 * a.size();
    Call own = Elementwise.add(a, a.at(16 + a.size()), a.at(16 + 2 * a.size()));
    Kernel kernel = Kernel.of(owner(), "add").with(own.kernel().oracle().orElseThrow());
    Call call = new Call(kernel, own.descriptor(), own.extent(), own.flops(), own.bytes());
    return List.of(new Trial("sum", List.of(call), floats, List.of(), () -> content(floats)));
  }

  private static Class<?> owner() {
    try {
      return Class.forName(
          CLASS.replace('/', '.'), false, Thread.currentThread().getContextClassLoader());
    } catch (ClassNotFoundException e) {
      throw new AssertionError(e);
    }
  }

  private static float[] content(int floats) {
    float[] content = new float[floats];
    Arrays.fill(content, 16, floats, 0.5f);
    return content;
  }

  /** Runs something with this family on the class path, laid down in a directory. */
  public static void onTheClassPath(Path directory, Runnable run) throws IOException {
    write(
        directory.resolve("META-INF/services/" + KernelCases.class.getName()),
        OtherCases.class.getName().getBytes(UTF_8));
    // The project's sum under another name.
    Class<?> original = Elementwise.add(ONE, ONE, ONE).kernel().owner();
    ClassWriter writer = new ClassWriter(0);
    KernelCode.reader(original)
        .accept(
            new ClassRemapper(
                writer, new SimpleRemapper(Opcodes.ASM9, Type.getInternalName(original), CLASS)),
            0);
    write(directory.resolve(CLASS + ".class"), writer.toByteArray());
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {directory.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      run.run();
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private static void write(Path file, byte[] content) throws IOException {
    Files.createDirectories(file.getParent());
    Files.write(file, content);
  }
}
