/**
 * What experiments share: units of work whose rows are kept one by one, a directory that can be
 * resumed, divided and merged, and the comparison of two runs.
 */
package io.github.tornadodiffusion.experiments.framework;
