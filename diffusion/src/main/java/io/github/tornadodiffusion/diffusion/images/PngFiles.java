package io.github.tornadodiffusion.diffusion.images;

import io.github.tornadodiffusion.nn.io.AtomicFiles;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.ImageTypeSpecifier;
import javax.imageio.ImageWriter;
import javax.imageio.metadata.IIOMetadata;
import javax.imageio.metadata.IIOMetadataNode;
import javax.imageio.stream.ImageInputStream;
import javax.imageio.stream.ImageOutputStream;
import javax.imageio.stream.MemoryCacheImageOutputStream;
import org.w3c.dom.NodeList;

/** Writes PNG files that say how they were made. */
public final class PngFiles {
  private static final String FORMAT = "javax_imageio_png_1.0";

  static {
    Headless.ensure();
  }

  private PngFiles() {}

  /**
   * Writes an image, completely or not at all: an earlier file of that name is kept until the new
   * one is complete. Missing parent directories are made.
   *
   * @param text key and value pairs for the file's tEXt chunks (iTXt for values beyond Latin-1),
   *     such as seed and configuration; keys have 1 to 79 Latin-1 characters
   * @throws IOException if the file cannot be written
   */
  public static void write(Path file, BufferedImage image, Map<String, String> text)
      throws IOException {
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      Files.createDirectories(parent);
    }
    AtomicFiles.write(file, encode(image, text));
  }

  /**
   * The text of a PNG file, as {@link #write} has given it.
   *
   * @throws IOException if it is none, or cannot be read
   */
  public static Map<String, String> text(Path file) throws IOException {
    ImageReader reader = ImageIO.getImageReadersByFormatName("png").next();
    try (ImageInputStream input = ImageIO.createImageInputStream(file.toFile())) {
      reader.setInput(input);
      IIOMetadataNode root = (IIOMetadataNode) reader.getImageMetadata(0).getAsTree(FORMAT);
      Map<String, String> text = new LinkedHashMap<>();
      read(root.getElementsByTagName("tEXtEntry"), "value", text);
      read(root.getElementsByTagName("iTXtEntry"), "text", text);
      return text;
    } finally {
      reader.dispose();
    }
  }

  private static void read(NodeList entries, String value, Map<String, String> text) {
    for (int i = 0; i < entries.getLength(); i++) {
      IIOMetadataNode entry = (IIOMetadataNode) entries.item(i);
      text.put(entry.getAttribute("keyword"), entry.getAttribute(value));
    }
  }

  /** The bytes of a PNG file with the given text; see {@link #write}. */
  public static byte[] encode(BufferedImage image, Map<String, String> text) throws IOException {
    ImageWriter writer = ImageIO.getImageWritersByFormatName("png").next();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ImageOutputStream output = new MemoryCacheImageOutputStream(bytes)) {
      IIOMetadata metadata =
          writer.getDefaultImageMetadata(
              ImageTypeSpecifier.createFromRenderedImage(image), writer.getDefaultWriteParam());
      metadata.mergeTree(FORMAT, chunks(text));
      writer.setOutput(output);
      writer.write(new IIOImage(image, null, metadata));
    } finally {
      writer.dispose();
    }
    return bytes.toByteArray();
  }

  private static IIOMetadataNode chunks(Map<String, String> text) {
    IIOMetadataNode latin = new IIOMetadataNode("tEXt");
    IIOMetadataNode international = new IIOMetadataNode("iTXt");
    text.forEach((key, value) -> {
      if (StandardCharsets.ISO_8859_1.newEncoder().canEncode(value)) {
        IIOMetadataNode entry = new IIOMetadataNode("tEXtEntry");
        entry.setAttribute("keyword", key);
        entry.setAttribute("value", value);
        latin.appendChild(entry);
      } else {
        IIOMetadataNode entry = new IIOMetadataNode("iTXtEntry");
        entry.setAttribute("keyword", key);
        entry.setAttribute("compressionFlag", "FALSE");
        entry.setAttribute("compressionMethod", "0");
        entry.setAttribute("languageTag", "");
        entry.setAttribute("translatedKeyword", "");
        entry.setAttribute("text", value);
        international.appendChild(entry);
      }
    });
    IIOMetadataNode root = new IIOMetadataNode(FORMAT);
    for (IIOMetadataNode chunk : new IIOMetadataNode[] {international, latin}) {
      if (chunk.hasChildNodes()) {
        root.appendChild(chunk);
      }
    }
    return root;
  }
}
