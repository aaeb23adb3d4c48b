/** Cost against size: {@code experiment scaling}. */
package io.github.tornadodiffusion.experiments.scaling;
