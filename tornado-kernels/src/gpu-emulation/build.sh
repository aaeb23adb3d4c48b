#!/bin/sh
# Builds the emulated driver: build.sh OUT writes OUT/libcuda.so.1, which is NVRTC, too. Needs a C compiler
# and the headers of a CUDA toolkit, looked for in $CUDA_HOME and /usr/local.
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
for cuda in "${CUDA_HOME-}" /usr/local/cuda /usr/local/cuda-*; do
  [ ! -r "$cuda/include/cuda.h" ] || break
done
if [ ! -r "$cuda/include/cuda.h" ]; then
  echo "gpu-emulation: no cuda.h: install a CUDA toolkit (its headers are enough) and let CUDA_HOME name it" >&2
  exit 1
fi
mkdir -p "$out/modules" "$out/objects"
cc -O2 -g -shared -fPIC -I"$cuda/include" -I"$here" -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" "$here/libcuda.c" -ldl -lpthread
ln -sf libcuda.so.1 "$out/libcuda.so"
ln -sf libcuda.so.1 "$out/libnvrtc.so"
