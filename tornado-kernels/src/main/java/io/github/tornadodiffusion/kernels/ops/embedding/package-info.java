/** Embeddings of timesteps and of class labels. Start at {@link Embedding}. */
package io.github.tornadodiffusion.kernels.ops.embedding;
