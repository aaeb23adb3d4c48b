/**
 * Matrix products: {@link MatMul} is for general use; {@link ProductTile} is the common product of
 * convolutions and matrices on a GPU.
 */
package io.github.tornadodiffusion.kernels.ops.product;
