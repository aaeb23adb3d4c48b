/** Programs of a model timed and checked, kernel by kernel where asked; {@code bench}. */
package io.github.tornadodiffusion.experiments.bench;
