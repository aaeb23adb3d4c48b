/**
 * Images in foreign files: directories, archives, CIFAR, IDX and Parquet, with their labels and
 * splits. Files are not trusted. Start at {@link
 * io.github.tornadodiffusion.diffusion.data.formats.ImageSource}.
 */
package io.github.tornadodiffusion.diffusion.data.formats;
