package io.github.tornadodiffusion.diffusion.schedulers;

import io.github.tornadodiffusion.diffusion.schedulers.config.SchedulerKeys;
import io.github.tornadodiffusion.diffusion.schedulers.solvers.FlowSigmas;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.JsonFields;
import io.github.tornadodiffusion.nn.io.Messages;
import io.github.tornadodiffusion.nn.plugins.Plugins;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * Schedulers by diffusers' class names, and their scheduler_config.json.
 *
 * <p>As with diffusers' {@code from_config}, the configuration of one class makes a scheduler of
 * another: keys that it knows are taken, those that are missing have their defaults, those of other
 * classes are ignored. A key that no class of diffusers has is refused. The configuration of a
 * class of one's own is written in the same way, under the full name of the class.
 */
public final class Schedulers {
  private static final SequencedMap<String, Function<JsonFields, Scheduler>> FACTORIES =
      new LinkedHashMap<>();

  static {
    FACTORIES.put("DDPMScheduler", DDPMScheduler::read);
    FACTORIES.put("DDIMScheduler", DDIMScheduler::read);
    FACTORIES.put("EulerDiscreteScheduler", EulerDiscreteScheduler::new);
    FACTORIES.put("EulerAncestralDiscreteScheduler", EulerAncestralDiscreteScheduler::new);
    FACTORIES.put("HeunDiscreteScheduler", HeunDiscreteScheduler::new);
    FACTORIES.put("LMSDiscreteScheduler", LMSDiscreteScheduler::new);
    FACTORIES.put("KDPM2DiscreteScheduler", KDPM2DiscreteScheduler::new);
    FACTORIES.put("KDPM2AncestralDiscreteScheduler", KDPM2AncestralDiscreteScheduler::new);
    FACTORIES.put("EDMEulerScheduler", EDMEulerScheduler::new);
    FACTORIES.put("FlowMatchEulerDiscreteScheduler", FlowMatchEulerDiscreteScheduler::new);
    FACTORIES.put("DDIMInverseScheduler", DDIMInverseScheduler::new);
    FACTORIES.put("DPMSolverMultistepScheduler", DPMSolverMultistepScheduler::new);
    FACTORIES.put("DPMSolverSinglestepScheduler", DPMSolverSinglestepScheduler::new);
    FACTORIES.put("DEISMultistepScheduler", DEISMultistepScheduler::new);
    FACTORIES.put("PNDMScheduler", PNDMScheduler::new);
    FACTORIES.put("UniPCMultistepScheduler", UniPCMultistepScheduler::new);
    FACTORIES.put("LCMScheduler", LCMScheduler::new);
    FACTORIES.put("CMStochasticIterativeScheduler", CMStochasticIterativeScheduler::new);
  }

  /** The classes that exist, by diffusers' names. */
  public static final List<String> CLASS_NAMES = List.copyOf(FACTORIES.keySet());

  private static final String FLOW = "FlowMatchEulerDiscreteScheduler";

  /** Classes whose models are scaled or trained in a special way. */
  private static final Set<String> WITH_OWN_MODELS =
      Set.of("EDMEulerScheduler", FLOW, "CMStochasticIterativeScheduler");

  /** Classes whose models are those of flows if the configuration says so. */
  private static final Set<String> FLOW_SOLVERS =
      Set.of(
          "DPMSolverMultistepScheduler",
          "DPMSolverSinglestepScheduler",
          "DEISMultistepScheduler",
          "UniPCMultistepScheduler");

  /** Classes of diffusers that do not exist here, for models that others here sample too. */
  private static final Set<String> RELATED =
      Set.of(
          "DDIMParallelScheduler",
          "DDPMParallelScheduler",
          "DPMSolverMultistepInverseScheduler",
          "DPMSolverSDEScheduler",
          "RePaintScheduler",
          "SASolverScheduler",
          "TCDScheduler");

  private Schedulers() {}

  /**
   * diffusers' name of a class, for instance for {@code ddim} or {@code euler-ancestral}: in upper
   * or lower case, with or without '-', '_', blanks and the words Scheduler and Discrete, and
   * without Multistep or Singlestep if only one class has either; a separate {@code a} means
   * Ancestral. Or the name of a {@link Scheduler} on the class path or in a plug-in, which is made
   * from the fields of its configuration.
   *
   * @throws IllegalArgumentException in one line if there is no such class
   */
  public static String className(String name) {
    String wanted = shortName(name);
    UnaryOperator<String> withoutStepping =
        known -> shortName(known).replaceAll("multistep|singlestep", "");
    for (UnaryOperator<String> shorter :
        List.<UnaryOperator<String>>of(Schedulers::shortName, withoutStepping)) {
      List<String> found =
          CLASS_NAMES.stream().filter(known -> shorter.apply(known).equals(wanted)).toList();
      if (found.size() == 1) {
        return found.getFirst();
      }
    }
    return Plugins.find(Scheduler.class, name).map(Class::getName).orElseThrow(() -> unknown(name));
  }

  static IllegalArgumentException unknown(String name) {
    return new IllegalArgumentException(
        "Unknown scheduler '%s': choose one of %s".formatted(name, String.join(", ", CLASS_NAMES)));
  }

  /** A name without the parts that distinguish no classes. */
  private static String shortName(String name) {
    return name.replaceFirst("[-_ ][aA]([-_ ]|$)", "Ancestral")
        .toLowerCase(Locale.ROOT)
        .replaceAll("[-_ ]|scheduler|discrete", "");
  }

