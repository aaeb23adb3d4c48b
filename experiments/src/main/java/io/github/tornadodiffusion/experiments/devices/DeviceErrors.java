package io.github.tornadodiffusion.experiments.devices;

import io.github.tornadodiffusion.experiments.bench.KernelSuite;
import io.github.tornadodiffusion.experiments.bench.Workload;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.profile.KernelFigures;
import io.github.tornadodiffusion.experiments.profile.ProbeEngine;
import io.github.tornadodiffusion.experiments.profile.Profile;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.KernelCases;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The error of every kernel against double precision, on small models with odd sizes. */
final class DeviceErrors extends DeviceUnit {
  DeviceErrors(DeviceRow row) {
    super(row, "errors");
  }

  @Override
  void measure(Experiment.Sink sink) {
    sink.progress(0, "every kernel");
    Map<String, List<Double>> errors = new LinkedHashMap<>();
    try (Engine engine = row.opener().open(false)) {
      ProbeEngine probe = new ProbeEngine(engine, new Profile());
      probe.mode(ProbeEngine.Mode.CHECK);
      KernelSuite.run(probe);
      KernelCases.all().stream()
          .flatMap(cases -> cases.trials().stream())
          .forEach(trial -> {
            try (Workload workload = Workload.trial(probe, trial)) {
              workload.run().run();
            }
          });
      for (KernelFigures figures : probe.figures()) {
        errors
            .computeIfAbsent(figures.shape().kernel(), k -> new ArrayList<>())
            .add(figures.error());
      }
    }
    sink.row("device", row.description());
    errors.forEach((kernel, ofShapes) -> {
      Map<String, Object> fields = fields();
      fields.put("kernel", kernel);
      fields.put("shapes", ofShapes.size());
      fields.put("max_error", Collections.max(ofShapes));
      sink.row("error", fields);
    });
  }
}
