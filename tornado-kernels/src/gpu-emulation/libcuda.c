/*
 * A CUDA driver without a GPU: enough of libcuda.so.1 and of NVRTC for TornadoVM's PTX and CUDA backends
 * to list a device, compile every kernel and launch it. Memory is the heap; a launch runs on the CPU,
 * one thread block after the other, as C++ that ptx.py or cuda.py makes of the module (see launch.h).
 * CUDA graphs are recorded and replayed, and calls that a recording forbids fail.
 *
 *   EMULATED_CUDA_DUMP   directory: every module that is new becomes a file HASH.ptx or HASH.cu there, every
 *                        launch a line of launches.tsv (module, kernel, grid, block, shared memory, arguments)
 *   EMULATED_CUDA_TRAFFIC if set, what the first block of each launch read and wrote is another line there
 *                        (~, module, kernel, bytes asked for, bytes of the sectors touched; see launch.h)
 *   EMULATED_CUDA_EXEC   the command that makes a shared object of a module, called with the file of the
 *                        module and that of the object; without it launches do nothing
 *   EMULATED_CUDA_CACHE  directory where these objects are kept
 *   EMULATED_CUDA_CC     compute capability, 90 unless given
 *   EMULATED_CUDA_SMS    multiprocessors, 132 unless given; with few, grids are small and launches fast
 */
#define _GNU_SOURCE
#include <cuda.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <pthread.h>
#include "nvrtc.h"

typedef struct { char file[4096]; uint64_t hash; void *object; } Module;
typedef struct { Module *module; char name[512]; int parameters; void (*run)(void **, const unsigned *); uint64_t *traffic; } Function;
typedef struct { double at; } Event;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static FILE *launches;
static int capturing, invalidated;

static const char *dump(void) {
  const char *d = getenv("EMULATED_CUDA_DUMP");
  return d ? d : "/tmp";
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e3 + t.tv_nsec * 1e-6;
}

static int cc(void) {
  const char *c = getenv("EMULATED_CUDA_CC");
  return c ? atoi(c) : 90;
}

static void note(const char *line) {
  pthread_mutex_lock(&lock);
  if (!launches) {
    char path[4200];
    snprintf(path, sizeof path, "%s/launches.tsv", dump());
    launches = fopen(path, "a");
  }
  if (launches) {
    fputs(line, launches);
    fflush(launches);
  }
  pthread_mutex_unlock(&lock);
}

/* Calls that a capture forbids are noted and fail, and the capture with them. */
#define NOT_IN_CAPTURE(name) if (capturing) { invalidated = 1; note("!\t" name " while capturing\n"); return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED; }

/* ---- device ---- */
CUresult CUDAAPI cuInit(unsigned f) { return CUDA_SUCCESS; }
CUresult CUDAAPI cuDriverGetVersion(int *v) { *v = 13000; return CUDA_SUCCESS; }
CUresult CUDAAPI cuDeviceGetCount(int *n) { *n = 1; return CUDA_SUCCESS; }
CUresult CUDAAPI cuDeviceGet(CUdevice *d, int i) { *d = i; return CUDA_SUCCESS; }
CUresult CUDAAPI cuDeviceGetName(char *s, int n, CUdevice d) { snprintf(s, n, "Emulated H200"); return CUDA_SUCCESS; }
CUresult CUDAAPI cuDeviceTotalMem(size_t *b, CUdevice d) { *b = 141ULL << 30; return CUDA_SUCCESS; }
CUresult CUDAAPI cuMemGetInfo(size_t *f, size_t *t) { *f = 140ULL << 30; *t = 141ULL << 30; return CUDA_SUCCESS; }

