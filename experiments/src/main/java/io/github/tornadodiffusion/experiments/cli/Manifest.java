package io.github.tornadodiffusion.experiments.cli;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Sha256;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/** Collects everything that is needed to repeat a run, as one JSON object. */
public final class Manifest {
  private static final String STATUS = "status";
  private static final String FINISHED = "finished";
  private static final String EARLIER = "earlier";

  /** Keys that may differ between the parts of a run that was resumed. */
  private static final List<String> OF_A_PART =
      List.of(
          "command",
          "arguments",
          "started",
          FINISHED,
          STATUS,
          "result",
          "program",
          "machine",
          "device",
          "devices");

  private final Map<String, Object> fields = new LinkedHashMap<>();

  /**
   * A manifest with the time, the program, the machine and the command.
   *
   * @param arguments of the command line
   */
  public Manifest(List<String> arguments) {
    fields.put("command", Shell.program() + " " + Shell.line(arguments));
    fields.put("arguments", arguments);
    fields.put("started", now());
    fields.put("program", program());
    fields.put("machine", machine());
    List<Path> plugins = Plugins.loaded();
    if (!plugins.isEmpty()) {
      fields.put("plugins", plugins.stream().map(Path::toString).toList());
      fields.put("plugins_sha256", plugins.stream().map(Manifest::sha256).toList());
    }
    fields.put(STATUS, "running");
  }

  private static String sha256(Path plugin) {
    try {
      return Sha256.of(plugin);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Adds a field, or replaces it. */
  public Manifest put(String key, Object value) {
    fields.put(key, value);
    return this;
  }

  /** Adds the options that were given and changed nothing. */
  public Manifest ignored(Ineffective options) {
    return options.notes().isEmpty() ? this : put("ignored", options.notes());
  }

  /** Adds what the images are. */
  public Manifest data(Dataset dataset) {
    Map<String, Object> data = new LinkedHashMap<>();
    data.put("name", dataset.name());
    data.put("images", dataset.size());
    data.put("channels", dataset.channels());
    data.put("image_size", dataset.imageSize());
    data.put("classes", dataset.classes());
    if (dataset.classes() > 0) {
      data.put("class_names", dataset.classNames());
    }
    data.put("sha256", dataset.hash());
    data.put("warnings", dataset.warnings());
    return put("data", data);
  }

  /**
   * Keeps the manifest of an earlier part of the run, as the last entry of the list {@code
   * earlier}.
   *
   * @param json the earlier manifest; a damaged one is ignored
   */
  public Manifest after(String json) {
    JsonNode before;
    try {
      before = Json.tree(json);
    } catch (JacksonException e) {
      return this;
    }
    List<JsonNode> parts = new ArrayList<>();
    before.path(EARLIER).forEach(parts::add);
    Map<String, Object> part = new LinkedHashMap<>();
    for (String key : OF_A_PART) {
      if (before.has(key)) {
        part.put(key, before.get(key));
      }
    }
    parts.add(Json.tree(Json.line(part)));
    return put(EARLIER, parts);
  }

  /** Adds the status, and the present time as the end of this part. */
  public Manifest ended(String status) {
    return put(STATUS, status).put(FINISHED, now());
  }

  /** The JSON text. */
  public String json() {
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
