/**
 * What several samplers share: their levels of noise, their orders and the weights of a step. Start
 * at {@link io.github.tornadodiffusion.diffusion.schedulers.solvers.SolverLevels} for solvers of
 * the diffusion ODE and at {@link
 * io.github.tornadodiffusion.diffusion.schedulers.solvers.SigmaSteps} for Euler's method and
 * related ones.
 */
package io.github.tornadodiffusion.diffusion.schedulers.solvers;
