/**
 * Low-rank adaptation of any model (Hu et al. 2021), as peft and diffusers have it: start at {@link
 * io.github.tornadodiffusion.nn.models.lora.Lora} for its weights and files, and at {@link
 * io.github.tornadodiffusion.nn.models.lora.LoraModel} to train it.
 */
package io.github.tornadodiffusion.nn.models.lora;
