package io.github.tornadodiffusion.diffusion;

import io.github.tornadodiffusion.diffusion.data.Dataset;

/** The first images of another data set. */
public record FirstImages(Dataset whole, int size) implements Dataset {
  @Override
  public String name() {
    return "first " + size;
  }

  @Override
  public int channels() {
    return whole.channels();
  }

  @Override
  public int imageSize() {
    return whole.imageSize();
  }

  @Override
  public float[] image(int index) {
    return whole.image(index);
  }

  @Override
  public int label(int index) {
    return whole.label(index);
  }

  @Override
  public int classes() {
    return whole.classes();
  }

  @Override
  public String hash() {
    return whole.hash() + size;
  }
}
