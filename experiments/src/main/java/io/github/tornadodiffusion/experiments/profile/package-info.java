/**
 * Where the time of a program goes, kernel by kernel, and how large the error of each kernel is.
 * Start at {@link io.github.tornadodiffusion.experiments.profile.ProbeEngine}.
 */
package io.github.tornadodiffusion.experiments.profile;
