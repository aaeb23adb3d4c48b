package io.github.tornadodiffusion.experiments.sampling;

import io.github.tornadodiffusion.diffusion.images.Film;
import io.github.tornadodiffusion.diffusion.images.GifFiles;
import io.github.tornadodiffusion.diffusion.images.ImageGrid;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.ClassLabels;
import io.github.tornadodiffusion.diffusion.sampling.Pipeline;
import io.github.tornadodiffusion.experiments.cli.Interruption;
import io.github.tornadodiffusion.experiments.cli.Progress;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** Writes samples as they arrive: single images immediately, pictures of several at the end. */
final class SampleWriter implements Pipeline.Listener {
  /** How long a frame is shown, in hundredths of a second: viewers slow down shorter ones. */
  private static final int FRAME = 8;

  private static final int LAST_FRAME = 200;

  private final SampleOutputs outputs;
  private final Batching batching;
  private final int[] labels;
  private ClassLabels known;
  private Interruption interruption;
  private final BitSet kept = new BitSet();
  private final Map<String, String> text;
  private final Progress progress;
  private PrintWriter err;
  private IntFunction<Map<String, String>> ofImage = index -> Map.of();
  private final float[] pictured;
  private final Film strip;
  private final Film gif;

  /**
   * How images are computed.
   *
   * @param count all images
   * @param batch images at once
   * @param calls of the model for a batch
   * @param shape of an image
   */
  record Batching(int count, int batch, int calls, Film.ImageShape shape) {
    private Film film(int frames) {
      return new Film(SampleOutputs.filmed(count, batch), shape, calls, frames);
    }
  }

  /**
   * A writer that has written nothing yet.
   *
   * @param labels one per image, or null
   * @param text in the files about how they were made
   */
  SampleWriter(
      SampleOutputs outputs,
      Batching batching,
      int[] labels,
      Map<String, String> text,
      Progress progress) {
    this.outputs = outputs;
    this.batching = batching;
    this.labels = labels;
    this.text = text;
    this.progress = progress;
    pictured = new float[outputs.pictured(batching.count) * batching.shape.length()];
    strip = outputs.strip == null ? null : batching.film(SampleOutputs.STRIP_FRAMES);
    gif = outputs.gif == null ? null : batching.film(SampleOutputs.GIF_FRAMES);
  }

  /**
   * Has the files say the names of classes.
   *
   * @param labels what they mean, or null
   * @param warnings where to say that there are no fonts to write them with
   */
  SampleWriter named(ClassLabels labels, PrintWriter warnings) {
    known = labels;
    err = warnings;
    return this;
  }

  /** Has the file of an image say more, or something else, than those of all do. */
  SampleWriter saying(IntFunction<Map<String, String>> more) {
    ofImage = more;
    return this;
  }

  /** Takes over the images that are there, for the picture. */
  void goOnAfter(int there) throws IOException {
    kept.set(0, there);
    if (pictured.length > 0) {
      int shown = Math.min(there, outputs.pictured(batching.count));
      new KeptImages(outputs.images).read(pictured, shown, batching.shape.channels());
    }
  }

  @Override
  public void calls(long done, long total) {
    progress.update(done, batching.count + " images");
    if (interruption != null && interruption.requested()) {
      throw new CancellationException();
    }
  }

  /** How many images are complete, from the first on without a gap. */
  int kept() {
    return kept.nextClearBit(0);
  }

  /** Has the sampling end when the process is asked to. */
  SampleWriter until(Interruption asked) {
    interruption = asked;
    return this;
  }

  @Override
  public void sees(int firstImage, int call, Supplier<float[]> modelInput) {
    if (strip != null) {
      strip.sees(firstImage, call, modelInput);
    }
    if (gif != null) {
      gif.sees(firstImage, call, modelInput);
    }
  }

  @Override
  public void images(int firstImage, int count, float[] images) {
    kept.set(firstImage, firstImage + count);
    long at = (long) firstImage * batching.shape.length();
    if (at < pictured.length) {
      int room = pictured.length - (int) at;
      System.arraycopy(images, 0, pictured, (int) at, Math.min(images.length, room));
    }
    if (strip != null) {
      strip.images(firstImage, images);
    }
    if (gif != null) {
      gif.images(firstImage, images);
    }
    if (outputs.images != null) {
      for (int i = 0; i < count; i++) {
        writeSingle(images, i, firstImage + i);
      }
    }
  }

  private void writeSingle(float[] images, int place, int index) {
    Film.ImageShape shape = batching.shape;
    BufferedImage image =
        ImageGrid.single(images, place, shape.channels(), shape.height(), shape.width());
    Map<String, String> its = new LinkedHashMap<>(text);
    its.remove("labels");
    its.put("index", Integer.toString(index));
    its.putAll(ofImage.apply(index));
    if (labels != null) {
      its.put("label", Integer.toString(labels[index]));
      if (known != null && !known.names().isEmpty()) {
        its.put("class", known.name(labels[index]));
      }
    }
    try {
      PngFiles.write(new KeptImages(outputs.images).file(index), image, its);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Writes the pictures of several images and prints where everything is. */
  void finish(PrintWriter out) throws IOException {
    if (outputs.out != null) {
      writePicture(out);
    }
    if (outputs.images != null) {
      out.println("images    %s, %d files".formatted(outputs.images, batching.count));
    }
    if (strip != null) {
      PngFiles.write(outputs.strip, strip.strip(), text);
      out.println("strip     " + outputs.strip);
    }
    if (gif != null) {
      GifFiles.write(outputs.gif, frames(gif));
      out.println("animation " + outputs.gif);
    }
    out.flush();
  }

  private void writePicture(PrintWriter out) throws IOException {
    Film.ImageShape shape = batching.shape;
    int shown = outputs.pictured(batching.count);
    PngFiles.write(
        outputs.out, LabelledGrid.ofSamples(pictured, shown, shape, labels, known, err), text);
    String part =
        shown == batching.count ? "" : ", the first %d of %d".formatted(shown, batching.count);
    out.println("samples   " + outputs.out + part);
  }

  private static GifFiles.Frames frames(Film film) {
    return new GifFiles.Frames() {
      @Override
      public int count() {
        return film.frames();
      }

      @Override
      public BufferedImage image(int index) {
        return film.frame(index);
      }

      @Override
      public int delay(int index) {
        return index == film.frames() - 1 ? LAST_FRAME : FRAME;
      }
    };
  }
}
