package io.github.tornadodiffusion.experiments;

import picocli.CommandLine.IVersionProvider;

/** The versions of the program and of what it runs on. */
final class Versions implements IVersionProvider {
  /** The version of the program, or {@code development} where it runs from class files. */
  static String program() {
    String version = Main.class.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
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
