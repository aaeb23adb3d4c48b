package io.github.tornadodiffusion.diffusion.data.formats;

import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.schema.SchemaNode;
import io.github.tornadodiffusion.nn.io.Json;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;

/**
 * Which columns of a Parquet file hold images and labels.
 *
 * <p>Files of the Hugging Face hub declare them in their metadata ({@code huggingface}: features of
 * the types Image and ClassLabel), which takes precedence. Without metadata, the image is the first
 * structure with a field "bytes" or else a binary column "image" or "img", the label a column
 * "label", "labels" or "fine_label". If the metadata declare several columns alike, one with such a
 * name is taken, or else the first.
 *
 * @param image the column of images
 * @param struct whether it is a structure with a field {@code bytes}
 * @param label the column of labels, or null
 * @param labelType the type of its values, or null
 * @param names of the classes, empty if the metadata have none
 * @param others the columns that might have been taken as well
 */
record ParquetColumns(
    String image,
    boolean struct,
    String label,
    PhysicalType labelType,
    List<String> names,
    List<String> others) {
  private static final String BYTES = "bytes";
  private static final List<String> IMAGES = List.of("image", "img");

  /** What the metadata say about ordinary columns. */
  private static final List<String> PLAIN = List.of("", "Value");

  private static final List<String> LABELS = List.of("label", "labels", "fine_label");

  /**
   * Finds the columns of a file.
   *
   * @throws IOException in one line if there is no column of images
   */
  static ParquetColumns of(Path file, ParquetFileReader reader) throws IOException {
    List<SchemaNode> nodes = reader.getFileSchema().getRootNode().children();
    JsonNode features = features(reader.getFileMetaData().keyValueMetadata());
    List<SchemaNode> images = images(nodes, features);
    if (images.isEmpty()) {
      throw new IOException(
          Messages.line(
              "%s has no column of images but %s: give a file with a column image{bytes, path}"
                  .formatted(
                      file,
                      nodes.stream().map(SchemaNode::name).collect(Collectors.joining(", ")))));
    }
    SchemaNode image = preferred(images, IMAGES);
    List<SchemaNode> labels = labels(nodes, features);
    SchemaNode.PrimitiveNode label = (SchemaNode.PrimitiveNode) preferred(labels, LABELS);
    List<String> others =
        Stream.concat(images.stream(), labels.stream())
            .filter(node -> !node.equals(image) && !node.equals(label))
            .map(SchemaNode::name)
            .toList();
    return new ParquetColumns(
        image.name(),
        image instanceof SchemaNode.GroupNode,
        label == null ? null : label.name(),
        label == null ? null : label.type(),
        label == null ? List.of() : names(features.path(label.name())),
        others);
  }

  /** Whether labels are texts, which are the names of the classes. */
  boolean textLabels() {
    return labelType == PhysicalType.BYTE_ARRAY;
  }

  private static JsonNode features(Map<String, String> metadata) {
    try {
      return Json.tree(metadata.getOrDefault("huggingface", "{}")).at("/info/features");
    } catch (JacksonException e) {
      // The metadata only repeat what is known from the columns.
      return Json.tree("{}");
    }
  }

  /**
   * The first of these names that a column has, or else the first column; null if there is none.
   */
  private static SchemaNode preferred(List<SchemaNode> nodes, List<String> names) {
    for (String name : names) {
      for (SchemaNode node : nodes) {
        if (node.name().equals(name)) {
          return node;
        }
      }
    }
    return nodes.isEmpty() ? null : nodes.getFirst();
  }

  private static List<SchemaNode> images(List<SchemaNode> nodes, JsonNode features) {
    List<SchemaNode> readable =
        nodes.stream()
            .filter(node -> hasBytes(node) || isType(node, PhysicalType.BYTE_ARRAY))
            .toList();
    List<SchemaNode> told =
        readable.stream().filter(node -> type(node, features).equals("Image")).toList();
    if (!told.isEmpty()) {
      return told;
    }
    // A column that the metadata declare as audio, video or a class is not an image, whatever its
    // name.
    List<SchemaNode> free =
        readable.stream().filter(node -> PLAIN.contains(type(node, features))).toList();
    List<SchemaNode> structures = free.stream().filter(ParquetColumns::hasBytes).toList();
    return structures.isEmpty()
        ? free.stream().filter(node -> IMAGES.contains(node.name())).toList()
        : structures.subList(0, 1);
  }

  /** What the metadata say about a column; empty if they do not mention it. */
  private static String type(SchemaNode node, JsonNode features) {
    return features.path(node.name()).path("_type").asString("");
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

  private static List<SchemaNode> labels(List<SchemaNode> nodes, JsonNode features) {
    List<SchemaNode> readable =
        nodes.stream()
            .filter(node ->
                isType(node, PhysicalType.INT32, PhysicalType.INT64, PhysicalType.BYTE_ARRAY))
            .toList();
    List<SchemaNode> told =
        readable.stream().filter(node -> type(node, features).equals("ClassLabel")).toList();
    return told.isEmpty()
        ? readable.stream()
            .filter(node -> LABELS.contains(node.name()) && PLAIN.contains(type(node, features)))
            .toList()
        : told;
  }

  private static List<String> names(JsonNode feature) {
    List<String> names = new ArrayList<>();
    feature.path("names").forEach(name -> names.add(name.asString()));
    return names;
  }
}
