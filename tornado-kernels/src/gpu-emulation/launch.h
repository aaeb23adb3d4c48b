/*
 * What ptx.py makes C++ for: a grid runs one thread block after the other, and the threads of a block
 * in turn from barrier to barrier. Loads and stores check alignment, places in shared memory bounds and
 * races: two threads that meet at one place between two barriers, at least one of them writing.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef int32_t s32; typedef uint32_t u32; typedef int64_t s64; typedef uint64_t u64; typedef float f32;

#include <unordered_map>
#include <vector>

static const unsigned *shape; /* grid x y z, block x y z, shared */
static u32 ctaid[3];
static int epoch;
struct Shadow { int wEpoch, wThread, rEpoch, rThread; };
static long complaints;

static void complain(const char *what, const char *array, int index, int a, int b) {
  if (complaints++ < 5) fprintf(stderr, "emulated GPU: %s on %s[%d] between threads %d and %d\n", what, array, index, a, b);
}
static inline int place(Shadow *s, const char *array, long index, long size, int thread, int write) {
  if (index < 0 || index >= size) { fprintf(stderr, "emulated GPU: %s[%ld] of %ld\n", array, index, size); abort(); }
  Shadow *w = s + index;
  if (w->wEpoch == epoch && w->wThread != thread) complain(write ? "two writes" : "read after write without barrier", array, index, w->wThread, thread);
  if (write) {
    if (w->rEpoch == epoch && w->rThread != thread) complain("write after read without barrier", array, index, w->rThread, thread);
    w->wEpoch = epoch; w->wThread = thread;
  } else {
    w->rThread = w->rEpoch == epoch && w->rThread != thread ? -1 : thread; w->rEpoch = epoch;
  }
  return (int) index;
}
/*
 * How a warp's accesses fall into sectors of 32 bytes, which is what memory hands out, in the first block of
 * a launch: the words that the warp's threads ask for at the same turn of the same instruction, against the
 * sectors that they lie in. A word that is the same for the whole warp does not count.
 */
enum { WARP = 32, SECTOR = 32, TURNS = 64 };
extern "C" u64 traffic[2]; /* bytes asked for, bytes of the sectors touched */
u64 traffic[2];
static bool counting;
static std::unordered_map<u64, std::vector<u64>> accesses; /* by instruction, warp and turn */
static std::unordered_map<u64, int> turns; /* by instruction and thread */

static void count(u64 address, int thread, int site) {
  int turn = turns[(u64) site << 32 | thread]++;
  if (turn < TURNS) accesses[((u64) site << 32 | thread / WARP) * TURNS + turn].push_back(address);
}
static u64 distinct(const std::vector<u64> &of, int bytes) {
  std::unordered_map<u64, int> seen;
  for (u64 a : of) seen[a / bytes];
  return seen.size() * bytes;
}
static void addUp() {
  traffic[0] = traffic[1] = 0;
  for (auto &access : accesses) {
    u64 asked = distinct(access.second, sizeof(f32));
    if (asked > sizeof(f32)) traffic[0] += asked, traffic[1] += distinct(access.second, SECTOR);
  }
  accesses.clear();
  turns.clear();
}
static inline void check(u64 address, size_t bytes, int thread, int site) {
  if (address % bytes) { fprintf(stderr, "emulated GPU: misaligned %lx\n", address); abort(); }
  if (counting) count(address, thread, site);
}
template <class T> static inline T load(u64 a, int thread, int site) {
  check(a, sizeof(T), thread, site);
  return *(T *) a;
}
template <class T> static inline void store(u64 a, T v, int thread, int site) {
  check(a, sizeof(T), thread, site);
  *(T *) a = v;
}
static inline f32 bits(u32 b) { f32 f; memcpy(&f, &b, 4); return f; }
static inline u32 shl32(u32 a, u32 n) { return n > 31 ? 0 : a << n; }
static inline u64 shl64(u64 a, u32 n) { return n > 63 ? 0 : a << n; }
static inline u32 shrb32(u32 a, u32 n) { return n > 31 ? 0 : a >> n; }
static inline u64 shrb64(u64 a, u32 n) { return n > 63 ? 0 : a >> n; }
template <class T> static inline T quotient(T a, T b) { return b == 0 || b == (T) -1 ? (b ? (T) (0 - a) : (T) -1) : a / b; }
template <class T> static inline T remainder_(T a, T b) { return b == 0 || b == (T) -1 ? 0 : a % b; }
static inline s32 rzi(f32 f) { return f != f ? 0 : f >= 2147483648.f ? 2147483647 : f <= -2147483648.f ? INT32_MIN : (s32) f; }
static inline bool normal(f32 f) { u32 e; memcpy(&e, &f, 4); e = e >> 23 & 255; return e != 0 && e != 255; }
/* MUFU.SIN takes turns, rounded to a float, and is good to 2^-20.5 or so. */
static inline f32 sinApprox(f32 x) { f32 t = x * 0.15915494309f; return (f32) (sin(6.283185307179586 * (double) t)); }
static inline f32 cosApprox(f32 x) { f32 t = x * 0.15915494309f; return (f32) (cos(6.283185307179586 * (double) t)); }
static inline f32 fmin_(f32 a, f32 b) { return a != a ? b : b != b ? a : a < b ? a : b; } /* as PTX: the number, if one is NaN */
static inline f32 fmax_(f32 a, f32 b) { return a != a ? b : b != b ? a : a > b ? a : b; }
