package io.github.tornadodiffusion.experiments.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class TableTest {
  @Test
  void markdownAlignsNumbersToTheRight() {
    Table table =
        new Table(
            "",
            List.of("name", "ms", "error"),
            List.of(List.of("a|b", "1.5", "1.2e-05"), List.of("c\nd", "-12", "")));
    assertEquals(
        """
        | name | ms | error |
        | --- | ---: | ---: |
        | a\\|b | 1.5 | 1.2e-05 |
        | c d | -12 |  |
        """,
        table.markdown());
  }

  @Test
  void numbersMayHaveSpreadsAndIntervals() {
    for (String number : List.of("12 %", "1,024", "3.4 ± 0.2", "0.1 [-0.2, 0.3]", "NaN", "7%")) {
      assertTrue(html(number).contains("<td class=\"number\">"), number);
    }
    for (String text : List.of("1 of 2", "jvm", "-", "3x")) {
      assertTrue(html(text).contains("<td>"), text);
    }
  }

  private static String html(String cell) {
    return new Table("", List.of("x"), List.of(List.of(cell))).html();
  }

  @Test
  void cellsAreEscaped() {
    String html =
        new Table("<b>", List.of("<i>"), List.of(List.of("<script>alert(1)</script>"))).html();
    assertTrue(html.contains("<caption><span>&lt;b&gt;</span></caption>"), html);
    assertTrue(html.contains("<th scope=\"col\">&lt;i&gt;</th>"), html);
    assertTrue(html.contains("<td>&lt;script&gt;alert(1)&lt;/script&gt;</td>"), html);
  }

  @Test
  void rowsOfAnotherWidthAreRefused() {
    List<List<String>> rows = List.of(List.of("a", "b"));
    assertThrows(IllegalArgumentException.class, () -> new Table("", List.of("x"), rows));
  }
}
