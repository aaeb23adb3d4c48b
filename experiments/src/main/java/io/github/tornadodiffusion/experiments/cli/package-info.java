/** What all commands share: options, presets, errors, progress, and the files of a run. */
package io.github.tornadodiffusion.experiments.cli;
