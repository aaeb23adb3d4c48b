/**
 * The command {@code run}: compiles a researcher's own source file and runs it. Start at {@link
 * io.github.tornadodiffusion.experiments.run.SourceFile}.
 */
package io.github.tornadodiffusion.experiments.run;
