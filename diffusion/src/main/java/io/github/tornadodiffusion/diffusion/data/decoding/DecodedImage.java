package io.github.tornadodiffusion.diffusion.data.decoding;

/**
 * An image in the form that training uses.
 *
 * @param pixels channels * imageSize * imageSize bytes in the order channel, row, column
 * @param width of the image before it was cropped and resized
 * @param height of the image before it was cropped and resized
 * @param colour whether it had colour, also where it has become grey
 */
public record DecodedImage(byte[] pixels, int width, int height, boolean colour) {}
