package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task2;
import uk.ac.manchester.tornado.api.common.TornadoFunctions.Task3;

/** Signature only. */
public class TaskGraph {
  public TaskGraph(String name) {}

  public native TaskGraph transferToDevice(int mode, Object... objects);

  public native TaskGraph consumeFromDevice(String sourceTaskGraphName, Object... objects);

  public native <A, B> TaskGraph task(String id, Task2<A, B> code, A arg1, B arg2);

  public native <A, B, C> TaskGraph task(String id, Task3<A, B, C> code, A arg1, B arg2, C arg3);

  public native TaskGraph persistOnDevice(Object... objects);

  public native ImmutableTaskGraph snapshot();
}
