/** Embeddings of timesteps, of class labels and of tokens. Start at {@link Embedding}. */
package io.github.tornadodiffusion.kernels.ops.embedding;
