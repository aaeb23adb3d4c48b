package io.github.tornadodiffusion.diffusion.data.formats;

import static io.github.tornadodiffusion.diffusion.data.TestData.assertRefused;
import static io.github.tornadodiffusion.diffusion.data.TestData.labels;
import static io.github.tornadodiffusion.diffusion.data.TestData.open;
import static io.github.tornadodiffusion.diffusion.data.TestData.resource;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.CRC32;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Zip and tar files that other tools write, and what in them cannot be read. */
@SuppressWarnings("ByteBufferBackingArray") // the buffers are allocated here
class ArchivesTest {
  @TempDir Path directory;

  private byte[] circle;
  private byte[] square;

  @BeforeEach
  void readImages() throws IOException {
    circle = Files.readAllBytes(resource("shapes/circle/0.png"));
    square = Files.readAllBytes(resource("shapes/square/0.png"));
  }

  @ParameterizedTest
  @CsvSource({
    "zip/backslash.zip, cats dogs, 6677f322d74b",
    "zip/backslash-twin.zip, cats dogs, 6677f322d74b",
    "zip/cp437.zip, '', 8c1fb46d017f",
    "zip/cp437-twin.zip, '', 8c1fb46d017f",
    "tar/links.tar, a b, 9aac25a9d3b0",
    "tar/links-twin.tar, a b, 9aac25a9d3b0",
    "tar/v7.tar, a b, 9aac25a9d3b0"
  })
  void archivesAndTheirTwins(String name, String classes, String hash) {
    Dataset data = open(resource("cases/" + name), 16, 3);
    assertEquals(hash, data.hash().substring(0, 12));
    assertEquals(classes, String.join(" ", data.classNames()));
    assertEquals(List.of(), data.warnings());
  }

  @Test
  void anEncryptedImageCostsItselfAlone() {
    Dataset data = open(resource("cases/zip/encrypted.zip"), 16, 3);
    assertEquals(1, data.size());
    assertWarned(data, "1 of 2 images", "b.png: it is encrypted");
  }

  private static void assertWarned(Dataset data, String... texts) {
    String warnings = String.join("\n", data.warnings());
    for (String text : texts) {
      assertTrue(warnings.contains(text), "'" + text + "' in: " + warnings);
    }
  }

  /** A zip file of entries that are stored. */
  private static final class Zip {
    private final ByteArrayOutputStream local = new ByteArrayOutputStream();
    private final ByteArrayOutputStream central = new ByteArrayOutputStream();
    private int count;

    Zip add(String name, byte[] content) {
      return add(name.getBytes(StandardCharsets.UTF_8), 0, 0, 0, new byte[0], content);
    }

    Zip add(byte[] name, int flags, int method, int mode, byte[] extra, byte[] content) {
      int offset = local.size();
      byte[] localHeader = new byte[30];
      ByteBuffer header = little(localHeader).putInt(0x04034b50).putShort((short) 20);
      header.putShort((short) flags).putShort((short) method).putInt(0).putInt(0);
      header.putInt(content.length).putInt(content.length);
      header.putShort((short) name.length).putShort((short) 0);
      local.writeBytes(localHeader);
      local.writeBytes(name);
      local.writeBytes(content);
      byte[] centralHeader = new byte[46];
      ByteBuffer entry = little(centralHeader).putInt(0x02014b50).put((byte) 20).put((byte) 3);
      entry.putShort((short) 20).putShort((short) flags).putShort((short) method);
      entry.putInt(0).putInt(0).putInt(content.length).putInt(content.length);
      entry.putShort((short) name.length).putShort((short) extra.length).putShort((short) 0);
      entry.putInt(0).putInt(mode << 16).putInt(offset);
      central.writeBytes(centralHeader);
      central.writeBytes(name);
      central.writeBytes(extra);
      count++;
      return this;
    }

    byte[] bytes(String comment) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      bytes.writeBytes(local.toByteArray());
      bytes.writeBytes(central.toByteArray());
      byte[] ending = new byte[22];
      ByteBuffer end = little(ending).putInt(0x06054b50).putInt(0);
      end.putShort((short) count).putShort((short) count);
      end.putInt(central.size()).putInt(local.size()).putShort((short) comment.length());
      bytes.writeBytes(ending);
      bytes.writeBytes(comment.getBytes(StandardCharsets.US_ASCII));
      return bytes.toByteArray();
    }

