package io.github.tornadodiffusion.diffusion.images;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.awt.image.BufferedImage;
import java.awt.image.RenderedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/** Writes animated GIF files that repeat for ever. */
public final class GifFiles {
  private static final String FORMAT = "javax_imageio_gif_image_1.0";

  static {
    Headless.ensure();
  }

  private GifFiles() {}

  /** The frames of an animation. */
  public interface Frames {
    /** How many there are, at least 1. */
    int count();

    /** One of them; all have one size. */
    BufferedImage image(int index);

    /** How long a frame is shown, in hundredths of a second. */
    int delay(int index);
  }

  /**
   * Writes an animation, whole or not at all. Missing parent directories are made.
   *
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, Frames frames) throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    AtomicFiles.write(file, encode(frames));
  }

  private static byte[] encode(Frames frames) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("gif").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
      writer.setOutput(output);
      writer.prepareWriteSequence(null);
      for (int i = 0; i < frames.count(); i++) {
        BufferedImage image = frames.image(i);
        writer.writeToSequence(
            new IIOImage(image, null, metadata(writer, image, frames.delay(i), i == 0)), null);
      }
      writer.endWriteSequence();
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static IIOMetadata metadata(
      ImageWriter writer, RenderedImage image, int delay, boolean first) throws IOException {
    IIOMetadata metadata =
        writer.getDefaultImageMetadata(ImageTypeSpecifier.createFromRenderedImage(image), null);
    IIOMetadataNode root = new IIOMetadataNode(FORMAT);
    IIOMetadataNode control = new IIOMetadataNode("GraphicControlExtension");
    control.setAttribute("disposalMethod", "none");
    control.setAttribute("userInputFlag", "FALSE");
    control.setAttribute("transparentColorFlag", "FALSE");
    control.setAttribute("transparentColorIndex", "0");
    control.setAttribute("delayTime", Integer.toString(delay));
    root.appendChild(control);
    if (first) {
      // Netscape's extension, which all viewers know: sub-block 1, loop 0 times, that is for ever.
      IIOMetadataNode loop = new IIOMetadataNode("ApplicationExtension");
      loop.setAttribute("applicationID", "NETSCAPE");
      loop.setAttribute("authenticationCode", "2.0");
      loop.setUserObject(new byte[] {1, 0, 0});
      IIOMetadataNode extensions = new IIOMetadataNode("ApplicationExtensions");
      extensions.appendChild(loop);
      root.appendChild(extensions);
    }
    metadata.mergeTree(FORMAT, root);
    return metadata;
  }
}
