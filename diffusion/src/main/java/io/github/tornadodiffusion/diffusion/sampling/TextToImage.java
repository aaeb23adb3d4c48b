package io.github.tornadodiffusion.diffusion.sampling;

import io.github.tornadodiffusion.diffusion.random.SampleNoise;
import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConditionModel;
import io.github.tornadodiffusion.nn.programs.SampleRegisters;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Draws latents from texts with a UNet that reads them, as diffusers' StableDiffusionPipeline and
 * its relatives do. {@link LatentCodec} makes images of them.
 */
public final class TextToImage implements AutoCloseable {
  private final SampleRegisters registers;
  private final int channels;
  private final BatchShape batch;

  private TextToImage(SampleRegisters registers, int channels, BatchShape batch) {
    this.registers = registers;
    this.channels = channels;
    this.batch = batch;
  }

  /**
   * What the images show.
   *
   * @param texts what the UNet reads of each prompt, by the names of its inputs
   * @param others the same of what each prompt is guided away from; null for no guidance
   * @param guidance the scale of classifier-free guidance, see {@link GuidedSampling}
   * @param rescale see {@link GuidedSampling}
   * @param ofImages the number of the prompt of every image
   */
  @SuppressWarnings("ArrayRecordComponent") // bulk data that nobody compares
  public record Prompts(
      List<Map<String, float[]>> texts,
      List<Map<String, float[]>> others,
      double guidance,
      double rescale,
      int[] ofImages) {
    /** Checks that there are as many of both. */
    public Prompts {
      if (others != null && others.size() != texts.size()) {
        throw new IllegalArgumentException(
            "%d negative prompts for %d prompts: give one to each"
                .formatted(others.size(), texts.size()));
      }
    }

    /** The conditions of a sampling: those of the texts, then the others. */
    PromptConditions addTo(PromptConditions conditions) {
      texts.forEach(conditions::add);
      if (others != null) {
        others.forEach(conditions::add);
      }
      return conditions;
    }

    /** The numbers of what prompts are guided away from. */
    private int[] without(int[] prompts) {
      return Arrays.stream(prompts).map(prompt -> prompt + texts.size()).toArray();
    }
  }

  /**
   * Whether a UNet reads a mask and the latents of what is kept, besides noisy latents.
   *
   * @param channels of the latents
   * @throws IllegalArgumentException in one line if it reads neither these nor latents alone
   */
  public static boolean readsMask(UNet2DConditionModel unet, int channels) {
    int in = unet.inChannels();
    if (in != channels && in != 2 * channels + 1) {
      throw new IllegalArgumentException(
          "the UNet reads %d channels and the autoencoder makes latents of %d: use the parts of one"
                  .formatted(in, channels)
              + " model");
    }
    return in != channels;
  }

  /**
   * Records a UNet with the registers of a sampler, which shows how much memory they need.
   *
   * @param channels of the latents
   * @param used see {@link ReverseProcess#registers}
   * @param batch of latents
   */
  public static RecordedProgram<SampleRegisters> record(
      UNet2DConditionModel unet, int channels, Set<Integer> used, BatchShape batch) {
    Model model = readsMask(unet, channels) ? new InpaintingModel(unet, channels) : unet;
    // One more for the output without a text.
    return SampleRegisters.record(model, batch, DeviceSampling.free(used) + 1);
  }

  /**
   * Opens a UNet on a device.
   *
   * @param program of {@link #record}
   * @param channels of the latents
   */
  public static TextToImage open(
      Engine engine,
      RecordedProgram<SampleRegisters> program,
      Map<String, HostTensor> parameters,
      int channels) {
    return new TextToImage(program.open(engine, parameters), channels, program.batch());
  }

  /**
   * Draws latents.
   *
   * @param part which images to draw
   * @param conditions that the process was made with, without prompts
   * @param progress is told of every call of the model
   * @return of the images of the part, scaled as a diffusion model reads them, NCHW
   * @throws IllegalStateException in one line if values of the latents are not numbers
   */
  public float[] latents(
      ReverseProcess process,
      PromptConditions conditions,
      Prompts prompts,
      SampleNoise noise,
      Pipeline.Part part,
      Pipeline.Listener progress) {
    SamplingModel model = new DeviceSampling(registers, prompts.addTo(conditions));
    if (prompts.others != null) {
      model = new GuidedSampling(model, prompts.guidance, prompts::without, prompts.rescale);
    }
    int count = prompts.ofImages.length;
    int length = channels * batch.height() * batch.width();
    int own = (int) part.images(count, batch.images()).count();
    float[] all = new float[Math.multiplyExact(own, length)];
    int[] drawn = {0};
    new Pipeline(model, channels, batch.height(), batch.width())
        .run(
            process,
            new Pipeline.Request(count, noise, prompts.ofImages, part),
            new ModelSampler.Checked(
                new Pipeline.Listener() {
                  @Override
                  public void calls(long done, long total) {
                    progress.calls(done, total);
                  }

                  @Override
                  public void images(int firstImage, int images, float[] values) {
                    System.arraycopy(values, 0, all, drawn[0], values.length);
                    drawn[0] += values.length;
                    progress.images(firstImage, images, values);
                  }
                }));
    return all;
  }

  @Override
  public void close() {
    registers.close();
  }
}
