/**
 * Results of JMH as rows and tables; the benchmarks are in {@code src/jmh}. Start at {@link
 * io.github.tornadodiffusion.experiments.jmh.JmhReport}.
 */
package io.github.tornadodiffusion.experiments.jmh;
