package io.github.tornadodiffusion.diffusion.images;

/** Keeps java.awt's image classes from looking for a display, which a server does not have. */
public final class Headless {
  static {
    System.setProperty("java.awt.headless", "true");
  }

  private Headless() {}

  /** To be called by static initialisers of classes that touch java.awt, before they do. */
  public static void ensure() {}
}
