#!/usr/bin/env python3
"""Turns the CUDA C that TornadoVM writes into a shared object for the CPU: cuda.py IN.cu OUT.so.
Modules of PTX are handed on to ptx.py."""
import os, pathlib, re, subprocess, sys

here = pathlib.Path(__file__).parent
source, target = sys.argv[1:3]
if source.endswith(".ptx"):
    os.execvp("python3", ["python3", str(here / "ptx.py"), source, target])
text = pathlib.Path(source).read_text()
name, parameters = re.search(r"__global__ void (\w+)\(([^)]*)\)", text).groups()
types = [p.rsplit("*", 1)[0] + "*" for p in parameters.split(",")]
arguments = ", ".join("*(%s *) a[%d]" % (t, i) for i, t in enumerate(types))
barrier = "__syncthreads" in text
run = """
static void **a;
static void call() { %s(%s); }
static void body() { for (;;) { call(); ended[current] = true; __syncthreads(); } }
""" % (name, arguments)
if barrier:
    block = """
      static char stacks[1024][65536];
      int n = blockDim.x * blockDim.y * blockDim.z, left = n;
      for (int t = 0; t < n; t++) ended[t] = false;
      while (left) {
        for (current = 0; current < n; current++) {
          if (ended[current]) continue;
          threadIdx = {current % blockDim.x, current / blockDim.x % blockDim.y, current / (blockDim.x * blockDim.y)};
          if (!_setjmp(turn)) {
            if (begun[current]) _longjmp(fibers[current], 1);
            begun[current] = true;
            getcontext(&started);
            started.uc_stack.ss_sp = stacks[current];
            started.uc_stack.ss_size = sizeof stacks[current];
            makecontext(&started, body, 0);
            setcontext(&started);
          }
          left -= ended[current];
        }
      }"""
else:
    block = """
      for (threadIdx.z = 0; threadIdx.z < blockDim.z; threadIdx.z++)
        for (threadIdx.y = 0; threadIdx.y < blockDim.y; threadIdx.y++)
          for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) call();"""
run += """
extern "C" void launch(void **arguments, const unsigned *shape) {
  a = arguments;
  gridDim = {shape[0], shape[1], shape[2]};
  blockDim = {shape[3], shape[4], shape[5]};
  for (blockIdx.z = 0; blockIdx.z < gridDim.z; blockIdx.z++)
    for (blockIdx.y = 0; blockIdx.y < gridDim.y; blockIdx.y++)
      for (blockIdx.x = 0; blockIdx.x < gridDim.x; blockIdx.x++) {%s
      }
}
""" % block
cpp = pathlib.Path(target).with_suffix(".cpp")
cpp.write_text('#include "%s"\n' % (here / "cuda_on_cpu.h") + text + run)
# Another process with the same cache may look for it: it is there when it is whole.
part = f"{target}.{os.getpid()}"
subprocess.run(["g++", "-O1", "-march=native", "-ffp-contract=off", "-fwrapv", "-fno-strict-aliasing", "-w", "-shared", "-fPIC", "-o", part, str(cpp)], check=True)
os.replace(part, target)
