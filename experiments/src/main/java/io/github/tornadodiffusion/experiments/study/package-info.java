/** Settings of training compared in pairs: {@code experiment schedules} and {@code prediction}. */
package io.github.tornadodiffusion.experiments.study;
