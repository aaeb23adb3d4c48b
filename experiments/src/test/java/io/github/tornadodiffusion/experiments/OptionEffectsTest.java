package io.github.tornadodiffusion.experiments;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Every option of every command, and when it changes nothing given the others: then the user is
 * told. A new option needs a line here.
 */
class OptionEffectsTest {
  /**
   * Command, option, arguments with which it has no effect, and words that say so; or "always" and
   * why there are no such arguments. OUT is a new name, MODEL a model without classes, NAMED one
   * with, TEXT one that reads texts, IMAGES data without classes, CAPTIONED with captions.
   */
  private static final String TABLE =
      """
      train | --preset              | always, the recipe comes from it even with --model
      train | --data                | always
      train | --schedule            | --model MODEL --schedule linear | those of the --model
      train | --rescale-betas-zero-snr | --model MODEL --rescale-betas-zero-snr | those of the --model
      train | --prediction          | --model MODEL --prediction sample | those of the --model
      train | --variance            | --model MODEL --variance fixed_large | those of the --model
      train | --image-size          | --model MODEL --image-size 16 | those of the --model
      train | --channels            | --model MODEL --channels 3 | those of the --model
      train | --batch               | always
      train | --steps               | --steps 2 --epochs 1 | mutually exclusive
      train | --epochs              | --epochs 1 --steps 1 | mutually exclusive
      train | --lr                  | always
      train | --lr-schedule         | --lr-schedule cosine --warmup 5 --steps 2 | smaller --warmup
      train | --lr-schedule         | --lr-schedule linear --warmup 3 --steps 3 | smaller --warmup
      train | --warmup              | --lr-schedule constant --warmup 100 | constant_with_warmup
      train | --warmup              | --preset unit1 --data digits --image-size 8 --batch 1 --steps 1 --warmup 2 | constant_with_warmup
      train | --ema                 | always
      train | --max-grad-norm       | always
      train | --flip                | always
      train | --accumulate          | always
      train | --shards              | always, the last bits depend on it
      train | --shard-optimizer     | --shard-optimizer | there is one process
      train | --device-shares       | --device-shares 1 | there is one device
      train | --stall-limit         | --stall-limit 5 | there is one process
      train | --snr-gamma           | --snr-gamma 5 --loss-weight some.Class | leave one out
      train | --loss-weight         | --loss-weight some.Class --snr-gamma 5 | leave one out
      train | --timestep-density    | always, other random numbers refuse it
      train | --class-conditional   | --class-conditional --data IMAGES | no classes
      train | --label-dropout       | --label-dropout 0.1 | --class-conditional
      train | --ema-power           | --ema-power 0.75 --ema 0 | no moving average
      train | --model               | always
      train | --rng                 | always
      train | --seed                | always
      train | --out                 | always
      train | --resume              | always, refused without --out
      train | --samples             | always
      train | --sample-steps        | --samples 0 --sample-steps 5 | --samples 0 draws no picture
      train | --sample-steps        | --sample-steps 2000 | 1000 timesteps
      train | --sample-every        | --samples 0 --sample-every 1 --steps 2 | --samples 0 draws no picture
      train | --sample-every        | --sample-every 9 --steps 2 | ends after 2 steps
      train | --checkpointing-steps | always, in place of every two minutes
      train | --checkpoints-total-limit | always
      train | --max-time            | always
      train | --profile             | always
      train | --profile-json        | always
      train | --device              | always
      train | --kernels             | --kernels tiles | jvm computes with lanes
      train | --conv | always, where there are 3 x 3 convolutions
      train | --threads             | always, for the jvm device; see tornado()
      train | --no-self-check       | always, on jvm for kernels of plug-ins
      train | --verbose             | always, at an error

      train text-to-image | --model | always
      train text-to-image | --image-size | always
      train text-to-image | --tokenizer | --tokenizer x | the model has one of its own
      train text-to-image | --sample-prompt | --sample-prompt x | --samples 0 draws no picture
      train text-to-image | --lora-rank | always
      train text-to-image | --lora-alpha | --lora-alpha 2 | the whole model is trained
      train text-to-image | --lora-targets | --lora-targets to_q | the whole model is trained
      train text-to-image | --train-text-encoder | always
      train text-to-image | --data | always
      train text-to-image | --caption-column | always
      train text-to-image | --caption-dropout | always
      train text-to-image | --batch | always
      train text-to-image | --steps | always
      train text-to-image | --epochs | always
      train text-to-image | --lr | always
      train text-to-image | --ema | always
      train text-to-image | --max-grad-norm | always
      train text-to-image | --flip | always
      train text-to-image | --accumulate | always
      train text-to-image | --seed | always
      train text-to-image | --out | always
      train text-to-image | --resume | always
      train text-to-image | --samples | always
      train text-to-image | --checkpointing-steps | always
      train text-to-image | --checkpoints-total-limit | always
      train text-to-image | --max-time | always
      train text-to-image | --profile | always
      train text-to-image | --profile-json | always
      train text-to-image | --device | always
      train text-to-image | --conv | always
      train text-to-image | --threads | always
      train text-to-image | --no-self-check | always
      train text-to-image | --verbose | always
      train text-to-image | --lr-schedule | always, said as by train
      train text-to-image | --warmup | always, said as by train
      train text-to-image | --ema-power | always, said as by train
      train text-to-image | --shards | always, said as by train
      train text-to-image | --shard-optimizer | always, said as by train
      train text-to-image | --device-shares | always, said as by train
      train text-to-image | --stall-limit | always, said as by train
      train text-to-image | --sample-every | always, said as by train
      train text-to-image | --kernels | always, said as by train
      train text-to-image | --snr-gamma | always, said as by train
      train text-to-image | --loss-weight | always, said as by train
      train text-to-image | --timestep-density | always, said as by train
      train text-to-image | --sample-steps | always, said as by train

      train dreambooth | --model | always
      train dreambooth | --image-size | always
      train dreambooth | --tokenizer | --tokenizer x | the model has one of its own
      train dreambooth | --sample-prompt | --sample-prompt x | --samples 0 draws no picture
      train dreambooth | --lora-rank | always
      train dreambooth | --lora-alpha | --lora-alpha 2 | the whole model is trained
      train dreambooth | --lora-targets | --lora-targets to_q | the whole model is trained
      train dreambooth | --train-text-encoder | always
      train dreambooth | --instance-data | always
      train dreambooth | --instance-prompt | always
      train dreambooth | --class-prompt | always
      train dreambooth | --class-data | --class-data OUT | it is for --class-prompt
      train dreambooth | --num-class-images | --num-class-images 3 | it is for --class-prompt
      train dreambooth | --prior-loss-weight | --prior-loss-weight 2 | it is for --class-prompt
      train dreambooth | --batch | always
      train dreambooth | --steps | always
      train dreambooth | --epochs | always
      train dreambooth | --lr | always
      train dreambooth | --ema | always
      train dreambooth | --max-grad-norm | always
      train dreambooth | --flip | always
      train dreambooth | --accumulate | always
      train dreambooth | --seed | always
      train dreambooth | --out | always
      train dreambooth | --resume | always
      train dreambooth | --samples | always
      train dreambooth | --checkpointing-steps | always
      train dreambooth | --checkpoints-total-limit | always
      train dreambooth | --max-time | always
      train dreambooth | --profile | always
      train dreambooth | --profile-json | always
      train dreambooth | --device | always
      train dreambooth | --conv | always
      train dreambooth | --threads | always
      train dreambooth | --no-self-check | always
      train dreambooth | --verbose | always
      train dreambooth | --lr-schedule | always, said as by train
      train dreambooth | --warmup | always, said as by train
      train dreambooth | --ema-power | always, said as by train
      train dreambooth | --shards | always, said as by train
      train dreambooth | --shard-optimizer | always, said as by train
      train dreambooth | --device-shares | always, said as by train
      train dreambooth | --stall-limit | always, said as by train
      train dreambooth | --sample-every | always, said as by train
      train dreambooth | --kernels | always, said as by train
      train dreambooth | --snr-gamma | always, said as by train
      train dreambooth | --loss-weight | always, said as by train
      train dreambooth | --timestep-density | always, said as by train
      train dreambooth | --sample-steps | always, said as by train

      train textual-inversion | --model | always
      train textual-inversion | --image-size | always
      train textual-inversion | --tokenizer | --tokenizer x | the model has one of its own
      train textual-inversion | --sample-prompt | --sample-prompt x | --samples 0 draws no picture
      train textual-inversion | --data | always
      train textual-inversion | --placeholder-token | always
      train textual-inversion | --initializer-token | always
      train textual-inversion | --num-vectors | always
      train textual-inversion | --learnable-property | always
      train textual-inversion | --batch | always
      train textual-inversion | --steps | always
      train textual-inversion | --epochs | always
      train textual-inversion | --lr | always
      train textual-inversion | --ema | always
      train textual-inversion | --max-grad-norm | always
      train textual-inversion | --flip | always
      train textual-inversion | --accumulate | always
      train textual-inversion | --seed | always
      train textual-inversion | --out | always
      train textual-inversion | --resume | always
      train textual-inversion | --samples | always
      train textual-inversion | --checkpointing-steps | always
      train textual-inversion | --checkpoints-total-limit | always
      train textual-inversion | --max-time | always
      train textual-inversion | --profile | always
      train textual-inversion | --profile-json | always
      train textual-inversion | --device | always
      train textual-inversion | --conv | always
      train textual-inversion | --threads | always
      train textual-inversion | --no-self-check | always
      train textual-inversion | --verbose | always
      train textual-inversion | --lr-schedule | always, said as by train
      train textual-inversion | --warmup | always, said as by train
      train textual-inversion | --ema-power | always, said as by train
      train textual-inversion | --shards | always, said as by train
      train textual-inversion | --shard-optimizer | always, said as by train
      train textual-inversion | --device-shares | always, said as by train
      train textual-inversion | --stall-limit | always, said as by train
      train textual-inversion | --sample-every | always, said as by train
      train textual-inversion | --kernels | always, said as by train
      train textual-inversion | --snr-gamma | always, said as by train
      train textual-inversion | --loss-weight | always, said as by train
      train textual-inversion | --timestep-density | always, said as by train
      train textual-inversion | --sample-steps | always, said as by train

      train autoencoder | --data | always
      train autoencoder | --image-size | always
      train autoencoder | --model | always
      train autoencoder | --block-out-channels | --model TEXT --block-out-channels 8,8 | that of the --model
      train autoencoder | --layers-per-block | --model TEXT --layers-per-block 1 | that of the --model
      train autoencoder | --kl-weight | always
      train autoencoder | --sample-steps | --sample-steps 3 | samples nothing
      train autoencoder | --snr-gamma | --snr-gamma 5 | no noise to weigh
      train autoencoder | --loss-weight | always, said as --snr-gamma is
      train autoencoder | --timestep-density | always, said as --snr-gamma is
      train autoencoder | --batch | always
      train autoencoder | --steps | always
      train autoencoder | --epochs | always
      train autoencoder | --lr | always
      train autoencoder | --ema | always
      train autoencoder | --max-grad-norm | always
      train autoencoder | --flip | always
      train autoencoder | --accumulate | always
      train autoencoder | --seed | always
      train autoencoder | --out | always
      train autoencoder | --resume | always
      train autoencoder | --samples | always
      train autoencoder | --checkpointing-steps | always
      train autoencoder | --checkpoints-total-limit | always
      train autoencoder | --max-time | always
      train autoencoder | --profile | always
      train autoencoder | --profile-json | always
      train autoencoder | --device | always
      train autoencoder | --conv | always
      train autoencoder | --threads | always
      train autoencoder | --no-self-check | always
      train autoencoder | --verbose | always
      train autoencoder | --lr-schedule | always, said as by train
      train autoencoder | --warmup | always, said as by train
      train autoencoder | --ema-power | always, said as by train
      train autoencoder | --shards | always, said as by train
      train autoencoder | --shard-optimizer | always, said as by train
      train autoencoder | --device-shares | always, said as by train
      train autoencoder | --stall-limit | always, said as by train
      train autoencoder | --sample-every | always, said as by train
      train autoencoder | --kernels | always, said as by train

      sample | --model        | always
      sample | --out          | always
      sample | --images       | always
      sample | --resume       | --resume | needs --images
      sample | --resume       | --resume --images OUT --gif OUT.gif | leave them out
      sample | --strip        | always
      sample | --gif          | always
      sample | --count        | always
      sample | --batch        | --batch 9 --count 2 | only 2 images
      sample | --scheduler    | always
      sample | --steps        | always
      sample | --eta          | --eta 0.5 --scheduler euler | --eta is for ddim
      sample | --mu           | --mu 0.5 | --mu is for schedulers with use_dynamic_shifting
      sample | --seed         | always
      sample | --rng          | always
      sample | --labels       | --labels 1 | no classes
      sample | --labels       | --model NAMED --labels dark,bright,2 --count 1 | --labels bright,2 has no effect
      sample | --guidance     | --guidance 3 | --class-conditional
      sample | --init         | always
      sample | --strength     | --strength 0.5 | needs an image
      sample | --strength     | --strength 0.5 --init x.png --mask y.png | give one of them
      sample | --mask         | --mask x.png | needs an image
      sample | --resample     | --resample 3 --init x.png | is for --mask
      sample | --prompt       | --prompt x | is for models that read texts
      sample | --negative     | --negative x | is for models that read texts
      sample | --size         | --size 8x8 | is for models that read texts
      sample | --clip-skip    | --clip-skip 1 | is for models that read texts
      sample | --guidance-rescale | --guidance-rescale 0.7 | is for models that read texts
      sample | --vae-tile     | --vae-tile 64 | is for models that read texts
      sample | --tokenizer    | --tokenizer x | is for models that read texts
      sample | --lora         | --lora x | is for models that read texts
      sample | --embedding    | --embedding x | is for models that read texts
      sample | --profile      | always
      sample | --profile-json | always
      sample | --device       | always
      sample | --kernels      | --kernels tiles | jvm computes with lanes
      sample | --conv | always, where there are 3 x 3 convolutions
      sample | --threads      | always, for the jvm device; see tornado()
      sample | --no-self-check | always, on jvm for kernels of plug-ins
      sample | --verbose      | always, at an error

      predict | --model         | always
      predict | --input         | always
      predict | --out           | always
      predict | --device        | always
      predict | --kernels       | always, refused where it does not fit
      predict | --conv | always, where there are 3 x 3 convolutions
      predict | --threads       | always, for the jvm device; see tornado()
      predict | --no-self-check | always, on jvm for kernels of plug-ins
      predict | --verbose       | always, at an error

      bench | --preset        | always
      bench | --batch         | always
      bench | --steps         | forward --steps 3 | only with 'bench sample'
      bench | --runs          | always
      bench | --json          | always
      bench | --profile       | always
      bench | --profile-json  | always
      bench | --device        | always
      bench | --kernels       | always, refused where it does not fit
      bench | --conv | always, where there are 3 x 3 convolutions
      bench | --threads       | always, for the jvm device; see tornado()
      bench | --no-self-check | always, on jvm for kernels of plug-ins
      bench | --verbose       | always, at an error

      experiment schedules | --schedules              | always
      experiment schedules | --rescale-betas-zero-snr | always, an arm more for each schedule
      experiment schedules | --prediction             | always
      experiment schedules | --preset                 | always
      experiment schedules | --data                   | always
      experiment schedules | --image-size | always
      experiment schedules | --channels | always
      experiment schedules | --classes | --classes a | no classes
      experiment schedules | --images | always
      experiment schedules | --seeds                  | always
      experiment schedules | --steps                  | always
      experiment schedules | --batch                  | always
      experiment schedules | --samples                | always
      experiment schedules | --classifier-steps       | --classifier-steps 2 | have no classes
      experiment schedules | --sample-steps           | always
      experiment schedules | --scheduler              | always
      experiment schedules | --bound-timesteps        | always
      experiment schedules | --held-out-images        | always
      experiment schedules | --device                 | always
      experiment schedules | --kernels                | always, refused where it does not fit
      experiment schedules | --conv | always, where there are 3 x 3 convolutions
      experiment schedules | --threads                | always, for the jvm device; see tornado()
      experiment schedules | --no-self-check          | always, on jvm for kernels of plug-ins
      experiment schedules | --verbose                | always, at an error
      experiment schedules | --out                    | always
      experiment schedules | --resume                 | always
      experiment schedules | --shard                  | always
      experiment schedules | --max-hours | always
      experiment schedules | --quick                  | --quick | all that it decides is given

      experiment prediction | --predictions      | always
      experiment prediction | --schedule         | always
      experiment prediction | --preset           | always
      experiment prediction | --data             | always
      experiment prediction | --image-size | always
      experiment prediction | --channels | always
      experiment prediction | --classes | --classes a | no classes
      experiment prediction | --images | always
      experiment prediction | --seeds            | always
      experiment prediction | --steps            | always
      experiment prediction | --batch            | always
      experiment prediction | --samples          | always
      experiment prediction | --classifier-steps | --classifier-steps 2 | have no classes
      experiment prediction | --sample-steps     | always
      experiment prediction | --scheduler        | always
      experiment prediction | --bound-timesteps  | always
      experiment prediction | --held-out-images  | always
      experiment prediction | --device           | always
      experiment prediction | --kernels          | always, refused where it does not fit
      experiment prediction | --conv | always, where there are 3 x 3 convolutions
      experiment prediction | --threads          | always, for the jvm device; see tornado()
      experiment prediction | --no-self-check    | always, on jvm for kernels of plug-ins
      experiment prediction | --verbose          | always, at an error
      experiment prediction | --out              | always
      experiment prediction | --resume           | always
      experiment prediction | --shard            | always
      experiment prediction | --max-hours | always
      experiment prediction | --quick            | always, said as by schedules

      experiment samplers | --schedulers       | always
      experiment samplers | --sample-steps     | always
      experiment samplers | --reference-steps  | always
      experiment samplers | --model            | always
      experiment samplers | --preset           | always
      experiment samplers | --data             | always
      experiment samplers | --image-size | always
      experiment samplers | --channels | always
      experiment samplers | --classes | --classes a --model MODEL | no classes
      experiment samplers | --images | always
      experiment samplers | --seeds            | always
      experiment samplers | --steps            | --model MODEL --steps 3 | --model is not trained
      experiment samplers | --batch            | always
      experiment samplers | --samples          | always
      experiment samplers | --classifier-steps | --classifier-steps 2 --model MODEL | have no classes
      experiment samplers | --device           | always
      experiment samplers | --kernels          | always, refused where it does not fit
      experiment samplers | --conv | always, where there are 3 x 3 convolutions
      experiment samplers | --threads          | always, for the jvm device; see tornado()
      experiment samplers | --no-self-check    | always, on jvm for kernels of plug-ins
      experiment samplers | --verbose          | always, at an error
      experiment samplers | --out              | always
      experiment samplers | --resume           | always
      experiment samplers | --shard            | always
      experiment samplers | --max-hours | always
      experiment samplers | --quick            | --quick --model MODEL | all that it decides is given

      experiment scaling | --preset        | always
      experiment scaling | --sizes         | always
      experiment scaling | --channels      | always
      experiment scaling | --batches       | always
      experiment scaling | --batch         | always
      experiment scaling | --runs          | always
      experiment scaling | --device        | always
      experiment scaling | --kernels       | always, refused where it does not fit
      experiment scaling | --conv | always, where there are 3 x 3 convolutions
      experiment scaling | --threads       | always, for the jvm device; see tornado()
      experiment scaling | --no-self-check | always, on jvm for kernels of plug-ins
      experiment scaling | --verbose       | always, at an error
      experiment scaling | --out           | always
      experiment scaling | --resume        | always
      experiment scaling | --shard         | always
      experiment scaling | --max-hours | always
      experiment scaling | --quick         | --quick | all that it decides is given

      experiment devices | --device  | always
      experiment devices | --kernels | always; see devicesAlone()
      experiment devices | --preset  | always
      experiment devices | --batches | always
      experiment devices | --runs    | always
      experiment devices | --threads | always; see devicesAlone()
      experiment devices | --out     | always
      experiment devices | --resume  | always
      experiment devices | --shard   | always
      experiment devices | --max-hours | always
      experiment devices | --quick   | always, it decides what has no option of its own

      experiment report | --verbose | always, at an error

      experiment rerun | --out     | MODEL --with MODEL --out OUT | leave --out away
      experiment rerun | --with    | always
      experiment rerun | --factor  | always, where machines are the same; see otherMachines()
      experiment rerun | --verbose | always, at an error

      experiment merge | --out     | always
      experiment merge | --verbose | always, at an error

      data preview | --data       | always
      data preview | --image-size | always
      data preview | --channels   | always
      data preview | --count      | --count 99 | only 40 images
      data preview | --out        | always
      data preview | --verbose    | always, at an error

      devices | --json    | always
      devices | --verbose | always, at an error

      run | --verbose | always, at an error

      notebook | --install-only | always
      notebook | --no-browser   | always, unless Jupyter is not started; see LauncherTest
      notebook | --execute      | --execute | needs the path
      notebook | --out          | --out x.ipynb | give both or neither
      notebook | --verbose      | always, at an error
      """;

