package io.github.tornadodiffusion.experiments.report;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class TicksTest {
  @Test
  void numbersAreShort() {
    assertEquals("0", Ticks.text(0));
    assertEquals("0.3", Ticks.text(0.1 + 0.2));
    assertEquals("-0.001", Ticks.text(-0.001));
    assertEquals("20000", Ticks.text(20_000));
    assertEquals("10⁵", Ticks.text(100_000));
    assertEquals("-10⁻⁴", Ticks.text(-1e-4));
    assertEquals("2.5·10⁻¹²", Ticks.text(2.5e-12));
  }

  @Test
  void roundingErrorsAroundZeroAreZero() {
    assertEquals("0", new Ticks(-1, 1, false, true).label(1.4e-17));
  }

  @Test
  void logarithmicAxesShowAsManyTicksAsHaveRoom() {
    Ticks narrow = new Ticks(1, 5, true, false);
    assertEquals("3", narrow.label(3));
    assertEquals("4.56", narrow.label(4.5612));
    Ticks within = new Ticks(0.55, 2.1, true, true);
    assertEquals("0.7", within.label(0.7));
    assertEquals("0.6", within.label(0.6));
    Ticks more = new Ticks(4.6, 22, true, true);
    assertEquals("7", more.label(7));
    assertEquals(" ", more.label(6));
    assertEquals("2", within.label(2));
    Ticks high = new Ticks(60, 500, true, false);
    assertEquals("70", high.label(70));
    assertEquals(" ", high.label(80));
    Ticks decades = new Ticks(1, 200, true, true);
    assertEquals("50", decades.label(50));
    assertEquals(" ", decades.label(40));
    Ticks wide = new Ticks(1e-6, 1e3, true, true);
    assertEquals("10⁻⁴", wide.label(1e-4));
    assertEquals(" ", wide.label(2e-4));
    Ticks huge = new Ticks(1e-12, 1e12, true, true);
    assertEquals("1", huge.label(1));
    assertEquals(" ", huge.label(10));
  }
}
