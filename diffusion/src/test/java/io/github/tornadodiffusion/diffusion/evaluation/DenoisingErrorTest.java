package io.github.tornadodiffusion.diffusion.evaluation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.github.tornadodiffusion.diffusion.schedulers.noise.BetaSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.NoiseSchedule;
import io.github.tornadodiffusion.diffusion.schedulers.noise.PredictionType;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DenoisingErrorTest {
  private static final double DEVIATION = 0.3;
  private static final NoiseSchedule SCHEDULE =
      new NoiseSchedule(BetaSchedule.LINEAR.betas(100, 1e-3, 0.1));

  private static EvaluatedModel model(PredictionType prediction, int batch) {
    return new EvaluatedModel(
        new LinearDenoiser(SCHEDULE, prediction, 0, DEVIATION, Double.NaN),
        batch,
        SCHEDULE,
        prediction,
        false);
  }

  /** The least errors that are possible for normal values, whatever the model predicts. */
  @ParameterizedTest
  @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "FLOW_PREDICTION")
  void ofTheBestModel(PredictionType prediction) {
    ValueImages images = ValueImages.normal(6, 64, DEVIATION, 1);
    int[] timesteps = {0, 3, 20, 60, 99};
    List<DenoisingError.Row> rows = DenoisingError.of(model(prediction, 4), images, timesteps, 2);
    assertEquals(30, rows.size());
    for (int i = 0; i < rows.size(); i++) {
      DenoisingError.Row row = rows.get(i);
      assertEquals(i % 6, row.image());
      assertEquals(timesteps[i / 6], row.timestep());
      double kept = SCHEDULE.alphaCumprod(row.timestep());
      double square = DEVIATION * DEVIATION;
      double spread = kept * square + 1 - kept;
      assertEquals(Math.log(kept / (1 - kept)), row.logSnr(), 1e-9);
      // Means of 4,096 squares, whose standard error is 2.2 %.
      assertEquals(kept * square / spread, row.noise(), 0.1 * kept * square / spread);
      double original = square * (1 - kept) / spread;
      assertEquals(original, row.original(), 0.1 * original);
    }
  }

  /** The same noise, whatever the model, the batch and the timestep's number. */
  @Test
  void isPaired() {
    ValueImages images = ValueImages.normal(5, 4, DEVIATION, 1);
    List<DenoisingError.Row> epsilon =
        DenoisingError.of(model(PredictionType.EPSILON, 5), images, new int[] {7, 50}, 3);
    List<DenoisingError.Row> velocity =
        DenoisingError.of(model(PredictionType.V_PREDICTION, 2), images, new int[] {7, 50}, 3);
    for (int i = 0; i < epsilon.size(); i++) {
      double noise = epsilon.get(i).noise();
      assertEquals(noise, velocity.get(i).noise(), 1e-5 * noise);
    }
    List<DenoisingError.Row> other =
        DenoisingError.of(model(PredictionType.EPSILON, 5), images, new int[] {20, 50}, 3);
    assertEquals(epsilon.subList(5, 10), other.subList(5, 10));
  }

  @Test
  void refusesTimestepsThatAreNotThere() {
    ValueImages images = ValueImages.normal(1, 4, DEVIATION, 1);
    EvaluatedModel model = model(PredictionType.EPSILON, 1);
    assertThrows(
        IllegalArgumentException.class, () -> DenoisingError.of(model, images, new int[] {100}, 3));
  }
}
