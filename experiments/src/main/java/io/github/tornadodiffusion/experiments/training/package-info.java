/**
 * The command {@code train}: a run from its options to its checkpoints and pictures. Start at
 * {@link io.github.tornadodiffusion.experiments.training.TrainCommand}.
 */
package io.github.tornadodiffusion.experiments.training;
