package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.nn.io.Messages;
import java.lang.management.CompilationMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;

/**
 * Measurements of one device on a new engine, which loads and compiles kernels again. If a kernel
 * is wrong or there is too little memory, the only row of the unit says so.
 */
public abstract class DeviceUnit implements Experiment.Unit {
  /** The table of units that have no figures, and why. */
  public static final String FAILURE = "failure";

  final DeviceRow row;
  private final String part;

  DeviceUnit(DeviceRow row, String part) {
    this.row = row;
    this.part = part;
  }

  @Override
  public final String key() {
    return row.key() + "-" + part;
  }

  /** Adds rows; none of them is kept if it ends with an exception. */
  abstract void measure(Experiment.Sink sink);

  @Override
  public final void run(Experiment.Sink sink) {
    List<Runnable> held = new ArrayList<>();
    try {
      measure(
          new Experiment.Sink() {
            @Override
            public void row(String table, Map<String, ?> row) {
              held.add(() -> sink.row(table, row));
            }

            @Override
            public void picture(String name, byte[] png) {
              sink.picture(name, png);
            }

            @Override
            public void progress(double share, String details) {
              sink.progress(share, details);
            }
          });
    } catch (CancellationException e) {
      throw e;
    } catch (IllegalStateException | IllegalArgumentException e) {
      // A wrong kernel, a failing device, too little memory: the other units can still run.
      Map<String, Object> failure = fields();
      failure.put("part", part);
      failure.put("reason", Messages.line(e.getMessage()));
      sink.row(FAILURE, failure);
      return;
    }
    held.forEach(Runnable::run);
  }

  /** The fields by which a row names the device. */
  final Map<String, Object> fields() {
    return row.fields();
  }

  /**
   * The fields of a row that names the device only by its key, because there are many such rows.
   */
  final Map<String, Object> shortFields() {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("row", row.key());
    return fields;
  }

  /** With the fields by which a row names a program and its images a run. */
  static Map<String, Object> named(Map<String, Object> fields, String program, int batch) {
    fields.put("program", program);
    fields.put("batch", batch);
    return fields;
  }

  /** Milliseconds that this JVM's compilers have worked so far, on all threads. */
  static long jitMillis() {
    CompilationMXBean compiler = ManagementFactory.getCompilationMXBean();
    return compiler != null && compiler.isCompilationTimeMonitoringSupported()
        ? compiler.getTotalCompilationTime()
        : 0;
  }

  /** Milliseconds that something takes. */
  static double millis(Runnable run) {
    long start = System.nanoTime();
    run.run();
    return (System.nanoTime() - start) / 1e6;
  }
}
