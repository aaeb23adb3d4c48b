#!/usr/bin/env python3
"""What a GPU makes of the kernels: registers.py DUMP TABLE [--accept] assembles the modules that the
emulated driver has written to DUMP, with the CUDA toolkit's ptxas and nvcc, and compares them with TABLE:
a kernel that spills, uses a stack, fits fewer times on a multiprocessor or reads memory less evenly than
there ends it with an error. --accept writes TABLE anew; what was not measured stays as it was.

Columns: kernel (CUDA C names it by its method alone: of several, the worst), language, architecture, registers, bytes of stack, of spilled stores and loads, of shared
memory, threads of a block, blocks that fit on a multiprocessor, percentage of the touched sectors' bytes
that a warp asked for (of the launch that moved most; see launch.h)."""
import pathlib, re, shutil, subprocess, sys, tempfile

ARCHITECTURES = "sm_80", "sm_90"
# Of sm_80 and sm_90: registers, threads, blocks, bytes of shared memory, and those that a block costs.
REGISTERS, THREADS, BLOCKS, SHARED, RESERVED = 65536, 2048, 32, {"sm_80": 167936, "sm_90": 233472}, 1024
WARP, GRANULE = 32, 8
FEWEST_PERCENT = 80
HEAD = "kernel language architecture registers stack stores loads shared threads blocks percent".split()


def tool(name):
    found = shutil.which(name) or shutil.which(name, path="/usr/local/cuda/bin")
    return found or sys.exit("registers.py: no %s: install the CUDA toolkit" % name)


SOURCES = [*(pathlib.Path(__file__).parents[1] / "main").rglob("*Kernels.java")]
OWNERS = {f.name.removesuffix("Kernels.java").lower() for f in SOURCES}
METHODS = {m.lower() for f in SOURCES for m in re.findall(r"^  static void (\w+)\(", f.read_text(), re.M)}


def plain(function):
    """The kernel of a function: program_activation_silu_3_silu_arrays_... is activation.silu in PTX, silu is *.silu
    in CUDA C. None if it is of a test."""
    m = re.match(r"program_([a-z0-9]+)_([a-z0-9]+?)_+\d+_", function)
    if m:
        return "%s.%s" % m.groups() if m[1] in OWNERS else None
    return "*." + function.lower() if function.lower() in METHODS else None


def launches(dump):
    threads, percent, most = {}, {}, {}
    for line in (dump / "launches.tsv").read_text().splitlines():
        f = line.split("\t")
        if f[0] == "~":
            kernel, asked, touched = plain(f[2]), int(f[3]), int(f[4])
            if touched > most.get(kernel, 0):
                most[kernel], percent[kernel] = touched, round(100 * asked / touched)
        elif f[0] != "!":
            x, y, z = map(int, f[3].split())
            threads[f[0]] = x * y * z
    return threads, percent


def assemble(file, text, architecture):
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory) / file.name
        source.write_text(re.sub(r"^\.target sm_\d+", ".target " + min(architecture, "sm_86"), text, flags=re.M))
        flags = ["-v"] if file.suffix == ".ptx" else ["-cubin", "-Xptxas=-v"]
        command = [tool("ptxas" if file.suffix == ".ptx" else "nvcc"), "-arch=" + architecture, *flags, str(source), "-o", "/dev/null"]
        done = subprocess.run(command, capture_output=True, text=True)
    said = done.stdout + done.stderr
    if done.returncode:
        sys.exit("registers.py: %s for %s does not assemble: %s" % (file, architecture, said))
    number = lambda pattern: int(next(iter(re.findall(pattern, said)), 0))
    return [number(p) for p in (r"Used (\d+) reg", r"(\d+) bytes stack", r"(\d+) bytes spill stores", r"(\d+) bytes spill loads", r"(\d+) bytes smem")]


def fits(registers, shared, threads, architecture):
    warps = -(-threads // WARP)
    granted = -(-registers // GRANULE) * GRANULE * WARP * warps
    return min(REGISTERS // granted, THREADS // (warps * WARP), BLOCKS, SHARED[architecture] // (shared + RESERVED))


def worse(a, b):
    """Of two kernels of one name, which CUDA C cannot tell apart."""
    return [*map(max, a[:6], b[:6]), min(a[6], b[6]), a[7]]


def rows(dump, committed):
    threads, percent = launches(dump)
    found = {}
    for file in sorted([*dump.glob("*.ptx"), *dump.glob("*.cu")]):
        text = file.read_text()
        kernel = plain(re.search(r"(?:\.entry|__global__ void) (\w+)", text)[1])
        for architecture in ARCHITECTURES if kernel and file.stem in threads else ():
            numbers = assemble(file, text, architecture)
            block = threads[file.stem]
            key = kernel, file.suffix[1:], architecture
            measured = percent.get(kernel, committed.get(key, [""])[-1])
            row = [*numbers, block, fits(numbers[0], numbers[4], block, architecture), measured]
            found[key] = worse(found[key], row) if key in found else row
    return found


def read(table):
    lines = table.read_text().splitlines()[1:] if table.exists() else []
    return {tuple(f[:3]): [int(n) if n else "" for n in f[3:]] for f in (line.split("\t") for line in lines)}


def faults(key, row, before):
    registers, stack, stores, loads, _, _, blocks, percent = row
    if stack or stores or loads:
        yield "uses %d bytes of stack, spills %d and %d bytes" % (stack, stores, loads)
    if before and blocks < before[6]:
        yield "fits %d times on a multiprocessor instead of %d (%d registers instead of %d)" % (blocks, before[6], registers, before[0])
    if before and percent != "" and before[7] != "" and percent < before[7] and percent < FEWEST_PERCENT:
        yield "asks for %d %% of the bytes that it touches instead of %d %%" % (percent, before[7])


dump, table = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
committed = read(table)
found = rows(dump, committed)
if "--accept" in sys.argv:
    merged = {**committed, **found}
    table.write_text("\n".join("\t".join(map(str, r)) for r in [HEAD, *([*k, *merged[k]] for k in sorted(merged))]) + "\n")
wrong = ["%s (%s, %s) %s" % (*key, fault) for key, row in sorted(found.items()) for fault in faults(key, row, committed.get(key))]
if wrong:
    sys.exit("\n".join(wrong) + "\nIf this is meant: python3 %s %s %s --accept" % (sys.argv[0], dump, table))
