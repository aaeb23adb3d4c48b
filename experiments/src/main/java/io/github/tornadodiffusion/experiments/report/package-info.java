/**
 * Reports as HTML, Markdown and pictures: text, tables, charts. Start at {@link
 * io.github.tornadodiffusion.experiments.report.Report}.
 */
package io.github.tornadodiffusion.experiments.report;
