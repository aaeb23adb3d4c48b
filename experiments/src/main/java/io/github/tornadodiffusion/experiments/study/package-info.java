/**
 * Settings of training compared in pairs: {@code experiment schedules} and {@code prediction}.
 * Start at {@link io.github.tornadodiffusion.experiments.study.TrainingStudy}.
 */
package io.github.tornadodiffusion.experiments.study;
