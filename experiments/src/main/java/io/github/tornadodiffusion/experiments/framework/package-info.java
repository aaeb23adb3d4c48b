/**
 * What experiments share: units of work whose rows are kept one by one, a directory that can be
 * resumed, divided and merged, and the comparison of two runs. Start at {@link
 * io.github.tornadodiffusion.experiments.framework.Experiment}; one of your own is an {@link
 * io.github.tornadodiffusion.experiments.framework.ExperimentProvider}.
 */
package io.github.tornadodiffusion.experiments.framework;
