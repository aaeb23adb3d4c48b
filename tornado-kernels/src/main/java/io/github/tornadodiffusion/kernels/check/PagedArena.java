package io.github.tornadodiffusion.kernels.check;

import io.github.tornadodiffusion.kernels.Arena;
import io.github.tornadodiffusion.kernels.Engine;

/**
 * A session's arena as it is when it is first read: fetched in pages, because a device is slow to
 * hand out single floats. To be dropped when a program has run.
 */
public final class PagedArena implements Arena {
  private static final int PAGE = 4096;

  private final Engine.Session session;
  private final int floats;
  private final float[][] pages;

  /** The arena of a session, of so many floats. */
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
