package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.Lanes;
import io.github.tornadodiffusion.kernels.OwnKernels;
import io.github.tornadodiffusion.kernels.ThreadLanes;
import io.github.tornadodiffusion.kernels.bytecode.KernelCode;
import io.github.tornadodiffusion.kernels.tornado.ThreadKernels.Sharing;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.objectweb.asm.AnnotationVisitor;
import org.objectweb.asm.ClassReader;
import org.objectweb.asm.ClassVisitor;
import org.objectweb.asm.ClassWriter;
import org.objectweb.asm.Label;
import org.objectweb.asm.MethodVisitor;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.TypePath;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.ClassNode;
import org.objectweb.asm.tree.FieldInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.TypeInsnNode;
import uk.ac.manchester.tornado.api.annotations.Parallel;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.collections.VectorFloat16;

/** What the bytecode of kernels becomes where a thread computes one lane; needs no device. */
class ThreadKernelsTest {
  private static final String THREADS =
      "(Luk/ac/manchester/tornado/api/KernelContext;"
          + "Luk/ac/manchester/tornado/api/types/arrays/FloatArray;"
          + "Luk/ac/manchester/tornado/api/types/arrays/IntArray;)V";

  private static ClassNode threads(Class<?> owner) {
    return threads(owner, Sharing.CONTEXT);
  }

  private static ClassNode threads(Class<?> owner, Sharing sharing) {
    ClassNode node = new ClassNode();
    new ClassReader(ThreadKernels.code(owner, sharing)).accept(node, 0);
    return node;
  }

  /** The names of types that an instruction mentions. */
  private static String mentions(AbstractInsnNode node) {
    return switch (node) {
      case MethodInsnNode call -> call.owner + " " + call.desc;
      case TypeInsnNode type -> type.desc;
      case FieldInsnNode field -> field.owner + " " + field.desc;
      case FrameNode frame -> frame.local + " " + frame.stack;
      default -> "";
    };
  }

  @Test
  void noVectorIsLeftInAnyKernel() {
    Set<Kernel> kernels = OwnKernels.declared();
    assertTrue(kernels.size() > 50, "kernels found");
    for (Class<?> owner : kernels.stream().map(Kernel::owner).collect(Collectors.toSet())) {
      assertNoVector(owner, threads(owner));
      assertNoVector(owner, threads(owner, Sharing.LOOPS));
    }
  }

  private static void assertNoVector(Class<?> owner, ClassNode threads) {
    for (MethodNode method : threads.methods) {
      String where = owner.getSimpleName() + "." + method.name;
      assertFalse(method.desc.contains("Float16"), where);
      for (AbstractInsnNode node : method.instructions) {
        String types = mentions(node) + " ";
        assertFalse(types.contains("Float16"), where + ": " + types);
        assertFalse(types.contains(Type.getInternalName(Lanes.class) + " "), where);
      }
    }
  }

  /** Method, variable, first and last place of every parallel loop, as TornadoVM reads them. */
  private static List<String> parallelLoops(byte[] code) {
    List<String> loops = new ArrayList<>();
    ClassReader reader = new ClassReader(code);
    // Labels know their places while a writer writes the methods.
    ClassWriter writer = new ClassWriter(reader, 0);
    reader.accept(
        new ClassVisitor(Opcodes.ASM9, writer) {
          @Override
          public MethodVisitor visitMethod(
              int access, String name, String descriptor, String signature, String[] exceptions) {
            return new MethodVisitor(
                Opcodes.ASM9, super.visitMethod(access, name, descriptor, signature, exceptions)) {
              @Override
              public AnnotationVisitor visitLocalVariableAnnotation(
                  int type,
                  TypePath path,
                  Label[] start,
                  Label[] end,
                  int[] index,
                  String annotation,
                  boolean visible) {
                if (annotation.equals(KernelCode.PARALLEL)) {
                  loops.add(
                      "%s %s: %d from %d to %d"
                          .formatted(
                              name,
                              descriptor,
                              index[0],
                              start[0].getOffset(),
                              end[0].getOffset()));
                }
                return super.visitLocalVariableAnnotation(
                    type, path, start, end, index, annotation, visible);
              }
            };
          }
        },
        0);
    return loops;
  }

