package uk.ac.manchester.tornado.api;

/** Signature only. */
public class WorkerGrid2D implements WorkerGrid {
  public WorkerGrid2D(int x, int y) {}

  @Override
  public native void setLocalWork(long x, long y, long z);
}
