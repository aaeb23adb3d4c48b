package io.github.tornadodiffusion.kernels.bytecode;

import io.github.tornadodiffusion.kernels.Kernel;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Set;
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

  /**
   * Functions and words of C, OpenCL and CUDA: TornadoVM gives a kernel the name of its method, and
   * the device's compiler then finds two functions of that name.
   */
  private static final Set<String> TAKEN =
      Set.of(
          """
          abs acos acosh acospi add_sat all any asin asinh asinpi asm atan atan2 atan2pi atanh atanpi
          atoi auto barrier bitselect bool calloc cbrt ceil clamp clock clz constant copysign cos cosh
          cospi cross ctz cyl_bessel_i0 degrees delete device distance div dot erf erfc erfcinv
          erfcx erfinv exit exp exp10 exp2 expm1 extern extern_C fabs fast_distance fast_length
          fast_normalize fdim fdivide floor fma fmax fmin fmod fract free frexp generic global
          goto hadd half host hypot ilogb image inline isequal isfinite isinf isnan isnormal j0 j1 jn
          kernel labs ldexp length lgamma lgamma_r llrint llround local log log10 log1p log2 logb
          lrint lround mad mad24 mad_hi mad_sat main malloc max maxmag memcpy memset min minmag mix
          modf mul24 mul_hi nan nearbyint nextafter norm norm3d norm4d normalize normcdf normcdfinv
          pipe popcount pow powi pown powr printf prefetch private queue radians rand rcbrt register
          remainder remquo restrict rhadd rhypot rint rnorm rnorm3d rnorm4d rootn rotate round
          rsqrt sampler scalbln scalbn select shared shuffle shuffle2 sign signbit signed sin
          sincos sincospi sinh sinpi sizeof smoothstep sqrt step struct sub_sat tan tanh tanpi
          template tgamma trap trunc typedef typename uint ulong uniform union unsigned upsample
          ushort vec_step virtual volatile wait_group_events y0 y1 yn
          """
              .strip()
              .split("\\s+"));

  private KernelCode() {}

  /**
   * The class file of a kernel's class.
   *
   * @throws IllegalArgumentException if there is none, as for a class that was made at run time
   */
  public static ClassReader reader(Class<?> owner) {
    return new ClassReader(bytes(owner));
  }

  /**
   * The class file of a class.
   *
   * @throws IllegalArgumentException as {@link #reader}
   */
  public static byte[] bytes(Class<?> owner) {
    String name = owner.getName();
    try (InputStream in =
        owner.getResourceAsStream(name.substring(name.lastIndexOf('.') + 1) + ".class")) {
      if (in == null) {
        throw new IllegalArgumentException(
            "the class file of %s cannot be read; compile it to a directory or jar on the class path"
                .formatted(name));
      }
      return in.readAllBytes();
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
   * @throws IllegalArgumentException if the class has no method of the name that is a kernel, or
   *     the compilers of devices have something of that name
   */
  public static MethodNode method(Kernel kernel, ClassNode owner) {
    String descriptor =
        kernel.workGroup().isPresent()
            ? "(L%sKernelContext;%s".formatted(API, ARGUMENTS)
            : "(" + ARGUMENTS;
    if (TAKEN.contains(kernel.method())) {
      throw new IllegalArgumentException(
          "%s.%s: the compilers of devices know something else as %s; give the method another name"
              .formatted(kernel.owner().getName(), kernel.method(), kernel.method()));
    }
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

  /** Whether a method is a kernel with {@code @Parallel} loops. */
  public static boolean isLoopKernel(MethodNode method) {
    return method.desc.equals("(" + ARGUMENTS) && ParallelLoop.nested(method) > 0;
  }
}
