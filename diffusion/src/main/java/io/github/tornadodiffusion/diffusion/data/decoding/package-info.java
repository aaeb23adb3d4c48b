/**
 * Image files (PNG, JPEG, GIF, BMP, WebP) and bare samples become squares of bytes: decoded,
 * turned, cropped and resized. Files are not trusted. Start at {@link
 * io.github.tornadodiffusion.diffusion.data.decoding.ImageDecoder}.
 */
package io.github.tornadodiffusion.diffusion.data.decoding;
