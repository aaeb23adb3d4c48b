package io.github.tornadodiffusion.kernels.tornado;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.kernels.Kernel;
import io.github.tornadodiffusion.kernels.ops.conv.ConvKernels;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskTimesTest {
  /** Two profiles of a graph, as TornadoVM 5.2 writes them. */
  private static final String LOG =
      """
      {
          "program": {
              "TOTAL_KERNEL_TIME": "7",
              "program.Conv_forward_1": {
                  "BACKEND": "OPENCL",
                  "METHOD": "ConvKernels.forward",
                  "TASK_KERNEL_TIME": "7"
              }
          }
      }
      {
          "program": {
              "TOTAL_KERNEL_TIME": "1500",
              "COPY_IN_TIME": "11",
              "program.Conv_forward_1": {
                  "BACKEND": "OPENCL",
                  "DEVICE": "a {strange} name",
                  "TASK_KERNEL_TIME": "1000"
              },\s
              "program.Conv_flip_1": {
                  "TASK_KERNEL_TIME": "500",
                  "BACKEND": "OPENCL"
              }
          }
      }
      """;

  private static Lowering.Task task(String id) {
    return new Lowering.Task(id, Kernel.of(ConvKernels.class, "forward"), List.of());
  }

  @Test
  void theLastProfileCounts() {
    TaskTimes times = new TaskTimes(2);
    times.add(LOG, List.of(task("Conv_flip_1"), task("Conv_forward_1")), 3, 4);
    Engine.Measurement all = times.measurement(2000);
    assertArrayEquals(new long[] {500, 1000}, all.calls());
    assertEquals(3, all.compilation());
    assertEquals(4, all.transfers());
    assertEquals(2000, all.total());
    assertTrue(Double.isNaN(all.joules()), "no task has told its power");
  }

  @Test
  void powerTimesTimeIsEnergy() {
    String log =
        """
        {
            "program": {
                "program.Conv_forward_1": {
                    "POWER_USAGE_mW": "40000",
                    "TASK_KERNEL_TIME": "2000000"
                },
                "program.Conv_flip_1": {
                    "TASK_KERNEL_TIME": "1000000",
                    "POWER_USAGE_mW": "50000"
                },
                "program.Conv_flip_2": {
                    "TASK_KERNEL_TIME": "1000000",
                    "POWER_USAGE_mW": "n/a"
                }
            }
        }
        """;
    TaskTimes times = new TaskTimes(3);
    times.add(log, List.of(task("Conv_flip_1"), task("Conv_forward_1")), 0, 0);
    assertEquals(0.13, times.measurement(0).joules(), 1e-12);
    times.add(log, List.of(task("Conv_flip_2")), 0, 0);
    assertTrue(Double.isNaN(times.measurement(0).joules()));
  }

  @Test
  void aTaskWithoutTimeIsAnError() {
    TaskTimes times = new TaskTimes(1);
    assertThrows(
        IllegalStateException.class, () -> times.add(LOG, List.of(task("Conv_flip_2")), 0, 0));
  }
}
