package io.github.tornadodiffusion.nn.distributed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TreeSumTest {
  private static final int SHARDS = 8;

  private static float[] leaf(int shard, int floats) {
    Random random = new Random(shard);
    float[] values = new float[floats];
    for (int i = 0; i < floats; i++) {
      // Of very different sizes, so that every other order of the sums has other bits.
      values[i] = (float) (random.nextGaussian() * Math.exp(8 * random.nextGaussian()));
    }
    return values;
  }

  private static float[] tree(int from, int to, int floats) {
    if (to - from == 1) {
      return leaf(from, floats);
    }
    float[] left = tree(from, (from + to) / 2, floats);
    float[] right = tree((from + to) / 2, to, floats);
    for (int i = 0; i < floats; i++) {
      left[i] += right[i];
    }
    return left;
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,1000003", "2,1", "2,17", "2,600000", "4,48", "4,100000", "8,5", "8,99999"})
  void hasTheBitsOfTheTreeForAnyNumberOfProcesses(int processes, int floats) throws Exception {
    float[] expected = tree(0, SHARDS, floats);
    List<float[]> sums =
        InProcess.run(
            processes,
            communicator -> {
              int own = SHARDS / processes;
              TreeSum.Partial partial = new TreeSum.Partial(own, floats);
              List<Integer> order = new ArrayList<>();
              for (int shard = 0; shard < own; shard++) {
                order.add(shard);
              }
              Collections.shuffle(order, new Random(communicator.rank()));
              for (int shard : order) {
                float[] vector = partial.vector();
                float[] values = leaf(communicator.rank() * own + shard, floats);
                System.arraycopy(values, 0, vector, 0, floats);
                partial.add(shard, vector);
              }
              float[] sum = partial.take();
              TreeSum tree = new TreeSum(communicator, floats);
              tree.reduce(sum);
              TreeSum.Range range = TreeSum.range(floats, communicator.rank(), processes);
              assertArrayEquals(
                  Arrays.copyOfRange(expected, range.from(), range.to()),
                  Arrays.copyOfRange(sum, range.from(), range.to()));
              tree.gather(sum);
              return sum;
            });
    sums.forEach(sum -> assertArrayEquals(expected, sum));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 8, 64})
  void rangesOfProcessesCoverAllOnce(int processes) {
    int[] covered = new int[1000];
    for (int rank = 0; rank < processes; rank++) {
      TreeSum.Range range = TreeSum.range(covered.length, rank, processes);
      assertEquals(0, range.from() % 16);
      for (int i = range.from(); i < range.to(); i++) {
        covered[i]++;
      }
    }
    Arrays.stream(covered).forEach(times -> assertEquals(1, times));
  }

  @Test
  void threeProcessesAreRefused() throws Exception {
    List<String> said =
        InProcess.run(
            3,
            communicator ->
                assertThrows(IllegalArgumentException.class, () -> new TreeSum(communicator, 16))
                    .getMessage());
    assertEquals("3 processes cannot share the sums: start a power of two, such as 2", said.get(0));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 7, 8})
  void bytesAndFloatsReachAllProcesses(int processes) throws Exception {
    float[] floats = leaf(3, 2_000_001);
    List<List<byte[]>> gathered =
        InProcess.run(
            processes,
            communicator -> {
              byte[] given = communicator.leads() ? new byte[] {1, 2, 3} : new byte[0];
              assertArrayEquals(new byte[] {1, 2, 3}, communicator.broadcast(given));
              assertEquals(7, communicator.broadcast(communicator.leads() ? 7 : 0));
              assertEquals(0, communicator.broadcast(new byte[0]).length);
              float[] values = communicator.leads() ? floats.clone() : new float[floats.length];
              communicator.broadcast(values);
              assertArrayEquals(floats, values);
              communicator.barrier();
              return communicator.allGather(new byte[communicator.rank()]);
            });
    for (List<byte[]> all : gathered) {
      assertEquals(processes, all.size());
      for (int rank = 0; rank < processes; rank++) {
        assertEquals(rank, all.get(rank).length);
      }
    }
  }

  @Test
  void whoWaitsForAProcessThatEndedFails() {
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () ->
                InProcess.run(
                    2,
                    communicator -> {
                      if (communicator.rank() == 1) {
                        communicator.abort(1);
                        return null;
                      }
                      return communicator.allGather(new byte[1]);
                    }));
    assertEquals("process 1 has ended", failure.getCause().getMessage());
  }

  @Test
  void aProcessWithAnotherLengthIsNamed() {
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () ->
                InProcess.run(
                    2,
                    communicator -> {
                      float[] values = new float[communicator.rank() == 0 ? 64 : 128];
                      new TreeSum(communicator, values.length).reduce(values);
                      return null;
                    }));
    assertEquals(
        "do not do the same", failure.getCause().getMessage().replaceFirst(".*: they ", ""));
  }
}
