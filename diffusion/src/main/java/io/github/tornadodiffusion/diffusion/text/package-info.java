/**
 * From text to the tokens that a text encoder reads: start at {@link
 * io.github.tornadodiffusion.diffusion.text.ClipTokenizer}.
 */
package io.github.tornadodiffusion.diffusion.text;