CUresult CUDAAPI cuDeviceGetAttribute(int *v, CUdevice_attribute a, CUdevice d) {
  switch (a) {
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *v = 1024; break;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X: *v = 1024; break;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y: *v = 1024; break;
    case CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z: *v = 64; break;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X: *v = 2147483647; break;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y: *v = 65535; break;
    case CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z: *v = 65535; break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK: *v = 49152; break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: *v = 232448; break;
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR: *v = 233472; break;
    case CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY: *v = 65536; break;
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE: *v = 32; break;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK: *v = 65536; break;
    case CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR: *v = 65536; break;
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR: *v = 2048; break;
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: *v = 1980000; break;
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *v = getenv("EMULATED_CUDA_SMS") ? atoi(getenv("EMULATED_CUDA_SMS")) : 132; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *v = cc() / 10; break;
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *v = cc() % 10; break;
    case CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT: *v = 3; break;
    case CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS: *v = 1; break;
    case CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING: *v = 1; break;
    default: *v = 0; break;
  }
  return CUDA_SUCCESS;
}

/* ---- contexts, streams, events ---- */
#undef cuCtxCreate
CUresult CUDAAPI cuCtxCreate_v4(CUcontext *c, CUctxCreateParams *p, unsigned f, CUdevice d) { *c = (CUcontext) 1; return CUDA_SUCCESS; }
CUresult CUDAAPI cuCtxCreate_v2(CUcontext *c, unsigned f, CUdevice d) { *c = (CUcontext) 1; return CUDA_SUCCESS; }
CUresult CUDAAPI cuCtxDestroy(CUcontext c) { return CUDA_SUCCESS; }
CUresult CUDAAPI cuCtxSetCurrent(CUcontext c) { return CUDA_SUCCESS; }
CUresult CUDAAPI cuCtxSynchronize(void) { NOT_IN_CAPTURE("cuCtxSynchronize") return CUDA_SUCCESS; }
CUresult CUDAAPI cuCtxGetStreamPriorityRange(int *least, int *greatest) { *least = 0; *greatest = -5; return CUDA_SUCCESS; }
CUresult CUDAAPI cuGetErrorString(CUresult e, const char **s) { *s = "emulated"; return CUDA_SUCCESS; }
CUresult CUDAAPI cuGetErrorName(CUresult e, const char **s) { *s = "EMULATED"; return CUDA_SUCCESS; }

