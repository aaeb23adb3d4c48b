package io.github.tornadodiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.nn.Golden;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are damaged, or made to harm: each is refused with one line that names it. */
class SafetensorsHostileTest {
  private static final String GOLDEN =
      "unet_variants/class_labels/diffusion_pytorch_model.safetensors";

  @TempDir Path directory;

  /** Headers before 16 bytes of data. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,8]},"
            + "'b':{'dtype':'F32','shape':[3],'data_offsets':[4,16]}} | overlaps the tensor before",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},"
            + "'b':{'dtype':'F32','shape':[2],'data_offsets':[8,16]}} | leaves a hole after byte 4",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[4,16]}} | leaves a hole after byte 0",
        "{'a':{'dtype':'F32','shape':[3],'data_offsets':[0,12]}} | end at byte 12 of the data but",
        "{} | end at byte 0 of the data but the file has 16",
        "{'a':{'dtype':'F32','shape':[5],'data_offsets':[0,20]}} | do not lie in the file's 16",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[-16,0]}} | do not lie in the file's 16",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[16,0]}} | do not lie in the file's 16",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,1e1]}} | must be a list of integers",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,99999999999999999999]}}"
            + " | must be a list of integers",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,9223372036854775807]}}"
            + " | do not lie in the file's 16",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16,16]}} | data_offsets has 3 numbers",
        "{'a':{'dtype':'F32','shape':[5],'data_offsets':[0,16]}} | 5 elements of F32 do not fill",
        "{'a':{'dtype':'F64','shape':[4],'data_offsets':[0,16]}} | 4 elements of F64 do not fill",
        "{'a':{'dtype':'F32','shape':[-2,-2],'data_offsets':[0,16]}} | negative extent",
        "{'a':{'dtype':'F32','shape':[2147483647,2147483647,4],'data_offsets':[0,16]}}"
            + " | too large to count",
        "{'a':{'dtype':'F32','shape':[1073741824,1073741824,4],'data_offsets':[0,16]}}"
            + " | do not fill",
        "{'a':{'dtype':'F32','shape':[4294967300],'data_offsets':[0,16]}}"
            + " | must be a list of integers",
        "{'a':{'dtype':'F32','shape':'4','data_offsets':[0,16]}} | must be a list of integers",
        "{'a':{'dtype':'F32','shape':[4.0],'data_offsets':[0,16]}} | must be a list of integers",
        "{'a':{'dtype':'Q32','shape':[4],'data_offsets':[0,16]}} | dtype Q32 is not supported",
        "{'a':{'dtype':32,'shape':[4],'data_offsets':[0,16]}} | dtype is 32; it must be a string",
        "{'a':{'shape':[4],'data_offsets':[0,16]}} | tensor a: there is no dtype",
        "{'a':{'dtype':'F32','data_offsets':[0,16]}} | there is no shape",
        "{'a':{'dtype':'F32','shape':[4]}} | there is no data_offsets",
        "{'a':[4]} | a is [4]; it must be an object",
        "{'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]},"
            + "'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}} | not valid JSON",
        "{'a':{'dtype':'F32','shape':[4],'shape':[4],'data_offsets':[0,16]}} | not valid JSON",
        "{'__metadata__':{'step':3},'a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}"
            + " | __metadata__: step is 3; it must be a string",
        "{'__metadata__':'pt','a':{'dtype':'F32','shape':[4],'data_offsets':[0,16]}}"
            + " | __metadata__ is \"pt\"; it must be an object",
        "{'line\\nfeed':{'dtype':'F32','shape':[9],'data_offsets':[0,16]}} | tensor line?feed: 9",
        "[1] | not a JSON object",
        "{'a' | not valid JSON",
        "{'a':1} trailing | not valid JSON",
        "~~ | not a JSON object",
      })
  void headersAreChecked(String header, String cause) throws IOException {
    RawSafetensors raw = new RawSafetensors(directory.resolve("bad.safetensors"));
    raw.data.position(16);
    assertRefused(raw.write(header.replace('\'', '"')), cause);
  }

  @Test
  void theHeaderLengthIsChecked() throws IOException {
    Path path = directory.resolve("bad.safetensors");
    byte[] header = "{}".getBytes(StandardCharsets.UTF_8);
    assertRefused(new RawSafetensors(path).write(3, header), "claims 3 bytes but only 2 follow");
    assertRefused(new RawSafetensors(path).write(100_000_000, header), "but only 2 follow");
    assertRefused(
        new RawSafetensors(path).write(100_000_001, header), "claims 100000001 bytes, more than");
    assertRefused(
        new RawSafetensors(path).write(-1, header), "claims 18446744073709551615 bytes, more");
    assertRefused(
        new RawSafetensors(path).write(Long.MAX_VALUE, header), "claims 9223372036854775807 bytes");
    assertRefused(new RawSafetensors(path).write(0, new byte[0]), "not a JSON object");
    assertRefused(
        new RawSafetensors(path).write(3, new byte[] {'{', (byte) 0xff, '}'}), "is not UTF-8");
  }

  @Test
  void deepNestingIsNoStackOverflow() throws IOException {
    Path path = directory.resolve("deep.safetensors");
    assertRefused(
        new RawSafetensors(path).write("{\"a\":" + "[".repeat(500_000)), "not valid JSON");
  }

  @Test
  void anEmptyFileADirectoryAndNoFileAreNamed() throws IOException {
    Path empty = Files.createFile(directory.resolve("empty.safetensors"));
    assertRefused(empty, "has only 0 bytes; it is truncated");
    assertRefused(directory, "is a directory; name the .safetensors file");
    assertRefused(directory.resolve("none.safetensors"), "it does not exist");
  }

  /** Wherever a file is cut, it is refused. */
  @Test
  void everyTruncationIsRefused() throws IOException {
    byte[] whole = Files.readAllBytes(Golden.path(GOLDEN));
    Path path = directory.resolve("cut.safetensors");
    SplittableRandom random = new SplittableRandom(3);
    for (int i = 0; i < 120; i++) {
      int length = i < 20 ? i : i < 40 ? whole.length - i + 19 : random.nextInt(whole.length);
      Files.write(path, Arrays.copyOf(whole, length));
      assertRefused(path, "");
    }
  }

  /** A damaged header is refused in one line or still describes a whole file, never more. */
  @Test
  void randomDamageToTheHeaderIsHarmless() throws IOException {
    byte[] whole = Files.readAllBytes(Golden.path(GOLDEN));
    int headerBytes = (whole[0] & 0xff) | (whole[1] & 0xff) << 8;
    Path path = directory.resolve("damaged.safetensors");
    SplittableRandom random = new SplittableRandom(4);
    int refused = 0;
    for (int i = 0; i < 200; i++) {
      byte[] damaged = whole.clone();
      damaged[random.nextInt(8 + headerBytes)] = (byte) random.nextInt(256);
      Files.write(path, damaged);
      try {
        Safetensors.read(path);
      } catch (IOException e) {
        assertOneLine(path, e);
        refused++;
      }
    }
    assertTrue(refused > 100, refused + " of 200 refused");
  }

  private static void assertRefused(Path path, String cause) {
    var e = assertThrows(IOException.class, () -> Safetensors.read(path));
    assertTrue(e.getMessage().contains(cause), e.getMessage());
    assertOneLine(path, e);
  }

  private static void assertOneLine(Path path, IOException e) {
    assertTrue(e.getMessage().contains(path.toString()), e.getMessage());
    assertEquals(1, e.getMessage().lines().count(), e.getMessage());
    assertTrue(e.getMessage().length() < 500, e.getMessage());
  }
}
