package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What the name of a sampler stands for: the names that people know from other programs, as
 * diffusers' table of them has it.
 *
 * @param className of {@link Schedulers#CLASS_NAMES}, or of a class of one's own
 * @param options keys of scheduler_config.json with the values that the name asks for
 */
public record SamplerName(String className, Map<String, Object> options) {
  private static final String MULTISTEP = "DPMSolverMultistepScheduler";
  private static final String SINGLESTEP = "DPMSolverSinglestepScheduler";
  private static final String ALGORITHM = "algorithm_type";
  private static final String ORDER = "solver_order";
  private static final String SPACING = "timestep_spacing";
  private static final String PLUS_PLUS = "dpmsolver++";
  private static final String SDE = "sde-dpmsolver++";

  /** Names in small letters without blanks. */
  private static final Map<String, SamplerName> NAMES =
      Map.ofEntries(
          Map.entry("dpm++", multistep(Map.of(ALGORITHM, PLUS_PLUS))),
          Map.entry("dpm++2m", multistep(Map.of(ALGORITHM, PLUS_PLUS, ORDER, 2))),
          Map.entry("dpm++3m", multistep(Map.of(ALGORITHM, PLUS_PLUS, ORDER, 3))),
          Map.entry("dpm++2msde", multistep(Map.of(ALGORITHM, SDE, ORDER, 2))),
          Map.entry(
              "dpmsolver",
              multistep(Map.of(ALGORITHM, "dpmsolver", "final_sigmas_type", "sigma_min"))),
          Map.entry("dpm++sde", new SamplerName(SINGLESTEP, Map.of(ALGORITHM, PLUS_PLUS))),
          Map.entry("dpm++2s", new SamplerName(SINGLESTEP, Map.of(ALGORITHM, PLUS_PLUS, ORDER, 2))),
          Map.entry("dpm2", new SamplerName("KDPM2DiscreteScheduler", Map.of())),
          Map.entry("dpm2a", new SamplerName("KDPM2AncestralDiscreteScheduler", Map.of())),
          Map.entry("plms", new SamplerName("PNDMScheduler", Map.of("skip_prk_steps", true))),
          Map.entry(
              "unipcbh1", new SamplerName("UniPCMultistepScheduler", Map.of("solver_type", "bh1"))),
          Map.entry(
              "unipcbh2",
              new SamplerName("UniPCMultistepScheduler", Map.of("solver_type", "bh2"))));

  /** Samplers that do not exist here, and the name of what comes nearest. */
  private static final Map<String, String> NEAREST =
      Map.ofEntries(
          Map.entry("dpm++2sa", "dpm++ 2s"),
          Map.entry("dpm++3msde", "dpm++ 2m sde"),
          Map.entry("dpmsolversde", "dpm++ 2m sde"),
          Map.entry("sasolver", "dpm++ 2m sde"),
          Map.entry("dpmfast", "dpm++ 2s"),
          Map.entry("dpmadaptive", "dpm++ 2s"),
          Map.entry("heun++2", "heun"),
          Map.entry("ipndm", "pndm"),
          Map.entry("ipndmv", "pndm"),
          Map.entry("tcd", "lcm"),
          Map.entry("ddimparallel", "ddim"),
          Map.entry("ddpmparallel", "ddpm"),
          Map.entry("repaint", "ddpm"),
          Map.entry("karrasve", "heun"),
          Map.entry("edmdpmsolvermultistep", "edm euler"),
          Map.entry("flowmatchheun", "flow match euler"),
          Map.entry("flowmatchlcm", "flow match euler"));

  /** Schedules that may stand behind the name of a sampler. */
  private static final Map<String, Map<String, Object>> SCHEDULES =
      Map.of(
          "karras", Map.of("use_karras_sigmas", true),
          "k", Map.of("use_karras_sigmas", true),
          "exponential", Map.of(SPACING, "linspace", "use_exponential_sigmas", true),
          "beta", Map.of(SPACING, "linspace", "use_beta_sigmas", true),
          "sgm uniform", Map.of(SPACING, "trailing"),
          "simple", Map.of(SPACING, "trailing"));

  public SamplerName {
    options = Map.copyOf(options);
  }

  private static SamplerName multistep(Map<String, Object> options) {
    return new SamplerName(MULTISTEP, options);
  }

  /**
   * What a name stands for: what {@link Schedulers#className} takes, or a name such as {@code dpm++
   * 2m karras}, {@code k_euler_a} or {@code plms}, in any case and with blanks, '-' or '_'.
   *
   * @throws IllegalArgumentException in one line if there is no such sampler, naming the nearest
   *     one for those that exist elsewhere
   */
  public static SamplerName of(String name) {
    String words = name.strip().toLowerCase(Locale.ROOT).replaceAll("[-_ ]+", " ");
    // k-diffusion's, as some programs say.
    String plain = words.replaceFirst("^(sample )?k (?=.)|^sample (?=.)", "");
    Optional<String> schedule =
        SCHEDULES.keySet().stream().filter(word -> plain.endsWith(" " + word)).findFirst();
    String sampler =
        schedule.map(word -> plain.substring(0, plain.length() - word.length() - 1)).orElse(plain);
    return known(name)
        .or(() -> named(plain))
        .or(() -> named(sampler).map(found -> found.with(SCHEDULES.get(schedule.orElseThrow()))))
        .orElseThrow(() -> unknown(name, sampler, schedule.map(word -> " " + word).orElse("")));
  }

  private static Optional<SamplerName> known(String name) {
    try {
      return Optional.of(new SamplerName(Schedulers.className(name), Map.of()));
    } catch (IllegalArgumentException unknown) {
      return Optional.empty();
    }
  }

  private static Optional<SamplerName> named(String sampler) {
    return known(sampler).or(() -> Optional.ofNullable(NAMES.get(compact(sampler))));
  }

  /** One form for all ways of writing a name. */
  private static String compact(String words) {
    return words
        .replace(" ", "")
        .replaceAll("scheduler|discrete", "")
        .replace("pp", "++")
        .replace("dpmsolver++", "dpm++")
        .replace("kdpm2", "dpm2")
        .replaceFirst("ancestral$", "a");
  }

  private SamplerName with(Map<String, Object> schedule) {
    SequencedMap<String, Object> all = new TreeMap<>(options);
    all.putAll(schedule);
    SamplerName with = new SamplerName(className, all);
    Map<String, Object> fields =
        Schedulers.of(className, JsonFields.parse(Json.write(all))).fields();
    schedule.forEach((key, value) -> {
      // A class without the key for the spacing always has this one.
      boolean computed = value.equals(fields.getOrDefault(key, "linspace"));
      if (!computed) {
        throw new IllegalArgumentException(
            "%s has no %s: leave the schedule out of the name, or choose another sampler"
                .formatted(className, key));
      }
    });
    return with;
  }

  private static IllegalArgumentException unknown(String name, String sampler, String schedule) {
    String nearest = NEAREST.get(compact(sampler));
    if (nearest == null) {
      return Schedulers.unknown(name);
    }
    String possible = nearest + schedule;
    return new IllegalArgumentException(
        "%s is not implemented here: the nearest sampler is '%s', %s"
            .formatted(name, possible, of(possible).description()));
  }

  /** The class and the options in words. */
  public String description() {
    return options.isEmpty() ? className : className + " with " + optionText();
  }

  /** The options in words, by key. */
  public String optionText() {
    return new TreeMap<>(options)
        .entrySet().stream()
            .map(option -> option.getKey() + " " + option.getValue())
            .collect(Collectors.joining(", "));
  }
}
