package io.github.tornadodiffusion.nn.training;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Engine;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.distributed.Communicator;
import io.github.tornadodiffusion.nn.distributed.InProcess;
import io.github.tornadodiffusion.nn.distributed.LostProcessException;
import io.github.tornadodiffusion.nn.distributed.TreeSum;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Counter;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Trainable;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.models.unet.UNet2DConfig;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A training that processes share gives what it gives alone. */
class SharedTrainingTest {
  private static final int SIZE = 8;
  private static final int BATCH = 8;
  private static final int STEPS = 3;
  private static final UNet2DModel MODEL =
      new UNet2DModel(
          UNet2DConfig.builder()
              .sampleSize(SIZE)
              .blockOutChannels(8, 12)
              .downBlockTypes("DownBlock2D", "AttnDownBlock2D")
              .upBlockTypes("AttnUpBlock2D", "UpBlock2D")
              .layersPerBlock(1)
              .normNumGroups(4)
              .attentionHeadDim(4)
              .build());
  private static final Map<String, HostTensor> PARAMETERS =
      Initialisation.pytorchDefault(MODEL.parameters().specs(), 1);
  private static final AdamW ADAM_W = new AdamW(1e-2f);

  /** Everything that a training leaves. */
  private record Left(
      Map<String, HostTensor> parameters,
      Map<String, HostTensor> ema,
      Map<String, HostTensor> moments,
      List<Float> norms) {}

  private static Training.StepInput input(int step, int first, int count, boolean update) {
    float[] images = new float[count * 3 * SIZE * SIZE];
    float[] times = new float[count];
    float[] half = new float[count];
    float[] weights = new float[count];
    for (int image = 0; image < count; image++) {
      times[image] = 100 * (first + image);
      half[image] = 0.5f;
      weights[image] = (float) count / BATCH;
      for (int i = 0; i < 3 * SIZE * SIZE; i++) {
        images[image * 3 * SIZE * SIZE + i] = (float) Math.sin(i * i + first + image + step);
      }
    }
    Denoising.Batch batch =
        new Denoising.Batch(images, times, null, half, half, half, half, null, weights, null);
    OptimizerStep last = new OptimizerStep(ADAM_W, step, 1, 0.9f);
    return new Training.StepInput(
        batch.values(), new Counter(5, step, first), update ? last : null);
  }

  private static RecordedProgram<Training> record(
      Communicator communicator, boolean spread, int images, boolean accumulate) {
    return record(SharedTraining.share(communicator, spread), true, images, accumulate);
  }

  private static RecordedProgram<Training> record(
      Training.Share share, boolean ema, int images, boolean accumulate) {
    return Training.record(
        new Denoising(MODEL, false),
        new BatchShape(images, SIZE, SIZE),
        new Training.Options(ADAM_W, Trainable.ALL, ema, accumulate, share));
  }

  /** Shards of two calls each, where they accumulate, and of one otherwise. */
  private static Left train(
      Engine engine, Communicator communicator, int shards, boolean spread, boolean accumulate) {
    return train(engine, communicator, shards, spread, accumulate, shards / communicator.size());
  }