  @TempDir static Path temporary;

  private static Path images;
  private static Path captioned;
  private static Path model;
  private static Path named;

  /** A line of the table; without arguments for an option that always has an effect. */
  record Line(String command, String option, String arguments, String words) {
    static Line of(String text) {
      String[] parts = text.split("\\|");
      boolean always = parts.length == 3;
      assertTrue(!always || parts[2].strip().startsWith("always"), text);
      return new Line(
          parts[0].strip(),
          parts[1].strip(),
          always ? null : parts[2].strip(),
          always ? null : parts[3].strip());
    }
  }

  private static Stream<Line> lines() {
    return TABLE.lines().filter(line -> !line.isBlank()).map(Line::of);
  }

  static Stream<Line> withoutEffect() {
    return lines().filter(line -> line.arguments != null);
  }

  @BeforeAll
  static void prepare() throws IOException {
    images = temporary.resolve("images");
    Path classes = temporary.resolve("classes");
    for (int i = 0; i < 40; i++) {
      BufferedImage image = new BufferedImage(8, 8, BufferedImage.TYPE_BYTE_GRAY);
      for (int pixel = 0; pixel < 64; pixel++) {
        image.getRaster().setSample(pixel % 8, pixel / 8, 0, (i * 31 + pixel * 7) % 256);
      }
      Path sorted = classes.resolve(i % 2 == 0 ? "bright" : "dark");
      for (Path directory : List.of(images, sorted)) {
        Files.createDirectories(directory);
        ImageIO.write(image, "png", directory.resolve(i + ".png").toFile());
      }
    }
    captioned = temporary.resolve("captioned");
    Files.createDirectories(captioned);
    for (String name : List.of("0", "1")) {
      Files.copy(images.resolve(name + ".png"), captioned.resolve(name + ".png"));
      Files.writeString(captioned.resolve(name + ".txt"), "snow " + name);
    }
    model = temporary.resolve("model");
    named = temporary.resolve("named");
    CommandRun.succeeds(command("train --out " + model));
    CommandRun.succeeds(command("train --class-conditional --data " + classes + " --out " + named));
  }

