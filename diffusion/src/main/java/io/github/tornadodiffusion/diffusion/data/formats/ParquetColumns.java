package io.github.tornadodiffusion.diffusion.data.formats;

import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.schema.SchemaNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Which columns of a Parquet file hold images and labels.
 *
 * <p>Files of the Hugging Face hub say so in their metadata ({@code huggingface}: features of the
 * types Image and ClassLabel). Without it, the image is the first structure with a field "bytes" or
 * else a binary column "image" or "img", the label a column "label", "labels" or "fine_label".
 *
 * @param image the column of images
 * @param struct whether it is a structure with a field {@code bytes}
 * @param label the column of labels, or null
 * @param labelType the type of its values, or null
 * @param names the classes' names, empty where the metadata has none
 */
record ParquetColumns(
    String image, boolean struct, String label, PhysicalType labelType, List<String> names) {
  private static final String BYTES = "bytes";
  private static final List<String> IMAGES = List.of("image", "img");
  private static final List<String> LABELS = List.of("label", "labels", "fine_label");

  /**
   * Finds the columns of a file.
   *
   * @throws IOException in one line if there is no column of images
   */
  static ParquetColumns of(Path file, ParquetFileReader reader) throws IOException {
    List<SchemaNode> nodes = reader.getFileSchema().getRootNode().children();
    JsonNode features = features(reader.getFileMetaData().keyValueMetadata());
    SchemaNode image = image(nodes, features);
    if (image == null) {
      throw new IOException(
          "%s has no column of images but %s: give a file with a column image{bytes, path}"
              .formatted(
                  file, nodes.stream().map(SchemaNode::name).collect(Collectors.joining(", "))));
    }
    SchemaNode.PrimitiveNode label = label(nodes, features);
    return new ParquetColumns(
        image.name(),
        image instanceof SchemaNode.GroupNode,
        label == null ? null : label.name(),
        label == null ? null : label.type(),
        label == null ? List.of() : names(features.path(label.name())));
  }

  /** Whether labels are texts, which name the classes. */
  boolean textLabels() {
    return labelType == PhysicalType.BYTE_ARRAY;
  }

  private static JsonNode features(Map<String, String> metadata) {
    JsonMapper mapper = new JsonMapper();
    try {
      String text = metadata.getOrDefault("huggingface", "{}");
      return mapper.readTree(text).path("info").path("features");
    } catch (JacksonException e) {
      // The metadata only names what the columns show by themselves.
      return mapper.createObjectNode();
    }
  }

  private static SchemaNode image(List<SchemaNode> nodes, JsonNode features) {
    List<SchemaNode> candidates = new ArrayList<>();
    for (SchemaNode node : nodes) {
      if (hasBytes(node)) {
        if (features.path(node.name()).path("_type").asString("").equals("Image")) {
          return node;
        }
        candidates.add(node);
      }
    }
    if (candidates.isEmpty()) {
      nodes.stream()
          .filter(node -> isType(node, PhysicalType.BYTE_ARRAY) && IMAGES.contains(node.name()))
          .forEach(candidates::add);
    }
    return candidates.isEmpty() ? null : candidates.getFirst();
  }

  private static boolean hasBytes(SchemaNode node) {
    return node instanceof SchemaNode.GroupNode group
        && group.isStruct()
        && group.children().stream()
            .anyMatch(c -> c.name().equals(BYTES) && isType(c, PhysicalType.BYTE_ARRAY));
  }

  private static boolean isType(SchemaNode node, PhysicalType... types) {
    return node instanceof SchemaNode.PrimitiveNode primitive
        && List.of(types).contains(primitive.type());
  }

  private static SchemaNode.PrimitiveNode label(List<SchemaNode> nodes, JsonNode features) {
    List<SchemaNode.PrimitiveNode> candidates = new ArrayList<>();
    for (SchemaNode node : nodes) {
      boolean classLabel =
          features.path(node.name()).path("_type").asString("").equals("ClassLabel");
      if ((classLabel || LABELS.contains(node.name()))
          && isType(node, PhysicalType.INT32, PhysicalType.INT64, PhysicalType.BYTE_ARRAY)) {
        candidates.add((SchemaNode.PrimitiveNode) node);
      }
    }
    for (String name : LABELS) {
      for (SchemaNode.PrimitiveNode candidate : candidates) {
        if (candidate.name().equals(name)) {
          return candidate;
        }
      }
    }
    return candidates.isEmpty() ? null : candidates.getFirst();
  }

  private static List<String> names(JsonNode feature) {
    List<String> names = new ArrayList<>();
    feature.path("names").forEach(name -> names.add(name.asString()));
    return names;
  }
}
