/**
 * The device {@code jvm}: the bytecode of kernels, remapped from TornadoVM's types to the JVM's
 * vectors, on all cores. Public API: {@link JvmEngine}; start there. The other types are public
 * only because remapped kernels call them.
 */
package io.github.tornadodiffusion.kernels.jvm;
