package io.github.tornadodiffusion.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** Runs programs on a device of TornadoVM, see {@link Lowering}. */
final class TornadoEngine implements Engine {
  private final TornadoDevice device;
  private final Device description;
  private final Variants variants;

  TornadoEngine(TornadoDevices.Entry entry, Variants variants) {
    device = entry.device();
    description = TornadoDevices.describe(entry);
    this.variants = variants.on(description.type());
  }

  @Override
  public String device() {
    return description.id();
  }

  @Override
  public Variants variants() {
    return variants;
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if the device has not enough memory
   */
  @Override
  public Session open(int floats, List<Program> programs) {
    long bytes = Math.min(description.largestBuffer(), description.memory());
    if (4L * floats >= bytes) {
      throw new IllegalArgumentException(
          "%s gives %d MiB to one array where %d MiB are needed; use a smaller --batch"
              .formatted(device(), bytes >> 20, 4L * floats >> 20));
    }
    return new TornadoSession(device, description, variants, floats, programs);
  }

  @Override
  public void close() {
    // Memory and queues belong to sessions.
  }
}
