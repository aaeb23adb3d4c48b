/**
 * A small classifier of images, for distances in its features; start at {@link
 * io.github.tornadodiffusion.nn.models.classifier.Classifier}.
 */
package io.github.tornadodiffusion.nn.models.classifier;
