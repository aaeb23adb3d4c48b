package io.github.tornadodiffusion.experiments.notebook;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** What is asked of nbconvert, and what comes of its answers; a script stands for it. */
@DisabledOnOs(OS.WINDOWS)
class HeadlessRunTest {
  @TempDir Path directory;
  private Path notebook;
  private Path out;
  private final StringWriter err = new StringWriter();

  @BeforeEach
  void write() throws IOException {
    notebook = Files.writeString(directory.resolve("my book.ipynb"), "before");
    out = directory.resolve("deep/out.ipynb");
  }

  private String nbconvert(String script) throws IOException {
    Path file = Files.writeString(directory.resolve("nbconvert"), "#!/bin/sh\n" + script);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    return file.toString();
  }

  private void run(String script) throws Exception {
    HeadlessRun.run(nbconvert(script), notebook, out, new PrintWriter(err, true));
  }

  /** The script finds the kernel as Jupyter does, and keeps what it was told. */
  @Test
  void theKernelIsThisProgramAndTheOutputIsMoved() throws Exception {
    run(
        """
        for a in "$@"; do echo "$a" >>%1$s/arguments; done
        cp "$JUPYTER_PATH/kernels/tornado-diffusion/kernel.json" %1$s
        for a in "$@"; do
          case $a in --output-dir=*) echo after >"${a#*=}/executed.ipynb" ;; esac
        done
        echo "$JUPYTER_PATH" >%1$s/work
        """
            .formatted(directory));
    assertEquals("after\n", Files.readString(out));
    assertEquals("before", Files.readString(notebook));
    List<String> arguments = Files.readAllLines(directory.resolve("arguments"));
    assertTrue(arguments.contains("--execute"), arguments.toString());
    assertTrue(arguments.contains("--ExecutePreprocessor.kernel_name=tornado-diffusion"));
    assertEquals(notebook.toString(), arguments.getLast());
    assertTrue(Files.readString(directory.resolve("kernel.json")).contains("--kernel"));
    String work = Files.readString(directory.resolve("work")).strip();
    assertFalse(Files.exists(Path.of(work)), "left behind: " + work);
    assertEquals("", err.toString());
  }

  @Test
  void whatACellSaidThatFailedIsShownWithoutTheTraceOfPython() throws Exception {
    String script =
        """
        echo 'Traceback (most recent call last):'
        echo '  File "nbclient.py", line 1'
        echo 'nbclient.exceptions.CellExecutionError: An error occurred:'
        echo 'int x = "a";'
        exit 1
        """;
    String message = assertThrows(IllegalStateException.class, () -> run(script)).getMessage();
    assertTrue(message.contains("my book.ipynb"), message);
    assertEquals(
        "nbclient.exceptions.CellExecutionError: An error occurred:\nint x = \"a\";",
        err.toString().strip());
    assertFalse(Files.exists(out));
  }

  @Test
  void whateverElseNbconvertSaysIsShownWhole() throws Exception {
    assertThrows(IllegalStateException.class, () -> run("echo one; echo two >&2; exit 3"));
    assertEquals("one\ntwo", err.toString().strip());
  }

  @Test
  void withoutNbconvertOneLineSaysWhatToInstall() {
    String message =
        assertThrows(
                IllegalStateException.class,
                () ->
                    HeadlessRun.run(
                        directory + "/nowhere", notebook, out, new PrintWriter(err, true)))
            .getMessage();
    assertTrue(message.contains("apt-get install jupyter-nbconvert"), message);
    assertEquals(1, message.lines().count());
  }

  @Test
  void onlyNotebooksAreExecuted() {
    for (String name : List.of("missing.ipynb", "nbconvert", "")) {
      String message =
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      HeadlessRun.run(
                          nbconvert("exit 0"),
                          directory.resolve(name),
                          out,
                          new PrintWriter(err, true)))
              .getMessage();
      assertTrue(message.contains(".ipynb"), message);
    }
  }

  @Test
  void optionsThatDoNotGoTogetherAreRefused() {
    Map<List<String>, String> wrong =
        Map.of(
            List.of("--execute"), "path of a notebook",
            List.of("--out", "a.ipynb", "b.ipynb"), "--execute",
            List.of("--execute", "b.ipynb", "--install-only"), "--install-only",
            List.of("--execute", "b.ipynb", "--no-browser"), "--no-browser");
    wrong.forEach((arguments, said) -> {
      StringWriter text = new StringWriter();
      int code =
          new CommandLine(new NotebookCommand())
              .setErr(new PrintWriter(text, true))
              .execute(arguments.toArray(String[]::new));
      assertEquals(2, code, arguments.toString());
      assertTrue(text.toString().contains(said), text.toString());
    });
  }
}
