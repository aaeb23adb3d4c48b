#!/usr/bin/env python3
"""What a GPU's registers and memory say of the kernels: registers.py DUMP ARCH... assembles the
modules that the emulated driver has written to DUMP, with the CUDA toolkit's ptxas or nvcc, and prints
a row a kernel and architecture, separated by tabs: module, kernel, architecture, registers, bytes of
stack, of spilled stores, of spilled loads, of shared memory, threads of a block, blocks that fit on a
multiprocessor (of an H100), error."""
import pathlib, re, subprocess, sys

directory, archs = pathlib.Path(sys.argv[1]), sys.argv[2:]
launches = {}
for line in (directory / "launches.tsv").read_text().splitlines():
    f = line.split("\t")
    if f[0] != "!":
        launches.setdefault(f[0], f)
seen = set()
for file in sorted(directory.glob("[0-9]*.ptx")) + sorted(directory.glob("[0-9]*.cu")):
    launch = launches.get(file.stem)
    name = launch[1].split("_arrays_")[0].split("_uk_ac")[0] if launch else "?"
    if name in seen or "transfer_write" in name and "transfer" in seen:
        continue
    seen.add(name)
    if "transfer_write" in name:
        seen.add("transfer")
    text = file.read_text()
    for arch in archs:
        if file.suffix == ".ptx":
            tmp = pathlib.Path("/tmp/assemble.ptx")
            tmp.write_text(re.sub(r"^\.target sm_\d+", ".target " + min(arch, "sm_86"), text, flags=re.M))
            command = ["ptxas", "-arch=" + arch, "-v", str(tmp), "-o", "/dev/null"]
        else:
            command = ["nvcc", "-arch=" + arch, "-cubin", "-Xptxas=-v", str(file), "-o", "/dev/null"]
        command[0] = "/usr/local/cuda/bin/" + command[0]
        p = subprocess.run(command, capture_output=True, text=True)
        out = p.stdout + p.stderr
        find = lambda pattern: next(iter(re.findall(pattern, out)), "0")
        error = "" if p.returncode == 0 else " | ".join(l for l in out.splitlines() if "error" in l or "fatal" in l)[:300]
        registers, shared = int(find(r"Used (\d+) registers")), int(find(r"(\d+) bytes smem"))
        block = 1
        if launch:
            for n in launch[3].split():
                block *= int(n)
        blocks = 0
        if registers:
            granted = -(-registers // 8) * 8 * 32  # registers of a warp
            warps = -(-block // 32)
            blocks = min(65536 // (granted * warps), 2048 // block, 32, 233472 // (shared + 1024))
        print(file.stem, name.replace("program_", ""), arch, registers, find(r"(\d+) bytes stack"), find(r"(\d+) bytes spill stores"),
              find(r"(\d+) bytes spill loads"), shared, block, blocks, error, sep="\t")
