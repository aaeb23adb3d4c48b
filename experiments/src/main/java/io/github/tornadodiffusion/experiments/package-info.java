/**
 * The command line. Each package here uses only those named before it; this one knows them all and
 * begins at {@link io.github.tornadodiffusion.experiments.Main}.
 *
 * <ul>
 *   <li>{@code statistics}, {@code report}: intervals and tests; pages, tables and charts
 *   <li>{@code cli}: what all commands share
 *   <li>{@code profile}, {@code bench}: where time goes; programs measured and checked
 *   <li>{@code sampling}, {@code training}: the commands {@code sample} and {@code train}
 *   <li>{@code framework}: an experiment as units of work, raw rows and a report made of them
 *   <li>{@code jmh}: results of JMH; the benchmarks themselves are in {@code src/jmh}
 *   <li>{@code study}, {@code samplers}, {@code scaling}, {@code devices}: the experiments
 *   <li>{@code run}: a researcher's own file, compiled and run
 *   <li>{@code notebook}: Java in Jupyter
 * </ul>
 *
 * <p>Public API of this module: the command line itself, {@code framework}, {@code report} and
 * {@code statistics}, for experiments of one's own. Everything else is internal.
 */
package io.github.tornadodiffusion.experiments;
