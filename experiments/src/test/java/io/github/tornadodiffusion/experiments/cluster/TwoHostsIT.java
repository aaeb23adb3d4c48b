package io.github.tornadodiffusion.experiments.cluster;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.tornadodiffusion.experiments.Launcher;
import io.github.tornadodiffusion.experiments.ProgramRun;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Training on two hosts: network namespaces of this machine, each with a name of its own, that know
 * each other by TCP alone. Left out where they, or Open MPI, are not to be had.
 */
class TwoHostsIT {
  private static final String ADDRESS = "10.77.0.%d";

  @TempDir private Path directory;

  /** Namespaces, hosts and devices. */
  private final List<String> hosts =
      List.of(1, 2).stream()
          .map(i -> "td%d-%d".formatted(i, ProcessHandle.current().pid()))
          .toList();

  @BeforeEach
  void makeHosts() throws Exception {
    for (String host : hosts) {
      String said = does("ip", "netns", "add", host);
      assumeTrue(said == null, "there are no network namespaces here: " + said);
    }
  }

  @AfterEach
  void removeHosts() throws Exception {
    for (String host : hosts) {
      String _ = does("ip", "netns", "delete", host);
    }
  }

  /** Runs a command of the system; returns what it said if it failed, otherwise null. */
  private static String does(String... command) throws InterruptedException {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      byte[] said = process.getInputStream().readAllBytes();
      return process.waitFor() == 0 ? null : new String(said, StandardCharsets.UTF_8).strip();
    } catch (IOException e) {
      return e.getMessage();
    }
  }

  private static void must(String... command) throws InterruptedException {
    assertEquals(null, does(command), String.join(" ", command));
  }

  private String address(int host) {
    return ADDRESS.formatted(host + 1);
  }

  /** Gives the hosts their addresses; their devices are there and have their names. */
  private void connect() throws InterruptedException {
    for (int i = 0; i < hosts.size(); i++) {
      String host = hosts.get(i);
      must("ip", "link", "set", host, "netns", host);
      must("ip", "-n", host, "link", "set", "lo", "up");
      must("ip", "-n", host, "address", "add", address(i) + "/24", "dev", host);
      must("ip", "-n", host, "link", "set", host, "up");
    }
  }

  /** Starts a process on each host. */
  private List<String> launcher() throws IOException {
    // What Open MPI reaches another host by, instead of ssh.
    Path agent = directory.resolve("agent.sh");
    Files.writeString(
        agent,
        """
        #!/bin/sh
        case $1 in %s) host=%s ;; *) host=%s ;; esac
        shift
        exec ip netns exec $host unshare --uts sh -c "hostname $host; $*"
        """
            .formatted(address(0), hosts.get(0), hosts.get(1)));
    assertTrue(agent.toFile().setExecutable(true));
    List<String> command = new ArrayList<>(List.of("ip", "netns", "exec", hosts.getFirst()));
    command.addAll(
        List.of(
            "unshare", "--uts", "sh", "-c", "hostname %s; exec \"$@\"".formatted(hosts.get(0))));
    command.add("sh");
    command.addAll(Launcher.OPEN_MPI.command(2));
    command.addAll(List.of("--host", "%s:1,%s:1".formatted(address(0), address(1))));
    command.addAll(List.of("--mca", "plm_rsh_agent", agent.toString()));
    for (String name : List.of("oob_tcp_if_include", "btl_tcp_if_include")) {
      command.addAll(List.of("--mca", name, ADDRESS.formatted(0) + "/24"));
    }
    command.addAll(List.of("--mca", "pml", "ob1", "--mca", "btl", "tcp,self"));
    return command;
  }

  private static String[] train(Path out) {
    List<String> arguments = new ArrayList<>(List.of("train", "--batch", "4", "--steps", "2"));
    arguments.addAll(List.of("--seed", "1", "--samples", "0", "--shards", "2", "--threads", "1"));
    arguments.addAll(List.of("--out", out.toString()));
    return arguments.toArray(String[]::new);
  }

  private void assertTrainsAsOneProcess() throws Exception {
    Path one = directory.resolve("one");
    Path two = directory.resolve("two");
    String _ = ProgramRun.ends(0, directory, List.of(), train(one));
    String printed = ProgramRun.together(0, directory, launcher(), train(two));
    assertTrue(printed.contains("on 2 processes, each"), printed);
    String model = "unet/diffusion_pytorch_model.safetensors";
    assertEquals(-1, Files.mismatch(one.resolve(model), two.resolve(model)));
  }

  @Test
  void theModelIsThatOfOneProcess() throws Exception {
    String said =
        does("ip", "link", "add", hosts.get(0), "type", "veth", "peer", "name", hosts.get(1));
    assumeTrue(said == null, "hosts cannot be joined here (veth): " + said);
    connect();
    assertTrainsAsOneProcess();
  }

  @Test
  void soItIsOverALinkThatLosesAndDelaysPackets() throws Exception {
    LossyLink link;
    try {
      link = new LossyLink(hosts.get(0), hosts.get(1), 0.01, 20);
    } catch (IllegalStateException e) {
      assumeTrue(false, e.getMessage());
      return;
    }
    try (link) {
      connect();
      assertTrainsAsOneProcess();
      double share = link.lost() / (double) (link.lost() + link.passed());
      assertTrue(link.passed() > 5000 && share > 0.005 && share < 0.02, "lost " + share);
    }
  }
}
