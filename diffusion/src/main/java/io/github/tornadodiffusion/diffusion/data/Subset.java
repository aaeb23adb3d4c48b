package io.github.tornadodiffusion.diffusion.data;

import io.github.tornadodiffusion.nn.io.Sha256;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Some images of a data set. */
public class Subset implements Dataset {
  private final Dataset whole;
  private final int[] indices;
  private final String name;

  /**
   * A view of a data set.
   *
   * @param indices of the images in the whole, in the order of the view; at least one
   * @param part a description of the part, for the name
   * @throws IllegalArgumentException if there are none
   * @throws IndexOutOfBoundsException if an index is out of range
   */
  public Subset(Dataset whole, int[] indices, String part) {
    if (indices.length == 0) {
      throw new IllegalArgumentException(
          "The %s part of %s has no image: take more".formatted(part, whole.name()));
    }
    for (int index : indices) {
      Objects.checkIndex(index, whole.size());
    }
    this.whole = whole;
    this.indices = indices.clone();
    name = "%s, %s %d of %d".formatted(whole.name(), part, indices.length, whole.size());
  }

  @Override
  public Optional<Originals> original(int index) {
    return whole.original(indices[index]);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public int size() {
    return indices.length;
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
    return whole.image(indices[index]);
  }

  @Override
  public int label(int index) {
    return whole.label(indices[index]);
  }

  @Override
  public int classes() {
    return whole.classes();
  }

  @Override
  public List<String> classNames() {
    return whole.classNames();
  }

  @Override
  public List<String> warnings() {
    return whole.warnings();
  }

  /** The SHA-256 over the indices and the hash of the whole, which determine the pixels. */
  @Override
  public String hash() {
    MessageDigest digest = ImageBytes.digest(indices.length, channels(), imageSize());
    digest.update(whole.hash().getBytes(StandardCharsets.UTF_8));
    ByteBuffer bytes = ByteBuffer.allocate(4 * indices.length);
    for (int index : indices) {
      bytes.putInt(index);
    }
    digest.update(bytes.array());
    return Sha256.hex(digest);
  }
}
