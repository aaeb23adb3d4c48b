package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

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
    return new Lowering.Task(id, new Kernel("ConvKernels", "forward"), List.of());
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
  }

  @Test
  void aTaskWithoutTimeIsAnError() {
    TaskTimes times = new TaskTimes(1);
    assertThrows(
        IllegalStateException.class, () -> times.add(LOG, List.of(task("Conv_flip_2")), 0, 0));
  }
}
