/** Random numbers that are the same with every JDK and on every machine. */
package io.github.tornadodiffusion.nn.random;
