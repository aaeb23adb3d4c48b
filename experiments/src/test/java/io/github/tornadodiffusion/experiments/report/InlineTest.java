package io.github.tornadodiffusion.experiments.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class InlineTest {
  @Test
  void marksBecomeElements() {
    assertEquals(
        "use <code>a &lt; b</code>, <strong>not <code>c</code></strong>",
        Inline.html("use `a < b`, **not `c`**"));
    assertEquals(
        "<a href=\"https://a.org/?x=1&amp;y=%22\">a <strong>b</strong></a>",
        Inline.html("[a **b**](https://a.org/?x=1&y=%22)"));
    assertEquals("<a href=\"pictures/a.png\">a</a>", Inline.html("[a](pictures/a.png)"));
    assertEquals("2 * 3 ** 4 `", Inline.html("2 * 3 ** 4 `"));
  }

  @Test
  void nothingElseTakesEffect() {
    assertEquals("&lt;script&gt;&amp;&quot;&#39;", Inline.html("<script>&\"'"));
    assertEquals("<code>&lt;script&gt;</code>&lt;b&gt;", Inline.html("`<script>`<b>"));
    assertEquals("[a](javascript:alert)", Inline.html("[a](javascript:alert)"));
    assertEquals("[a](JavaScript:alert)", Inline.html("[a](JavaScript:alert)"));
    assertEquals("bell �", Inline.html("bell \u0007"));
  }

  @Test
  void markdownKeepsMarksButNoTags() {
    assertEquals(
        "`<i>` **&lt;b>** [&lt;c>](d) &lt;e>", Inline.markdown("`<i>` **<b>** [<c>](d) <e>"));
  }

  @Test
  void plainTextHasNoMarks() {
    assertEquals("a b c", Inline.plain("`a` **b** [c](d)"));
  }
}
