package io.github.tornadodiffusion.experiments.report;

import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Text with `code`, **bold** and [text](url) in it, as HTML and as Markdown. */
final class Inline {
  private static final Pattern MARKUP =
      Pattern.compile("`([^`]+)`|\\*\\*(.+?)\\*\\*|\\[([^\\]]+)\\]\\(([^)\\s]+)\\)");

  /** Other schemes, such as javascript, do not become links. */
  private static final Pattern LINK = Pattern.compile("https?://.*|[^:]*");

  private Inline() {}

  /** The text as HTML, which is well-formed XML, too. */
  static String html(String text) {
    return marked(text, Inline::escape, Inline::element);
  }

  private static String element(MatchResult markup) {
    if (markup.group(1) != null) {
      return "<code>%s</code>".formatted(escape(markup.group(1)));
    }
    if (markup.group(2) != null) {
      return "<strong>%s</strong>".formatted(html(markup.group(2)));
    }
    if (!LINK.matcher(markup.group(4)).matches()) {
      return escape(markup.group());
    }
    return "<a href=\"%s\">%s</a>".formatted(escape(markup.group(4)), html(markup.group(3)));
  }

  /** The text as Markdown: unchanged, except that HTML is escaped. */
  static String markdown(String text) {
    return marked(
        text,
        Inline::withoutTags,
        markup -> markup.group(1) != null ? markup.group() : withoutTags(markup.group()));
  }

  private static String withoutTags(String text) {
    return text.replace("<", "&lt;");
  }

  /**
   * The text in another language of marks; of links only their text is left.
   *
   * @param plain turns text without marks into that language, the others marked text
   */
  static String marked(
      String text,
      UnaryOperator<String> plain,
      UnaryOperator<String> code,
      UnaryOperator<String> bold) {
    return marked(
        text,
        plain,
        markup ->
            markup.group(1) != null
                ? code.apply(markup.group(1))
                : markup.group(2) != null
                    ? bold.apply(markup.group(2))
                    : plain.apply(markup.group(3)));
  }

  private static String marked(
      String text, UnaryOperator<String> plain, Function<MatchResult, String> marks) {
    StringBuilder marked = new StringBuilder();
    Matcher markup = MARKUP.matcher(text);
    int end = 0;
    while (markup.find()) {
      marked.append(plain.apply(text.substring(end, markup.start()))).append(marks.apply(markup));
      end = markup.end();
    }
    return marked.append(plain.apply(text.substring(end))).toString();
  }

  /** The text without markup, for instance for alternative texts. */
  static String plain(String text) {
    return MARKUP.matcher(text).replaceAll("$1$2$3");
  }

  /** Plain text within HTML, also within attributes. Characters that XML forbids become U+FFFD. */
  static String escape(String text) {
    StringBuilder escaped = new StringBuilder();
    text.codePoints()
        .forEach(c -> {
          switch (c) {
            case '&' -> escaped.append("&amp;");
            case '<' -> escaped.append("&lt;");
            case '>' -> escaped.append("&gt;");
            case '"' -> escaped.append("&quot;");
            case '\'' -> escaped.append("&#39;");
            default -> escaped.appendCodePoint(allowed(c) ? c : 0xfffd);
          }
        });
    return escaped.toString();
  }

  /** Production 2 of XML 1.0. */
  private static boolean allowed(int c) {
    return c == '\t'
        || c == '\n'
        || c == '\r'
        || (c >= 0x20 && c <= 0xd7ff)
        || (c >= 0xe000 && c <= 0xfffd)
        || c >= 0x10000;
  }
}