  /**
   * On several devices.
   *
   * @param shares of each of them
   */
  private static Left train(
      Engine engine,
      Communicator communicator,
      int shards,
      boolean spread,
      boolean accumulate,
      int... shares) {
    int calls = accumulate ? 2 : 1;
    int images = BATCH / shards / calls;
    List<Training> devices = new ArrayList<>();
    devices.add(record(communicator, spread, images, accumulate).open(engine, PARAMETERS));
    while (devices.size() < shares.length) {
      devices.add(
          record(SharedTraining.helping(communicator), false, images, accumulate)
              .open(engine, PARAMETERS));
    }
    SharedTraining.seconds(devices, input(9, 0, images, false));
    try (SharedTraining training = new SharedTraining(devices, shares, communicator, shards)) {
      training.begin(null);
      List<Float> norms = new ArrayList<>();
      for (int step = 1; step <= STEPS; step++) {
        List<List<Training.StepInput>> own = new ArrayList<>();
        for (int shard = 0; shard < training.ownShards(); shard++) {
          List<Training.StepInput> inputs = new ArrayList<>();
          for (int call = 0; call < calls; call++) {
            int first = ((training.firstShard() + shard) * calls + call) * images;
            inputs.add(input(step, first, images, false));
          }
          own.add(inputs);
        }
        SharedTraining.Result result = training.step(own, new OptimizerStep(ADAM_W, step, 1, 0.9f));
        assertEquals(own.size() * calls, result.losses().size());
        norms.add(result.gradNorm());
      }
      training.checkEqual();
      return new Left(
          training.parameters(),
          training.emaParameters(),
          training.optimizerState(AdamW.SECOND_MOMENTS),
          norms);
    }
  }

  private static Left alone(int shards, boolean accumulate) {
    try (Engine engine = TestEngine.another(1)) {
      return train(engine, Communicator.alone(), shards, false, accumulate);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "1,4,true,false",
    "2,2,false,false",
    "2,4,true,false",
    "2,2,true,true",
    "4,4,false,true",
    "4,8,true,false"
  })
  void hasTheSameBitsForAnyNumberOfProcesses(
      int processes, int shards, boolean spread, boolean accumulate) throws Exception {
    List<Left> all =
        InProcess.run(
            processes,
            communicator -> {
              try (Engine engine = TestEngine.another(1)) {
                return train(engine, communicator, shards, spread, accumulate);
              }
            });
    Left alone = alone(shards, accumulate);
    all.forEach(left -> {
      assertEquals(alone.norms, left.norms);
      assertTrue(alone.equals(left), "parameters, average or moments");
    });
  }

  @ParameterizedTest
  @CsvSource({"1,false,false", "1,false,true", "2,false,false", "2,true,true"})
  void hasTheSameBitsOnSeveralDevicesThatComputeAlike(
      int processes, boolean spread, boolean accumulate) throws Exception {
    Left alone = alone(4, accumulate);
    int[][] splits = processes == 1 ? new int[][] {{3, 1}, {1, 0, 3}} : new int[][] {{1, 1}};
    for (int[] shares : splits) {
      List<Left> all =
          InProcess.run(
              processes,
              communicator -> {
                try (Engine engine = TestEngine.another(1)) {
                  return train(engine, communicator, 4, spread, accumulate, shares);
                }
              });
      all.forEach(left -> assertTrue(alone.equals(left), "parameters, average or moments"));
    }
  }

  @Test
  void sharesOutSoThatAStepIsOverSoonest() {
    assertArrayEquals(new int[] {5, 3}, SharedTraining.shares(new double[] {0.3, 0.5}, 8));
    assertArrayEquals(new int[] {2, 2}, SharedTraining.shares(new double[] {1, 1}, 4));
    assertArrayEquals(new int[] {0, 8}, SharedTraining.shares(new double[] {9, 1}, 8));
  }

  @Test
  void sharesThatAreNotThoseOfTheProcessAreRefused() {
    try (Engine engine = TestEngine.another(1)) {
      assertEquals(
          "1 devices with [3] shards cannot share 4",
          assertThrows(
                  IllegalArgumentException.class,
                  () -> train(engine, Communicator.alone(), 4, false, false, 3))
              .getMessage());
    }
  }

  @Test
  void everyGradientIsInOnePiece() {
    for (int most : new int[] {1, 3, 8}) {
      Training.Share share = new Training.Share(f -> new TreeSum.Range(0, f), most);
      try (Engine engine = TestEngine.another(1);
          Training training = record(share, false, 1, false).open(engine, PARAMETERS)) {
        int floats = training.updateSteps().gradients().floats();
        int[] times = new int[floats];
        for (GradientPiece piece : training.pieces()) {
          piece
              .ranges()
              .forEach(
                  range -> Arrays.fill(times, range.from(), range.to(), times[range.from()] + 1));
          // None has more than its part and a layer.
          assertTrue(piece.floats() < floats / most + floats / 3, "size of a piece");
        }
        int[] once = new int[floats];
        Arrays.fill(once, 1);
        assertArrayEquals(once, times);
        assertEquals(most, training.pieces().size());
      }
    }
  }

