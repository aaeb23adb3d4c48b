package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.experiments.cli.Arguments;
import io.github.tornadodiffusion.experiments.cli.Manifest;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.RunDirectory;
import io.github.tornadodiffusion.experiments.framework.ExperimentDirectory;
import io.github.tornadodiffusion.experiments.framework.ExperimentRun;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import tools.jackson.databind.JsonNode;

/** Joins the parts of an experiment that were run with {@code --shard}. */
@Command(
    name = "merge",
    description = "Joins the parts of an experiment that ran with --shard, and makes its report.")
final class MergeCommand implements Callable<Integer> {
  private static final List<String> SAME =
      List.of(ExperimentRun.EXPERIMENT, ExperimentRun.CONFIGURATION, ExperimentRun.UNITS);

  @Spec CommandSpec spec;

  @Parameters(paramLabel = "DIR", arity = "1..*", description = "Directories of the parts.")
  List<Path> parts;

  @Option(
      names = "--out",
      required = true,
      paramLabel = "DIR",
      description = "Directory for the whole, new or empty.")
  Path out;

  @Option(names = "--verbose", description = "Print the stack trace of an error.")
  boolean verbose;

  @Override
  public Integer call() throws IOException {
    List<ExperimentDirectory> directories = parts.stream().map(ExperimentDirectory::new).toList();
    List<JsonNode> manifests = new ArrayList<>();
    for (ExperimentDirectory part : directories) {
      manifests.add(part.readManifest());
    }
    Map<String, ExperimentDirectory> sources = sources(directories, manifests);
    new RunDirectory(out).checkFree("choose another --out");
    OutputFiles.prepareDirectory("--out", out);
    ExperimentDirectory whole = new ExperimentDirectory(out);
    for (Map.Entry<String, ExperimentDirectory> source : sources.entrySet()) {
      whole.copy(source.getValue(), source.getKey());
    }
    AtomicFiles.write(whole.manifest(), manifest(manifests));
    ExperimentReports.write(spec.root().commandLine(), whole);
    whole.announce(spec.commandLine().getOut());
    return 0;
  }

  /**
   * The part that has each unit. Checks that all parts have the same configuration, and that no
   * unit occurs twice.
   */
  private Map<String, ExperimentDirectory> sources(
      List<ExperimentDirectory> directories, List<JsonNode> manifests) {
    JsonNode first = manifests.getFirst();
    Map<String, ExperimentDirectory> sources = new LinkedHashMap<>();
    for (int i = 0; i < directories.size(); i++) {
      for (String key : SAME) {
        if (!manifests.get(i).path(key).equals(first.path(key))) {
          throw new IllegalArgumentException(
              "%s and %s are of another %s: merge parts of one experiment"
                  .formatted(parts.getFirst(), parts.get(i), key));
        }
      }
      ExperimentDirectory part = directories.get(i);
      for (String unit : part.units(manifests.get(i))) {
        ExperimentDirectory other = part.isDone(unit) ? sources.put(unit, part) : null;
        if (other != null) {
          throw new IllegalArgumentException(
              "%s and %s both have the part %s: name every directory once"
                  .formatted(other.path(), part.path(), unit));
        }
      }
    }
    List<String> missing = new ArrayList<>(directories.getFirst().units(first));
    missing.removeAll(sources.keySet());
    if (!missing.isEmpty()) {
      throw new IllegalArgumentException(
          "no directory has %s: run that shard, or go on with it by --resume, and merge again"
              .formatted(missing.getFirst()));
    }
    return sources;
  }

  private String manifest(List<JsonNode> manifests) {
    Manifest manifest = new Manifest(spec.root().commandLine().getParseResult().originalArgs());
    for (String key : SAME) {
      manifest.put(key, manifests.getFirst().path(key));
    }
    for (String key : PluginOption.RECORDED) {
      if (manifests.getFirst().has(key)) {
        manifest.put(key, manifests.getFirst().path(key));
      }
    }
    manifest.put("arguments", Arguments.without(manifests.getFirst(), "--shard", "--out"));
    manifest.put("shards", manifests);
    return manifest.ended("finished").json();
  }
}
