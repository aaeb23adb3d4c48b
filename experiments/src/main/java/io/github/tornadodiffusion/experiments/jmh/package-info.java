/** Results of JMH as rows and tables; the benchmarks are in {@code src/jmh}. */
package io.github.tornadodiffusion.experiments.jmh;
