package io.github.tornadodiffusion.nn;

import java.io.IOException;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** Reference models and numbers in JSON. */
final class GoldenModel {
  private GoldenModel() {}

  static ModelFiles.UNet read(String directory) throws IOException {
    return ModelFiles.readUNet(
        Golden.path(directory), config -> new UNet2DModel(config).parameters());
  }

  static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }

  static int[] ints(JsonNode array) {
    return array.isNull()
        ? null
        : StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
