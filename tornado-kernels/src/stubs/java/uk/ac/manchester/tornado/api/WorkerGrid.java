package uk.ac.manchester.tornado.api;

/** Signature only. */
public interface WorkerGrid {
  void setLocalWork(long x, long y, long z);
}
