package io.github.tornadodiffusion.diffusion.sampling;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What a model reads of prompts: the label of an image is the number of its prompt. With them may
 * go values of a whole batch, which its prompts have no part in.
 */
public final class PromptConditions implements DeviceSampling.Conditioning {
  private final List<Map<String, float[]>> prompts = new ArrayList<>();
  private final Map<String, float[]> ofBatch = new HashMap<>();

  /**
   * Adds a prompt.
   *
   * @param values of one image, by the names of the model's inputs
   * @return its number, from 0 on
   */
  public int add(Map<String, float[]> values) {
    prompts.add(Map.copyOf(values));
    return prompts.size() - 1;
  }

  /** Sets what all prompts of the batches to come are read with, for all images of a batch. */
  public void set(String name, float[] values) {
    ofBatch.put(name, values);
  }

  @Override
  public Map<String, float[]> values(int[] labels) {
    Map<String, float[]> values = new HashMap<>(ofBatch);
    prompts
        .get(labels[0])
        .forEach((name, first) -> {
          float[] all = new float[labels.length * first.length];
          for (int i = 0; i < labels.length; i++) {
            float[] own = prompts.get(labels[i]).get(name);
            System.arraycopy(own, 0, all, i * first.length, first.length);
          }
          values.put(name, all);
        });
    return values;
  }
}
