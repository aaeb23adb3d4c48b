/**
 * Matrix products: {@link MatMul} for anyone, and {@link ProductTile}, the one product behind
 * convolutions and matrices on a GPU.
 */
package io.github.tornadodiffusion.kernels.ops.product;
