package io.github.tornadodiffusion.experiments.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine.IVersionProvider;

/** The versions of the program and of the software it runs on. */
public final class Versions implements IVersionProvider {
  /** The version of the program, as set by its build. */
  public static String program() {
    try (InputStream version = Versions.class.getResourceAsStream("version.txt")) {
      return new String(version.readAllBytes(), StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public String[] getVersion() {
    return new String[] {
      "tornado-diffusion " + program(),
      "Java " + System.getProperty("java.vm.version") + ", " + System.getProperty("java.vm.name"),
      Machine.systemName()
    };
  }
}
