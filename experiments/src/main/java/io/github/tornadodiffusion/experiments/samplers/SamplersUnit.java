package io.github.tornadodiffusion.experiments.samplers;

import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.sampling.Sampling;
import io.github.tornadodiffusion.experiments.framework.Experiment;
import io.github.tornadodiffusion.experiments.study.FeatureSpace;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/** Images of one sampler from the noise of one seed of a {@link SamplersStudy}. */
record SamplersUnit(SamplersStudy study, int seed, String name) implements Experiment.Unit {
  /** Images in a picture. */
  private static final int PICTURED = 25;

  @Override
  public String key() {
    return SamplersStudy.key(seed, name);
  }

  @Override
  public void run(Experiment.Sink sink) throws IOException {
    FeatureSpace space = study.features(sink);
    if (space != null) {
      space.describe(sink, study.samples());
    }
    float[] exact = study.reference(seed, sink);
    if (space != null) {
      Map<String, Object> row = new LinkedHashMap<>();
      space.distances(exact).putInto(row);
      sink.row("reference", row);
    }
    double all = study.sampleSteps().stream().mapToInt(Integer::intValue).sum();
    double before = 0;
    for (int steps : study.sampleSteps()) {
      Sampling sampling = Sampling.of(study.scheduler(name), steps);
      long start = System.nanoTime();
      float[] images = study.sample(sampling, seed, before / all, steps / all, sink);
      double seconds = (System.nanoTime() - start) * 1e-9;
      before += steps;
      Map<String, Object> row = new LinkedHashMap<>();
      row.put("sample_steps", steps);
      row.put("calls", sampling.calls());
      float[] clamped = FeatureSpace.clamped(images);
      if (space != null) {
        space.distances(clamped).putInto(row);
      }
      row.put("reference_distance", distance(clamped, exact));
      row.put("sampling_seconds", seconds);
      sink.row("quality", row);
      int pictured = Math.min(PICTURED, study.samples());
      sink.picture(SamplersStudy.picture(steps), PngFiles.encode(grid(images, pictured), Map.of()));
    }
  }

  private BufferedImage grid(float[] images, int count) {
    int size = study.config().imageSize();
    return ImageGrid.grid(images, count, study.config().unet().inChannels(), size, size);
  }

  /** Root mean squared difference of the values. */
  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return Math.sqrt(sum / a.length);
  }
}
