package uk.ac.manchester.tornado.api;

/** Signature only. */
public class WorkerGrid1D implements WorkerGrid {
  public WorkerGrid1D(int x) {}

  @Override
  public native void setLocalWork(long x, long y, long z);
}
