#!/usr/bin/env python3
"""Our machine against qemu-riscv64 and against native code, on random programs.

Kind "asm": straight lines, branches, loops, indirect jumps, loads and stores (misaligned too) over all of RV64IM on
edge values; at its end every register and the memory it used is written out.  Assembled by clang, so the encodings
are not ours.  Kind "c": random C with loops, calls, switches, tables, narrow types and 128-bit arithmetic, built
for RV64 at a random optimization level and natively.  A program is one static file that runs unchanged in vm_run
and under qemu-riscv64 (Linux system calls write and exit): the outputs must be equal byte for byte.  For some of
them qemu also runs one instruction at a time and logs each: our fuel must be that count.

  differential.py --vm-run build/vm_run --source . --work build/vm_differential [--seeds N] [--first SEED]

Exit 0 all equal; 1 a difference (the files stay in the work folder, the seed is printed); 77 a tool is missing.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys

RV = ("clang-14 --target=riscv64-unknown-elf -march=rv64im -mabi=lp64 -mno-relax -msmall-data-limit=0 "
      "-mcmodel=medany -ffreestanding -fno-pic -nostdlib -fno-asynchronous-unwind-tables").split()
LD = "ld.lld-14 -m elf64lriscv --image-base=0x10000 -e contract_call --gc-sections -z separate-code".split()

EDGES = [0, 1, 2, 3, 7, 31, 32, 63, 64, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000,
         0xffffffff, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1, (1 << 64) - 2, 0xffffffff80000000,
         0xffffffff7fffffff]
REG3 = ("add sub sll slt sltu xor srl sra or and addw subw sllw srlw sraw mul mulh mulhsu mulhu div divu rem remu "
        "mulw divw divuw remw remuw").split()
IMM = "addi slti sltiu xori ori andi addiw".split()
SHIFT = [("slli", 63), ("srli", 63), ("srai", 63), ("slliw", 31), ("srliw", 31), ("sraiw", 31)]
LOADS = [("lb", 1), ("lh", 2), ("lw", 4), ("ld", 8), ("lbu", 1), ("lhu", 2), ("lwu", 4)]
STORES = [("sb", 1), ("sh", 2), ("sw", 4), ("sd", 8)]
BRANCHES = "beq bne blt bge bltu bgeu".split()


def number(rnd):
    kind = rnd.randrange(4)
    if kind == 0:
        return rnd.choice(EDGES)
    if kind == 1:
        return (rnd.choice(EDGES) + rnd.randrange(-3, 4)) % (1 << 64)
    return rnd.getrandbits(rnd.choice([8, 16, 32, 64]))


class Asm:
    """One program.  sp is the frame: 0..255 registers at the end, 512..767 memory.  s11 (x27) counts loops."""

    def __init__(self, rnd, name):
        self.rnd, self.name, self.labels, self.out = rnd, name, 0, []
        self.any = [r for r in range(32) if r not in (2, 27)]

    def emit(self, line):
        self.out.append("    " + line)

    def label(self):
        self.labels += 1
        return f".L{self.name}_{self.labels}"

    def simple(self):
        rnd = self.rnd
        d, a, b = (f"x{rnd.choice(self.any)}" for _ in range(3))
        kind = rnd.randrange(20)
        if kind < 9:
            self.emit(f"{rnd.choice(REG3)} {d}, {a}, {b}")
        elif kind < 12:
            self.emit(f"{rnd.choice(IMM)} {d}, {a}, {rnd.choice([-2048, -1, 0, 1, 2047, rnd.randrange(-2048, 2048)])}")
        elif kind < 14:
            op, top = rnd.choice(SHIFT)
            self.emit(f"{op} {d}, {a}, {rnd.choice([0, 1, top, rnd.randrange(top + 1)])}")
        elif kind < 15:
            op = rnd.choice(["lui", "auipc"])
            self.emit(f"{op} {d}, {rnd.choice([0, 1, 0x7ffff, 0x80000, 0xfffff, rnd.getrandbits(20)])}")
        elif kind < 17:
            op, size = rnd.choice(LOADS)
            self.emit(f"{op} {d}, {512 + rnd.randrange(257 - size)}(sp)")
        elif kind < 19:
            op, size = rnd.choice(STORES)
            self.emit(f"{op} {a}, {512 + rnd.randrange(257 - size)}(sp)")
        else:
            self.emit(f"li {d}, {number(rnd):#x}")

    def block(self, depth):
        rnd = self.rnd
        kind = rnd.randrange(10)
        if kind < 5 or depth == 0:
            for _ in range(rnd.randrange(1, 12)):
                self.simple()
        elif kind < 8:  # a branch over something
            a, b = rnd.choice(self.any), rnd.choice(self.any)
            over = self.label()
            self.emit(f"{rnd.choice(BRANCHES)} x{a}, x{b}, {over}")
            self.block(depth - 1)
            self.out.append(over + ":")
        elif kind < 9:  # an indirect jump over one instruction; an odd target is rounded down
            d, t = rnd.choice(self.any), rnd.choice([r for r in self.any if r != 0])
            self.emit(f"auipc x{t}, 0")
            self.emit(f"jalr x{d}, {12 + rnd.randrange(2)}(x{t})")
            self.emit(f"addi x{t}, x{t}, 99")
        else:  # a jump and link, then a loop; nested loops keep the counter in memory 768..
            ahead, again = self.label(), self.label()
            self.emit(f"jal x{rnd.choice(self.any)}, {ahead}")
            self.simple()
            self.out.append(ahead + ":")
            slot = 768 + 8 * depth
            self.emit(f"sd x27, {slot}(sp)")
            self.emit(f"li x27, {rnd.randrange(1, 20)}")
            self.out.append(again + ":")
            self.block(0)
            self.block(depth - 1)
            self.emit("addi x27, x27, -1")
            self.emit(f"bnez x27, {again}")
            self.emit(f"ld x27, {slot}(sp)")

    def text(self):
        self.emit("addi sp, sp, -1024")
        for r in range(1, 32):
            if r != 2:
                self.emit(f"li x{r}, {number(self.rnd):#x}")
        for i in range(32):
            self.emit(f"sd x{self.rnd.choice(self.any)}, {512 + 8 * i}(sp)")
        for _ in range(25):
            self.block(3)
        for r in range(32):
            self.emit(f"sd x{0 if r == 2 else r}, {8 * r}(sp)")
        for offset in (0, 512):
            self.emit("li a7, 64")
            self.emit("li a0, 1")
            self.emit(f"addi a1, sp, {offset}")
            self.emit("li a2, 256")
            self.emit("ecall")
        self.emit("addi sp, sp, 1024")
        return "\n".join(self.out) + "\n"


def asm_program(rnd):
    text = ".text\n.globl contract_call\ncontract_call:\n"
    for i in range(8):
        text += Asm(rnd, i).text()
    return text + "    li a7, 93\n    li a0, 0\n    ecall\n"


C_HEAD = """#include <stddef.h>
#include <stdint.h>
typedef uint64_t u;
__extension__ typedef unsigned __int128 w;
#define DIVU(a, b) ((b) ? (a) / (b) : ~(u)0)
#define REMU(a, b) ((b) ? (a) % (b) : (a))
#define DIVS(a, b) ((b) == 0 || (b) == ~(u)0 ? 0 - (a) : (u)((int64_t)(a) / (int64_t)(b)))
#define REMS(a, b) ((b) == 0 || (b) == ~(u)0 ? (u)5 : (u)((int64_t)(a) % (int64_t)(b)))
#define SHL(a, b) ((a) << ((b) & 63))
#define SHR(a, b) ((a) >> ((b) & 63))
#define SAR(a, b) ((u)((int64_t)(a) >> ((b) & 63)))
#define MULH(a, b) ((u)(((w)(a) * (b)) >> 64))
#define DIVW(a, b, c) ((u)((((w)(a) << 64) | (b)) / ((w)(c) + 1)))
#define REMW(a, b, c) ((u)((((w)(a) << 64) | (b)) % (((w)(c) << 64 | (b)) + ((c) == ~(u)0 ? 0 : 1))))
void *memcpy(void *restrict, const void *restrict, size_t);
void *memmove(void *, const void *, size_t);
void *memset(void *, int, size_t);
int memcmp(const void *, const void *, size_t);
static __attribute__((noinline)) u mix(u h, u v) { h = (h ^ v) * 0x9E3779B97F4A7C15u; return h ^ h >> 29; }
"""
C_TAIL = """
#ifdef __riscv
static long sys(long n, long a, long b, long c)
{
    register long a0 __asm__("a0") = a; register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c; register long a7 __asm__("a7") = n;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}
