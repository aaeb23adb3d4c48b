package io.github.tornadodiffusion.kernels;

/**
 * Threads that run together and share local memory.
 *
 * @param threads of a group
 * @param localBytes bytes of local memory that a group allocates: all of its local arrays together
 */
public record WorkGroup(int threads, int localBytes) {}
