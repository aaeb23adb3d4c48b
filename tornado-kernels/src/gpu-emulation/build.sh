#!/bin/sh
# Builds what emulates a device: build.sh OUT [DEVICE]. For ptx:0 and cuda:0 it writes OUT/libcuda.so.1, a driver
# which is NVRTC, too; for spirv:0 OUT/spirv.so, to be preloaded. Needs a C compiler and headers: those of a CUDA
# toolkit, looked for in $CUDA_HOME and /usr/local, or those of OpenCL.
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$out/modules" # of another build: registers.py would take them for this one's
mkdir -p "$out/modules" "$out/objects"
case ${2-} in
  spirv:*)
    cc -O2 -g -shared -fPIC -o "$out/spirv.so" "$here/spirv.c" -ldl -Wl,--no-as-needed -l:libOpenCL.so.1
    exit
    ;;
esac
for cuda in "${CUDA_HOME-}" /usr/local/cuda /usr/local/cuda-*; do
  [ ! -r "$cuda/include/cuda.h" ] || break
done
if [ ! -r "$cuda/include/cuda.h" ]; then
  echo "gpu-emulation: no cuda.h: install a CUDA toolkit (its headers are enough) and let CUDA_HOME name it" >&2
  exit 1
fi
cc -O2 -g -shared -fPIC -I"$cuda/include" -I"$here" -Wl,-soname,libcuda.so.1 -o "$out/libcuda.so.1" "$here/libcuda.c" -ldl -lpthread
ln -sf libcuda.so.1 "$out/libcuda.so"
ln -sf libcuda.so.1 "$out/libnvrtc.so"
