package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.diffusion.training.Presets;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What users get wrong: one line that says what and how to mend it, and no file is touched. */
class BadInputTest {
  @TempDir Path temporary;

  @ParameterizedTest
  @CsvSource({
    "--preset,digts,digits or butterflies or unit1",
    "--device,opencl:99,unknown device 'opencl:99'",
    "--kernels,tile,unknown kernels 'tile'; use auto or lanes or tiles or threads",
    "--kernels,tiles,jvm computes with lanes",
    "--conv,fft,unknown convolution 'fft'; use auto or direct or winograd",
    "--schedule,cosinus,squaredcos_cap_v2",
    "--prediction,noise,v_prediction",
    "--lr-schedule,falling,cosine_with_restarts",
    "--data,no-such-directory,no data set",
    "--image-size,30,multiple of 4",
    "--image-size,-8,--image-size",
    "--channels,2,channels",
    "--batch,0,batch",
    "--batch,many,--batch",
    "--epochs,0,--epochs is 0; give at least 1",
    "--epochs,2000000000,give fewer",
    "--steps,0,--steps is 0; give at least 1",
    "--steps,-5,--steps is -5; give at least 1",
    "--accumulate,2000000000,accumulate",
    "--samples,100000000,--samples",
    "--samples,-1,--samples",
    "--max-grad-norm,Infinity,max_grad_norm",
    "--lr,-1,lr",
    "--lr,NaN,above 0 and below 1000",
    "--lr,1000,above 0 and below 1000",
    "--seed,NaN,--seed",
    "--threads,0,--threads",
    "--stepz,3,--steps"
  })
  void trainingIsRefused(String option, String value, String expected) {
    Path out = temporary.resolve("out");
    CommandRun.refused(List.of(expected), "train", "--out", out.toString(), option, value);
    assertFalse(Files.exists(out));
  }

  @Test
  void contradictionsAreRefused() {
    CommandRun.refused(List.of("--steps", "--epochs"), "train", "--steps", "1", "--epochs", "2");
    CommandRun.refused(List.of("--resume", "--out"), "train", "--resume");
  }

  @Test
  void tooLittleMemoryIsSaidBeforeTheStart() {
    Path out = temporary.resolve("out");
    CommandRun.refused(
        List.of("MiB", "--batch"),
        "train",
        "--preset",
        "unit1",
        "--data",
        "digits",
        "--batch",
        "200",
        "--steps",
        "1",
        "--out",
        out.toString());
    assertFalse(Files.exists(out));
  }

  @Test
  void directoriesWithoutImagesAreRefused() throws IOException {
    Path empty = Files.createDirectory(temporary.resolve("empty"));
    CommandRun.refused(
        List.of("empty", "image"),
        "train",
        "--data",
        empty.toString(),
        "--out",
        temporary.resolve("out").toString());
  }

  @Test
  void outputsThatAreNotEmptyAreKept() throws IOException {
    Path file = Files.writeString(temporary.resolve("notes.txt"), "mine");
    CommandRun.refused(List.of("not empty"), "train", "--out", temporary.toString());
    CommandRun.refused(List.of("is a file"), "train", "--out", file.toString());
    CommandRun.refused(
        List.of("notes.txt", ".png"),
        "sample",
        "--model",
        temporary.toString(),
        "--out",
        file.toString());
    assertArrayEquals("mine".getBytes(StandardCharsets.UTF_8), Files.readAllBytes(file));
  }

  @Test
  void directoriesWithoutAModelAreRefused() {
    Path out = temporary.resolve("a.png");
    CommandRun.refused(
        List.of("model_index.json"),
        "sample",
        "--model",
        temporary.toString(),
        "--out",
        out.toString());
    CommandRun.refused(
        List.of("nowhere", "directory"), "sample", "--model", "nowhere", "--out", out.toString());
    CommandRun.refused(List.of("--model"), "sample", "--out", out.toString());
    assertFalse(Files.exists(out));
  }

