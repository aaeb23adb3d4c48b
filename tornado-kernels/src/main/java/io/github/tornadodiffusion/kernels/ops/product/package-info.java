/**
 * Matrix products: start at {@link MatMul}; {@link ProductTile} is the common product of
 * convolutions and matrices on a GPU.
 */
package io.github.tornadodiffusion.kernels.ops.product;
