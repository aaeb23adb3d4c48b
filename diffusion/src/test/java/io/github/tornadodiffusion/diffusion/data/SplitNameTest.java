package io.github.tornadodiffusion.diffusion.data;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SplitNameTest {
  @ParameterizedTest
  @CsvSource({
    "train, TRAIN, true, ''",
    "Training, TRAIN, true, ''",
    "TRAIN, TRAIN, true, ''",
    "train2017, TRAIN, true, ''",
    "train_2, TRAIN, true, ''",
    "train-00000-of-00002, TRAIN, true, ''",
    "trainA, TRAIN, true, A",
    "testB, TEST, true, B",
    "trainset, TRAIN, true, ''",
    "trainval, TRAIN, true, ''",
    "t10k-images-idx3-ubyte, TEST, false, images-idx3-ubyte",
    "emnist-digits-test-images, TEST, false, emnist-digits--images",
    "data.val.0, VALIDATION, false, data..0",
    "dev, VALIDATION, true, ''",
    "valid, VALIDATION, true, ''",
    "evaluation, TEST, true, ''",
    "TestImages, TEST, false, Images",
    "train_cats, TRAIN, false, cats",
    "dogs-test, TEST, false, dogs"
  })
  void wordsAnywhere(String name, Split split, boolean exact, String rest) {
    assertEquals(Optional.of(new SplitName(split, exact, rest)), SplitName.of(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "latest", "trainer", "contest", "images", "train-test", "valentine", "devil"})
  void otherWordsTellNothing(String name) {
    assertEquals(Optional.empty(), SplitName.of(name));
  }
}
