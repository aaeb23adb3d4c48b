package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.Dataset;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Collects what someone needs to know to repeat a run, as one JSON object. */
final class Manifest {
  private final Map<String, Object> fields = new LinkedHashMap<>();

  /**
   * A manifest with the time, the program, the machine and the command.
   *
   * @param arguments of the command line
   */
  Manifest(List<String> arguments) {
    fields.put("command", "./tornado-diffusion " + String.join(" ", arguments));
    fields.put("started", now());
    fields.put("program", program());
    fields.put("machine", machine());
  }

  /** Adds a field, or replaces it. */
  Manifest put(String key, Object value) {
    fields.put(key, value);
    return this;
  }

  /** Adds what the images are. */
  Manifest data(Dataset dataset) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("name", dataset.name());
    data.put("images", dataset.size());
    data.put("channels", dataset.channels());
    data.put("image_size", dataset.imageSize());
    data.put("classes", dataset.classes());
    data.put("sha256", dataset.hash());
    data.put("warnings", dataset.warnings());
    return put("data", data);
  }

  /** The JSON text, with the time of now as the end. */
  String finish() {
    fields.put("finished", now());
    return Json.page(fields);
  }

  private static String now() {
    return Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static Map<String, Object> program() {
    Map<String, Object> program = new LinkedHashMap<>();
    program.put("version", Versions.program());
    Optional<SourceRevision> revision = SourceRevision.current();
    program.put("commit", revision.map(SourceRevision::commit).orElse(null));
    program.put("uncommitted_changes", revision.map(SourceRevision::dirty).orElse(null));
    return program;
  }

  private static Map<String, Object> machine() {
    Machine current = Machine.current();
    Map<String, Object> machine = new LinkedHashMap<>();
    machine.put("cpu", current.cpu());
    machine.put("cores", current.cores());
    machine.put("memory_mib", current.memoryMib());
    machine.put("vector_lanes", current.vectorLanes());
    machine.put("operating_system", current.operatingSystem());
    machine.put("jvm", current.jvm());
    return machine;
  }
}
