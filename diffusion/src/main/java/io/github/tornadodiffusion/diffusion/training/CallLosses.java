package io.github.tornadodiffusion.diffusion.training;

import io.github.tornadodiffusion.nn.distributed.Communicator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * The losses of one call of the model.
 *
 * @param part of the step
 * @param images how many count
 * @param weights of the losses in the mean over the step
 * @param bounds terms of the variational bound; null for a fixed variance
 */
@SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
record CallLosses(
    int part, int images, int[] timesteps, float[] weights, float[] losses, float[] bounds) {
  private static final int HEAD = 4;

  /** The calls of a step in all processes, in the order of their parts. */
  static List<CallLosses> ofAll(Communicator communicator, List<CallLosses> own) {
    int bytes = own.stream().mapToInt(call -> HEAD + 4 * call.losses.length).sum() * 4;
    ByteBuffer packed = ByteBuffer.allocate(bytes);
    own.forEach(call -> call.pack(packed));
    List<CallLosses> all = new ArrayList<>();
    for (byte[] others : communicator.allGather(packed.array())) {
      ByteBuffer unpacked = ByteBuffer.wrap(others);
      while (unpacked.hasRemaining()) {
        all.add(unpack(unpacked));
      }
    }
    all.sort(Comparator.comparingInt(CallLosses::part));
    return all;
  }

  private void pack(ByteBuffer to) {
    to.putInt(part).putInt(images).putInt(losses.length).putInt(bounds == null ? 0 : 1);
    for (int i = 0; i < losses.length; i++) {
      to.putInt(timesteps[i]).putFloat(weights[i]).putFloat(losses[i]);
      to.putFloat(bounds == null ? 0 : bounds[i]);
    }
  }

  private static CallLosses unpack(ByteBuffer from) {
    final int part = from.getInt();
    final int images = from.getInt();
    int length = from.getInt();
    boolean bound = from.getInt() == 1;
    CallLosses call =
        new CallLosses(
            part,
            images,
            new int[length],
            new float[length],
            new float[length],
            bound ? new float[length] : null);
    for (int i = 0; i < length; i++) {
      call.timesteps[i] = from.getInt();
      call.weights[i] = from.getFloat();
      call.losses[i] = from.getFloat();
      float term = from.getFloat();
      if (bound) {
        call.bounds[i] = term;
      }
    }
    return call;
  }
}