  /**
   * Reads a scheduler_config.json as the class that it names.
   *
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public static Scheduler read(Path file) throws IOException {
    return Json.read(
        file,
        fields -> {
          if (!fields.has(Json.CLASS_NAME)) {
            throw new IllegalArgumentException(
                "there is no %s: it must be one of %s"
                    .formatted(Json.CLASS_NAME, String.join(", ", CLASS_NAMES)));
          }
          return of(fields.string(Json.CLASS_NAME, ""), fields);
        });
  }

  /**
   * Reads a scheduler_config.json, of another class or the same, as the given class.
   *
   * @param className see {@link #className}
   * @throws IOException in one line naming the file, the cause and the remedy
   */
  public static Scheduler read(Path file, String className) throws IOException {
    SamplerName wanted = new SamplerName(className(className), Map.of());
    return Json.read(
        file, fields -> of(fields, fields.string(Json.CLASS_NAME, wanted.className()), wanted));
  }

  /**
   * Reads the scheduler_config.json of a pipeline as diffusers does, which takes the class from the
   * pipeline's index, and makes a sampler of it. A class of one's own in the file comes before the
   * index, which may be one for diffusers.
   *
   * @param named the class that the index names
   * @param index the file of the index
   * @param sampler what is asked for; null for what the index names
   * @throws IOException in one line naming the files, the cause and the remedy
   */
  public static Scheduler read(Path file, String named, Path index, SamplerName sampler)
      throws IOException {
    return Json.read(
        file,
        fields -> {
          String own = fields.string(Json.CLASS_NAME, named);
          if (!isConvertible(own, named, fields)) {
            throw new IllegalArgumentException(
                "it is of %s and %s names %s, whose models answer something else: put the class of"
                        .formatted(Messages.piece(own), index, named)
                    + " the model into both");
          }
          String from = isOnesOwn(own) ? own : named;
          return of(fields, from, sampler == null ? new SamplerName(from, Map.of()) : sampler);
        });
  }

  /** Whether a class of diffusers does not exist here, but others that sample its models do. */
  public static boolean isRelated(String className) {
    return RELATED.contains(className);
  }

  private static boolean isOnesOwn(String className) {
    return className.contains(".") || Plugins.find(Scheduler.class, className).isPresent();
  }

  private static Scheduler of(JsonFields fields, String from, SamplerName wanted) {
    checkModel(from, wanted.className(), fields);
    return of(wanted.className(), fields.with(wanted.options()));
  }

  /**
   * Whether a model for one class can be sampled with another: a model that answers for a class of
   * its own kind answers nothing that another understands.
   */
  public static boolean isConvertible(String from, String to) {
    return isConvertible(from, to, JsonFields.parse("{}"));
  }

  /** Whether a scheduler's model can be sampled with another class, likewise. */
  public static boolean isConvertible(Scheduler scheduler, String to) {
    return isConvertible(scheduler.className(), to, JsonFields.parse(toJson(scheduler)));
  }

  private static boolean isConvertible(String from, String to, JsonFields fields) {
    return from.equals(to) || kind(from, fields).equals(kind(to, fields));
  }

  /** The class itself where its models are of a kind of their own, or of a kind unknown here. */
  private static String kind(String className, JsonFields fields) {
    if (FLOW_SOLVERS.contains(className) && fields.bool(FlowSigmas.KEY, false)) {
      boolean flow = fields.string("prediction_type", "").equals("flow_prediction");
      return flow ? FLOW : FlowSigmas.KEY;
    }
    boolean shared =
        !WITH_OWN_MODELS.contains(className)
            && (FACTORIES.containsKey(className) || isRelated(className) || isOnesOwn(className));
    return shared ? "" : className;
  }

  private static void checkModel(String from, String to, JsonFields fields) {
    if (!isConvertible(from, to, fields)) {
      throw new IllegalArgumentException(
          "a model for %s cannot be sampled with %s, which takes other answers: leave the scheduler"
                  .formatted(Messages.piece(from), to)
              + " as it is");
    }
  }

  /**
   * A scheduler of another class with the configuration of this one.
   *
   * @throws IllegalArgumentException in one line if its models are not for the other class
   */
  public static Scheduler convert(Scheduler scheduler, String className) {
    return convert(scheduler, new SamplerName(className(className), Map.of()));
  }

  /** Makes the sampler of that name with the configuration of a scheduler, likewise. */
  public static Scheduler convert(Scheduler scheduler, SamplerName sampler) {
    return of(JsonFields.parse(toJson(scheduler)), scheduler.className(), sampler);
  }

  /**
   * A scheduler from the fields of a scheduler_config.json.
   *
   * @param className see {@link #className}
   * @throws IllegalArgumentException if a value is not allowed
   */
  public static Scheduler of(String className, JsonFields fields) {
    String known = className(className);
    Function<JsonFields, Scheduler> factory = FACTORIES.get(known);
    if (factory == null) {
      return Plugins.create(Scheduler.class, known, fields).orElseThrow();
    }
    SchedulerKeys.check(fields);
    return factory.apply(fields);
  }

  /** The text of scheduler_config.json, as diffusers writes it. */
  public static String toJson(Scheduler scheduler) {
    return Json.write(Json.ofClass(scheduler.className(), scheduler.fields()));
  }
}
