package uk.ac.manchester.tornado.api;

/** Signature only. */
public class WorkerGrid3D implements WorkerGrid {
  public WorkerGrid3D(int x, int y, int z) {}

  @Override
  public native void setLocalWork(long x, long y, long z);
}
