package io.github.tornadodiffusion.nn.distributed;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MpiTest {
  @ParameterizedTest
  @CsvSource({
    "OMPI_COMM_WORLD_RANK,3,OMPI_COMM_WORLD_SIZE,4,3",
    "PMI_RANK,0,PMI_SIZE,2,0",
    "PMIX_RANK,1,SLURM_NTASKS,2,1",
    "OMPI_COMM_WORLD_RANK,0,OMPI_COMM_WORLD_SIZE,1,-1",
    "PMI_RANK,0,PMI_SIZE,1,-1",
    "PMI_RANK,x,PMI_SIZE,2,-1",
    "HOME,/root,USER,me,-1"
  })
  void aLauncherIsKnownByItsEnvironment(
      String rank, String number, String size, String count, int launched) {
    assertEquals(launched, Mpi.launched(Map.of(rank, number, size, count)));
  }

  @Test
  void aProcessOfNoLauncherWorksAlone() {
    Communicator alone = Communicator.alone();
    assertEquals(1, alone.size());
    assertTrue(alone.leads());
    assertEquals(-1, alone.lost());
  }

  @Test
  void aLibraryThatIsNoneIsNamed() {
    String none =
        assertThrows(
                IllegalStateException.class,
                () -> MpiLibrary.load(Map.of("TORNADODIFFUSION_MPI", "/none/libmpi.so")))
            .getMessage();
    assertEquals(
        "TORNADODIFFUSION_MPI=/none/libmpi.so cannot be loaded: give the path of a libmpi for this"
            + " machine",
        none);
  }
}
