#!/usr/bin/env python3
"""SPIR-V as LLVM bitcode: spirv.py IN.spv OUT.bc. Invalid modules are refused (spirv-val). llvm-spirv makes
invalid LLVM of a shift whose amount has fewer bits than the number shifted, which SPIR-V allows: the
amount is widened first."""
import os, re, shutil, subprocess, sys


def tool(*names):
    found = next((path for name in names if (path := shutil.which(name))), None)
    return found or sys.exit("emulated SPIR-V: no %s: install spirv-tools and llvm-spirv" % names[0])


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit("emulated SPIR-V: %s: %s" % (" ".join(command), (done.stderr or done.stdout).strip()))
    return done.stdout


def widen(text):
    bits = {m[1]: int(m[2]) for m in re.finditer(r"(%\d+) = OpTypeInt (\d+)", text)}
    types = {m[1]: m[2] for m in re.finditer(r"(%\d+) = Op\w+ (%\d+)", text)}
    unused = int(re.search(r"Bound: (\d+)", text)[1])
    for line in text.splitlines():
        shift = re.search(r"(%\d+ = OpShift\w+ (%\d+) %\d+) (%\d+)", line)
        if shift and bits.get(types.get(shift[3])) != bits.get(shift[2]):
            yield "%%%d = OpUConvert %s %s" % (unused, shift[2], shift[3])
            line = "%s %%%d" % (shift[1], unused)
            unused += 1
        yield line


source, target = sys.argv[1:3]
run([tool("spirv-val"), "--target-env", "opencl2.2", source])
text = "\n".join(widen(run([tool("spirv-dis"), "--raw-id", source])))
wide = "%s.%d" % (target, os.getpid())
run([tool("spirv-as"), "--preserve-numeric-ids", "--target-env", "spv1.2", "-o", wide, "-"], input=text)
run([tool("llvm-spirv", *("llvm-spirv-%d" % version for version in range(20, 13, -1))), "-r", wide, "-o", wide + ".bc"])
os.remove(wide)
os.rename(wide + ".bc", target)
