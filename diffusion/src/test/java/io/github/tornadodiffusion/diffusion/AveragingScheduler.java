package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.schedulers.Scheduler;
import io.github.tornadodiffusion.diffusion.schedulers.StepOptions;
import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerConfig;
import io.github.tornadodiffusion.diffusion.schedulers.steps.ModelCall;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Plan;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Combine;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Every step but the first takes the mean of the last two outputs: it needs what was before. */
public final class AveragingScheduler implements Scheduler {
  @Override
  public String className() {
    return "AveragingScheduler";
  }

  @Override
  public SchedulerConfig config() {
    return SchedulerConfig.DEFAULTS;
  }

  @Override
  public Map<String, Object> fields() {
    return Map.of();
  }

  @Override
  public Plan plan(int steps, StepOptions options) {
    List<ModelCall> calls = new ArrayList<>();
    for (int i = 0; i < steps; i++) {
      List<Update> updates = new ArrayList<>();
      Term newest = new Term(Update.OUTPUT, i == 0 ? 1 : 0.5);
      updates.add(
          new Combine(
              Update.SAMPLE,
              i == 0 ? List.of(newest) : List.of(newest, new Term(Update.OWN, 0.5))));
      updates.add(new Combine(Update.OWN, List.of(new Term(Update.OUTPUT, 1))));
      calls.add(new ModelCall(steps - 1 - i, 1, 0.5, 0.5, false, updates));
    }
    return new Plan(1, calls);
  }
}
