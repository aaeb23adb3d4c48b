package io.github.tornadodiffusion.kernels.tornado;

import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.EngineOptions;
import io.github.tornadodiffusion.kernels.Program;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.Variants;
import io.github.tornadodiffusion.kernels.check.SelfCheck;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import java.util.List;
import java.util.function.Supplier;
import uk.ac.manchester.tornado.api.common.TornadoDevice;

/** Runs programs on a device of TornadoVM, see {@link Lowering}. */
final class TornadoEngine implements Engine {
  private final TornadoDevice device;
  private final Device description;
  private final EngineOptions options;
  private final Variants variants;
  private final Variants chooser;
  private final SelfCheck selfCheck;

  TornadoEngine(TornadoDevices.Entry entry, EngineOptions options) {
    device = entry.device();
    description = TornadoDevices.describe(entry);
    variants = options.variants().on(description);
    chooser = options.convolution().in(variants, false);
    this.options = options;
    selfCheck = new SelfCheck(this, JvmEngine::new, options.listener());
  }

  @Override
  public String device() {
    return description.id();
  }

  @Override
  public Variants variants() {
    return variants;
  }

  @Override
  public Session open(int floats, List<Program> programs) {
    int scratch = chooser.scratch(programs);
    checkRoom(Math.addExact(floats, scratch));
    return new TornadoSession(device, description, options, chooser, floats, scratch, programs);
  }

  @Override
  public void checkRoom(int floats) {
    long bytes = Math.min(description.largestBuffer(), description.memory());
    if (4L * floats >= bytes) {
      throw new IllegalArgumentException(
          "%s gives %d MiB to one array where %d MiB are needed; use a smaller --batch"
              .formatted(device(), bytes >> 20, 4L * floats >> 20));
    }
  }

  @Override
  public void prove(Supplier<List<Trial>> trials) {
    if (options.selfCheck()) {
      selfCheck.prove(trials.get());
    }
  }

  @Override
  public void close() {
    // Memory and queues belong to sessions.
  }
}
