package io.github.tornadodiffusion.kernels;

import java.util.List;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** Runs programs on a device of TornadoVM, see {@link Lowering}. */
final class TornadoEngine implements Engine {
  private final TornadoDevice device;
  private final Device description;

  TornadoEngine(TornadoDevices.Entry entry) {
    device = entry.device();
    description = TornadoDevices.describe(entry);
  }

  @Override
  public String device() {
    return description.id();
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
    return new TornadoSession(device, description, floats, programs);
  }

  @Override
  public void close() {
    // Memory and queues belong to sessions.
  }
}
