package io.github.tornadodiffusion.nn.seams;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.tornadodiffusion.kernels.Block;
import io.github.tornadodiffusion.kernels.jvm.JvmEngine;
import io.github.tornadodiffusion.kernels.ops.activation.Activation;
import io.github.tornadodiffusion.kernels.ops.elementwise.Elementwise;
import io.github.tornadodiffusion.nn.TestEngine;
import io.github.tornadodiffusion.nn.graph.BatchShape;
import io.github.tornadodiffusion.nn.graph.Buffer;
import io.github.tornadodiffusion.nn.graph.Gradients;
import io.github.tornadodiffusion.nn.graph.Graph;
import io.github.tornadodiffusion.nn.graph.Input;
import io.github.tornadodiffusion.nn.graph.Model;
import io.github.tornadodiffusion.nn.graph.Operation;
import io.github.tornadodiffusion.nn.graph.Outputs;
import io.github.tornadodiffusion.nn.graph.Padding;
import io.github.tornadodiffusion.nn.graph.Parameter;
import io.github.tornadodiffusion.nn.graph.ParameterSpec.Kind;
import io.github.tornadodiffusion.nn.graph.Parameters;
import io.github.tornadodiffusion.nn.graph.RecordedProgram;
import io.github.tornadodiffusion.nn.graph.Scope;
import io.github.tornadodiffusion.nn.graph.Steps;
import io.github.tornadodiffusion.nn.graph.Stored;
import io.github.tornadodiffusion.nn.graph.Tensor;
import io.github.tornadodiffusion.nn.io.HostTensor;
import io.github.tornadodiffusion.nn.layers.Conv2d;
import io.github.tornadodiffusion.nn.operations.ActivationOperation;
import io.github.tornadodiffusion.nn.operations.AddOperation;
import io.github.tornadodiffusion.nn.operations.AffineOperation;
import io.github.tornadodiffusion.nn.operations.AttentionOperation;
import io.github.tornadodiffusion.nn.operations.CrossEntropyOperation;
import io.github.tornadodiffusion.nn.operations.DropoutOperation;
import io.github.tornadodiffusion.nn.operations.ImageMeanOperation;
import io.github.tornadodiffusion.nn.operations.LookupOperation;
import io.github.tornadodiffusion.nn.operations.MeanSquaredErrorOperation;
import io.github.tornadodiffusion.nn.operations.MixOperation;
import io.github.tornadodiffusion.nn.operations.ReshapeOperation;
import io.github.tornadodiffusion.nn.operations.SplitOperation;
import io.github.tornadodiffusion.nn.programs.GradientCheck;
import io.github.tornadodiffusion.nn.programs.Inference;
import io.github.tornadodiffusion.nn.programs.Objective;
import io.github.tornadodiffusion.nn.training.AdamW;
import io.github.tornadodiffusion.nn.training.Initialisation;
import io.github.tornadodiffusion.nn.training.Optimizer;
import io.github.tornadodiffusion.nn.training.OptimizerStep;
import io.github.tornadodiffusion.nn.training.Training;
import io.github.tornadodiffusion.nn.training.UpdateBlock;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/**
 * What somebody outside of these packages invents: an operation, a layer, a loss, a model, an
 * optimizer. Nothing here is of a package of nn's main code.
 */
class OwnPiecesTest {
  private static final Padding NONE = Padding.NONE;

  private static double error(
      Parameters parameters,
      List<Input> inputs,
      Map<String, float[]> fixed,
      boolean loss,
      GradientCheck.Piece piece) {
    Map<String, HostTensor> initial = GradientCheck.randomParameters(parameters, 3);
    try (GradientCheck check =
        GradientCheck.record(parameters, inputs, piece).open(TestEngine.ENGINE, initial)) {
      return check.error(11, fixed, loss);
    }
  }

  private static void assertRight(double error) {
    assertTrue(error < 2e-3, "error " + error);
  }