    static ByteBuffer little(byte[] bytes) {
      return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }
  }

  private Path write(String name, byte[] content) throws IOException {
    return Files.write(directory.resolve(name), content);
  }

  @Test
  void otherMethodsOfZipFilesAreCounted() throws IOException {
    Zip zip = new Zip().add("ok.png", circle);
    int[] methods = {9, 12, 14, 93, 95, 99, 77};
    for (int method : methods) {
      zip.add(
          ("m" + method + ".png").getBytes(StandardCharsets.UTF_8),
          0,
          method,
          0,
          new byte[0],
          square);
    }
    Dataset data = open(write("a.zip", zip.bytes("")), 12, 3);
    assertEquals(1, data.size());
    assertWarned(data, "7 of 8 images", "packed with bzip2", "only deflate is supported");
  }

  @Test
  void namesOfZipFiles() throws IOException {
    Charset old = Charset.forName("IBM437");
    byte[] name = "d\u00E9j\u00E0/\u00E9.png".getBytes(old);
    byte[] unicode = "\u65E5/\u672C.png".getBytes(StandardCharsets.UTF_8);
    CRC32 crc = new CRC32();
    crc.update(name);
    byte[] extra = new byte[9 + unicode.length];
    ByteBuffer field = Zip.little(extra).putShort((short) 0x7075);
    field.putShort((short) (5 + unicode.length)).put((byte) 1).putInt((int) crc.getValue());
    field.put(unicode);
    byte[] stale = extra.clone();
    stale[5]++;
    Zip zip = new Zip();
    zip.add(name, 0, 0, 0, new byte[0], circle);
    zip.add(name, 0, 0, 0, extra, circle);
    zip.add("\u00E8/1.png".getBytes(old), 0, 0, 0, stale, circle);
    zip.add("\u00E0/1.png".getBytes(StandardCharsets.UTF_8), 1 << 11, 0, 0, new byte[0], circle);
    zip.add("\u00E2/1.png".getBytes(StandardCharsets.UTF_8), 0, 0, 0, new byte[0], circle);
    Dataset data = open(write("a.zip", zip.bytes("a comment")), 12, 3);
    assertEquals(
        List.of("d\u00E9j\u00E0", "\u00E0", "\u00E2", "\u00E8", "\u65E5"), data.classNames());
    assertEquals(List.of(), data.warnings());
  }

  @Test
  void zipFilesBehindOtherBytesAndOfManyEntries() throws IOException {
    Zip zip = new Zip();
    for (int i = 0; i < 70_000; i++) {
      zip.add("n" + i, new byte[0]);
    }
    zip.add("a.png", circle);
    byte[] whole = zip.bytes("");
    Dataset expected = open(write("a.zip", new Zip().add("a.png", circle).bytes("")), 12, 3);
    assertEquals(expected.hash(), open(write("many.zip", whole), 12, 3).hash());
    // A program that unpacks itself begins with other bytes; these begin as a zip file does.
    byte[] bare = new Zip().add("a.png", circle).bytes("");
    byte[] moved = new byte[bare.length + 10];
    System.arraycopy(bare, 0, moved, 0, 10);
    System.arraycopy(bare, 0, moved, 10, bare.length);
    assertEquals(expected.hash(), open(write("moved.zip", moved), 12, 3).hash());
  }

  /** As Zip64 tells sizes and offsets that do not fit into 32 bits. */
  @Test
  void sizesOf64Bits() throws IOException {
    byte[] whole = new Zip().add("a.png", circle).bytes("");
    ByteBuffer old = ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN);
    int end = whole.length - 22;
    int central = old.getInt(end + 16);
    byte[] large = new byte[whole.length + 28 + 56 + 20];
    ByteBuffer bytes = Zip.little(large);
    bytes.put(whole, 0, end);
    bytes.putInt(central + 20, -1).putInt(central + 24, -1).putInt(central + 42, -1);
    bytes.putShort(central + 30, (short) 28);
    bytes.putShort((short) 1).putShort((short) 24);
    bytes.putLong(circle.length).putLong(circle.length).putLong(0);
    int end64 = bytes.position();
    bytes.putInt(0x06064b50).putLong(44).putInt(0).putInt(0).putInt(0).putLong(1).putLong(1);
    bytes.putLong(end64 - central).putLong(central);
    bytes.putInt(0x07064b50).putInt(0).putLong(end64).putInt(1);
    bytes.putInt(0x06054b50).putInt(0).putInt(-1).putInt(-1).putInt(-1).putShort((short) 0);
    assertEquals(
        open(write("a.zip", whole), 12, 3).hash(), open(write("b.zip", large), 12, 3).hash());
  }

  /** A tar file. */
  private static final class Tar {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Tar add(String name, char type, String link, byte[] content) {
      return add(name.getBytes(StandardCharsets.UTF_8), type, link, content.length, content);
    }

    Tar add(byte[] name, char type, String link, int size, byte[] content) {
      byte[] header = new byte[512];
      System.arraycopy(name, 0, header, 0, name.length);
      put(header, 124, "%011o".formatted(size));
      header[156] = (byte) type;
      put(header, 157, link);
      put(header, 257, "ustar");
      put(header, 263, "00");
      bytes.writeBytes(header);
      bytes.writeBytes(content);
      bytes.writeBytes(new byte[Math.floorMod(-content.length, 512)]);
      return this;
    }

    Tar pax(String... records) {
      StringBuilder text = new StringBuilder();
      for (String record : records) {
        int length = record.length() + 3;
        length += Integer.toString(length).length() - 1;
        text.append(length).append(' ').append(record).append('\n');
      }
      return add("pax", 'x', "", text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void put(byte[] header, int at, String text) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      System.arraycopy(bytes, 0, header, at, bytes.length);
    }

    byte[] bytes() {
      bytes.writeBytes(new byte[1024]);
      return bytes.toByteArray();
    }
  }

  /** The directory that either archive of links unpacks to. */
  private Dataset unpacked() throws IOException {
    Path unpacked = Files.createDirectories(directory.resolve("unpacked"));
    for (String name : new String[] {".store", "a", "b"}) {
      Files.createDirectories(unpacked.resolve(name));
    }
    Files.write(unpacked.resolve(".store/1"), circle);
    Files.write(unpacked.resolve("b/2.png"), square);
    Files.createSymbolicLink(unpacked.resolve("a/1.png"), Path.of("../.store/1"));
    Files.createSymbolicLink(unpacked.resolve("b/0.png"), Path.of("1.png"));
    Files.createSymbolicLink(unpacked.resolve("b/1.png"), Path.of("../.store/1"));
    return open(unpacked, 12, 3);
  }

  private static void assertSame(Dataset expected, Dataset actual) {
    assertEquals(2, actual.size());
    assertEquals(expected.hash(), actual.hash());
    assertEquals(expected.classNames(), actual.classNames());
    assertArrayEquals(labels(expected), labels(actual));
    for (Dataset either : List.of(expected, actual)) {
      assertEquals(
          List.of(
              "2 images in %s are links to others there and do not count again, such as b/0.png"
                  .formatted(either.name())),
          either.warnings());
    }
  }

  @Test
  void symbolicLinksAreFollowedOnce() throws IOException {
    Tar tar = new Tar();
    tar.add("b/0.png", '2', "1.png", new byte[0]);
    tar.add("a/1.png", '2', "../.store/1", new byte[0]);
    tar.add("b/1.png", '2', "./../.store//1", new byte[0]);
    tar.add(".store/1", '0', "", circle);
    tar.add("b/2.png", '0', "", square);
    Dataset unpacked = unpacked();
    assertSame(unpacked, open(write("a.tar", tar.bytes()), 12, 3));
    Zip zip = new Zip();
    String[][] links = {
      {"b/0.png", "1.png"}, {"a/1.png", "../.store/1"}, {"b/1.png", "../.store/1"}
    };
    for (String[] link : links) {
      zip.add(
          link[0].getBytes(StandardCharsets.UTF_8),
          0,
          0,
          0xA1FF,
          new byte[0],
          link[1].getBytes(StandardCharsets.UTF_8));
    }
    zip.add(".store/1", circle).add("b/2.png", square);
    assertSame(unpacked, open(write("a.zip", zip.bytes("")), 12, 3));
  }

  @Test
  void linksThatLeadNowhere() throws IOException {
    Tar tar = new Tar().add("ok.png", '0', "", circle);
    tar.add("hard.png", '1', "none.png", new byte[0]);
    tar.add("soft.png", '2', "/elsewhere/x.png", new byte[0]);
    tar.add("round.png", '2', "round.png", new byte[0]);
    tar.add("d/1.png", '0', "", square);
    tar.add("all", '2', "d", new byte[0]);
    Dataset data = open(write("a.tar", tar.bytes()), 12, 3);
    assertEquals(2, data.size());
    assertWarned(
        data,
        "3 of 5 images",
        "hard.png: it is a link to none.png, which is not in the archive",
        "1 links in",
        "lead to directories and are not followed, such as all");
  }

  @Test
  void hardLinksInEveryForm() throws IOException {
    Tar tar = new Tar().add("x/1", '0', "", circle);
    // Its size is that of the file, whose content does not follow.
    tar.add("a/1.png".getBytes(StandardCharsets.UTF_8), '1', "./x/1", circle.length, new byte[0]);
    tar.pax("linkpath=x/1", "path=b/1.png").add("y", '1', "z", new byte[0]);
    tar.add("long", 'K', "", "x/1\0".getBytes(StandardCharsets.UTF_8));
    tar.add("c/1.png", '1', "cut", new byte[0]);
    Dataset data = open(write("a.tar", tar.bytes()), 12, 3);
    assertEquals(List.of("a", "b", "c"), data.classNames());
    assertEquals(List.of(), data.warnings());
  }

  @Test
  void otherEntriesOfTarFilesAreCounted() throws IOException {
    byte[] sparse = new byte[512];
    Tar tar = new Tar().add("ok.png", '7', "", circle).add("dir.png/", '5', "", new byte[0]);
    tar.add("device.png", '3', "", new byte[0]).add("pipe.png", '6', "", new byte[0]);
    tar.add("strange.png", 'Z', "", square).add("volume.png", 'V', "", new byte[0]);
    tar.pax("GNU.sparse.major=1", "GNU.sparse.name=holes.png");
    tar.add("GNUSparseFile.1/holes.png", '0', "", sparse);
    byte[] whole = tar.add("old-holes.png", 'S', "", new byte[0]).bytes();
    // GNU's own sparse files have blocks of places between header and content.
    int header = whole.length - 1024 - 512;
    byte[] longer = new byte[whole.length + 512];
    System.arraycopy(whole, 0, longer, 0, header + 512);
    longer[header + 482] = 1;
    longer[header + 512] = 1;
    Dataset data = open(write("a.tar", longer), 12, 3);
    assertEquals(1, data.size());
    assertWarned(data, "5 of 6 images", "device.png: it is no file but an entry of the type '3'");
  }

  @Test
  void laterFilesReplaceEarlierOnes() throws IOException {
    Tar tar = new Tar().add("./a.png", '0', "", circle).add("a.png", '0', "", square);
    Zip zip = new Zip().add("a.png", circle).add("/a.png", square);
    Path one = Files.createDirectories(directory.resolve("one"));
    Files.write(one.resolve("a.png"), square);
    for (Path file : new Path[] {write("a.tar", tar.bytes()), write("a.zip", zip.bytes(""))}) {
      Dataset data = open(file, 12, 3);
      assertEquals(open(one, 12, 3).hash(), data.hash());
      assertWarned(data, "1 images in", "have the path of a later file", "such as a.png");
    }
  }

  @Test
  void pathsMeanTheSameEverywhere() throws IOException {
    String[] names = {
      ".\\x\\1.png", "/y//2.png", "y/./3.png", "x\\.hidden\\4.png", "__MACOSX\\5.png"
    };
    Tar tar = new Tar();
    Zip zip = new Zip();
    Path place = Files.createDirectories(directory.resolve("place"));
    for (String name : names) {
      tar.add(name, '0', "", circle);
      zip.add(name, circle);
      Path file = place.resolve(name.replaceFirst("^[./\\\\]+(?=[xy])", ""));
      Files.createDirectories(file.getParent());
      Files.write(file, circle);
    }
    for (Path path :
        new Path[] {write("a.tar", tar.bytes()), write("a.zip", zip.bytes("")), place}) {
      Dataset data = open(path, 12, 3);
      assertEquals(List.of("x", "y"), data.classNames());
      assertArrayEquals(new int[] {0, 1, 1}, labels(data), path.toString());
      assertEquals(List.of(), data.warnings());
    }
  }

  @Test
  void namesInOtherEncodingsStayApart() throws IOException {
    Tar tar = new Tar();
    for (String name : new String[] {"\u00E9.png", "\u00E8.png"}) {
      tar.add(name.getBytes(StandardCharsets.ISO_8859_1), '0', "", circle.length, circle);
    }
    assertEquals(2, open(write("a.tar", tar.bytes()), 12, 3).size());
  }

  @Test
  void otherArchivesAreNamed() throws IOException {
    assertRefused(write("a.tar.xz", new byte[] {(byte) 0xFD, '7', 'z', 'X', 'Z', 0, 0}), "xz");
    assertRefused(write("a.rar", "Rar!\u001A\u0007\0".getBytes(StandardCharsets.US_ASCII)), "RAR");
    assertRefused(write("a.tbz", "BZh9".getBytes(StandardCharsets.US_ASCII)), "bzip2", "unpack");
  }
}
