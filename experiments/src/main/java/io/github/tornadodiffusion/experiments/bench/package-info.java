/**
 * The command {@code bench}: programs of a model, timed and checked. Start at {@link
 * io.github.tornadodiffusion.experiments.bench.Benchmark}.
 */
package io.github.tornadodiffusion.experiments.bench;
