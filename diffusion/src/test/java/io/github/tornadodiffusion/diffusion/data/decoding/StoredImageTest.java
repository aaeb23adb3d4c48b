package io.github.tornadodiffusion.diffusion.data.decoding;

import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static io.github.tornadodiffusion.diffusion.data.TestData.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What image files say beside their samples: orientation, profile, canvas, colour model. */
class StoredImageTest {
  private static final int SIZE = 8;

  /** The first digits of what Pillow reads of each file, resized as here. */
  @ParameterizedTest
  @CsvSource({
    "orientation/twin, 3e4a9c97699b",
    "orientation/png, 3e4a9c97699b",
    "orientation/webp, 3e4a9c97699b",
    "orientation/jpeg-twin, 3336f4ea79df",
    "orientation/jpeg-long, 3336f4ea79df",
    "profile/jpeg-twin, 775687d18eab",
    "profile/jpeg, 775687d18eab",
    "frame/twin, 2e8fc53d76fc",
    "frame/gif, 2e8fc53d76fc",
    "components/twin, 775687d18eab",
    "components/012, 775687d18eab"
  })
  void filesAndTheirTwins(String name, String hash) {
    assertEquals(hash, open(resource("cases/" + name), 16, 3).hash().substring(0, 12));
  }

  private static DecodedImage decode(byte[] file) throws IOException {
    return ImageDecoder.decode(file, SIZE, 3);
  }

  private static void assertSame(byte[] expected, byte[] actual, String name) throws IOException {
    DecodedImage first = decode(expected);
    DecodedImage second = decode(actual);
    assertEquals(first.width(), second.width(), name);
    assertEquals(first.height(), second.height(), name);
    assertArrayEquals(first.pixels(), second.pixels(), name);
  }

  private static BufferedImage noise(int width, int height) {
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    Random random = new Random(5);
    for (int i = 0; i < width * height; i++) {
      image.setRGB(i % width, i / width, random.nextInt(1 << 24));
    }
    return image;
  }

