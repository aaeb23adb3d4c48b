package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.kernels.Device;
import io.github.tornadodiffusion.kernels.Engines;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** A test that needs a device of TornadoVM, and is reported as skipped without an SDK. */
@Target({ElementType.TYPE, ElementType.METHOD})
@Retention(RetentionPolicy.RUNTIME)
@Tag("device")
@EnabledIfEnvironmentVariable(
    named = "TORNADOVM_HOME",
    matches = ".+",
    disabledReason = "TORNADOVM_HOME is not set: there is no device")
public @interface OnDevice {
  /** The device's id: the one that the build names, or the first. */
  String ID =
      System.getProperty(
          "tornadovm.device",
          Engines.devices().stream().map(Device::id).findFirst().orElse("no device"));
}
