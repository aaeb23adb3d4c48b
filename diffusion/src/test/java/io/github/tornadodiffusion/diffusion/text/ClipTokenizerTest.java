package io.github.tornadodiffusion.diffusion.text;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.Golden;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The tokenizer against transformers' CLIPTokenizer, on a tiny vocabulary and on CLIP's own. */
class ClipTokenizerTest {
  private static Path path(String name) {
    return Path.of(URI.create(ClipTokenizerTest.class.getResource("/golden/" + name).toString()));
  }

  private static ClipTokenizer tiny() throws IOException {
    return ClipTokenizer.read(path("sd_tiny/tokenizer"));
  }

  private static ClipTokenizer real() throws IOException {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(
                new GZIPInputStream(Files.newInputStream(path("tokenizer/merges.txt.gz"))),
                StandardCharsets.UTF_8))) {
      List<List<String>> merges =
          reader.lines().skip(1).map(line -> List.of(line.split(" "))).toList();
      return ClipTokenizer.of(merges, 77);
    }
  }

  private static int[] ints(JsonNode array) {
    int[] values = new int[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).asInt();
    }
    return values;
  }

  /** Without padding. */
  private static int[] unpadded(ClipTokenizer.Encoding encoding) {
    return Arrays.copyOf(encoding.ids(), Arrays.stream(encoding.attentionMask()).sum());
  }

  @Test
  void stringsOfAllKinds() throws IOException {
    ClipTokenizer tiny = tiny();
    ClipTokenizer real = real();
    for (JsonNode each : Golden.json("tokenizer/cases.json").get("cases")) {
      String text = each.get("text").asString();
      assertArrayEquals(ints(each.get("tiny")), unpadded(tiny.encode(text)), text);
      assertEquals(each.get("tiny_full_length").asInt(), tiny.ids(text).length, text);
      assertArrayEquals(ints(each.get("real")), unpadded(real.encode(text)), text);
      assertEquals(each.get("real_full_length").asInt(), real.ids(text).length, text);
      assertEquals(each.get("real_decoded").asString(), real.decode(real.ids(text)), text);
    }
  }

  @Test
  void tokensIdsMasksAndTexts() throws IOException {
    ClipTokenizer tiny = tiny();
    for (JsonNode each : Golden.json("sd_tiny/tokenizer_cases.json").get("cases")) {
      String text = each.get("text").asString();
      List<String> tokens = each.get("tokens").valueStream().map(JsonNode::asString).toList();
      assertEquals(tokens, tiny.tokenize(text), text);
      assertArrayEquals(ints(each.get("input_ids_unpadded")), tiny.ids(text), text);
      ClipTokenizer.Encoding encoding = tiny.encode(text);
      assertArrayEquals(ints(each.get("input_ids")), encoding.ids(), text);
      assertArrayEquals(ints(each.get("attention_mask")), encoding.attentionMask(), text);
      assertEquals(each.get("decoded").asString(), tiny.decode(encoding.ids()), text);
    }
  }

  @Test
  void addedTokens(@TempDir Path directory) throws IOException {
    JsonNode json = Golden.json("textual_inversion/textual_inversion.json");
    List<String> tokens = json.get("tokens").valueStream().map(JsonNode::asString).toList();
    tiny().with(tokens).write(directory);
    ClipTokenizer tokenizer = ClipTokenizer.read(directory);
    assertEquals(json.get("token_ids").get(1).asInt(), tokenizer.id(tokens.getLast()));
    for (JsonNode each : json.get("tokenizer_cases")) {
      String text = each.get("text").asString();
      List<String> expected = each.get("tokens").valueStream().map(JsonNode::asString).toList();
      assertEquals(expected, tokenizer.tokenize(text), text);
      assertArrayEquals(ints(each.get("ids")), tokenizer.encode(text).ids(), text);
      String converted = tokenizer.withAllVectors(text);
      assertEquals(each.get("converted").asString(), converted);
      assertArrayEquals(ints(each.get("converted_ids")), tokenizer.encode(converted).ids(), text);
    }
    assertThrows(IllegalArgumentException.class, () -> tokenizer.with(List.of("cat</w>")));
  }

  /** SDXL's second tokenizer pads with an exclamation mark, which is an added token then. */
  @Test
  void paddingOfItsOwn() throws IOException {
    ClipTokenizer tokenizer = ClipTokenizer.read(path("sdxl_tiny/tokenizer_2"));
    int[] ids = tokenizer.encode("a cat!").ids();
    assertArrayEquals(new int[] {642, 320, 637, 0, 643, 0, 0, 0}, Arrays.copyOf(ids, 8));
  }

  @Test
  void whatIsCutOffIsQuoted() throws IOException {
    ClipTokenizer.Encoding encoding =
        tiny()
            .encode(
                "an oil painting of a red butterfly with blue wings , in the style of van gogh,"
                    + " highly detailed");
    assertEquals("of van gogh, highly detailed", encoding.cutOff());
    assertTrue(encoding.warning().contains("16 tokens"), encoding.warning());
    assertEquals("", tiny().encode("a cat").warning());
  }

  @Test
  void aDirectoryIsReadAsItWasWritten(@TempDir Path directory) throws IOException {
    ClipTokenizer tiny = tiny();
    tiny.write(directory);
    Path original = path("sd_tiny/tokenizer");
    assertEquals(
        Files.readString(original.resolve("merges.txt")).strip(),
        Files.readString(directory.resolve("merges.txt")).strip());
    assertEquals(
        Golden.parse(Files.readString(original.resolve("vocab.json"))),
        Golden.parse(Files.readString(directory.resolve("vocab.json"))));
    String text = "a photo of a cat wearing a hat";
    assertArrayEquals(tiny.encode(text).ids(), ClipTokenizer.read(directory).encode(text).ids());
    Files.writeString(directory.resolve("vocab.json"), "{\"a</w>\": 0}");
    Files.writeString(directory.resolve("tokenizer_config.json"), "{}");
    IOException e = assertThrows(IOException.class, () -> ClipTokenizer.read(directory));
    assertTrue(e.getMessage().contains("<|startoftext|>"), e.getMessage());
  }
}
