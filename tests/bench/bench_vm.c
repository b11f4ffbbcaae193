/* bench_vm: how fast the machine is: empty calls, instructions, host calls, loading; the yardstick
 * is the same loop in native code.  Prints one line a number.  Usage: bench_vm [SECONDS a
 * measurement, default 1] */
#include "tests/lib/vm_asm.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void print_machine(void)
{
    struct utsname u;
    char line[256] = "", cpu[256] = "unknown CPU";
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (sscanf(line, "model name : %255[^\n]", cpu) == 1) {
            break;
        }
    }
    if (f != NULL) {
        fclose(f);
    }
    uname(&u);
    printf("machine: %s, %s, compiler %s\n", cpu, u.machine, __VERSION__);
}

static enum zyd_vm_trap answer(void *ctx, struct zyd_vm *vm, uint64_t *value, uint64_t number,
                               const uint64_t args[ZYD_VM_ARGS])
{
    (void)ctx, (void)vm, (void)number;
    *value = args[0] + 1;
    return ZYD_VM_OK;
}

static void *room;
static struct zyd_vm *vm;

static struct zyd_vm_image *load(const uint32_t *words, size_t count)
{
    uint8_t elf[ASM_ELF_SIZE(64)];
    struct zyd_vm_image *image = NULL;
    size_t size = asm_elf(elf, words, count);
    enum zyd_status status =
        zyd_vm_load(&image, NULL, room, zyd_vm_image_footprint(), zyd_span(elf, size));
    zyd_assert(status == ZYD_OK);
    return image;
}

static struct zyd_vm_result call(const struct zyd_vm_image *image, uint64_t n)
{
    uint8_t input[8];
    struct zyd_vm_result r;
    asm_le(input, n, 8);
    enum zyd_status status =
        zyd_vm_call(vm, &r, image, zyd_span(input, 8), ZYD_VM_FUEL_MAX, answer, NULL);
    zyd_assert(status == ZYD_OK && r.trap == ZYD_VM_OK);
    return r;
}

/* What the guest's loop computes; the branch depends on the data.  volatile keeps the compiler from
 * a closed form. */
static uint64_t native_loop(uint64_t n)
{
    uint64_t s = 1;
    for (; n != 0; n--) {
        s += n * n ^ s >> 3;
        s = s & 1 ? s + 7 : s ^ n;
        __asm__ volatile("" : "+r"(s));
    }
    return s;
}

static double calls_per_second(const struct zyd_vm_image *image, uint64_t n, double seconds)
{
    uint64_t calls = 0;
    double start = now(), end = start;
    do {
        for (int i = 0; i < 1000; i++) {
            call(image, n);
        }
        calls += 1000;
        end = now();
    } while (end - start < seconds);
    return (double)calls / (end - start);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 1;
    room = aligned_alloc(16, zyd_vm_image_footprint());
    void *mem = aligned_alloc(16, (zyd_vm_footprint() + 15) & ~(size_t)15);
    zyd_assert(room != NULL && mem != NULL);
    vm = zyd_vm_init(mem);
    print_machine();

    const uint32_t empty[] = {LI(a0, 0), RET};
    printf("empty call: %.2f M/s\n", calls_per_second(load(empty, 2), 0, seconds) / 1e6);
    const uint32_t stack[] = {ADDI(sp, sp, -64), SD(ra, sp, 56), SD(a0, sp, 0), LD(ra, sp, 56),
                              RET};
    printf("call that uses the stack: %.2f M/s\n",
           calls_per_second(load(stack, 5), 0, seconds) / 1e6);
    const uint32_t host[] = {LD(a2, a0, 0), ECALL, ADDI(a2, a2, -1), BNE(a2, zero, -8), RET};
    printf("host call: %.2f M/s\n", calls_per_second(load(host, 5), 1000, seconds) * 1000 / 1e6);

    const uint32_t loop[] = {
        /*  0 */ LD(a2, a0, 0),
        /*  4 */ LI(a0, 1),
        /*  8 */ asm_r(0x33, 0, 1, a3, a2, a2),
        /* 12 */ asm_i(0x13, 5, a4, a0, 3),
        /* 16 */ asm_r(0x33, 4, 0, a3, a3, a4),
        /* 20 */ ADD(a0, a0, a3),
        /* 24 */ asm_i(0x13, 7, a4, a0, 1),
        /* 28 */ BEQ(a4, zero, 12),
        /* 32 */ ADDI(a0, a0, 7),
        /* 36 */ JAL(zero, 8),
        /* 40 */ asm_r(0x33, 4, 0, a0, a0, a2),
        /* 44 */ ADDI(a2, a2, -1),
        /* 48 */ BNE(a2, zero, -40),
        /* 52 */ RET,
    };
    const uint64_t n = 1000000;
    const struct zyd_vm_image *image = load(loop, sizeof loop / sizeof loop[0]);
    double in_vm = 1e9, natively = 1e9;
    uint64_t fuel = 0, want = 0;
    for (double start = now(); now() - start < seconds;) { /* best of: the machine is shared */
        double t = now();
        struct zyd_vm_result r = call(image, n);
        double u = now();
        want = native_loop(n);
        double v = now();
        zyd_assert(r.value == want);
        fuel = r.fuel_used;
        in_vm = u - t < in_vm ? u - t : in_vm;
        natively = v - u < natively ? v - u : natively;
    }
    printf("instructions: %.0f M/s\n", (double)fuel / in_vm / 1e6);
    printf("yardstick: the same loop natively takes %.2f ms, here %.2f ms, ratio %.1f\n",
           natively * 1e3, in_vm * 1e3, in_vm / natively);

    static uint32_t big[ZYD_VM_ELF_MAX / 4 - 44];
    static uint8_t elf[ZYD_VM_ELF_MAX];
    for (size_t i = 0; i < sizeof big / sizeof big[0]; i++) {
        big[i] = i % 2 ? ADDI(a0, a0, 1) : LD(a2, sp, -8);
    }
    size_t size = asm_elf(elf, big, sizeof big / sizeof big[0]);
    asm_le(elf + 104, 0, 8); /* the image starts with the code, so that it fits */
    asm_le(elf + 96, 0, 8);
    asm_le(elf + 136, ZYD_VM_IMAGE_BASE, 8);
    asm_le(elf + 24, ZYD_VM_IMAGE_BASE, 8);
    struct zyd_vm_image *out = NULL;
    double best = 1e9;
    for (double start = now(); now() - start < seconds;) {
        double t = now();
        enum zyd_status status =
            zyd_vm_load(&out, NULL, room, zyd_vm_image_footprint(), zyd_span(elf, size));
        zyd_assert(status == ZYD_OK);
        t = now() - t;
        best = t < best ? t : best;
    }
    printf("load of a full plugin (256 KiB): %.2f ms\n", best * 1e3);
    free(room);
    free(mem);
    return 0;
}