  /** The arguments with what makes the command short where they do not say it. */
  private static String[] command(String line) {
    List<String> given = new ArrayList<>(List.of(line.split(" +")));
    String name = given.getFirst();
    boolean sub = name.equals("train") && !given.get(1).startsWith("--");
    String whole = name.equals("experiment") || sub ? name + " " + given.get(1) : name;
    String few =
        switch (whole) {
          case "train" ->
              "--steps 1 --batch 2 --samples 1 --sample-steps 1 --data IMAGES --out OUT";
          case "train text-to-image" ->
              "--model TEXT --data CAPTIONED --steps 1 --samples 0 --out OUT";
          case "train dreambooth" ->
              "--model TEXT --instance-data IMAGES --instance-prompt x --steps 1 --samples 0 --out"
                  + " OUT";
          case "train textual-inversion" ->
              "--model TEXT --data IMAGES --placeholder-token <x> --initializer-token cat --steps 1"
                  + " --samples 0 --out OUT";
          case "train autoencoder" ->
              "--data IMAGES --image-size 16 --batch 2 --steps 1 --samples 0 --out OUT";
          case "sample" -> "--model MODEL --steps 1 --count 1 --out OUT.png";
          case "experiment schedules" ->
              "--schedules linear,exp --seeds 1 --steps 1 --batch 4 --samples 4 --sample-steps 1"
                  + " --bound-timesteps 1 --held-out-images 2 --data IMAGES --out OUT";
          case "experiment prediction" ->
              "--predictions epsilon,sample --seeds 1 --steps 1 --batch 4 --samples 4"
                  + " --sample-steps 1 --bound-timesteps 1 --held-out-images 2 --data IMAGES --out"
                  + " OUT";
          case "experiment samplers" ->
              "--schedulers ddim --sample-steps 1 --reference-steps 1 --seeds 1 --batch 4"
                  + " --samples 4 --data IMAGES --out OUT";
          case "experiment scaling" ->
              "--preset digits --sizes 8,16 --channels 32,64 --batches 1,2 --batch 1 --runs 1 --out"
                  + " OUT";
          case "data" -> "--data IMAGES --image-size 8 --channels 1 --out OUT.png";
          default -> "";
        };
    List<String> defaults = List.of(few.split(" +"));
    for (int i = 0; i + 1 < defaults.size(); i += 2) {
      boolean length = defaults.get(i).equals("--steps") && given.contains("--epochs");
      if (!given.contains(defaults.get(i)) && !length) {
        given.addAll(defaults.subList(i, i + 2));
      }
    }
    String out = temporary.resolve("out-" + System.nanoTime()).toString();
    return given.stream()
        .map(word ->
            word.replace("IMAGES", String.valueOf(images))
                .replace("CAPTIONED", String.valueOf(captioned))
                .replace("TEXT", "../nn/src/test/resources/golden/sd_tiny")
                .replace("MODEL", String.valueOf(model))
                .replace("NAMED", String.valueOf(named))
                .replace("OUT", out))
        .toArray(String[]::new);
  }