  /** {@code out = 2 x}, the gradient of which somebody may get wrong. */
  private record Twice(String label, Tensor x, Buffer two, Buffer back, Tensor out)
      implements Operation {
    static Tensor record(Graph graph, Tensor x, float back) {
      Tensor out = Tensor.of("twice", x.plainShape(), x.needsGradient());
      return graph.record(new Twice("twice", x, graph.constant(2), graph.constant(back), out));
    }

    @Override
    public void forward(Steps steps) {
      steps.add(label, at -> Elementwise.scale(at.block(x), at.of(two), at.block(out), false));
    }

    @Override
    public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
      Gradients.Target to = gradients.target(x);
      steps.add(
          label,
          at ->
              Elementwise.scale(
                  at.block(gradOut), at.of(back), at.block(to.gradient()), to.accumulate()));
    }
  }

  @Test
  void anOperationsGradientIsChecked() {
    List<Input> x = List.of(Input.images("x", 2, 5, 3, 7, NONE));
    Parameters none = new Parameters();
    assertRight(error(none, x, Map.of(), false, (g, in) -> Twice.record(g, in.get("x"), 2)));
    double wrong = error(none, x, Map.of(), false, (g, in) -> Twice.record(g, in.get("x"), 2.1f));
    assertTrue(wrong > 0.01, "a wrong gradient is found: " + wrong);
  }

  /** A gated layer: a linear layer of x, plus SiLU of another. */
  private static final class Gated {
    private final Scope scope;
    private final Conv2d value;
    private final Conv2d gate;

    Gated(Scope scope, int in, int out) {
      this.scope = scope;
      value = Conv2d.linear(scope.child("value"), in, out, true);
      gate = Conv2d.linear(scope.child("gate"), in, out, false);
    }

    Tensor apply(Graph graph, Tensor x) {
      Tensor gated =
          ActivationOperation.record(graph, scope.path(), Activation.SILU, gate.apply(graph, x));
      return AddOperation.record(graph, scope.path(), value.apply(graph, x), gated);
    }
  }

  @Test
  void anOwnLayer() {
    Scope scope = Scope.root();
    Gated layer = new Gated(scope.child("gated"), 5, 19);
    assertRight(
        error(
            scope.parameters(),
            List.of(Input.images("x", 2, 5, 3, 4, NONE)),
            Map.of(),
            false,
            (g, in) -> layer.apply(g, in.get("x"))));
  }

  /** The mean absolute error: of relu(d) + relu(-d). */
  private static Tensor meanAbsoluteError(Graph graph, Tensor a, Tensor b) {
    Tensor difference = MixOperation.subtract(graph, "difference", a, b);
    Tensor minus = AffineOperation.scale(graph, "minus", difference, -1);
    Tensor absolute =
        AddOperation.record(
            graph,
            "absolute",
            ActivationOperation.record(graph, "up", Activation.RELU, difference),
            ActivationOperation.record(graph, "down", Activation.RELU, minus));
    return ImageMeanOperation.record(graph, "loss", absolute);
  }

  @Test
  void lossesAreComposedOfOperations() {
    Scope scope = Scope.root();
    List<Input> both =
        List.of(Input.images("a", 3, 5, 4, 2, NONE), Input.images("b", 3, 5, 4, 2, NONE));
    try (GradientCheck check =
        GradientCheck.record(
                scope.parameters(), both, (g, in) -> meanAbsoluteError(g, in.get("a"), in.get("b")))
            .open(TestEngine.ENGINE, Map.of())) {
      float[] a = new float[120];
      float[] b = new float[120];
      double[] expected = new double[3];
      for (int i = 0; i < a.length; i++) {
        a[i] = (float) Math.sin(i * i);
        b[i] = (float) Math.cos(3 * i);
        expected[i / 40] += Math.abs((double) a[i] - b[i]) / 40;
      }
      float[] losses = check.run(Map.of(), Map.of("a", a, "b", b), null).output();
      for (int i = 0; i < 3; i++) {
        assertEquals(expected[i], losses[i], 1e-6);
      }
      assertRight(check.error(5, Map.of(), true));
    }
  }

  /** Losses of ours, by themselves and where something else reads the prediction too. */
  @Test
  void lossesAreOperations() {
    List<Input> x = List.of(Input.images("x", 3, 5, 4, 2, NONE));
    Parameters none = new Parameters();
    float[] target = new float[120];
    Map<String, float[]> fixed = Map.of("target", target);
    assertRight(
        error(
            none,
            x,
            fixed,
            true,
            (g, in) -> {
              Tensor given = g.input(Input.imagesLike("target", in.get("x")));
              return MeanSquaredErrorOperation.record(g, "loss", in.get("x"), given);
            }));
    assertRight(
        error(
            none,
            x,
            fixed,
            true,
            (g, in) -> {
              Tensor moved = AffineOperation.record(g, "move", in.get("x"), 0.5, 1, NONE);
              Tensor given = g.input(Input.imagesLike("target", moved));
              return AddOperation.record(
                  g,
                  "sum",
                  MeanSquaredErrorOperation.record(g, "squares", moved, given),
                  ImageMeanOperation.record(g, "mean", moved));
            }));
    assertRight(
        error(
            none,
            List.of(Input.vectors("logits", 3, 7)),
            Map.of("labels", new float[] {6, 0, 2}),
            true,
            (g, in) ->
                CrossEntropyOperation.record(
                    g, "loss", in.get("logits"), g.input(Input.labels("labels", 3, 7)))));
  }

  @Test
  void partsOfChannels() {
    List<Input> x = List.of(Input.images("x", 2, 21, 3, 4, NONE));
    Parameters none = new Parameters();
    for (int part = 0; part < 2; part++) {
      int read = part;
      assertRight(
          error(
              none,
              x,
              Map.of(),
              false,
              (g, in) -> SplitOperation.record(g, "split", in.get("x"), 5).get(read)));
    }
    Graph graph = new Graph(none, p -> true, Graph.Mode.EVALUATION);
    Tensor image = Tensor.of("x", Block.of(0, 1, 2, 2, 3), true);
    assertThrows(
        IllegalArgumentException.class, () -> SplitOperation.record(graph, "split", image, 3));
  }

  @Test
  void dropoutsGradientIsThatOfWhatStays() {
    assertRight(
        error(
            new Parameters(),
            List.of(Input.images("x", 2, 5, 3, 7, NONE)),
            Map.of(),
            false,
            (g, in) -> DropoutOperation.record(g, "drop", in.get("x"), 0.4, NONE)));
  }

  /**
   * A language model of one attention: token ids to hidden states, which attend to each other and
   * to what else is given; it says the hidden states and one vector for each text.
   */
  private static final class TextModel implements Model {
    private static final int VOCABULARY = 11;
    private static final int TOKENS = 3;
    private static final int CHANNELS = 20;

    private final Scope scope = Scope.root();
    private final Parameter table =
        scope.parameter("token_embedding.weight", Kind.EMBEDDING, 1, VOCABULARY, CHANNELS);
    private final Conv2d toQ = Conv2d.linear(scope.child("to_q"), CHANNELS, CHANNELS, true);
    private final Conv2d toOut = Conv2d.linear(scope.child("to_out"), CHANNELS, CHANNELS, true);

    @Override
    public Parameters parameters() {
      return scope.parameters();
    }

    @Override
    public List<Input> inputs(BatchShape batch) {
      int n = batch.images();
      return List.of(
          Input.tokenIds("input_ids", n, TOKENS, VOCABULARY),
          Input.hiddenStates("encoder_hidden_states", n, TOKENS, CHANNELS),
          Input.numbers("scales", n));
    }

    @Override
    public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
      Tensor encoder = inputs.get("encoder_hidden_states");
      Tensor rows = LookupOperation.record(graph, "tokens", table, inputs.get("input_ids"));
      Tensor tokens = ReshapeOperation.record(graph, "sequence", rows, encoder.n(), 1, TOKENS);
      Tensor q = toQ.apply(graph, tokens);
      Tensor attended = AttentionOperation.record(graph, "attention", q, encoder, encoder, 2);
      Tensor hidden = toOut.apply(graph, attended, null, tokens);
      return Outputs.of(
          "last_hidden_state", hidden, "mean", ImageMeanOperation.record(graph, "mean", hidden));
    }
  }

  @Test
  void aModelOfTokensAndHiddenStates() {
    TextModel model = new TextModel();
    Map<String, HostTensor> parameters = GradientCheck.randomParameters(model.parameters(), 2);
    float[] ids = {0, 10, 5, 5, 5, 1};
    float[] encoder = new float[2 * TextModel.TOKENS * TextModel.CHANNELS];
    for (int i = 0; i < encoder.length; i++) {
      encoder[i] = (float) Math.sin(i);
    }
    Map<String, float[]> values =
        Map.of("input_ids", ids, "encoder_hidden_states", encoder, "scales", new float[2]);
    try (Inference two =
            Inference.record(model, BatchShape.of(2)).open(TestEngine.ENGINE, parameters);
        Inference one =
            Inference.record(model, BatchShape.of(1)).open(TestEngine.ENGINE, parameters)) {
      two.predict(values);
      float[] both = two.hiddenStates("last_hidden_state");
      int length = encoder.length / 2;
      one.predict(
          Map.of(
              "input_ids",
              new float[] {5, 5, 1},
              "encoder_hidden_states",
              Arrays.copyOfRange(encoder, length, 2 * length),
              "scales",
              new float[1]));
      assertArrayEquals(
          Arrays.copyOfRange(both, length, 2 * length),
          one.hiddenStates("last_hidden_state"),
          1e-5f);
      // The same token with the same neighbours: the same vector, channels last.
      assertArrayEquals(
          Arrays.copyOfRange(both, length, length + TextModel.CHANNELS),
          Arrays.copyOfRange(both, length + TextModel.CHANNELS, length + 2 * TextModel.CHANNELS),
          1e-6f);
      assertMessage(
          "no token 11: use 0 to 10",
          () ->
              two.predict(
                  Map.of(
                      "input_ids",
                      new float[] {0, 1, 2, 3, 4, 11},
                      "encoder_hidden_states",
                      encoder,
                      "scales",
                      new float[2])));
      assertMessage(
          "reads encoder_hidden_states values, which are not there",
          () -> two.predict(Map.of("input_ids", ids, "scales", new float[2])));
      assertMessage(
          "There are 5 input_ids where the batch needs 6",
          () -> {
            Map<String, float[]> wrong = new HashMap<>(values);
            wrong.put("input_ids", new float[5]);
            two.predict(wrong);
          });
      assertMessage(
          "no input labels: give input_ids, encoder_hidden_states, scales",
          () -> {
            Map<String, float[]> wrong = new HashMap<>(values);
            wrong.put("labels", new float[5]);
            two.predict(wrong);
          });
    }
    Input states = model.inputs(BatchShape.of(2)).get(1);
    assertRight(
        error(
            model.parameters(),
            List.of(states),
            Map.of("input_ids", ids),
            false,
            (g, in) -> {
              Map<String, Tensor> all =
                  g.inputs(List.of(model.inputs(BatchShape.of(2)).getFirst()), in);
              return model.record(g, all).get("last_hidden_state");
            }));
  }

  private static void assertMessage(String part, Executable action) {
    String message = assertThrows(IllegalArgumentException.class, action).getMessage();
    assertTrue(message.contains(part), message);
  }

  /** Stochastic gradient descent: {@code p -= rate * g}. */
  private record Sgd(float rate) implements Optimizer {
    @Override
    public List<String> state() {
      return List.of();
    }

    @Override
    public void record(
        Steps steps, Stored parameters, Stored gradients, List<Buffer> state, Buffer block) {
      Buffer clipped = Buffer.temporary("clipped", gradients.floats());
      Block row = Block.of(0, 1, 1, 1, gradients.floats());
      steps.addAll(
          "SGD",
          at ->
              List.of(
                  Elementwise.scale(
                      row.at(at.of(gradients)),
                      at.of(block) + UpdateBlock.GRAD_SCALE,
                      row.at(at.of(clipped)),
                      false),
                  Elementwise.scale(
                      row.at(at.of(clipped)), at.of(block), row.at(at.of(parameters)), true)));
    }

    @Override
    public void pack(int step, float[] block) {
      block[0] = -rate;
    }
  }

  @Test
  void anOwnOptimizer() {
    Scope scope = Scope.root();
    Conv2d linear = Conv2d.linear(scope.child("linear"), 3, 2, true);
    Model model = new LinearModel(scope, linear);
    Training.Options options = new Training.Options(new Sgd(0.1f));
    RecordedProgram<Training> program =
        Training.record(Objective.meanSquaredError(model, "y"), new BatchShape(4, 1, 1), options);
    Map<String, HostTensor> initial = Initialisation.pytorchDefault(model.parameters().specs(), 1);
    float[] x = {1, 2, 3, -1, 0, 1, 2, 2, -2, 0, 1, 0};
    Map<String, float[]> values = Map.of("x", x, "target", new float[] {1, 0, 0, 1, 2, 2, 1, 1});
    try (Training training = program.open(TestEngine.ENGINE, initial)) {
      double first = training.step(new Training.StepInput(values, null, update(1, 0))).loss();
      Map<String, HostTensor> gradients = training.gradients();
      training
          .parameters()
          .forEach((name, value) -> {
            float[] before = initial.get(name).values();
            for (int i = 0; i < before.length; i++) {
              double expected = before[i] - 0.1 * gradients.get(name).values()[i];
              assertEquals(expected, value.values()[i], 1e-6, name);
            }
          });
      double last = first;
      for (int step = 2; step < 40; step++) {
        last = training.step(new Training.StepInput(values, null, update(step, 0))).loss();
      }
      assertTrue(last < 0.5 * first, first + " to " + last);
      OptimizerStep other = new OptimizerStep(new AdamW(1), 41);
      assertMessage(
          "recorded for Sgd", () -> training.step(new Training.StepInput(values, null, other)));
    }
  }

  /** To read what it takes, to train, and to train again. */
  @Test
  void aProgramIsRecordedOnce() {
    Scope scope = Scope.root();
    Conv2d linear = Conv2d.linear(scope.child("linear"), 3, 2, true);
    LinearModel model = new LinearModel(scope, linear);
    int[] recordings = {0};
    Objective objective =
        Objective.of(
            model,
            (graph, outputs) -> {
              recordings[0]++;
              return ImageMeanOperation.record(graph, "loss", outputs.get("y"));
            });
    RecordedProgram<Training> program =
        Training.record(objective, BatchShape.of(5), new Training.Options(new Sgd(0.1f)));
    Map<String, HostTensor> initial = Initialisation.pytorchDefault(model.parameters().specs(), 1);
    assertTrue(program.floats() > 0);
    try (JvmEngine engine = new JvmEngine(1)) {
      program.open(engine, initial).close();
      program.open(engine, initial).close();
    }
    assertEquals(1, recordings[0]);
    assertTrue(!program.trials().isEmpty());
    assertEquals(2, recordings[0], "a device that asks for a proof gets a smaller batch");
  }

  private static OptimizerStep update(int step, float clip) {
    return new OptimizerStep(new Sgd(0.1f), step, clip, 0);
  }

  private record LinearModel(Scope scope, Conv2d linear) implements Model {
    @Override
    public Parameters parameters() {
      return scope.parameters();
    }

    @Override
    public List<Input> inputs(BatchShape batch) {
      return List.of(Input.vectors("x", batch.images(), 3));
    }

    @Override
    public SequencedMap<String, Tensor> record(Graph graph, Map<String, Tensor> inputs) {
      return Outputs.of("y", linear.apply(graph, inputs.get("x")));
    }
  }

  /** out = 2 x, with a gradient that is right only if the factor is 2. */
  private record Wrong(Tensor x, Buffer two, Buffer factor, Tensor out) implements Operation {
    @Override
    public String label() {
      return "double";
    }

    @Override
    public void forward(Steps steps) {
      steps.add("double", at -> Elementwise.scale(at.block(x), at.of(two), at.block(out), false));
    }

    @Override
    public void backward(Steps steps, Tensor gradOut, Gradients gradients) {
      Gradients.Target to = gradients.target(x);
      steps.add(
          "double gradient",
          at ->
              Elementwise.scale(
                  at.block(gradOut), at.of(factor), at.block(to.gradient()), to.accumulate()));
    }
  }

  @Test
  void aWrongGradientIsNamedWithItsElement() {
    Scope scope = Scope.root();
    Conv2d linear = Conv2d.linear(scope.child("linear"), 3, 2, true);
    List<Input> inputs =
        List.of(Input.vectors("right", 2, 3), Input.images("wrong", 2, 2, 1, 1, Padding.NONE));
    GradientCheck.Piece piece =
        (graph, in) -> {
          Tensor x = in.get("wrong");
          Tensor out = Tensor.of("double", x.plainShape(), x.needsGradient());
          graph.record(new Wrong(x, graph.constant(2), graph.constant(3), out));
          return AddOperation.record(graph, "sum", linear.apply(graph, in.get("right")), out);
        };
    try (GradientCheck check =
        GradientCheck.record(scope.parameters(), inputs, piece)
            .open(TestEngine.ENGINE, GradientCheck.randomParameters(scope.parameters(), 1))) {
      assertTrue(check.error(7, Map.of(), false) > 2e-3);
      String worst = check.worst(7, Map.of(), false);
      assertTrue(
          worst.matches("the gradient of input wrong is .* at element [0-3] of 4, .*"), worst);
      double[] slopes =
          Stream.of(worst.replaceAll("[^0-9.e-]+", " ").split(" "))
              .filter(word -> word.contains(".") && word.length() > 1)
              .mapToDouble(Double::parseDouble)
              .toArray();
      assertEquals(1.5, slopes[0] / slopes[1], 1e-2, worst);
    }
  }
}
