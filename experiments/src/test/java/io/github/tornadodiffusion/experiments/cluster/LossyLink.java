package io.github.tornadodiffusion.experiments.cluster;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Random;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Two network devices of Linux (TUN), joined by this process, which loses some packets and delays
 * the others: what {@code tc netem} does, which not every kernel has.
 */
@SuppressWarnings("restricted") // functions of the C library, which have no Java counterpart
final class LossyLink implements AutoCloseable {
  private static final int LONGEST_PACKET = 1 << 16;
  private static final int READ_AND_WRITE = 2;

  /** The request TUNSETIFF, and a device of IP packets without a header of its own. */
  private static final long SET_NAME = 0x400454ca;

  private static final short PACKETS_ALONE = 0x1001;

  /** A struct ifreq: the name, then the flags. */
  private static final int STRUCTURE = 40;

  private static final int FLAGS_AT = 16;

  private final MethodHandle open = function("open", ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
  private final MethodHandle ioctl =
      Linker.nativeLinker()
          .downcallHandle(
              Linker.nativeLinker().defaultLookup().find("ioctl").orElseThrow(),
              FunctionDescriptor.of(
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_INT,
                  ValueLayout.JAVA_LONG,
                  ValueLayout.ADDRESS),
              Linker.Option.firstVariadicArg(2));
  private final MethodHandle read =
      function("read", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
  private final MethodHandle write =
      function("write", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_LONG);
  private final ScheduledExecutorService late = Executors.newScheduledThreadPool(1);
  private final AtomicInteger passed = new AtomicInteger();
  private final AtomicInteger lost = new AtomicInteger();

  /**
   * A link that passes packets on from now on. The devices may be moved to other namespaces.
   *
   * @param loss the share of packets that is lost
   * @throws IllegalStateException if there can be no such devices
   */
  LossyLink(String one, String other, double loss, int delayMillis) {
    int first = device(one);
    int second = device(other);
    pass(first, second, loss, delayMillis, new Random(1));
    pass(second, first, loss, delayMillis, new Random(2));
  }

  private static MethodHandle function(String name, MemoryLayout... parameters) {
    return Linker.nativeLinker()
        .downcallHandle(
            Linker.nativeLinker().defaultLookup().find(name).orElseThrow(),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, parameters));
  }

  private int device(String name) {
    try (Arena arena = Arena.ofConfined()) {
      int file = (int) open.invokeExact(arena.allocateFrom("/dev/net/tun"), READ_AND_WRITE);
      MemorySegment request = arena.allocate(STRUCTURE);
      request.setString(0, name);
      request.set(ValueLayout.JAVA_SHORT, FLAGS_AT, PACKETS_ALONE);
      if (file < 0 || (int) ioctl.invokeExact(file, SET_NAME, request) < 0) {
        throw new IllegalStateException("there is no /dev/net/tun, or it may not be used");
      }
      return file;
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  private void pass(int from, int to, double loss, int delayMillis, Random random) {
    Thread.ofPlatform()
        .daemon()
        .name("packets")
        .start(() -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment packet = arena.allocate(LONGEST_PACKET);
            while (true) {
              int length = (int) read.invokeExact(from, packet, packet.byteSize());
              if (length < 0) {
                return;
              }
              if (random.nextDouble() < loss) {
                lost.incrementAndGet();
                continue;
              }
              byte[] bytes = packet.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE);
              var _ = late.schedule(() -> send(to, bytes), delayMillis, TimeUnit.MILLISECONDS);
            }
          } catch (RejectedExecutionException _) {
            // The link is closed.
          } catch (Throwable e) {
            throw new IllegalStateException(e);
          }
        });
  }

  private void send(int to, byte[] packet) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment bytes = arena.allocateFrom(ValueLayout.JAVA_BYTE, packet);
      // What does not fit is lost, as on any link.
      int _ = (int) write.invokeExact(to, bytes, (long) packet.length);
      passed.incrementAndGet();
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Packets that arrived. */
  int passed() {
    return passed.get();
  }

  /** Packets that did not. */
  int lost() {
    return lost.get();
  }

  /** Packets get lost from now on; the devices go with their namespaces. */
  @Override
  public void close() {
    late.shutdownNow();
  }
}