CUresult CUDAAPI cuStreamCreate(CUstream *s, unsigned f) { NOT_IN_CAPTURE("cuStreamCreate") *s = calloc(1, 8); return CUDA_SUCCESS; }
CUresult CUDAAPI cuStreamCreateWithPriority(CUstream *s, unsigned f, int p) { NOT_IN_CAPTURE("cuStreamCreateWithPriority") *s = calloc(1, 8); return CUDA_SUCCESS; }
CUresult CUDAAPI cuStreamDestroy(CUstream s) { free(s); return CUDA_SUCCESS; }
CUresult CUDAAPI cuStreamSynchronize(CUstream s) {
  NOT_IN_CAPTURE("cuStreamSynchronize")
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuStreamWaitEvent(CUstream s, CUevent e, unsigned f) { return CUDA_SUCCESS; }
CUresult CUDAAPI cuStreamIsCapturing(CUstream s, CUstreamCaptureStatus *c) {
  *c = capturing ? CU_STREAM_CAPTURE_STATUS_ACTIVE : CU_STREAM_CAPTURE_STATUS_NONE;
  return CUDA_SUCCESS;
}

CUresult CUDAAPI cuEventCreate(CUevent *e, unsigned f) { *e = calloc(1, sizeof(Event)); return CUDA_SUCCESS; }
CUresult CUDAAPI cuEventDestroy(CUevent e) { free(e); return CUDA_SUCCESS; }
CUresult CUDAAPI cuEventRecord(CUevent e, CUstream s) { ((Event *) e)->at = now(); return CUDA_SUCCESS; }
CUresult CUDAAPI cuEventQuery(CUevent e) { NOT_IN_CAPTURE("cuEventQuery") return CUDA_SUCCESS; }
CUresult CUDAAPI cuEventSynchronize(CUevent e) { NOT_IN_CAPTURE("cuEventSynchronize") return CUDA_SUCCESS; }
CUresult CUDAAPI cuEventElapsedTime(float *ms, CUevent a, CUevent b) { NOT_IN_CAPTURE("cuEventElapsedTime")
  *ms = (float) (((Event *) b)->at - ((Event *) a)->at);
  return CUDA_SUCCESS;
}

/* ---- graphs: what is captured is kept with its parameters as they are then, and replayed ---- */
typedef struct Op { struct Op *next; void *to; const void *from; size_t n; CUfunction f; unsigned shape[7]; char buffer[512]; } Op;
typedef struct { Op *first, **last; long ops; } Graph;
static Graph *capture;

static Op *record(void) {
  Op *op = calloc(1, sizeof *op);
  *capture->last = op;
  capture->last = &op->next;
  capture->ops++;
  return op;
}
static void run(CUfunction f, const unsigned *shape, void **args);

CUresult CUDAAPI cuStreamBeginCapture(CUstream s, CUstreamCaptureMode m) {
  capturing = 1, invalidated = 0;
  capture = calloc(1, sizeof *capture);
  capture->last = &capture->first;
  char line[40];
  snprintf(line, sizeof line, "!\tbegin capture, mode %d\n", m);
  note(line);
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuStreamEndCapture(CUstream s, CUgraph *g) {
  char line[80];
  capturing = 0;
  snprintf(line, sizeof line, "!\tend capture of %ld launches and copies\n", capture->ops);
  note(line);
  *g = invalidated ? NULL : (CUgraph) capture;
  if (invalidated) fprintf(stderr, "emulated GPU: the capture is invalid\n");
  return invalidated ? CUDA_ERROR_STREAM_CAPTURE_INVALIDATED : CUDA_SUCCESS;
}
CUresult CUDAAPI cuGraphInstantiateWithFlags(CUgraphExec *x, CUgraph g, unsigned long long f) { if (!g) abort(); *x = (CUgraphExec) g; return CUDA_SUCCESS; }
CUresult CUDAAPI cuGraphLaunch(CUgraphExec x, CUstream s) {
  note("!\tgraph launch\n");
  for (Op *op = ((Graph *) x)->first; op; op = op->next) {
    if (op->f) {
      void *args[64];
      for (int i = 0; i < 64; i++) args[i] = op->buffer + 8 * i;
      run(op->f, op->shape, args);
    } else {
      memcpy(op->to, op->from, op->n);
    }
  }
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuGraphExecUpdate(CUgraphExec x, CUgraph g, CUgraphExecUpdateResultInfo *r) { note("!\tgraph update\n"); return CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE; }
CUresult CUDAAPI cuGraphExecDestroy(CUgraphExec x) { return CUDA_SUCCESS; }
CUresult CUDAAPI cuGraphDestroy(CUgraph g) { return CUDA_SUCCESS; }

/* ---- memory ---- */
CUresult CUDAAPI cuMemAlloc(CUdeviceptr *p, size_t n) { NOT_IN_CAPTURE("cuMemAlloc")
  void *m = NULL;
  if (posix_memalign(&m, 256, n ? n : 1)) return CUDA_ERROR_OUT_OF_MEMORY;
  if (getenv("EMULATED_CUDA_EXEC")) memset(m, 0xff, n);
  *p = (CUdeviceptr) m;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemFree(CUdeviceptr p) { NOT_IN_CAPTURE("cuMemFree") free((void *) p); return CUDA_SUCCESS; }
CUresult CUDAAPI cuMemAllocHost(void **p, size_t n) { NOT_IN_CAPTURE("cuMemAllocHost") return posix_memalign(p, 4096, n ? n : 1) ? CUDA_ERROR_OUT_OF_MEMORY : CUDA_SUCCESS; }
CUresult CUDAAPI cuMemFreeHost(void *p) { NOT_IN_CAPTURE("cuMemFreeHost") free(p); return CUDA_SUCCESS; }
CUresult CUDAAPI cuMemHostRegister(void *p, size_t n, unsigned f) { NOT_IN_CAPTURE("cuMemHostRegister") return CUDA_SUCCESS; }
CUresult CUDAAPI cuMemHostUnregister(void *p) { NOT_IN_CAPTURE("cuMemHostUnregister") return CUDA_SUCCESS; }
static CUresult copy(void *to, const void *from, size_t n) {
  if (capturing) {
    Op *op = record();
    op->to = to, op->from = from, op->n = n;
  } else {
    memcpy(to, from, n);
  }
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuMemcpyDtoHAsync(void *h, CUdeviceptr d, size_t n, CUstream s) {
  return copy(h, (void *) d, n);
}
CUresult CUDAAPI cuMemcpyHtoDAsync(CUdeviceptr d, const void *h, size_t n, CUstream s) {
  return copy((void *) d, h, n);
}
CUresult CUDAAPI cuMemcpyDtoD(CUdeviceptr a, CUdeviceptr b, size_t n) { NOT_IN_CAPTURE("cuMemcpyDtoD") memmove((void *) a, (void *) b, n); return CUDA_SUCCESS; }
CUresult CUDAAPI cuMemsetD8(CUdeviceptr a, unsigned char v, size_t n) { NOT_IN_CAPTURE("cuMemsetD8") memset((void *) a, v, n); return CUDA_SUCCESS; }

/* ---- modules ---- */
static const char CUBIN[] = "EMULATEDCUBIN\n";

/* A hash of a module's text in which the numbers of registers and the kernel's name do not count. */
static uint64_t hashOf(const char *text, const char *kernel) {
  enum { MOST = 16384 };
  static const char *names[MOST];
  static int lengths[MOST];
  int n = 0;
  uint64_t hash = 14695981039346656037ULL;
#define MIX(x) hash = (hash ^ (unsigned) (x)) * 1099511628211ULL
  for (const char *c = text; *c;) {
    if (*c == '\t' && !strncmp(c, "\t.reg", 5)) {
      while (*c && *c != '\n') c++;
    } else if (*c == '_' || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')) {
      int length = strspn(c, "_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
      if (length == (int) strlen(kernel) && !strncmp(c, kernel, length)) {
        MIX(1);
      } else if (*c == 'r' && length > 3 && c[length - 1] >= '0' && strncmp(c, "ret", 3)) {
        int i = 0;
        while (i < n && (lengths[i] != length || strncmp(names[i], c, length))) i++;
        if (i == n && n < MOST) names[n] = c, lengths[n++] = length;
        MIX(c[1]); MIX(c[2]); MIX(i);
      } else {
        for (int i = 0; i < length; i++) MIX(c[i]);
      }
      c += length;
    } else {
      MIX(*c++);
    }
  }
  return hash;
}

static CUresult load(CUmodule *m, const char *image) {
  Module *module = calloc(1, sizeof *module);
  int fromC = !strncmp(image, CUBIN, strlen(CUBIN));
  const char *text = fromC ? image + strlen(CUBIN) : image, *mark = fromC ? "__global__ void " : ".entry ";
  const char *name = strstr(text, mark);
  char kernel[512] = "";
  if (name) sscanf(name + strlen(mark), "%511[A-Za-z0-9_]", kernel);
  pthread_mutex_lock(&lock);
  module->hash = hashOf(text, kernel);
  snprintf(module->file, sizeof module->file, "%s/%016lx.%s", dump(), module->hash, fromC ? "cu" : "ptx");
  FILE *f = fopen(module->file, "w");
  if (f) {
    fputs(text, f);
    fclose(f);
  }
  pthread_mutex_unlock(&lock);
  *m = (CUmodule) module;
  return f ? CUDA_SUCCESS : CUDA_ERROR_INVALID_IMAGE;
}
CUresult CUDAAPI cuModuleLoadData(CUmodule *m, const void *image) { NOT_IN_CAPTURE("cuModuleLoadData") return load(m, image); }
CUresult CUDAAPI cuModuleLoadDataEx(CUmodule *m, const void *image, unsigned n, CUjit_option *o, void **v) { NOT_IN_CAPTURE("cuModuleLoadDataEx") return load(m, image); }
CUresult CUDAAPI cuModuleUnload(CUmodule m) { NOT_IN_CAPTURE("cuModuleUnload") return CUDA_SUCCESS; }

static void *objectOf(Module *module) {
  const char *command = getenv("EMULATED_CUDA_EXEC"), *cache = getenv("EMULATED_CUDA_CACHE");
  if (module->object) return module->object;
  char so[4200], line[9000];
  snprintf(so, sizeof so, "%s/%016lx.so", cache ? cache : dump(), module->hash);
  FILE *f = fopen(so, "r");
  if (f) {
    fclose(f);
  } else {
    snprintf(line, sizeof line, "%s %s %s", command, module->file, so);
    if (system(line)) { fprintf(stderr, "emulated GPU: failed: %s\n", line); abort(); }
  }
  module->object = dlopen(so, RTLD_NOW | RTLD_LOCAL);
  if (!module->object) { fprintf(stderr, "emulated GPU: %s\n", dlerror()); abort(); }
  return module->object;
}

/* How many parameters a kernel has in its source: a driver knows it from the module. */
static int parametersOf(Module *module, const char *kernel) {
  static char text[1 << 22];
  FILE *f = fopen(module->file, "r");
  if (!f) return 0;
  text[fread(text, 1, sizeof text - 1, f)] = 0;
  fclose(f);
  size_t length = strlen(kernel);
  for (const char *c = strstr(text, kernel); c; c = strstr(c + 1, kernel)) {
    const char *p = c + length;
    p += strspn(p, " \n\t");
    if (*p != '(') continue;
    int n = 1;
    for (p++; *p && *p != ')'; p++) n += *p == ',';
    return n;
  }
  return 0;
}

CUresult CUDAAPI cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
  Function *function = calloc(1, sizeof *function);
  function->module = (Module *) m;
  snprintf(function->name, sizeof function->name, "%s", name);
  function->parameters = parametersOf(function->module, name);
  *f = (CUfunction) function;
  return CUDA_SUCCESS;
}
CUresult CUDAAPI cuOccupancyMaxPotentialBlockSize(int *g, int *b, CUfunction f, CUoccupancyB2DSize s, size_t d, int l) { *g = 132; *b = 1024; return CUDA_SUCCESS; }
CUresult CUDAAPI cuFuncSetAttribute(CUfunction f, CUfunction_attribute a, int v) { return CUDA_SUCCESS; }

static void run(CUfunction f, const unsigned *shape, void **args) {
  Function *function = (Function *) f;
  if (!getenv("EMULATED_CUDA_EXEC")) return;
  if (!function->run) {
    function->run = dlsym(objectOf(function->module), "launch");
    if (!function->run) { fprintf(stderr, "emulated GPU: no launch\n"); abort(); }
    function->traffic = dlsym(objectOf(function->module), "traffic");
  }
  function->run(args, shape);
  if (function->traffic && function->traffic[1]) {
    char line[2048];
    snprintf(line, sizeof line, "~\t%016lx\t%s\t%lu\t%lu\n", function->module->hash, function->name, function->traffic[0],
        function->traffic[1]);
    note(line);
  }
}

CUresult CUDAAPI cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
    unsigned bz, unsigned shared, CUstream s, void **args, void **extra) {
  Function *function = (Function *) f;
  char line[2048];
  size_t bytes = 0;
  void *buffer = NULL;
  for (int i = 0; extra && extra[i] != CU_LAUNCH_PARAM_END; i += 2) {
    if (extra[i] == CU_LAUNCH_PARAM_BUFFER_POINTER) buffer = extra[i + 1];
    if (extra[i] == CU_LAUNCH_PARAM_BUFFER_SIZE) bytes = *(size_t *) extra[i + 1];
  }
  snprintf(line, sizeof line, "%016lx\t%s\t%u %u %u\t%u %u %u\t%u\t%s %zu%s\n", function->module->hash,
      function->name, gx, gy, gz, bx, by, bz, shared, buffer ? "buffer" : "pointers", bytes, capturing ? "\tcaptured" : "");
  note(line);
  if (gx == 0 || gy == 0 || gz == 0 || bx * by * bz > 1024 || bx * by * bz == 0) return CUDA_ERROR_INVALID_VALUE;
  unsigned shape[] = {gx, gy, gz, bx, by, bz, shared};
  void *pointers[64];
  if (buffer) { // every parameter is 8 bytes wide
    for (size_t i = 0; i < bytes / 8 && i < 64; i++) pointers[i] = (char *) buffer + 8 * i;
    args = pointers;
  }
  if (capturing) {
    Op *op = record();
    op->f = f;
    memcpy(op->shape, shape, sizeof shape);
    if (buffer) memcpy(op->buffer, buffer, bytes < 512 ? bytes : 512);
    else for (int i = 0; i < function->parameters; i++) memcpy(op->buffer + 8 * i, args[i], 8);
  } else {
    run(f, shape, args);
  }
  return CUDA_SUCCESS;
}

/* ---- NVRTC: a "cubin" is the source behind a mark ---- */
struct _nvrtcProgram { char *source; };
nvrtcResult nvrtcVersion(int *a, int *b) { *a = 13; *b = 0; return NVRTC_SUCCESS; }
nvrtcResult nvrtcGetNumSupportedArchs(int *n) { *n = 3; return NVRTC_SUCCESS; }
nvrtcResult nvrtcGetSupportedArchs(int *a) { a[0] = 75; a[1] = 80; a[2] = 90; return NVRTC_SUCCESS; }
const char *nvrtcGetErrorString(nvrtcResult r) { return "emulated"; }
nvrtcResult nvrtcCreateProgram(nvrtcProgram *p, const char *source, const char *name, int n, const char *const *h, const char *const *i) {
  *p = malloc(sizeof **p);
  (*p)->source = strdup(source);
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcDestroyProgram(nvrtcProgram *p) { free((*p)->source); free(*p); *p = NULL; return NVRTC_SUCCESS; }
nvrtcResult nvrtcCompileProgram(nvrtcProgram p, int n, const char *const *o) {
  char line[1024] = "!\tnvrtc";
  for (int i = 0; i < n; i++) { strncat(line, " ", 1000 - strlen(line)); strncat(line, o[i], 1000 - strlen(line)); }
  strcat(line, "\n");
  note(line);
  return NVRTC_SUCCESS;
}
nvrtcResult nvrtcGetProgramLogSize(nvrtcProgram p, size_t *n) { *n = 1; return NVRTC_SUCCESS; }
nvrtcResult nvrtcGetProgramLog(nvrtcProgram p, char *s) { *s = 0; return NVRTC_SUCCESS; }
nvrtcResult nvrtcGetCUBINSize(nvrtcProgram p, size_t *n) { *n = strlen(CUBIN) + strlen(p->source) + 1; return NVRTC_SUCCESS; }
nvrtcResult nvrtcGetCUBIN(nvrtcProgram p, char *s) { strcpy(s, CUBIN); strcat(s, p->source); return NVRTC_SUCCESS; }
nvrtcResult nvrtcGetPTXSize(nvrtcProgram p, size_t *n) { return nvrtcGetCUBINSize(p, n); }
nvrtcResult nvrtcGetPTX(nvrtcProgram p, char *s) { return nvrtcGetCUBIN(p, s); }