  private static byte[] write(BufferedImage image, String format) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    assertTrue(ImageIO.write(image, format, bytes));
    return bytes.toByteArray();
  }

  /** The image turned by a quarter to the right, as orientation 6 asks for. */
  private static BufferedImage turned(BufferedImage image) {
    int height = image.getHeight();
    BufferedImage turned = new BufferedImage(height, image.getWidth(), BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < height * image.getWidth(); i++) {
      int x = i % image.getWidth();
      int y = i / image.getWidth();
      turned.setRGB(height - 1 - y, x, image.getRGB(x, y));
    }
    return turned;
  }

  /** Exif data with the tag alone: its type and the bytes of its value, in either order. */
  private static byte[] exif(boolean little, int type, int count, String value, String behind) {
    byte[] inline = HexFormat.of().parseHex(value);
    byte[] more = HexFormat.of().parseHex(behind);
    ByteBuffer tiff = ByteBuffer.allocate(26 + more.length);
    tiff.order(little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN);
    tiff.put(ascii(little ? "II" : "MM")).putShort((short) 42).putInt(8).putShort((short) 1);
    tiff.putShort((short) 0x0112).putShort((short) type).putInt(count).put(inline);
    return tiff.put(22, new byte[4]).put(26, more).array();
  }

  /** The tag with the value 6 in every form that Pillow takes. */
  private static Map<String, byte[]> exifForms() {
    Map<String, byte[]> forms = new LinkedHashMap<>();
    forms.put("short", exif(true, 3, 1, "06000000", ""));
    forms.put("short, big-endian", exif(false, 3, 1, "00060000", ""));
    forms.put("short, twice", exif(true, 3, 2, "06000100", ""));
    forms.put("short, three times", exif(true, 3, 3, "1a000000", "060001000100"));
    forms.put("long", exif(true, 4, 1, "06000000", ""));
    forms.put("long, big-endian", exif(false, 4, 1, "00000006", ""));
    forms.put("signed byte", exif(true, 6, 1, "06000000", ""));
    forms.put("signed short", exif(false, 8, 1, "00060000", ""));
    forms.put("signed long", exif(true, 9, 1, "06000000", ""));
    forms.put("rational", exif(true, 5, 1, "1a000000", "0600000001000000"));
    forms.put("behind Exif", concat(ascii("Exif\0\0"), exif(true, 3, 1, "06000000", "")));
    return forms;
  }

  private static byte[] xmp(int value) {
    return ascii("<x:xmpmeta><rdf:Description tiff:Orientation=\"%d\"/>".formatted(value));
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      bytes.writeBytes(part);
    }
    return bytes.toByteArray();
  }

  private static byte[] segment(int marker, byte[] content) {
    return concat(
        ByteBuffer.allocate(4)
            .putShort((short) (0xFF00 | marker))
            .putShort((short) (content.length + 2))
            .array(),
        content);
  }

  /** Puts segments behind the start of a JPEG file. */
  private static byte[] jpeg(byte[] file, byte[]... segments) {
    return concat(
        Arrays.copyOf(file, 2), concat(segments), Arrays.copyOfRange(file, 2, file.length));
  }

  private static byte[] chunk(String type, byte[] content) {
    CRC32 crc = new CRC32();
    crc.update(ascii(type));
    crc.update(content);
    return ByteBuffer.allocate(content.length + 12)
        .putInt(content.length)
        .put(ascii(type))
        .put(content)
        .putInt((int) crc.getValue())
        .array();
  }

  /** Puts a chunk behind the header of a PNG file or before its end. */
  private static byte[] png(byte[] file, boolean last, byte[] chunk) {
    int at = last ? file.length - 12 : 33;
    return concat(Arrays.copyOf(file, at), chunk, Arrays.copyOfRange(file, at, file.length));
  }

  private static byte[] deflate(byte[] content) {
    Deflater deflater = new Deflater();
    deflater.setInput(content);
    deflater.finish();
    byte[] packed = new byte[content.length + 64];
    int length = deflater.deflate(packed);
    deflater.end();
    return Arrays.copyOf(packed, length);
  }

  @Test
  void everyFormOfTheTagInJpegAndPng() throws IOException {
    byte[] stored = write(noise(12, 9), "png");
    byte[] seen = write(turned(noise(12, 9)), "png");
    byte[] photo = write(noise(12, 9), "jpg");
    byte[] reference =
        jpeg(photo, segment(0xE1, concat(ascii("Exif\0\0"), exifForms().get("short"))));
    assertEquals(9, decode(reference).width());
    exifForms()
        .forEach((name, exif) -> {
          try {
            assertSame(seen, png(stored, false, chunk("eXIf", exif)), name);
            assertSame(seen, png(stored, true, chunk("eXIf", exif)), name);
            byte[] segment = segment(0xE1, concat(ascii("Exif\0\0"), exif));
            assertSame(reference, jpeg(photo, segment), name);
            // Any number of bytes of ones may come before a marker.
            assertSame(reference, jpeg(photo, new byte[] {-1, -1}, segment), name);
          } catch (IOException e) {
            throw new AssertionError(name, e);
          }
        });
    // Bytes are no numbers to Pillow; what is not 1 to 8 means nothing.
    for (byte[] other :
        new byte[][] {
          exif(true, 1, 1, "06000000", ""), exif(true, 3, 1, "09000000", ""),
          exif(true, 5, 1, "ffffff7f", ""), exif(true, 3, 1 << 30, "06000000", "")
        }) {
      assertSame(stored, png(stored, false, chunk("eXIf", other)), Arrays.toString(other));
    }
  }

  @Test
  void exifAndXmpInTexts() throws IOException {
    byte[] stored = write(noise(12, 9), "png");
    byte[] seen = write(turned(noise(12, 9)), "png");
    byte[] exif = concat(ascii("Exif\0\0"), exifForms().get("long"));
    byte[] raw = ascii("\nexif\n%8d\n%s\n".formatted(exif.length, HexFormat.of().formatHex(exif)));
    byte[] text = chunk("tEXt", concat(ascii("Raw profile type exif\0"), raw));
    assertSame(seen, png(stored, false, text), "text");
    byte[] packed = chunk("zTXt", concat(ascii("Raw profile type APP1\0\0"), deflate(raw)));
    assertSame(seen, png(stored, true, packed), "packed text");
    byte[] xmp = chunk("iTXt", concat(ascii("XML:com.adobe.xmp\0\0\0en\0\0"), xmp(6)));
    assertSame(seen, png(stored, true, xmp), "XMP");
    byte[] packedXmp = chunk("iTXt", concat(ascii("XML:com.adobe.xmp\0\1\0\0\0"), deflate(xmp(6))));
    assertSame(seen, png(stored, false, packedXmp), "packed XMP");
    // Exif comes before XMP, whatever comes first.
    byte[] upright = chunk("eXIf", exif(true, 3, 1, "01000000", ""));
    assertSame(stored, png(png(stored, true, upright), false, xmp), "both");
    for (String damaged : new String[] {"", "\0", "\0\1", "\0\1\0", "\0\1\0\0", "\0\1\0\0\0x"}) {
      byte[] chunk = chunk("iTXt", ascii("XML:com.adobe.xmp" + damaged));
      assertSame(stored, png(stored, false, chunk), damaged);
    }
    byte[] photo = write(noise(12, 9), "jpg");
    byte[] inPhoto =
        jpeg(photo, segment(0xE1, concat(ascii("http://ns.adobe.com/xap/1.0/\0"), xmp(6))));
    assertSame(jpeg(photo, segment(0xE1, exif)), inPhoto, "XMP in JPEG");
  }

  /** A RIFF chunk. */
  private static byte[] riff(String type, byte[]... contents) {
    byte[] content = concat(contents);
    byte[] size =
        ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(content.length).array();
    return concat(ascii(type), size, content, new byte[content.length % 2]);
  }

  private static byte[] webp(byte[]... chunks) {
    return riff("RIFF", ascii("WEBP"), concat(chunks));
  }

  private static byte[] int24(int... values) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int value : values) {
      bytes.write(value);
      bytes.write(value >> 8);
      bytes.write(value >> 16);
    }
    return bytes.toByteArray();
  }

  private static byte[] extended(int flags, int width, int height) {
    return riff("VP8X", new byte[] {(byte) flags, 0, 0, 0}, int24(width - 1, height - 1));
  }

  /** The chunk of a lossless image of 24x24 pixels. */
  private static byte[] lossless() throws IOException {
    byte[] file = Files.readAllBytes(resource("webp/lossless.webp"));
    return Arrays.copyOfRange(file, 12, file.length);
  }

  private static BufferedImage losslessPixels() throws IOException {
    return ImageIO.read(resource("webp/lossless.png").toFile());
  }

  @Test
  void webpIsTurnedAndLeavesItsProfile() throws IOException {
    byte[] stored = write(losslessPixels(), "png");
    byte[] seen = write(turned(losslessPixels()), "png");
    byte[] extended = extended(0x28, 24, 24);
    byte[] profile = riff("ICCP", profile());
    assertSame(stored, webp(extended, profile, lossless()), "profile");
    exifForms()
        .forEach((name, exif) -> {
          try {
            assertSame(seen, webp(extended, profile, lossless(), riff("EXIF", exif)), name);
          } catch (IOException e) {
            throw new AssertionError(name, e);
          }
        });
    assertSame(seen, webp(extended, lossless(), riff("XMP ", xmp(6))), "XMP");
  }

  /** A profile in which red and blue are swapped. */
  private static byte[] profile() throws IOException {
    byte[] file = Files.readAllBytes(resource("cases/profile/jpeg/a.jpg"));
    String text = new String(file, StandardCharsets.ISO_8859_1);
    int start = text.indexOf("ICC_PROFILE\0") + 14;
    return Arrays.copyOfRange(file, start, start + ByteBuffer.wrap(file).getInt(start));
  }

  @Test
  void profilesAreIgnored() throws IOException {
    byte[] photo = write(noise(12, 9), "jpg");
    byte[] profile = segment(0xE2, concat(ascii("ICC_PROFILE\0\1\1"), profile()));
    assertSame(photo, jpeg(photo, profile), "JPEG");
    BufferedImage grey = new BufferedImage(9, 9, BufferedImage.TYPE_BYTE_GRAY);
    grey.getRaster().setSamples(0, 0, 9, 9, 0, new int[81]);
    grey.getRaster().setSample(4, 4, 0, 99);
    byte[] greyPhoto = write(grey, "jpg");
    byte[] greyProfile = profile();
    System.arraycopy(ascii("GRAY"), 0, greyProfile, 16, 4);
    assertSame(
        greyPhoto,
        jpeg(greyPhoto, segment(0xE2, concat(ascii("ICC_PROFILE\0\1\1"), greyProfile))),
        "grey JPEG");
    byte[] stored = write(noise(12, 9), "png");
    byte[] gamma = chunk("gAMA", ByteBuffer.allocate(4).putInt(100_000).array());
    assertSame(stored, png(stored, false, gamma), "gamma");
    byte[] inPng = chunk("iCCP", concat(ascii("x\0\0"), deflate(profile())));
    assertSame(stored, png(stored, false, inPng), "PNG");
  }

  /** The pixels of an image at a place on white. */
  private static byte[] onWhite(BufferedImage image, int left, int top, int width, int height)
      throws IOException {
    BufferedImage canvas = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < width * height; i++) {
      int x = i % width - left;
      int y = i / width - top;
      boolean inside = x >= 0 && y >= 0 && x < image.getWidth() && y < image.getHeight();
      canvas.setRGB(i % width, i / width, inside ? image.getRGB(x, y) : 0xFFFFFF);
    }
    return write(canvas, "png");
  }

  private static byte[] frame(int left, int top, int width, int height, byte[] image) {
    return riff(
        "ANMF", int24(left / 2, top / 2, width - 1, height - 1, 100), new byte[] {0}, image);
  }

  @Test
  void firstFramesLieOnTheirCanvas() throws IOException {
    byte[] animation = riff("ANIM", new byte[] {0, 0, -1, -1, 0, 0});
    byte[] first = frame(6, 10, 24, 24, lossless());
    byte[] second = frame(0, 0, 24, 24, lossless());
    byte[] expected = onWhite(losslessPixels(), 6, 10, 50, 40);
    byte[] file = webp(extended(0x02, 50, 40), animation, first, second);
    assertSame(expected, file, "WebP");
    String message =
        assertThrows(
                IOException.class, () -> decode(webp(extended(0x02, 24, 24), animation, first)))
            .getMessage();
    assertTrue(message.contains("outside of its canvas"), message);

    BufferedImage indexed = indexed(5);
    byte[] gif = write(indexed, "gif");
    int frame = gifFrame(gif);
    ByteBuffer bytes = ByteBuffer.wrap(gif).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putShort(6, (short) 10).putShort(8, (short) 9);
    bytes.putShort(frame + 1, (short) 5).putShort(frame + 3, (short) 2);
    assertSame(onWhite(indexed, 5, 2, 10, 9), gif, "GIF");
    // A canvas that is too small grows.
    bytes.putShort(6, (short) 3).putShort(8, (short) 0);
    assertSame(onWhite(indexed, 5, 2, 9, 7), gif, "GIF beyond its canvas");
    bytes.putShort(6, (short) -1).putShort(8, (short) -1);
    message = assertThrows(IOException.class, () -> decode(gif)).getMessage();
    assertTrue(message.contains("65535x65535 pixels are more"), message);
  }

  /** Four columns of other colours in every row. */
  private static BufferedImage indexed(int height) {
    BufferedImage image = new BufferedImage(4, height, BufferedImage.TYPE_BYTE_INDEXED);
    for (int i = 0; i < 4 * height; i++) {
      image.getRaster().setSample(i % 4, i / 4, 0, 7 * i);
    }
    return image;
  }

  /** Where the descriptor of the first frame begins; its place comes behind one byte. */
  private static int gifFrame(byte[] gif) {
    int frame = 13 + 3 * 256;
    while (gif[frame] == 0x21) {
      frame += 8;
    }
    assertEquals(0x2C, gif[frame]);
    return frame;
  }

  /** The JDK writes interlaced files; those of so few rows it does not read back. */
  @Test
  void interlacedGifFiles() throws IOException {
    for (int height : new int[] {1, 5, 6, 9, 16, 17}) {
      BufferedImage image = indexed(height);
      assertSame(write(image, "png"), write(image, "gif"), "height " + height);
    }
    for (int height : new int[] {2, 4}) {
      byte[] gif = write(indexed(height), "gif");
      String message = assertThrows(IOException.class, () -> decode(gif)).getMessage();
      assertEquals("interlaced GIF files of %d rows are not supported".formatted(height), message);
      gif[gifFrame(gif) + 9] &= ~0x40;
      assertEquals(height, decode(gif).height());
    }
  }

  /** Gives the components of a JPEG file other numbers, or leaves out its JFIF segment. */
  private static byte[] renamed(byte[] file, boolean jfif, int... names) {
    byte[] renamed = jfif ? file.clone() : concat(Arrays.copyOf(file, 2), behindJfif(file));
    String text = new String(renamed, StandardCharsets.ISO_8859_1);
    int frame = text.indexOf("\u00FF\u00C0");
    int scan = text.indexOf("\u00FF\u00DA");
    for (int i = 0; i < names.length; i++) {
      renamed[frame + 10 + 3 * i] = (byte) names[i];
      renamed[scan + 5 + 2 * i] = (byte) names[i];
    }
    return renamed;
  }

  private static byte[] behindJfif(byte[] file) {
    return Arrays.copyOfRange(file, 4 + ByteBuffer.wrap(file).getShort(4), file.length);
  }

  private static byte[] adobe(int transform) {
    return segment(0xEE, concat(ascii("Adobe"), new byte[] {0, 100, 0, 0, 0, 0, (byte) transform}));
  }

  /** As libjpeg decides: default_decompress_parms in jdapimin.c. */
  @Test
  void modelOfThreeComponents() throws IOException {
    for (byte[] file :
        new byte[][] {
          write(noise(12, 9), "jpg"), Files.readAllBytes(resource("cases/components/twin/a.jpg"))
        }) {
      assertEquals((byte) 0xE0, file[3]);
      byte[] bare = renamed(file, false, 1, 2, 3);
      byte[] called = renamed(file, false, 'R', 'G', 'B');
      byte[] exif = segment(0xE1, concat(ascii("Exif\0\0"), exif(true, 3, 1, "01000000", "")));
      for (byte[] yCbCr :
          new byte[][] {
            bare,
            renamed(file, false, 0, 1, 2),
            renamed(file, false, 3, 2, 1),
            renamed(file, false, 'r', 'g', 'b'),
            renamed(file, true, 'R', 'G', 'B'),
            jpeg(bare, exif),
            jpeg(file, adobe(0)),
            jpeg(bare, adobe(1)),
            jpeg(bare, adobe(2)),
            jpeg(called, adobe(1))
          }) {
        assertSame(file, yCbCr, "YCbCr");
      }
      assertNotEquals(
          HexFormat.of().formatHex(decode(file).pixels()),
          HexFormat.of().formatHex(decode(called).pixels()));
      for (byte[] rgb :
          new byte[][] {
            jpeg(bare, adobe(0)),
            jpeg(called, exif),
            jpeg(renamed(file, false, 0, 1, 2), adobe(0)),
            // Too short to be a segment of JFIF.
            jpeg(called, segment(0xE0, ascii("JFIF\0\1\1")))
          }) {
        assertSame(called, rgb, "RGB");
      }
    }
  }

  /** Red is Y 76, Cb 85, Cr 255; taken for red, green and blue these are themselves. */
  @Test
  void samplesOfBothModels() throws IOException {
    BufferedImage red = new BufferedImage(16, 16, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < 256; i++) {
      red.setRGB(i % 16, i / 16, 0xFF0000);
    }
    byte[] file = write(red, "jpg");
    int[][] expected = {{255, 0, 0}, {76, 85, 255}};
    byte[][] files = {file, renamed(file, false, 'R', 'G', 'B')};
    for (int i = 0; i < 2; i++) {
      byte[] pixels = decode(files[i]).pixels();
      for (int channel = 0; channel < 3; channel++) {
        assertEquals(expected[i][channel], pixels[SIZE * SIZE * channel] & 0xFF, 2);
      }
    }
  }

  @Test
  void otherNumbersOfComponentsAreRefused() throws IOException {
    byte[] two = write(noise(12, 9), "jpg");
    int frame = new String(two, StandardCharsets.ISO_8859_1).indexOf("\u00FF\u00C0");
    two[frame + 9] = 2;
    String message = assertThrows(IOException.class, () -> decode(two)).getMessage();
    assertTrue(message.contains("JPEG files of 2 components are not supported"), message);
  }

  @Test
  void imagesInsideOfBmpFilesAreRefused() throws IOException {
    byte[] file = write(noise(4, 4), "bmp");
    file[30] = 4;
    String message = assertThrows(IOException.class, () -> decode(file)).getMessage();
    assertTrue(message.contains("BMP files that hold a JPEG or PNG file"), message);
  }
}
