/**
 * CLIP's text encoder, as transformers has it: start at {@link
 * io.github.tornadodiffusion.nn.models.clip.CLIPTextModel}, and at {@link
 * io.github.tornadodiffusion.nn.models.clip.TextEncoderFiles} for its directory.
 */
package io.github.tornadodiffusion.nn.models.clip;
