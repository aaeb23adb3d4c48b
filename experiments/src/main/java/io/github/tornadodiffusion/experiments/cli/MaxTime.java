package io.github.tornadodiffusion.experiments.cli;

import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time limit as Slurm's --time takes it. */
public final class MaxTime implements ITypeConverter<Duration> {
  private static final Pattern DAYS =
      Pattern.compile("(\\d{1,4})-(\\d{1,4})(?::(\\d{1,4})(?::(\\d{1,4}))?)?");
  private static final Pattern TIME =
      Pattern.compile("(?:(\\d{1,6}):(?=\\d+:))?(\\d{1,6})(?::(\\d{1,6}))?");

  @Override
  public Duration convert(String text) {
    Duration time = parse(text);
    if (time == null || time.isZero()) {
      throw new TypeConversionException(
          "'%s' is no time above 0: give minutes, MM:SS, HH:MM:SS or D-HH:MM:SS".formatted(text));
    }
    return time;
  }

  private static Duration parse(String text) {
    Matcher days = DAYS.matcher(text);
    if (days.matches()) {
      return Duration.ofDays(number(days.group(1)))
          .plusHours(number(days.group(2)))
          .plusMinutes(number(days.group(3)))
          .plusSeconds(number(days.group(4)));
    }
    Matcher time = TIME.matcher(text);
    return time.matches()
        ? Duration.ofHours(number(time.group(1)))
            .plusMinutes(number(time.group(2)))
            .plusSeconds(number(time.group(3)))
        : null;
  }

  private static long number(String digits) {
    return digits == null ? 0 : Long.parseLong(digits);
  }
}
