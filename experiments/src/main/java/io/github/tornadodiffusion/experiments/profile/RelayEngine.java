package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Trial;
import io.github.tornadodiffusion.kernels.Variants;
import java.util.List;
import java.util.function.Supplier;

/** An engine that passes every call on to another engine; subclasses measure its sessions. */
abstract class RelayEngine implements Engine {
  final Engine engine;

  RelayEngine(Engine engine) {
    this.engine = engine;
  }

  @Override
  public String device() {
    return engine.device();
  }

  @Override
  public Variants variants() {
    return engine.variants();
  }

  @Override
  public void checkRoom(int floats) {
    engine.checkRoom(floats);
  }

  @Override
  public void prove(Supplier<List<Trial>> trials) {
    engine.prove(trials);
  }

  @Override
  public void close() {
    engine.close();
  }
}
