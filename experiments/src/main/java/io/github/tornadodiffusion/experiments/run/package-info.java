/** The command {@code run}: compiles a researcher's own source file and runs it. */
package io.github.tornadodiffusion.experiments.run;