  @Test
  void picturesAreCalledPng() throws IOException {
    Path model = model(new byte[0]);
    Path jpeg = temporary.resolve("a.jpg");
    CommandRun.refused(
        List.of("a.jpg", ".png"), "sample", "--model", model.toString(), "--out", jpeg.toString());
    assertFalse(Files.exists(jpeg));
  }

  @Test
  void whatIsNoFileIsNotReplaced() throws IOException {
    Path socket = temporary.resolve("a.png");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      IOException e =
          assertThrows(
              IOException.class, () -> OutputFiles.prepare("--out", socket, OutputFiles.PNG));
      assertTrue(e.getMessage().contains("is no file"), e.getMessage());
    }
  }

  @Test
  void nothingIsMadeForAModelThatIsNotThere() {
    Path out = temporary.resolve("new/a.png");
    CommandRun.refused(List.of("nowhere"), "sample", "--model", "nowhere", "--out", out.toString());
    assertFalse(Files.exists(out.getParent()));
  }

  /** For files and directories, and whatever is above them. */
  @Test
  void aDirectoryThatCannotBeMadeSaysWhy() throws IOException {
    Path file = Files.writeString(temporary.resolve("file"), "mine");
    Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("nowhere"));
    Path tooLong = temporary.resolve("x".repeat(300));
    assertWhy(file + " is a file", file.resolve("a/b"));
    assertWhy(file + " is a file", file);
    assertWhy(link + " is a link that leads nowhere", link.resolve("a"));
    assertWhy("File name too long", tooLong);
    if (Files.isDirectory(Path.of("/proc"))) {
      assertWhy("the system lets nobody make one in /proc", Path.of("/proc/run/a"));
    }
    CommandRun.refused(
        List.of("--out", file + " is a file"), "train", "--out", file.resolve("a").toString());
    CommandRun.refused(
        List.of("--out", file + " is a file"),
        "data",
        "preview",
        "--data",
        "digits",
        "--out",
        file.resolve("a.png").toString());
    assertEquals("mine", Files.readString(file));
  }

  private static void assertWhy(String why, Path directory) {
    IOException e =
        assertThrows(IOException.class, () -> OutputFiles.prepareDirectory("--out", directory));
    assertTrue(e.getMessage().startsWith("cannot make the directory " + directory), e.getMessage());
    assertTrue(e.getMessage().contains(why), e.getMessage());
    assertTrue(e.getMessage().endsWith("choose another place for --out"), e.getMessage());
  }

  /** A zip file opened for reading stands for a disk that is mounted so. */
  @Test
  void aReadOnlyFileSystemIsSaid() throws IOException {
    Path zip = temporary.resolve("disk.zip");
    try (FileSystem disk = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Files.createDirectory(disk.getPath("/there"));
    }
    try (FileSystem disk = FileSystems.newFileSystem(zip, Map.of("accessMode", "readOnly"))) {
      assertWhy("its file system is read-only", disk.getPath("/new/a"));
      IOException e =
          assertThrows(
              IOException.class,
              () -> OutputFiles.prepareDirectory("--out", disk.getPath("/there")));
      assertTrue(
          e.getMessage().contains("cannot write to /there: its file system is read-only"),
          e.getMessage());
    }
  }

  @Test
  void aDiskWithoutRoomIsSaidBeforeTheStart() throws IOException {
    Path out = temporary.resolve("a/b");
    OutputFiles.checkRoom("--out", out, 1);
    IOException e =
        assertThrows(
            IOException.class, () -> OutputFiles.checkRoom("--out", out, Long.MAX_VALUE / 2));
    assertTrue(e.getMessage().contains(out + " needs "), e.getMessage());
    assertTrue(e.getMessage().contains("make room or choose another --out"), e.getMessage());
    assertFalse(Files.exists(out.getParent()));
  }

  /** A model directory whose parameters are the given bytes. */
  private Path model(byte[] weights) throws IOException {
    Path model = temporary.resolve("model");
    Files.createDirectories(model.resolve("unet"));
    Files.createDirectories(model.resolve("scheduler"));
    Files.writeString(
        model.resolve("model_index.json"),
        "{\"_class_name\": \"DDPMPipeline\", \"unet\": [\"diffusers\", \"UNet2DModel\"],"
            + " \"scheduler\": [\"diffusers\", \"DDPMScheduler\"]}");
    Files.writeString(
        model.resolve("scheduler/scheduler_config.json"), "{\"_class_name\": \"DDPMScheduler\"}");
    Files.writeString(model.resolve("unet/config.json"), Presets.named("digits").model().toJson());
    Files.write(model.resolve("unet/diffusion_pytorch_model.safetensors"), weights);
    return model;
  }

  private static byte[] safetensors(long headerLength, String header) {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    return ByteBuffer.allocate(8 + text.length)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(headerLength)
        .put(text)
        .array();
  }

  @Test
  void hostileParameterFilesAreRefused() throws IOException {
    List<byte[]> files = new ArrayList<>();
    files.add(new byte[0]);
    files.add(safetensors(1L << 40, "{}"));
    files.add(safetensors(-1, "{}"));
    files.add(safetensors(2, "{}"));
    files.add(safetensors(2, "[]"));
    String far = "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}";
    files.add(safetensors(far.length(), far));
    String strange = "{\"a\":{\"dtype\":\"F33\",\"shape\":[0],\"data_offsets\":[0,0]}}";
    files.add(safetensors(strange.length(), strange));
    Path out = temporary.resolve("a.png");
    for (byte[] file : files) {
      CommandRun.refused(
          List.of("unet"), "sample", "--model", model(file).toString(), "--out", out.toString());
    }
    assertFalse(Files.exists(out));
  }

  @Test
  void benchmarksAreNamed() {
    CommandRun.refused(List.of("backward", "train-step"), "bench", "backward");
    CommandRun.refused(List.of("WHAT"), "bench");
    CommandRun.refused(List.of("--runs"), "bench", "forward", "--runs", "0");
  }

  /** In every command and option, and where a list of arguments would be one of picocli's. */
  @Test
  void valuesThatBeginWithAtAreNames() throws IOException {
    Path list = Files.writeString(temporary.resolve("list"), "--seed 7");
    String at = "@" + list;
    CommandRun.refused(List.of("no data set", at), "train", "--data", at);
    CommandRun.refused(List.of(at, "not a directory"), "sample", "--model", at, "--out", "a.png");
    CommandRun.refused(List.of("Unmatched argument", at), at);
    CommandRun.refused(List.of("Unmatched argument", at), "devices", at);
    CommandRun.refused(List.of(at, "holds no experiment"), "experiment", "report", at);
    CommandRun.refused(List.of("unknown benchmark", at), "bench", at);
    CommandRun.refused(List.of(at), "run", at);
    CommandRun.refused(List.of("@@"), "devices", "@@");
  }

  /** As where the JVM has no locale and nothing has told it how names are written. */
  @Test
  void namesThatTheLocaleCannotWriteAreSaid() throws Exception {
    String name = new String(new byte[] {(byte) 0xc3, (byte) 0xa4}, StandardCharsets.UTF_8);
    for (String[] command :
        List.of(
            new String[] {
              "data", "preview", "--data", "digits", "--out", temporary + "/" + name + ".png"
            },
            new String[] {"sample", "--model", name, "--out", temporary + "/a.png"})) {
      String printed = ProgramRun.inAscii(2, temporary, command);
      List<String> errors = printed.lines().filter(line -> !line.startsWith("WARNING: ")).toList();
      assertEquals(1, errors.size(), printed);
      assertTrue(printed.contains("LC_ALL") && printed.contains("C.UTF-8"), printed);
    }
  }
}
