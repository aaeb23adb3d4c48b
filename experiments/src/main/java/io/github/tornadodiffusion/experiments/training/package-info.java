/** The command {@code train}: a run from its options to its checkpoints and pictures. */
package io.github.tornadodiffusion.experiments.training;
