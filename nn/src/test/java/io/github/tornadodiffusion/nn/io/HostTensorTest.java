package io.github.tornadodiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HostTensorTest {
  @Test
  void valuesMustFillTheShape() {
    var e =
        assertThrows(
            IllegalArgumentException.class, () -> new HostTensor(new int[] {2, 3}, new float[5]));
    assertTrue(e.getMessage().contains("[2, 3] has 6 elements, not 5"), e.getMessage());
    assertThrows(IllegalArgumentException.class, () -> HostTensor.zeros(2, -1));
    assertThrows(IllegalArgumentException.class, () -> HostTensor.size(1 << 30, 1 << 30, 1 << 30));
    assertEquals(1, HostTensor.scalar(3).size());
    assertEquals(0, HostTensor.zeros(3, 0).size());
  }

  @Test
  void equalityIsOfBits() {
    assertEquals(HostTensor.scalar(Float.NaN), HostTensor.scalar(Float.NaN));
    assertNotEquals(HostTensor.scalar(0f), HostTensor.scalar(-0f));
    assertNotEquals(HostTensor.zeros(2, 3), HostTensor.zeros(3, 2));
    HostTensor tensor = HostTensor.zeros(2);
    HostTensor copy = tensor.copy();
    assertEquals(tensor.hashCode(), copy.hashCode());
    copy.values()[0] = 1;
    assertEquals(0, tensor.values()[0]);
  }

  /** A hash of the shape alone, or of nothing, would be legal and slow. */
  @Test
  void hashesDependOnTheValues() {
    Set<Integer> hashes = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      hashes.add(new HostTensor(new int[] {2}, new float[] {i, 1}).hashCode());
      hashes.add(new HostTensor(new int[] {2}, new float[] {1, -i}).hashCode());
    }
    assertTrue(hashes.size() > 190, hashes.size() + " of 200 differ");
  }

  @Test
  void textNamesTheShapeOnly() {
    assertEquals("HostTensor[2, 3]", HostTensor.zeros(2, 3).toString());
  }
}
