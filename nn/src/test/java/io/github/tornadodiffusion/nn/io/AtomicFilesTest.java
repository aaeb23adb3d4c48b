package io.github.tornadodiffusion.nn.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AtomicFilesTest {
  private static final Path FULL_DEVICE = Path.of("/dev/full");

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void writeAnEarlierFile() throws IOException {
    file = directory.resolve("file");
    AtomicFiles.write(file, "earlier");
  }

  @Test
  void replacesTheEarlierFileAndLeavesNothingElse() throws IOException {
    AtomicFiles.write(file, "later");
    assertOnlyFileHolds("later");
  }

  /** Linux's /dev/full answers every write as a full disk does. */
  @Test
  void aFullDiskLeavesTheEarlierFile() throws IOException {
    assumeTrue(Files.exists(FULL_DEVICE));
    var e =
        assertThrows(
            IOException.class,
            () ->
                AtomicFiles.write(
                    file,
                    channel -> AtomicFiles.writeFully(channel, ByteBuffer.allocate(1 << 16)),
                    temporary -> {
                      Files.createFile(temporary);
                      return FileChannel.open(FULL_DEVICE, StandardOpenOption.WRITE);
                    }));
    assertTrue(
        e.getMessage().startsWith("Cannot write " + file + ": No space left"), e.getMessage());
    assertEquals(1, e.getMessage().lines().count());
    assertOnlyFileHolds("earlier");
  }

  @Test
  void aFailureAfterSomeBytesLeavesTheEarlierFile() throws IOException {
    for (Exception cause : List.of(new IOException("cut"), new IllegalStateException("cut"))) {
      assertThrows(
          cause.getClass(),
          () ->
              AtomicFiles.write(
                  file,
                  channel -> {
                    AtomicFiles.writeFully(channel, ByteBuffer.allocate(1 << 16));
                    if (cause instanceof IOException e) {
                      throw e;
                    }
                    throw (RuntimeException) cause;
                  }));
      assertOnlyFileHolds("earlier");
    }
  }

  @Test
  void directoriesAreCheckedFirst() {
    Path nowhere = directory.resolve("nowhere/file");
    var e = assertThrows(IOException.class, () -> AtomicFiles.write(nowhere, "x"));
    assertTrue(e.getMessage().contains("there is no directory"), e.getMessage());
    e = assertThrows(IOException.class, () -> AtomicFiles.write(directory, "x"));
    assertTrue(e.getMessage().contains("it is a directory"), e.getMessage());
    e = assertThrows(IOException.class, () -> AtomicFiles.makeDirectory(file));
    assertTrue(e.getMessage().contains("a file has that name"), e.getMessage());
  }

  @Test
  void linksStayAndLeadToTheNewContent() throws IOException {
    Path link = Files.createSymbolicLink(directory.resolve("link"), Path.of("file"));
    AtomicFiles.write(link, "later");
    assertTrue(Files.isSymbolicLink(link));
    assertEquals("later", Files.readString(file));
  }

  /** A socket stands for /dev/null, whose loss would break the system of whoever may. */
  @Test
  void whatIsNoFileIsNotReplaced() throws IOException {
    Path socket = directory.resolve("socket");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      var e = assertThrows(IOException.class, () -> AtomicFiles.write(socket, "x"));
      assertTrue(e.getMessage().contains("it is a device"), e.getMessage());
      assertFalse(Files.isRegularFile(socket));
    }
  }

  @Test
  void leftoversOfKilledWritersAreRemovedAndNothingElse() throws IOException {
    List<Path> temporary = new ArrayList<>();
    AtomicFiles.write(
        file,
        channel -> {
          try (var files = Files.list(directory)) {
            files.filter(f -> !f.equals(file)).forEach(temporary::add);
          }
        });
    Path other = Files.writeString(directory.resolve(".file.tmp"), "mine");
    Files.writeString(temporary.getFirst(), "half");
    AtomicFiles.removeLeftovers(directory);
    AtomicFiles.removeLeftovers(directory.resolve("nowhere"));
    assertEquals("mine", Files.readString(other));
    Files.delete(other);
    assertOnlyFileHolds("");
  }

  private void assertOnlyFileHolds(String content) throws IOException {
    assertEquals(content, Files.readString(file));
    try (var files = Files.list(directory)) {
      assertEquals(List.of(file), files.toList());
    }
  }
}
