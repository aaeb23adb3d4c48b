/**
 * Checks that kernels are right: {@link SelfCheck} tries them before they are used, {@link
 * CallCheck} compares a call with its oracle wherever figures are printed. Start at {@link
 * CallCheck}.
 */
package io.github.tornadodiffusion.kernels.check;
