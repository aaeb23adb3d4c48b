/**
 * The device {@code jvm}: the bytecode of kernels, remapped from TornadoVM's types to the JVM's
 * vectors and shared out to the cores. {@link JvmEngine} is public; all else that is public is so
 * because remapped kernels call it, and nobody else should.
 */
package io.github.tornadodiffusion.kernels.jvm;
