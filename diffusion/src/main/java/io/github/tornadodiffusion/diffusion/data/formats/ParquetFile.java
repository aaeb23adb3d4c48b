package io.github.tornadodiffusion.diffusion.data.formats;

import dev.hardwood.HardwoodContext;
import dev.hardwood.InputFile;
import dev.hardwood.metadata.PhysicalType;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import dev.hardwood.row.FieldAccessor;
import dev.hardwood.schema.ColumnProjection;
import dev.hardwood.schema.SchemaNode;
import io.github.tornadodiffusion.nn.io.Messages;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * The rows of one Parquet file. Rows that are read in order come in blocks from one pass over the
 * file. Any other row is sought, which unpacks the earlier rows of its row group.
 */
final class ParquetFile implements AutoCloseable {
  /** Rows that are kept at the same time. */
  private static final int BLOCK = 64;

  private final Path path;
  private final ParquetFileReader reader;
  private final ParquetColumns columns;
  private final int rows;
  private IOException damage;
  private RowReader cursor;
  private int next;
  private int blockStart;
  private List<byte[]> block = List.of();

  /**
   * Opens a file.
   *
   * @throws IOException in one line if it is truncated, damaged or has no images
   */
  ParquetFile(Path path, HardwoodContext context) throws IOException {
    this.path = path;
    try {
      rows = ParquetCheck.rows(path);
      reader = ParquetFileReader.open(InputFile.of(path), context);
    } catch (IOException | RuntimeException e) {
      throw damaged(e);
    }
    try {
      columns = ParquetColumns.of(path, reader);
    } catch (RuntimeException e) {
      reader.close();
      throw damaged(e);
    } catch (IOException e) {
      reader.close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    reader.close();
  }

  Path path() {
    return path;
  }

  ParquetColumns columns() {
    return columns;
  }

  int rows() {
    return rows;
  }

  /** The labels of all rows: Long, String or null if a row has none. */
  List<Object> labels() throws IOException {
    Function<RowReader, Object> value =
        switch (columns.labelType()) {
          case INT32 -> row -> (long) row.getInt(columns.label());
          case INT64 -> row -> row.getLong(columns.label());
          default -> row -> row.getString(columns.label());
        };
    List<Object> labels = new ArrayList<>();
    try (RowReader rows = rows(columns.label(), 0)) {
      while (rows.hasNext()) {
        rows.next();
        labels.add(rows.isNull(columns.label()) ? null : value.apply(rows));
      }
    } catch (RuntimeException e) {
      throw damaged(e);
    }
    if (labels.size() != rows) {
      throw new IOException(
          "%s has %d labels for %d rows: fetch it again".formatted(path, labels.size(), rows));
    }
    return labels;
  }

  /**
   * The texts of all rows; null where a row has none.
   *
   * @throws IOException in one line if there is no such column of texts
   */
  List<String> texts(String column) throws IOException {
    List<SchemaNode> nodes = reader.getFileSchema().getRootNode().children();
    boolean there =
        nodes.stream()
            .anyMatch(node ->
                node.name().equals(column)
                    && node instanceof SchemaNode.PrimitiveNode leaf
                    && leaf.type() == PhysicalType.BYTE_ARRAY);
    if (!there) {
      throw new IOException(
          "%s has no column of texts called %s but %s; name the column of captions with"
                  .formatted(
                      path,
                      column,
                      nodes.stream().map(SchemaNode::name).collect(Collectors.joining(", ")))
              + " --caption-column");
    }
    List<String> texts = new ArrayList<>();
    try (RowReader rows = rows(column, 0)) {
      while (rows.hasNext()) {
        rows.next();
        String text = rows.isNull(column) ? "" : rows.getString(column).strip();
        texts.add(text.isEmpty() ? null : text);
      }
    } catch (RuntimeException e) {
      throw damaged(e);
    }
    return texts;
  }

  /**
   * The encoded image of a row.
   *
   * @throws IOException in one line if the file is damaged or the row holds no image
   */
  byte[] image(int row) throws IOException {
    byte[] image = read(row);
    if (image == null) {
      throw new IOException("the row holds no image, at most its path");
    }
    return image;
  }

  private synchronized byte[] read(int row) throws IOException {
    if (row >= blockStart && row < blockStart + block.size()) {
      return block.get(row - blockStart);
    }
    if (damage != null) {
      // Otherwise seeking each of the later rows would unpack the damaged part again.
      throw damage;
    }
    try {
      int start = row / BLOCK * BLOCK;
      if (start == next) {
        readBlock(start);
        if (row - start >= block.size()) {
          throw new IllegalStateException("row " + row + " is missing");
        }
        return block.get(row - start);
      }
      block = List.of();
      try (RowReader rows = rows(columns.image(), row)) {
        rows.next();
        return bytes(rows);
      }
    } catch (RuntimeException e) {
      damage = damaged(e);
      throw damage;
    }
  }

  private void readBlock(int start) {
    if (cursor == null) {
      cursor = rows(columns.image(), start);
    }
    List<byte[]> images = new ArrayList<>();
    while (images.size() < BLOCK && cursor.hasNext()) {
      cursor.next();
      images.add(bytes(cursor));
    }
    block = images;
    blockStart = start;
    next = start + images.size();
    if (next == rows()) {
      cursor.close();
      cursor = null;
      next = -1;
    }
  }

  private RowReader rows(String column, int skip) {
    return reader.buildRowReader().projection(ColumnProjection.columns(column)).skip(skip).build();
  }

  private byte[] bytes(RowReader row) {
    if (row.isNull(columns.image())) {
      return null;
    }
    FieldAccessor holder = columns.struct() ? row.getStruct(columns.image()) : row;
    String field = columns.struct() ? "bytes" : columns.image();
    return holder.isNull(field) ? null : holder.getBinary(field);
  }

  private IOException damaged(Exception e) {
    return new IOException(
        Messages.line(
            "%s is truncated, damaged or no Parquet file (%s): fetch it again"
                .formatted(path, e.getMessage())),
        e);
  }
}