  private static void options(String name, CommandLine command, Set<String> all) {
    for (OptionSpec option : command.getCommandSpec().options()) {
      if (!option.usageHelp() && !option.versionHelp() && !option.hidden() && !option.inherited()) {
        all.add((name + " | " + option.longestName()).strip());
      }
    }
    command.getSubcommands().forEach((sub, line) -> options((name + " " + sub).strip(), line, all));
  }

  @Test
  void everyOptionOfEveryCommandIsInTheTable() {
    Set<String> all = new TreeSet<>();
    options("", Main.commandLine(), all);
    // What a plug-in does is its own.
    assertTrue(all.remove("| --plugin"), all.toString());
    Set<String> table = new TreeSet<>();
    lines().forEach(line -> table.add(line.command + " | " + line.option));
    assertEquals(String.join("\n", all), String.join("\n", table));
  }

  @ParameterizedTest
  @MethodSource("withoutEffect")
  void anOptionWithoutEffectIsNamed(Line line) {
    String[] command = command(line.command + " " + line.arguments);
    CommandRun run = CommandRun.of(command);
    String what = String.join(" ", command) + " says: " + run.err();
    List<String> said =
        run.err()
            .lines()
            .filter(text -> text.startsWith(run.code() == 0 ? "warning: " : "error: "))
            .filter(text -> text.contains(line.option) && text.contains(line.words))
            .toList();
    assertEquals(1, said.size(), what);
    assertTrue(run.code() == 0 || run.code() == 2, what);
    assertTrue(run.code() == 2 || said.getFirst().contains("has no effect"), what);
  }

