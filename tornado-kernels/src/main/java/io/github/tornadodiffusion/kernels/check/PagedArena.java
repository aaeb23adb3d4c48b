package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Engine;

/**
 * A session's arena, fetched in pages because reading single floats from a device is slow. Pages
 * are kept: once a program has run, use a new object.
 */
public final class PagedArena implements Arena {
  private static final int PAGE = 4096;

  private final Engine.Session session;
  private final int floats;
  private final float[][] pages;

  /** The arena of a session, which has the given number of floats. */
  public PagedArena(Engine.Session session, int floats) {
    this.session = session;
    this.floats = floats;
    pages = new float[(floats + PAGE - 1) / PAGE][];
  }

  @Override
  public double at(int index) {
    float[] page = pages[index / PAGE];
    return (page == null ? fetch(index / PAGE) : page)[index % PAGE];
  }

  private float[] fetch(int number) {
    int from = number * PAGE;
    float[] page = new float[Math.min(PAGE, floats - from)];
    session.read(from, page, 0, page.length);
    pages[number] = page;
    return page;
  }
}
