package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Supplier;

/**
 * Brings the images that several processes draw to process 0, which writes them. The processes meet
 * whenever each of them has images, so that all end if one is asked to end.
 */
final class GatheredImages implements Pipeline.Listener {
  private static final float[] NONE = {};

  /** Bytes of the number of the first image and of how many there are. */
  private static final int HEADER = 2 * Integer.BYTES;

  private final Communicator processes;
  private final SampleWriter writer;
  private int met;
  private boolean ended;

  /** Draws the images of this process. */
  @FunctionalInterface
  interface Drawing {
    /** Passes images to the listener; throws CancellationException where it is to end. */
    void run(Pipeline.Listener listener) throws IOException;
  }

  private GatheredImages(Communicator processes, SampleWriter writer) {
    this.processes = processes;
    this.writer = writer;
  }

  /**
   * Draws the images of this process and has process 0 write those of all.
   *
   * @param meetings how often process 0 passes on images
   * @return false if one of the processes was asked to end before
   */
  static boolean draw(Communicator processes, SampleWriter writer, int meetings, Drawing drawing)
      throws IOException {
    GatheredImages gathered = new GatheredImages(processes, writer);
    try {
      drawing.run(gathered);
      while (gathered.met < meetings) {
        gathered.images(0, 0, NONE);
      }
      return true;
    } catch (CancellationException _) {
      if (!gathered.ended) {
        gathered.meet(new byte[0]);
      }
      return false;
    }
  }

  @Override
  public void calls(long done, long total) {
    writer.calls(done, total);
  }

  @Override
  public void sees(int firstImage, int call, Supplier<float[]> modelInput) {
    writer.sees(firstImage, call, modelInput);
  }

  @Override
  public void images(int firstImage, int count, float[] images) {
    met++;
    if (processes.size() == 1) {
      writer.images(firstImage, count, images);
      return;
    }
    ByteBuffer own = ByteBuffer.allocate(HEADER + images.length * Float.BYTES);
    own.putInt(firstImage).putInt(count).asFloatBuffer().put(images);
    if (!meet(own.array())) {
      throw new CancellationException();
    }
  }

  /**
   * Meets the other processes.
   *
   * @param own images with their numbers; empty if this process ends
   * @return whether all go on
   */
  private boolean meet(byte[] own) {
    List<byte[]> all = processes.gather(own);
    boolean goOn = all.stream().allMatch(part -> part.length > 0);
    ended = processes.broadcast(goOn ? 1 : 0) == 0;
    for (byte[] part : all) {
      // Who has no more images only comes.
      if (part.length > HEADER) {
        ByteBuffer bytes = ByteBuffer.wrap(part);
        int first = bytes.getInt();
        int count = bytes.getInt();
        float[] images = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(images);
        writer.images(first, count, images);
      }
    }
    return !ended;
  }
}