  /** Nothing is said where every option has its effect. */
  @Test
  void withAnEffectNothingIsSaid() throws IOException {
    for (String line :
        List.of(
            "train --lr-schedule constant_with_warmup --warmup 100",
            "train --lr-schedule cosine --warmup 1 --steps 3",
            "train --lr-schedule constant --warmup 0",
            "train --ema-power 0.75 --ema 0.9",
            "train --sample-every 1 --steps 2 --samples 2 --sample-steps 2",
            "train --threads 1",
            "sample --batch 1 --count 2",
            "sample --model NAMED --labels dark,bright --count 3",
            "data preview --count 40")) {
      CommandRun run = CommandRun.succeeds(command(line));
      assertFalse(run.err().contains("no effect"), line + ": " + run.err());
    }
  }

  /** The manifest keeps what was said. */
  @Test
  void theManifestHasWhatWasGivenInVain() throws IOException {
    Path out = temporary.resolve("in-vain");
    CommandRun.succeeds(command("train --lr-schedule constant --warmup 9 --out " + out));
    String manifest = Files.readString(out.resolve("manifest.json"));
    assertTrue(manifest.contains("\"ignored\"") && manifest.contains("--warmup has"), manifest);
    Path experiment = temporary.resolve("in-vain-experiment");
    CommandRun.succeeds(command("experiment samplers --model MODEL --steps 3 --out " + experiment));
    assertTrue(Files.readString(experiment.resolve("manifest.json")).contains("--steps has"));
  }

