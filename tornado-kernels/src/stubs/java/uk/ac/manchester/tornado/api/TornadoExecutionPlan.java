package uk.ac.manchester.tornado.api;

import uk.ac.manchester.tornado.api.common.TornadoDevice;
import uk.ac.manchester.tornado.api.enums.ProfilerMode;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.exceptions.TornadoExecutionPlanException;

/** Signature only. */
public class TornadoExecutionPlan implements AutoCloseable {
  public TornadoExecutionPlan(ImmutableTaskGraph... graphs) {}

  public static native TornadoDeviceMap getTornadoDeviceMap();

  public native TornadoExecutionPlan withDevice(TornadoDevice device);

  public native TornadoExecutionPlan withCUDAGraph();

  public native TornadoExecutionPlan withGridScheduler(GridScheduler gridScheduler);

  public native TornadoExecutionPlan withCompilerFlags(TornadoVMBackendType backend, String flags);

  public native TornadoExecutionPlan withProfiler(ProfilerMode mode);

  public native TornadoExecutionPlan withoutProfiler();

  public native TornadoExecutionPlan withGraph(int graphIndex);

  public native TornadoExecutionPlan withAllGraphs();

  public native TornadoExecutionResult execute();

  @Override
  public native void close() throws TornadoExecutionPlanException;
}