  @Test
  void isTheTrainingOfTheWholeBatchButForRounding() {
    compareWithWhole(alone(4, false));
    compareWithWhole(alone(2, true));
  }

  private static void compareWithWhole(Left shared) {
    try (Engine engine = TestEngine.another(1);
        Training training =
            Training.record(
                    new Denoising(MODEL, false),
                    new BatchShape(BATCH, SIZE, SIZE),
                    new Training.Options(ADAM_W, Trainable.ALL, true, false))
                .open(engine, PARAMETERS)) {
      for (int step = 1; step <= STEPS; step++) {
        float norm = training.step(input(step, 0, BATCH, true)).gradNorm();
        assertEquals(norm, shared.norms.get(step - 1), 1e-4f * norm);
      }
      Map<String, HostTensor> ema = training.emaParameters();
      shared.ema.forEach((name, tensor) ->
          assertArrayEquals(ema.get(name).values(), tensor.values(), 3e-3f, name));
    }
  }

  @Test
  void aProcessWithOtherParametersIsNamed() {
    ExecutionException failure =
        assertThrows(
            ExecutionException.class,
            () ->
                InProcess.run(
                    4,
                    communicator -> {
                      try (Engine engine = TestEngine.another(1);
                          Training own =
                              record(communicator, false, 2, false).open(engine, PARAMETERS)) {
                        SharedTraining shared = new SharedTraining(own, communicator, 4);
                        shared.begin(null);
                        shared.checkEqual();
                        if (communicator.rank() == 2) {
                          own.loaded().write(own.updateSteps().parameters(), new float[] {1});
                        }
                        shared.checkEqual();
                        return null;
                      }
                    }));
    assertEquals(LostProcessException.class, failure.getCause().getClass());
    assertTrue(
        failure.getCause().getMessage().startsWith("process 2 of 4 has other parameters"),
        failure.getCause().getMessage());
  }

  @Test
  void goesOnFromAStateThatOnlyTheFirstHas() throws Exception {
    Left before = alone(4, false);
    List<Map<String, HostTensor>> moments =
        InProcess.run(
            2,
            communicator -> {
              try (Engine engine = TestEngine.another(1);
                  SharedTraining shared =
                      new SharedTraining(
                          record(communicator, true, 2, false).open(engine, PARAMETERS),
                          communicator,
                          4)) {
                shared.begin(
                    communicator.leads()
                        ? new SharedTraining.State(
                            before.parameters,
                            Map.of(
                                AdamW.FIRST_MOMENTS,
                                before.moments,
                                AdamW.SECOND_MOMENTS,
                                before.moments),
                            before.ema)
                        : null);
                assertEquals(before.parameters, shared.parameters());
                assertEquals(before.ema, shared.emaParameters());
                return shared.optimizerState(AdamW.FIRST_MOMENTS);
              }
            });
    moments.forEach(values -> assertEquals(before.moments, values));
  }

  @ParameterizedTest
  @CsvSource({
    "3,1,'--shards is 3; give a power of two, such as 2'",
    "0,1,'--shards is 0; give a power of two, such as 1'",
    "2,4,'4 processes cannot share 2 shards: start a power of two of processes, at most 2, or give"
        + " more --shards'",
    "4,3,'3 processes cannot share 4 shards: start a power of two of processes, at most 4, or give"
        + " more --shards'"
  })
  void whatCannotBeSharedIsRefused(int shards, int processes, String said) {
    assertEquals(
        said,
        assertThrows(IllegalArgumentException.class, () -> SharedTraining.check(shards, processes))
            .getMessage());
  }
}
