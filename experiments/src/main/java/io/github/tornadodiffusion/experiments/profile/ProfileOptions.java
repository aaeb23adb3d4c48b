package io.github.tornadodiffusion.experiments.profile;

import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.io.AtomicFiles;
import io.github.tornadodiffusion.nn.io.Json;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Option;

/** The options of commands that can show where the time goes. */
public final class ProfileOptions {
  @Option(
      names = "--profile",
      description = "Print where the time went: kernels, compilation, transfers, launches.")
  boolean table;

  @Option(
      names = "--profile-json",
      paramLabel = "FILE.json",
      description = "Write the same as JSON.")
  Path json;

  private final Profile profile = new Profile();

  /** Whether anything should be measured. */
  public boolean wanted() {
    return table || json != null;
  }

  /** Checks that the requested file can be written. */
  public void check() throws IOException {
    if (json != null) {
      OutputFiles.prepare("--profile-json", json, OutputFiles.JSON);
    }
  }

  /** The engine to use: itself, or one that measures it. */
  public Engine measured(Engine engine) {
    return wanted() ? new ProfiledEngine(engine, profile) : engine;
  }

  public Profile profile() {
    return profile;
  }

  /** Prints and writes what was requested. */
  public void report(String device, PrintWriter out) throws IOException {
    if (table) {
      profile.rows().forEach(row -> print(row, out));
      Profile.Communication sent = profile.communication();
      if (sent != null) {
        out.printf(
            Locale.ROOT,
            "%ncommunication of the processes: %.1f ms a step, %.1f of them without computing%n",
            sent.millis(),
            sent.waiting());
      }
      out.flush();
    }
    if (json != null) {
      AtomicFiles.write(json, Json.page(toMap(device)));
      out.println("profile    " + json);
      out.flush();
    }
  }

  private void print(Profile.ProgramRow row, PrintWriter out) {
    out.printf(
        Locale.ROOT,
        "%nprofile of %s: %d runs of %.1f ms%n",
        row.program(),
        row.runs(),
        row.total());
    out.printf(
        "%8s %9s %7s %9s %8s  %s%n", "share", "ms/run", "calls", "GFLOP/s", "GB/s", "kernel");
    for (Profile.KernelRow kernel : row.rows()) {
      out.printf(
          Locale.ROOT,
          "%7.1f%% %9.3f %7d %9s %8.1f  %s%n",
          100 * kernel.share(),
          kernel.millis(),
          kernel.calls(),
          kernel.gflops() > 0 ? String.format(Locale.ROOT, "%.1f", kernel.gflops()) : "-",
          kernel.gigabytes(),
          kernel.kernel());
    }
    line(out, row.kernels(), "all kernels");
    line(out, row.launch(), "launching them");
    line(out, row.transfers(), "transfers");
    line(out, row.compilation(), "compilation");
    out.printf(
        Locale.ROOT,
        "the first run took %.0f ms, %.0f of them compilation%n",
        row.first(),
        row.firstCompilation());
  }

  private static void line(PrintWriter out, double millis, String what) {
    out.printf(Locale.ROOT, "%8s %9.3f %7s %9s %8s  %s%n", "", millis, "", "", "", what);
  }

  private Map<String, Object> toMap(String device) {
    List<Object> programs = new ArrayList<>();
    for (Profile.ProgramRow row : profile.rows()) {
      List<Object> kernels = new ArrayList<>();
      for (Profile.KernelRow kernel : row.rows()) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("kernel", kernel.kernel());
        map.put("calls", kernel.calls());
        map.put("device_ms", kernel.millis());
        map.put("share", kernel.share());
        map.put("gflops", kernel.gflops());
        map.put("gb_per_s", kernel.gigabytes());
        kernels.add(map);
      }
      Map<String, Object> map = new LinkedHashMap<>();
      map.put("program", row.program());
      map.put("runs", row.runs());
      map.put("first_ms", row.first());
      map.put("first_compilation_ms", row.firstCompilation());
      map.put("total_ms", row.total());
      map.put("kernels_ms", row.kernels());
      map.put("launch_ms", row.launch());
      map.put("transfers_ms", row.transfers());
      map.put("compilation_ms", row.compilation());
      if (!Double.isNaN(row.joules())) {
        map.put("energy_joules", row.joules());
      }
      map.put("kernels", kernels);
      programs.add(map);
    }
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("device", device);
    all.put("read_and_write_ms", profile.readAndWriteMillis());
    all.put("programs", programs);
    if (profile.communication() != null) {
      all.put("communication_ms", profile.communication().millis());
      all.put("communication_waiting_ms", profile.communication().waiting());
    }
    return all;
  }
}
