package uk.ac.manchester.tornado.api;

/** Signature only. */
public class GridScheduler {
  public native void addWorkerGrid(String taskName, WorkerGrid grid);
}
