package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.diffusion.schedulers.steps.HostRegisters;
import io.github.tornadodiffusion.diffusion.schedulers.steps.Update;
import java.util.Arrays;
import java.util.List;

/** Samples with a model that is any function of the host, in double precision. */
public final class HostSampling implements SamplingModel {
  private final Denoiser model;
  private final int images;
  private final int imageLength;
  private final HostRegisters registers;

  /**
   * Registers for a model.
   *
   * @param images of a batch
   * @param imageLength values per image
   */
  public HostSampling(Denoiser model, int images, int imageLength) {
    this.model = model;
    this.images = images;
    this.imageLength = imageLength;
    registers = new HostRegisters(images, imageLength);
  }

  @Override
  public int images() {
    return images;
  }

  @Override
  public void write(int register, float[] values) {
    registers.write(register, values);
  }

  @Override
  public float[] read(int register) {
    return registers.read(register, 1);
  }

  @Override
  public void draw(SampleNoise noise, int draw, int firstImage) {
    float[] drawn = new float[images * imageLength];
    noise.fill(draw, firstImage, drawn);
    registers.write(Update.NOISE, drawn);
  }

  @Override
  public void predict(double inputScale, double timestep, int[] labels) {
    float[] timesteps = new float[images];
    Arrays.fill(timesteps, (float) timestep);
    registers.writeOutput(
        model.predict(registers.read(Update.SAMPLE, inputScale), timesteps, labels));
  }

  @Override
  public void apply(List<Update> updates) {
    registers.apply(updates);
  }
}
