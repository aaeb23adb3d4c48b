#!/usr/bin/env python3
"""Turns the PTX that TornadoVM writes into a shared object for the CPU: ptx.py IN.ptx OUT.so.
Knows the instructions that this project's kernels become; any other ends it with an error. Objects
are kept in $EMULATED_CUDA_CACHE."""
import hashlib, os, pathlib, re, shutil, subprocess, sys

here = pathlib.Path(__file__).parent
cache = pathlib.Path(os.environ.get("EMULATED_CUDA_CACHE", "/tmp/emulated-cuda"))
C = {"f32": "f32", "s32": "s32", "u32": "u32", "b32": "u32", "s64": "s64", "u64": "u64", "b64": "u64", "pred": "int"}


def translate(text):
    name, params = re.search(r"\.entry (\w+)\(([^)]*)\)", text).groups()
    params = [p.split()[-1] for p in params.split(",")]
    body = text[text.index("{", text.index(".entry")) + 1 : text.rindex("}")]
    registers, shared, code, barriers, sites = {}, {}, [], 0, 0

    def value(o, t):
        o = o.strip()
        if re.fullmatch(r"0F[0-9A-Fa-f]{8}", o):
            return "bits(0x%s)" % o[2:]
        if re.fullmatch(r"-?\d+", o):
            return "(%s)%s%s" % (C[t], o, "LL" if "64" in t else "LL")
        if o.startswith("%"):
            n, a = o[1:].split(".")
            i = "xyz".index(a)
            return {"tid": "tid[%d]", "ntid": "shape[%d + 3]", "ctaid": "ctaid[%d]", "nctaid": "shape[%d]"}[n] % i
        kind = registers[o]
        r = "R." + o
        return r if kind == t or t == "pred" else "(%s)%s" % (C[t], r)

    def address(o):
        o = o.strip()
        m = re.fullmatch(r"(\w+)\[(.+)\]", o)
        if m:  # element of a shared array
            i = m[2] if re.fullmatch(r"\d+", m[2]) else value(m[2], "s32")
            return m[1], i
        m = re.fullmatch(r"\[(\w+)(?:\+(-?\d+))?\]", o)
        return None, "%s + %s" % (value(m[1], "u64"), m[2] or "0")

    for raw in body.split("\n"):
        line = raw.split("//")[0].strip()
        if not line:
            continue
        m = re.fullmatch(r"\.reg \.(\w+) (\w+)<(\d+)>;", line)
        if m:
            for i in range(int(m[3])):
                registers[m[2] + str(i)] = m[1]
            continue
        m = re.fullmatch(r"\.reg \.(\w+) (\w+);", line)
        if m:
            registers[m[2]] = m[1]
            continue
        m = re.fullmatch(r"\.shared \.(\w+) (\w+)\[(\d+)\];", line)
        if m:
            shared[m[2]] = (m[1], int(m[3]))
            continue
        m = re.fullmatch(r"(\w+):", line)
        if m:
            code.append("%s:;" % m[1])
            continue
        m = re.fullmatch(r"(?:@(!?)(\w+)\s+)?([\w.]+)\s*(.*);", line)
        if not m:
            sys.exit("no instruction: " + line)
        guard = "if (%sR.%s) " % (m[1], m[2]) if m[2] else ""
        op = m[3].split(".")
        o = re.split(r",\s*", m[4].strip()) if m[4].strip() else []
        t = op[-1]
        v = lambda i, k=None: value(o[i], k or t)
        d = "R." + o[0].strip() if o else ""
        to = lambda e: "%s = (%s)(%s);" % (d, C[registers[o[0].strip()]], e)
        key = op[0]
        if key == "bra":
            s = "goto %s;" % o[0]
        elif key == "ret":
            s = "return 0;"
        elif key == "barrier":
            barriers += 1
            s = "R.pc = %d; return 1; case %d:;" % (barriers, barriers)
        elif key == "ld" and op[1] == "param":
            s = to("*(u64 *) args[%d]" % params.index(o[1].strip("[] ")))
        elif key in ("ld", "st") and op[1] in ("global", "shared"):
            array, a = address(o[1] if key == "ld" else o[0])
            if array:
                kind, size = shared[array]
                p = "%s[place(%s_, \"%s\", %s, %d, thread, %d)]" % (array, array, array, a, size, key == "st")
                if t != kind:
                    p = "*(%s *)&%s" % (C[t], p)
                s = to(p) if key == "ld" else "%s = %s;" % (p, v(1))
            elif op[1] == "shared":
                sys.exit("shared address: " + line)
            else:
                sites += 1
                where = "thread, %d" % sites
                s = to("load<%s>(%s, %s)" % (C[t], a, where)) if key == "ld" else "store<%s>(%s, %s, %s);" % (C[t], a, v(1), where)
        elif key == "mov":
            s = to(v(1))
        elif key in ("add", "sub", "mul") and t == "f32" or key in ("add", "sub") or key == "mul" and op[1] == "lo":
            s = to("%s %s %s" % (v(1), {"add": "+", "sub": "-", "mul": "*"}[key], v(2)))
        elif key == "mul" and op[1] == "wide":
            s = to("(%s)%s * (%s)%s" % (C[t].replace("32", "64"), v(1), C[t].replace("32", "64"), v(2)))
        elif key in ("mad", "fma") and t == "f32":
            s = to("fmaf(%s, %s, %s)" % (v(1), v(2), v(3)))
        elif key == "mad" and op[1] == "lo":
            s = to("%s * %s + %s" % (v(1), v(2), v(3)))
        elif key == "div":
            s = to("%s / %s" % (v(1), v(2)) if t == "f32" else "quotient(%s, %s)" % (v(1), v(2)))
        elif key == "rem":
            s = to("remainder_(%s, %s)" % (v(1), v(2)))
        elif key in ("min", "max"):
            s = to("f%s_(%s, %s)" % (key, v(1), v(2)) if t == "f32" else "%s %s %s ? %s : %s" % (v(1), "<" if key == "min" else ">", v(2), v(1), v(2)))
        elif key in ("and", "or", "xor"):
            s = to("%s %s %s" % (v(1), {"and": "&", "or": "|", "xor": "^"}[key], v(2)))
        elif key == "neg":
            s = to("-%s" % v(1))
        elif key == "abs":
            s = to("fabsf(%s)" % v(1))
        elif key == "shl":
            s = to("shl%s(%s, (u32) %s)" % (t[1:], v(1), v(2, "u32")))
        elif key == "shr" and t[0] == "b":
            s = to("shrb%s(%s, (u32) %s)" % (t[1:], v(1), v(2, "u32")))
        elif key == "shr" and t[0] == "s":
            s = to("%s >> %s" % (v(1), v(2, "u32")))
        elif key == "setp":
            s = to("%s %s %s" % (v(1), {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}[op[1]], v(2)))
        elif key == "selp":
            s = to("R.%s ? %s : %s" % (o[3].strip(), v(1), v(2)))
        elif key == "testp" and op[1] == "normal":
            s = to("normal(%s)" % v(1))
        elif key == "cvt" and op[1] == "rzi":
            s = to("rzi(%s)" % v(1, "f32"))
        elif key == "cvt":
            s = to("(%s)%s" % (C[op[-2]], v(1)))
        elif key in ("ex2", "lg2", "sin", "cos", "rsqrt", "sqrt"):
            f = {"ex2": "exp2f", "lg2": "log2f", "sin": "sinApprox", "cos": "cosApprox", "rsqrt": "1 / sqrtf", "sqrt": "sqrtf"}[key]
            s = to("%s(%s)" % (f, v(1)))
        else:
            sys.exit("unknown instruction: " + line)
        code.append(guard + ("{ %s }" % s if guard else s))
    out = ['#include "launch.h"']
    out += ["static %s %s[%d]; static Shadow %s_[%d];" % (C[k], n, size, n, size) for n, (k, size) in shared.items()]
    out.append("struct Registers { int pc; %s };" % " ".join("%s %s;" % (C[k], n) for n, k in registers.items()))
    ref = "Registers &R = registers[thread];" if barriers else "Registers R; R.pc = 0;"
    out.append("static Registers registers[1024];" if barriers else "")
    out.append("static int step(void **args, int thread) { %s u32 tid[] = {thread %% shape[3], thread / shape[3] %% shape[4], thread / (shape[3] * shape[4])};" % ref)
    out.append("switch (R.pc) { case 0:;")
    out += code
    out.append("} return 0; }")
    poison = " ".join("memset(%s, 0xff, sizeof %s);" % (n, n) for n in shared)
    out.append("""extern "C" void launch(void **args, const unsigned *s) {
  shape = s; bool wanted = getenv("EMULATED_CUDA_TRAFFIC"); int threads = s[3] * s[4] * s[5]; char done[1024];
  for (u32 z = 0; z < s[2]; z++) for (u32 y = 0; y < s[1]; y++) for (u32 x = 0; x < s[0]; x++) {
    ctaid[0] = x; ctaid[1] = y; ctaid[2] = z; epoch++; %s
    counting = wanted && !x && !y && !z;
    memset(done, 0, sizeof done); %s
    for (int left = threads; left; epoch++) {
      int waiting = 0, before = left;
      for (int t = 0; t < threads; t++) if (!done[t]) { if (step(args, t)) waiting++; else { done[t] = 1; left--; } }
      if (waiting && left != before) complain("threads left while others wait at a barrier", "block", x, before - left, waiting);
    }
    if (counting) addUp();
  }
}""" % (poison, "for (int t = 0; t < threads; t++) registers[t].pc = 0;" if barriers else ""))
    return "\n".join(out)


source, target = sys.argv[1:3]
text = pathlib.Path(source).read_text()
name = re.search(r"\.entry (\w+)\(", text)[1]
cpp = translate(text.replace(name, "kernel"))
cache.mkdir(exist_ok=True)
so = cache / (hashlib.sha256((cpp + (here / "launch.h").read_text()).encode()).hexdigest()[:24] + ".so")
if not so.exists():
    c = so.with_suffix(".cpp")
    c.write_text(cpp)
    # Another process with the same cache may look for it: it is there when it is whole.
    part = f"{so}.{os.getpid()}"
    subprocess.run(["g++", "-O1", "-fwrapv", "-fno-strict-aliasing", "-ffp-contract=off", "-mfma", "-shared", "-fPIC", "-w", "-I", str(here), "-o", part, str(c)], check=True)
    os.replace(part, so)
shutil.copy(so, target)
