package io.github.tornadodiffusion.experiments.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.github.tornadodiffusion.nn.io.Json;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceOptionsTest {
  /** Runs that were made before there was a choice go on with the same bits. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "train --steps 9 | {'device': {'device': 'jvm'}} | --conv direct",
        "train --steps 9 | {'device': {'device': 'jvm', 'conv': 'auto'}} | ''",
        "train --conv winograd | {'device': {'device': 'jvm'}} | ''",
        "train --conv=auto | {'device': {'device': 'jvm'}} | ''",
        "experiment schedules | {'configuration': {'device': 'jvm'}} | --conv direct",
        "experiment schedules | {'configuration': {'device': 'jvm', 'conv': 'auto'}} | ''",
        "experiment devices | {'configuration': {'devices': ['jvm-1-thread']}} | ''",
        "train --steps 9 | {} | ''",
      })
  void whatWasMadeWithDirectConvolutionsGoesOnWithThem(String given, String run, String added) {
    List<String> arguments = List.of(given.split(" "));
    List<String> all = DeviceOptions.pinned(arguments, Json.tree(run.replace('\'', '"')));
    assertEquals(arguments, all.subList(0, arguments.size()));
    assertEquals(added, String.join(" ", all.subList(arguments.size(), all.size())));
  }
}
