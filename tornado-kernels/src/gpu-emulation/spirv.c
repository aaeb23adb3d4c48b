/*
 * Lets an OpenCL device without SPIR-V take it: preloaded (LD_PRELOAD), it makes every device say that it
 * does, and turns each module into LLVM bitcode, which PoCL takes as a program's binary. The rest is PoCL's.
 *
 *   EMULATED_SPIRV_DUMP  directory: every module that is new becomes a file HASH.spv there, its bitcode HASH.bc
 *   EMULATED_SPIRV_EXEC  the command that writes the bitcode (spirv.py), called with both files; a module
 *                        that it refuses is not built
 */
#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The function that would have been called without this file. */
#define REAL(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

cl_int clGetDeviceInfo(cl_device_id device, cl_device_info asked, size_t room, void *value, size_t *size) {
  static const char languages[] = "SPIR-V_1.2";
  if (asked != CL_DEVICE_IL_VERSION) return REAL(clGetDeviceInfo)(device, asked, room, value, size);
  if (size) *size = sizeof languages;
  if (value && room < sizeof languages) return CL_INVALID_VALUE;
  if (value) memcpy(value, languages, sizeof languages);
  return CL_SUCCESS;
}

/* What a file holds, or NULL. */
static unsigned char *contents(const char *path, size_t *length) {
  FILE *file = fopen(path, "rb");
  if (!file) return NULL;
  fseek(file, 0, SEEK_END);
  *length = ftell(file);
  rewind(file);
  unsigned char *bytes = malloc(*length);
  if (fread(bytes, 1, *length, file) != *length) *length = 0;
  fclose(file);
  return bytes;
}

/* A module without the names of its variables, which TornadoVM numbers anew in each session. Returns its words. */
static size_t withoutNames(uint32_t *to, const uint32_t *module, size_t words) {
  enum { HEADER = 5, OP_NAME = 5 };
  size_t n = HEADER;
  memcpy(to, module, 4 * HEADER);
  for (size_t i = HEADER, length; i < words && (length = module[i] >> 16); i += length) {
    if ((module[i] & 0xffff) == OP_NAME) continue;
    memcpy(to + n, module + i, 4 * length);
    n += length;
  }
  return n;
}

static uint64_t hashOf(const uint32_t *words, size_t n) {
  uint64_t hash = 14695981039346656037ULL;
  for (size_t i = 0; i < n; i++) hash = (hash ^ words[i]) * 1099511628211ULL;
  return hash;
}

cl_program clCreateProgramWithIL(cl_context context, const void *module, size_t length, cl_int *error) {
  const char *dump = getenv("EMULATED_SPIRV_DUMP"), *command = getenv("EMULATED_SPIRV_EXEC");
  uint32_t *words = malloc(length);
  size_t n = withoutNames(words, module, length / 4);
  char spirv[4096], bitcode[4096], line[12288];
  uint64_t hash = hashOf(words, n);
  snprintf(spirv, sizeof spirv, "%s/%016lx.spv", dump ? dump : "/tmp", hash);
  snprintf(bitcode, sizeof bitcode, "%s/%016lx.bc", dump ? dump : "/tmp", hash);
  snprintf(line, sizeof line, "env -u LD_PRELOAD %s %s %s", command ? command : "false", spirv, bitcode);
  unsigned char *bits = contents(bitcode, &length);
  if (!bits) {
    FILE *file = fopen(spirv, "wb");
    if (file) {
      fwrite(words, 4, n, file);
      fclose(file);
      if (!system(line)) bits = contents(bitcode, &length);
    }
  }
  free(words);
  if (!bits) {
    fprintf(stderr, "emulated SPIR-V: no program of %s\n", spirv);
    if (error) *error = CL_INVALID_VALUE;
    return NULL;
  }
  cl_device_id device;
  REAL(clGetContextInfo)(context, CL_CONTEXT_DEVICES, sizeof device, &device, NULL);
  const unsigned char *binary = bits;
  cl_program program = REAL(clCreateProgramWithBinary)(context, 1, &device, &length, &binary, NULL, error);
  free(bits);
  return program;
}
