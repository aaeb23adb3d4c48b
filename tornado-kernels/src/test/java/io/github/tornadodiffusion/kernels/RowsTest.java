package io.github.tornadodiffusion.kernels;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class RowsTest {
  private static final int OWN = Rows.IN + 2 * Rows.PER_INPUT;

  private final Block in = new Block(64, 2, 3, 5, 17, 1, 1, 0, 0);
  private final Block second = Block.of(4096, 2, 3, 5, 17);
  private final Block out = new Block(8192, 2, 3, 5, 17, 1, 2, 3, 4);

  /** 17 channels take 32 floats. */
  @Test
  void eachPlaceHoldsWhatItsNameSays() {
    int[] d = descriptor(Rows.at(OWN, 7), Rows.at(OWN + 1, 8, 9));
    assertEquals(2 * 7, d[Rows.BOUND]);
    assertEquals(7, d[Rows.ROWS]);
    assertEquals(1, d[Rows.TOP]);
    assertEquals(3, d[Rows.H]);
    assertEquals(2 * 32, d[Rows.LEFT]);
    assertEquals(5 * 32, d[Rows.LENGTH]);
    assertEquals(11 * 32, d[Rows.PITCH]);
    assertEquals(8192, d[Rows.OUT]);
    assertEquals(0, d[Rows.ACCUMULATE]);
    assertEquals(64 + (6 + 1) * 32, d[Rows.IN]);
    assertEquals(6 * 32, d[Rows.IN_ROW]);
    assertEquals(4 * 6 * 32, d[Rows.IN_IMAGE]);
    assertEquals(4096, d[Rows.SECOND]);
    assertEquals(5 * 32, d[Rows.SECOND_ROW]);
    assertEquals(3 * 5 * 32, d[Rows.SECOND_IMAGE]);
    assertArrayEquals(new int[] {7, 8, 9}, Arrays.copyOfRange(d, Rows.THIRD, d.length));
  }

  @Test
  void ownPlacesFollowOneAnother() {
    assertRefused("A kernel's own place is 12: the next free one is 15", Rows.at(Rows.SECOND, 7));
    assertRefused(
        "A kernel's own place is 17: the next free one is 16",
        Rows.at(OWN, 7),
        Rows.at(OWN + 2, 8));
  }

  private void assertRefused(String message, Rows.Own... own) {
    assertEquals(
        message, assertThrows(IllegalArgumentException.class, () -> descriptor(own)).getMessage());
  }

  private int[] descriptor(Rows.Own... own) {
    return Rows.descriptor(false, out, List.of(in, second), own);
  }
}
