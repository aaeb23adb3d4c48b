package io.github.tornadodiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  /** Each is what Python's repr gives for the number it reads as. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0",
        "-0.0",
        "1.0",
        "0.02",
        "0.0001",
        "1e-05",
        "9.999e-05",
        "1e-06",
        "1.5e-07",
        "1.7976931348623157e+308",
        "1e+16",
        "9999999999999998.0",
        "1234567890123456.8",
        "1e+22",
        "100000.0",
        "-12345678.9",
        "0.1",
        "1.41421356",
        "2.2250738585072014e-308",
        "-1e-10"
      })
  void numbersLookAsInPython(String repr) {
    assertEquals(repr, Json.pythonRepr(Double.parseDouble(repr)));
  }

  @Test
  void numbersHaveTheSameDigitsInEveryLanguage() {
    Locale before = Locale.getDefault();
    try {
      Locale.setDefault(Locale.forLanguageTag("ar-EG"));
      assertEquals("1.5e-07", Json.pythonRepr(1.5e-7));
      assertEquals("1e+22", Json.pythonRepr(1e22));
    } finally {
      Locale.setDefault(before);
    }
  }

  @Test
  void numbersReadBackBitForBit() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 20_000; i++) {
      double number = Double.longBitsToDouble(random.nextLong());
      if (Double.isFinite(number)) {
        JsonFields fields = JsonFields.parse("{\"x\": " + Json.pythonRepr(number) + "}");
        assertEquals(
            Double.doubleToRawLongBits(number), Double.doubleToRawLongBits(fields.number("x", 0)));
      }
    }
    assertThrows(IllegalArgumentException.class, () -> Json.pythonRepr(Double.NaN));
  }

  /** Not JSON, but what Python writes and diffusers' configurations hold. */
  @Test
  void infinitiesAreWordsAsInPython() {
    String text = Json.write(Map.of("least", Double.NEGATIVE_INFINITY, "most", 1 / 0.0));
    assertEquals("{\n  \"least\": -Infinity,\n  \"most\": Infinity\n}\n", text);
    JsonFields fields = JsonFields.parse(text);
    assertEquals(Double.NEGATIVE_INFINITY, fields.numberOrInfinity("least", 0));
    assertEquals(Double.POSITIVE_INFINITY, fields.numberOrInfinity("most", 0));
    assertEquals(3, fields.numberOrInfinity("absent", 3));
    assertRefuses("least is -Infinity; it must be a number", () -> fields.number("least", 0));
    JsonFields none = JsonFields.parse("{\"x\": NaN}");
    assertRefuses("x is NaN; it must be a number", () -> none.numberOrInfinity("x", 0));
    assertThrows(IllegalArgumentException.class, () -> Json.write(Double.NaN));
  }

  private static void assertRefuses(String message, Executable action) {
    assertEquals(message, assertThrows(IllegalArgumentException.class, action).getMessage());
  }

  @Test
  void onlySomeFields() {
    JsonFields fields = JsonFields.parse("{\"a\": 1, \"b\": 2}").only(Set.of("b", "c"));
    assertEquals(List.of("b"), fields.keys());
    assertEquals(2, fields.integer("b", 0));
  }

  /** The text of json.dumps(..., indent=2, sort_keys=True). */
  @Test
  void layoutIsPythons() {
    String text =
        Json.write(
            Map.of(
                "b", Arrays.asList(1, null, true),
                "a", Map.of("empty", List.of(), "none", Map.of()),
                "c", "tab\t\"\u00e9\u0001"));
    assertEquals(
        """
        {
          "a": {
            "empty": [],
            "none": {}
          },
          "b": [
            1,
            null,
            true
          ],
          "c": "tab\\t\\"\\u00e9\\u0001"
        }
        """,
        text);
    assertEquals("tab\t\"\u00e9\u0001", JsonFields.parse(text).string("c", null));
    assertThrows(IllegalArgumentException.class, () -> Json.write(new Object()));
  }

  /** Little text can be many objects. */
  @Test
  void endlessListsAreRefused() {
    String text = "{\"a\": [" + "[],".repeat(2_000_000) + "[]]}";
    var e = assertThrows(IllegalArgumentException.class, () -> JsonFields.parse(text));
    assertTrue(e.getMessage().startsWith("not valid JSON"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
  }

  @Test
  void messagesAreOneLineOfBearableLength() {
    assertEquals(
        "a b?[2J ? \ud83e\udd8b", Messages.line("a\n  b\u001b[2J\u2028\ud800 \ud83e\udd8b"));
    String line = Messages.line("cause " + "x".repeat(5_000) + " mend");
    assertTrue(line.length() < 800 && line.startsWith("cause") && line.endsWith("mend"), line);
  }
}
