package io.github.tornadodiffusion.nn;

import io.github.tornadodiffusion.nn.models.unet.ModelFiles;
import io.github.tornadodiffusion.nn.models.unet.UNet2DModel;
import java.io.IOException;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** Reference models and numbers in JSON. */
public final class GoldenModel {
  private GoldenModel() {}

  public static ModelFiles.UNet read(String directory) throws IOException {
    return ModelFiles.readUNet(
        Golden.path(directory), config -> new UNet2DModel(config).parameters().specs());
  }

  public static float[] floats(JsonNode array) {
    float[] values = new float[array.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = array.get(i).floatValue();
    }
    return values;
  }

  public static int[] ints(JsonNode array) {
    return array.isNull()
        ? null
        : StreamSupport.stream(array.spliterator(), false).mapToInt(JsonNode::asInt).toArray();
  }
}
