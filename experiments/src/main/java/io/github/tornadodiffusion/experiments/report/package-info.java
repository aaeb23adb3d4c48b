/** Reports as HTML, Markdown and pictures: text, tables, charts. */
package io.github.tornadodiffusion.experiments.report;
