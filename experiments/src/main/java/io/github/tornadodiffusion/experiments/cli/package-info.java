/**
 * What all commands share: devices, errors, progress, manifests and the files of a run. Start at
 * {@link io.github.tornadodiffusion.experiments.cli.DeviceOptions} and {@link
 * io.github.tornadodiffusion.experiments.cli.Manifest}.
 */
package io.github.tornadodiffusion.experiments.cli;