  @Test
  void loopsStayWhereTornadoVMLooksForThem() {
    Set<Kernel> kernels = OwnKernels.declared();
    for (Class<?> owner : kernels.stream().map(Kernel::owner).collect(Collectors.toSet())) {
      List<String> expected = parallelLoops(KernelCode.bytes(owner));
      assertFalse(expected.isEmpty(), owner.getName());
      assertEquals(expected, parallelLoops(ThreadKernels.code(owner, Sharing.LOOPS)));
    }
  }

  @Test
  void everyParallelLoopStridesOverADimension() {
    for (Kernel kernel : OwnKernels.declared()) {
      int nested = Grid.nested(kernel);
      assertTrue(nested >= 1 && nested <= 3, kernel.id());
      MethodNode method =
          threads(kernel.owner()).methods.stream()
              .filter(m -> m.name.equals(kernel.method()) && m.desc.equals(THREADS))
              .findFirst()
              .orElseThrow(() -> new AssertionError(kernel.id()));
      assertEquals(
          Set.of("x", "y", "z").stream()
              .filter(dimension -> "xyz".indexOf(dimension) < nested)
              .map(dimension -> "globalId" + dimension)
              .collect(Collectors.toSet()),
          Arrays.stream(method.instructions.toArray())
              .filter(node -> node instanceof FieldInsnNode f && f.name.startsWith("globalId"))
              .map(node -> ((FieldInsnNode) node).name)
              .collect(Collectors.toSet()),
          kernel.id());
    }
  }

  /** A grid has three dimensions. */
  static final class Deep {
    private Deep() {}

    static void four(FloatArray m, IntArray d) {
      int bound = d.get(0);
      for (@Parallel int i = 0; i < bound; i++) {
        for (@Parallel int j = 0; j < bound; j++) {
          for (@Parallel int k = 0; k < bound; k++) {
            for (@Parallel int l = 0; l < bound; l++) {
              m.set(((i * bound + j) * bound + k) * bound + l, 1f);
            }
          }
        }
      }
    }
  }

  @Test
  void fourNestedLoopsAreRefused() {
    String message =
        assertThrows(
                IllegalArgumentException.class,
                () -> ThreadKernels.code(Deep.class, Sharing.CONTEXT))
            .getMessage();
    assertTrue(message.contains("Deep.four nests 4 parallel loops"), message);
  }

  /** Clears around the loop that strides over neighbours, and inside it. */
  static final class Clearing {
    private Clearing() {}

    static void twice(FloatArray m, IntArray d) {
      int bound = d.get(0);
      for (@Parallel int i = 0; i < bound; i++) {
        VectorFloat16 v = new VectorFloat16(m);
        Lanes.clear(v, 16, 16);
        for (@Parallel int j = 0; j < bound; j++) {
          Lanes.clear(v, 32 * j, 16);
        }
      }
    }
  }

  @Test
  void threadsShareWhatIsClearedWhereTheyAreNotSharedOutAlready() {
    MethodNode method =
        threads(Clearing.class).methods.stream()
            .filter(m -> m.name.equals("twice"))
            .findFirst()
            .orElseThrow();
    assertEquals(
        List.of(true, false),
        Arrays.stream(method.instructions.toArray())
            .filter(node -> node instanceof MethodInsnNode call && call.name.equals("clear"))
            .map(node -> ((MethodInsnNode) node).desc.contains("KernelContext"))
            .toList());
  }

  @Test
  void lanesOfThreadsOfferWhatLanesOffer() {
    ClassNode lanes = KernelCode.read(Lanes.class);
    ClassNode threads = KernelCode.read(ThreadLanes.class);
    Set<String> offered =
        threads.methods.stream().map(m -> m.name + m.desc).collect(Collectors.toSet());
    for (MethodNode method : lanes.methods) {
      String scalar =
          method
              .desc
              .replace("Luk/ac/manchester/tornado/api/types/vectors/Float16;", "F")
              .replace("collections/VectorFloat16", "arrays/FloatArray");
      assertTrue(offered.contains(method.name + scalar), method.name);
    }
  }
}