  @Test
  void devicesAlone() {
    for (String[] given :
        List.of(new String[] {"--kernels", "lanes"}, new String[] {"--threads", "2"})) {
      List<String> command =
          new ArrayList<>(
              List.of("experiment", "devices", "--device", "java", "--preset", "digits"));
      command.addAll(List.of("--quick", "--batches", "1", "--runs", "2", "--shard", "1/99"));
      command.addAll(List.of("--out", command("OUT")[0]));
      command.addAll(Arrays.asList(given));
      CommandRun run = CommandRun.succeeds(command.toArray(String[]::new));
      assertTrue(run.err().contains("warning: " + given[0] + " has no effect"), run.err());
    }
  }

  @Test
  void otherMachines() throws IOException {
    Path before = Files.createDirectories(temporary.resolve("elsewhere"));
    for (String name : List.of("loss.csv", "samples.png")) {
      Files.copy(model.resolve(name), before.resolve(name));
    }
    Files.writeString(
        before.resolve("manifest.json"),
        Files.readString(model.resolve("manifest.json"))
            .replaceFirst("\"cpu\" : \"", "$0Another "));
    CommandRun run =
        CommandRun.of(
            "experiment", "rerun", before.toString(), "--with", model.toString(), "--factor", "3");
    assertTrue(run.err().contains("--factor has no effect: the machines differ"), run.err());
  }

  /** The threads are those of the jvm device. */
  @Test
  @OnDevice
  void tornado() {
    String device = OnDevice.ID;
    CommandRun run = CommandRun.succeeds(command("train --threads 1 --device " + device));
    assertTrue(run.err().contains("--threads has no effect"), run.err());
  }
}