_Noreturn void contract_call(void)
{
    uint8_t out[8];
    u h = run();
    for (int i = 0; i < 8; i++) out[i] = (uint8_t)(h >> 8 * i);
    sys(64, 1, (long)out, 8);
    sys(93, 0, 0, 0);
    __builtin_unreachable();
}
#else
#include <stdio.h>
int main(void)
{
    u h = run();
    for (int i = 0; i < 8; i++) putchar((int)(h >> 8 * i & 255));
    return 0;
}
#endif
"""


class C:
    def __init__(self, rnd):
        self.rnd, self.funcs, self.loops = rnd, 0, 0

    def expr(self, names, depth):
        rnd = self.rnd
        if depth == 0 or rnd.randrange(8) == 0:
            if rnd.randrange(3) == 0:
                return f"UINT64_C({number(rnd)})"
            return rnd.choice(names)
        a, b, c = (self.expr(names, depth - 1) for _ in range(3))
        kind = rnd.randrange(14)
        if kind < 4:
            return f"({a} {rnd.choice(['+', '-', '*', '^', '&', '|'])} {b})"
        if kind < 7:
            return f"{rnd.choice(['DIVU', 'REMU', 'DIVS', 'REMS', 'SHL', 'SHR', 'SAR', 'MULH'])}({a}, {b})"
        if kind < 8:
            return f"{rnd.choice(['DIVW', 'REMW'])}({a}, {b}, {c})"
        if kind < 10:
            return f"(u)({rnd.choice(['int8_t', 'int16_t', 'int32_t', 'uint8_t', 'uint16_t', 'uint32_t'])})({a})"
        if kind < 11:
            return f"(u)((int64_t)({a}) {rnd.choice(['<', '>=', '=='])} (int64_t)({b}))"
        if kind < 12:
            return f"(({a}) {rnd.choice(['<', '>', '!='])} ({b}) ? {c} : {a})"
        if kind < 13 and self.funcs:
            return f"f{rnd.randrange(self.funcs)}({a}, {b})"
        return f"(~({a}))"

    def statements(self, names, depth):
        rnd, text = self.rnd, ""
        for _ in range(rnd.randrange(2, 5)):
            kind = rnd.randrange(9)
            v = rnd.choice(names)
            if kind < 3 or depth == 0:
                text += f"{v} = {self.expr(names, 2)};\n"
            elif kind < 4:
                text += f"if (({self.expr(names, 1)}) > {self.expr(names, 1)}) {{\n{self.statements(names, depth - 1)}}}\n"
            elif kind < 5:
                self.loops += 1
                i = f"i{self.loops}"
                text += (f"for (u {i} = 0; {i} < {rnd.randrange(1, 12)}; {i}++) {{\n{v} += {i};\n"
                         f"{self.statements(names, depth - 1)}}}\n")
            elif kind < 6:
                cases = "".join(f"case {k}: {rnd.choice(names)} ^= {self.expr(names, 1)}; break;\n" for k in range(7))
                text += f"switch ({v} % 9) {{\n{cases}default: {v}++; }}\n"
            elif kind < 8:
                text += f"t[{self.expr(names, 1)} & 31] += {v};\n{v} ^= t[{v} & 31];\n"
            else:
                f = rnd.choice([f"memmove(t + ({v} & 7), t + ({v} >> 9 & 7), {v} >> 20 & 127);",
                                f"memset(t + ({v} & 15), (int)({v} & 255), {v} >> 7 & 63);",
                                f"memcpy(t, t + 16, {v} & 127);",
                                f"{v} += (u)(memcmp(t, t + ({v} & 7), {v} >> 5 & 127) < 0);"])
                text += f + "\n"
        return text

    def text(self):
        text = C_HEAD
        for _ in range(5):
            body = self.statements(["a", "b"], 2)
            text += f"static __attribute__((noinline)) u f{self.funcs}(u a, u b)\n"
            text += f"{{\nu t[48] = {{0}};\n{body}return a ^ b;\n}}\n"
            self.funcs += 1
        names = ["p", "q", "r", "s"]
        inits = "".join(f"u {n} = UINT64_C({number(self.rnd)});\n" for n in names)
        body = "".join(self.statements(names, 2) for _ in range(3))
        text += f"static u run(void)\n{{\nu h = 0, t[48] = {{0}};\n{inits}for (u k = 0; k < 10; k++) {{\n{body}"
        text += "h = mix(mix(mix(mix(h, p), q), r), s);\n}\nfor (int k = 0; k < 48; k++) h = mix(h, t[k]);\nreturn h;\n}\n"
        return text + C_TAIL


def tool(command, **more):
    done = subprocess.run(command, capture_output=True, timeout=120, **more)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stderr.decode()}")
    return done


class Run:
    def __init__(self, args):
        self.args, self.fuel, self.counted, self.failed = args, 0, 0, 0

    def path(self, name):
        return os.path.join(self.args.work, name)

    def check(self, seed, kind, native, count):
        elf = self.path(f"{kind}{seed}.elf")
        # the runner answers the guest's exit as its own; anything but 0 is a trap or a refusal
        ours = subprocess.run([self.args.vm_run, elf], capture_output=True, timeout=120)
        theirs = subprocess.run(["qemu-riscv64", elf], capture_output=True, timeout=120)
        status = ours.stderr.decode().strip()
        wrong = None
        if ours.returncode != 0 or theirs.returncode != 0:
            wrong = f"exit {ours.returncode} and {theirs.returncode}"
        elif not ours.stdout or ours.stdout != theirs.stdout:
            wrong = "output differs from qemu's"
        elif native is not None and ours.stdout != native:
            wrong = "output differs from the native build's"
        else:
            fuel = int(status.split()[5])
            self.fuel += fuel
            if count:
                log = self.path("count.log")
                tool(["qemu-riscv64", "-singlestep", "-d", "exec,nochain", "-D", log, elf])
                with open(log, encoding="latin-1") as f:
                    steps = sum(line.startswith("Trace") for line in f)
                os.remove(log)
                self.counted += 1
                if steps != fuel:
                    wrong = f"fuel {fuel}, qemu ran {steps} instructions"
        if wrong:
            self.failed += 1
            print(f"seed {seed} kind {kind}: {wrong} ({status}); see {elf}")
        return wrong is None

    def one(self, seed, kind, count):
        rnd = random.Random(f"{kind}/{seed}")
        base, native = self.path(f"{kind}{seed}"), None
        source = base + (".s" if kind == "asm" else ".c")
        with open(source, "w", encoding="ascii") as f:
            f.write(asm_program(rnd) if kind == "asm" else C(rnd).text())
        objects = [base + ".o"]
        level = rnd.choice(["-O0", "-O1", "-O2", "-O3", "-Os"])
        tool(RV + ([level, "-std=c11"] if kind == "c" else []) + ["-w", "-c", source, "-o", base + ".o"])
        if kind == "c":
            objects.append(self.path("mem.o"))
            tool([os.environ.get("CC", "cc"), "-std=c11", "-w", rnd.choice(["-O0", "-O2"]), source, "-o", base + ".native"])
            native = tool([base + ".native"]).stdout
        tool(LD + objects + ["-o", base + ".elf"])
        if self.check(seed, kind, native, count):
            for end in (".s", ".c", ".o", ".elf", ".native"):
                if os.path.exists(base + end):
                    os.remove(base + end)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--vm-run", required=True)
    parser.add_argument("--source", required=True)
    parser.add_argument("--work", required=True)
    parser.add_argument("--seeds", type=int, default=25)
    parser.add_argument("--first", type=int, default=1)
    args = parser.parse_args()
    for name in ("qemu-riscv64", "clang-14", "ld.lld-14", os.environ.get("CC", "cc")):
        if shutil.which(name) is None:
            print(f"skipped: {name} is not installed (Debian: qemu-user, clang-14, lld-14)")
            sys.exit(77)
    os.makedirs(args.work, exist_ok=True)
    run = Run(args)
    tool(RV + ["-O2", "-std=c11", "-c", os.path.join(args.source, "contracts/sdk/mem.c"), "-o", run.path("mem.o")])
    for seed in range(args.first, args.first + args.seeds):
        for kind in ("asm", "c"):
            run.one(seed, kind, seed % 5 == 0)
    print(f"{2 * args.seeds} programs, {run.fuel} instructions, {run.counted} counted by qemu, {run.failed} differences")
    sys.exit(1 if run.failed else 0)


if __name__ == "__main__":
    main()
