/**
 * Kernels as their class files have them: {@link KernelCode} reads them, {@link ParallelLoop} finds
 * what is shared out, {@link ScalarCode} takes the vectors out. For the engines; start at {@link
 * KernelCode}.
 */
package io.github.tornadodiffusion.kernels.bytecode;
