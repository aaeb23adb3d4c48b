/**
 * The command {@code notebook}: Java in Jupyter. The kernel is the JDK's JShell behind JJava's
 * implementation of Jupyter's protocol, a library that only the launcher of this command loads.
 * Start at {@code NotebookKernel}.
 */
package io.github.tornadodiffusion.experiments.notebook;
