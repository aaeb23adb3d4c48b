package io.github.tornadodiffusion.kernels.bytecode;

import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.objectweb.asm.Opcodes;
import org.objectweb.asm.Type;
import org.objectweb.asm.commons.Remapper;
import org.objectweb.asm.commons.SimpleRemapper;
import org.objectweb.asm.tree.AbstractInsnNode;
import org.objectweb.asm.tree.FrameNode;
import org.objectweb.asm.tree.InsnNode;
import org.objectweb.asm.tree.MethodInsnNode;
import org.objectweb.asm.tree.MethodNode;
import org.objectweb.asm.tree.VarInsnNode;

/**
 * Turns the bytecode of kernels into code without vectors: a vector becomes a {@code float}, not an
 * object that holds one, because compilers would not take such objects out of loops.
 */
public final class ScalarCode {
  private static final String PACKAGE = ScalarCode.class.getPackageName().replace('.', '/') + "/";

  /** Stands for the vector type until it is replaced by float. */
  private static final String VECTOR = PACKAGE + "Float1";

  private ScalarCode() {}

  /**
   * Renames types, and writes float for the vector type in every signature.
   *
   * @param others the new names of all other types, the views of an array as vectors included
   */
  public static Remapper remapper(Map<String, String> others) {
    Map<String, String> types = new HashMap<>(others);
    types.put(KernelCode.API + "types/vectors/Float16", VECTOR);
    return new SimpleRemapper(Opcodes.ASM9, types) {
      @Override
      public String mapDesc(String descriptor) {
        return floats(super.mapDesc(descriptor));
      }

      @Override
      public String mapMethodDesc(String descriptor) {
        return floats(super.mapMethodDesc(descriptor));
      }
    };
  }

  private static String floats(String descriptor) {
    return descriptor.replace("L" + VECTOR + ";", "F");
  }

  /**
   * Moves vectors as floats. A local variable is a vector from where one is stored in it to where
   * the next object is, in the order of the code: javac numbers the variables of scopes in this
   * order.
   */
  public static void rewrite(MethodNode method) {
    BitSet vectors = new BitSet();
    int place = 0;
    for (Type argument : Type.getArgumentTypes(method.desc)) {
      vectors.set(place, argument.equals(Type.FLOAT_TYPE));
      place += argument.getSize();
    }
    boolean onStack = false;
    for (AbstractInsnNode node : method.instructions.toArray()) {
      if (node instanceof FrameNode frame) {
        floats(frame.local);
        floats(frame.stack);
      }
      if (node.getOpcode() < 0) {
        continue;
      }
      if (node instanceof VarInsnNode variable && node.getOpcode() == Opcodes.ASTORE) {
        vectors.set(variable.var, onStack);
        variable.setOpcode(onStack ? Opcodes.FSTORE : Opcodes.ASTORE);
      } else if (node instanceof VarInsnNode variable
          && node.getOpcode() == Opcodes.ALOAD
          && vectors.get(variable.var)) {
        variable.setOpcode(Opcodes.FLOAD);
      } else if (node.getOpcode() == Opcodes.ARETURN && onStack) {
        method.instructions.set(node, new InsnNode(Opcodes.FRETURN));
      }
      onStack =
          node.getOpcode() == Opcodes.FLOAD
              || node instanceof MethodInsnNode call
                  && Type.getReturnType(call.desc).equals(Type.FLOAT_TYPE);
    }
  }

  private static void floats(List<Object> types) {
    if (types != null) {
      types.replaceAll(type -> VECTOR.equals(type) ? Opcodes.FLOAT : type);
    }
  }
}
