package io.github.tornadodiffusion.experiments;

import io.github.tornadodiffusion.diffusion.data.Dataset;
import io.github.tornadodiffusion.diffusion.data.sources.Datasets;
import io.github.tornadodiffusion.diffusion.images.PngFiles;
import io.github.tornadodiffusion.diffusion.model.MemoryNeed;
import io.github.tornadodiffusion.diffusion.sampling.ModelSampler;
import io.github.tornadodiffusion.experiments.cli.Ineffective;
import io.github.tornadodiffusion.experiments.cli.OutputFiles;
import io.github.tornadodiffusion.experiments.cli.Versions;
import io.github.tornadodiffusion.experiments.sampling.LabelledGrid;
import io.github.tornadodiffusion.experiments.training.ImageOptions;
import io.github.tornadodiffusion.nn.io.Messages;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Commands on data sets. */
@Command(
    name = "data",
    description = "Shows data sets as training sees them.",
    synopsisSubcommandLabel = "COMMAND",
    subcommands = DataCommand.PreviewCommand.class)
final class DataCommand {
  /** Shows some images of a data set and what there is in it. */
  @Command(
      name = "preview",
      description = {
        "Draws images of a data set, evenly spread over it, as training sees them.",
        "Says how many there are, of which classes and sizes."
      })
  static final class PreviewCommand implements Callable<Integer> {
    private static final int MOST_IMAGES = 10_000;

    @Spec CommandSpec spec;

    @Option(
        names = "--data",
        required = true,
        paramLabel = "SRC",
        description =
            "digits, butterflies, butterflies:COUNT, or the path of a directory, an archive or a"
                + " data set of images.")
    String data;

    @Option(
        names = "--image-size",
        paramLabel = "N",
        description = "Width and height in pixels (default: as 'train' chooses for the data).")
    Integer imageSize;

    @Option(
        names = "--channels",
        paramLabel = "N",
        description = "1 (grey) or 3 (colour) (default: as 'train' chooses for the data).")
    Integer channels;

    @Option(
        names = "--count",
        paramLabel = "N",
        defaultValue = "64",
        description = "Images to draw (default: ${DEFAULT-VALUE}).")
    int count;

    @Option(
        names = "--out",
        required = true,
        paramLabel = "FILE.png",
        description = "The picture; an earlier one is replaced once the new one is complete.")
    Path out;

    @Option(names = "--verbose", description = "Print the stack trace of an error.")
    boolean verbose;

    @Override
    public Integer call() throws IOException {
      if (count < 1 || count > MOST_IMAGES) {
        throw new IllegalArgumentException(
            "--count is %d; give 1 to %d".formatted(count, MOST_IMAGES));
      }
      OutputFiles.checkName("--out", out, OutputFiles.PNG);
      ImageOptions.Fit fit = ImageOptions.Fit.of(data);
      Dataset dataset =
          Datasets.open(
              data,
              imageSize == null ? fit.imageSize() : imageSize,
              channels == null ? fit.channels() : channels,
              0);
      int shown = Math.min(count, dataset.size());
      LabelledGrid grid = new LabelledGrid(dataset, shown);
      if (grid.pixels() > ModelSampler.LONGEST_ARRAY) {
        throw new IllegalArgumentException(
            "%d images of %d pixels are more than one picture holds; use a smaller --count or"
                    .formatted(shown, dataset.imageSize())
                + " --image-size");
      }
      // The picture is in memory as pixels and as the bytes of a file.
      new MemoryNeed(0, 2 * grid.pixels()).check("--count or --image-size");
      OutputFiles.prepare("--out", out, OutputFiles.PNG);
      PrintWriter err = spec.commandLine().getErr();
      for (String warning : dataset.warnings()) {
        err.println("warning: " + Messages.line(warning));
      }
      Ineffective.of(spec)
          .note("--count", count > shown, "there are only %d images".formatted(shown))
          .say(err);
      BufferedImage picture = grid.draw(err);
      PngFiles.write(
          out,
          picture,
          Map.of(
              "Software",
              "tornado-diffusion " + Versions.program(),
              "data",
              dataset.name(),
              "sha256",
              dataset.hash()));
      report(dataset, shown, spec.commandLine().getOut());
      return 0;
    }

    private void report(Dataset dataset, int shown, PrintWriter out) {
      out.println("data      " + Messages.line(dataset.name()));
      out.println("images    " + String.format(Locale.ROOT, "%,d", dataset.size()));
      String from = dataset.originalSizes().map(sizes -> ", from " + sizes + " pixels").orElse("");
      out.println(
          "size      %1$dx%1$d, %2$s%3$s"
              .formatted(dataset.imageSize(), dataset.channels() == 1 ? "grey" : "colour", from));
      out.println("channels  " + dataset.channels());
      out.println("classes   " + (dataset.classes() == 0 ? "none" : dataset.classes()));
      long[] counts = new long[dataset.classes()];
      IntStream.range(0, dataset.size())
          .map(dataset::label)
          .filter(label -> label >= 0)
          .forEach(label -> counts[label]++);
      List<String> names = dataset.classNames();
      for (int i = 0; i < counts.length; i++) {
        out.println(
            String.format(
                Locale.ROOT, "  %3d  %,9d images  %s", i, counts[i], Messages.line(names.get(i))));
      }
      out.println("sha256    " + dataset.hash());
      out.println("preview   %s, %d images".formatted(this.out, shown));
      out.flush();
    }
  }
}
