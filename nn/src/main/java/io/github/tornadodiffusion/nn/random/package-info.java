/**
 * Random numbers that are the same with every JDK and on every machine. Start at {@link
 * io.github.tornadodiffusion.nn.random.SplitMix64}.
 */
package io.github.tornadodiffusion.nn.random;
