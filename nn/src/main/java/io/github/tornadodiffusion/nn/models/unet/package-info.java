/**
 * diffusers' UNet2DModel: {@link io.github.tornadodiffusion.nn.models.unet.UNet2DConfig} is its
 * configuration, {@link io.github.tornadodiffusion.nn.models.unet.UNet2DModel} the model, {@link
 * io.github.tornadodiffusion.nn.models.unet.ModelFiles} reads and writes its directory. Start at
 * {@link io.github.tornadodiffusion.nn.models.unet.UNet2DModel}.
 */
package io.github.tornadodiffusion.nn.models.unet;
