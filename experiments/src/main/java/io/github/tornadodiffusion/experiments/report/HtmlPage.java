package io.github.tornadodiffusion.experiments.report;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;

/** A page that needs no other file and is well-formed XML, too. */
record HtmlPage(String title) {
  /** Images are enlarged to about this many pixels, at most eightfold. */
  private static final int IMAGE_WIDTH = 640;

  private static final int MOST_SCALE = 8;

  private static final String STYLE =
      """
      :root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d5dae0; --soft: #f3f5f7;
        --quiet: #57606a; --link: #0550ae; }
      @media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --paper: #14181d; --line: #3a424b;
        --soft: #20262d; --quiet: #a3adb8; --link: #79b8ff; } }
      * { box-sizing: border-box; }
      body { margin: 0; background: var(--paper); color: var(--ink);
        font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
      main { max-width: 76rem; margin: 0 auto; padding: 1.25rem 1rem 4rem; overflow-wrap: anywhere; }
      h1 { font-size: 1.9rem; line-height: 1.2; margin: 0.5rem 0 1rem; }
      h2 { font-size: 1.35rem; line-height: 1.3; margin: 2.5rem 0 0.75rem; padding-top: 0.75rem;
        border-top: 1px solid var(--line); }
      p { max-width: 46rem; margin: 0.75rem 0; }
      a { color: var(--link); }
      code { background: var(--soft); border-radius: 4px; padding: 0.1em 0.3em; font-size: 0.9em;
        font-family: ui-monospace, "SF Mono", Menlo, Consolas, monospace; }
      .scroll { overflow-x: auto; margin: 1.25rem 0; }
      table { border-collapse: collapse; width: max-content; max-width: 100%; font-size: 0.92rem; overflow-wrap: normal; }
      caption { caption-side: top; text-align: left; color: var(--quiet); padding: 0 0 0.5rem; }
      caption span { display: block; max-width: min(46rem, calc(100vw - 2.5rem)); position: sticky; left: 0; }
      th, td { padding: 0.35rem 0.6rem; text-align: left; border-bottom: 1px solid var(--line);
        vertical-align: top; max-width: 22rem; }
      thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
      tbody tr:hover { background: var(--soft); }
      td:not(.number) { min-width: 7rem; }
      .number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
      thead .number { white-space: normal; }
      figure { margin: 1.5rem 0; max-width: 45rem; }
      figcaption { color: var(--quiet); font-size: 0.92rem; margin-top: 0.5rem; }
      .card { background: #fff; border: 1px solid var(--line); border-radius: 8px; padding: 0.5rem; }
      .card svg { display: block; width: 100%; height: auto; }
      .pixels { max-width: 100%; height: auto; image-rendering: pixelated; display: block; }
      """;

  private static final String PAGE =
      """
      <!DOCTYPE html>
      <html lang="en" xmlns="http://www.w3.org/1999/xhtml">
      <head>
      <meta charset="utf-8"/>
      <meta name="viewport" content="width=device-width, initial-scale=1"/>
      <title>%1$s</title>
      <style>
      %2$s</style>
      </head>
      <body>
      <main>
      <h1>%1$s</h1>
      %3$s</main>
      </body>
      </html>
      """;

  /** The whole page. */
  String text(List<Report.Part> parts) {
    StringBuilder body = new StringBuilder();
    parts.forEach(part -> body.append(html(part)));
    return PAGE.formatted(Inline.escape(title), STYLE, body);
  }

  private static String html(Report.Part part) {
    return switch (part) {
      case Report.Part.Heading heading -> "<h2>%s</h2>\n".formatted(Inline.escape(heading.text()));
      case Report.Part.Paragraph paragraph ->
          "<p>%s</p>\n".formatted(Inline.html(paragraph.text()));
      case Report.Part.Tabular tabular -> tabular.table().html();
      case Report.Part.Plot plot ->
          figure(
              "<div class=\"card\">%s</div>"
                  .formatted(new String(plot.svg(), StandardCharsets.UTF_8)),
              plot.chart().fullCaption());
      case Report.Part.Picture picture -> figure(image(picture), picture.caption());
    };
  }

  private static String figure(String content, String caption) {
    String text =
        caption.isEmpty() ? "" : "<figcaption>%s</figcaption>\n".formatted(Inline.html(caption));
    return "<figure>\n%s\n%s</figure>\n".formatted(content, text);
  }

  private static String image(Report.Part.Picture picture) {
    int scale = Math.clamp(IMAGE_WIDTH / picture.width(), 1, MOST_SCALE);
    return "<img class=\"pixels\" src=\"data:image/png;base64,%s\" width=\"%s\" alt=\"%s\"/>"
        .formatted(
            Base64.getEncoder().encodeToString(picture.png()),
            scale * picture.width(),
            Inline.escape(Inline.plain(picture.caption())));
  }
}
