/* Goal: a call ends as contracts/vm/SPEC.md says: trap, value, fuel and pc exact; memory bounded
 * and zero at each start; host calls see and change only what they may. Method: hand-assembled
 * programs (tests/lib/vm_asm.h); the fuel rule is checked with *every* limit from 0 to the whole
 * cost against a trace written by hand; compiled guests are compared with the same C source run
 * natively. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/vm_fixture.h"
#include "tests/vm/guests/features.c"

#define COUNT(a) (sizeof a / sizeof a[0])

static struct zyd_vm_result run(const uint32_t *words, size_t count, uint64_t fuel)
{
    return vm_run_words(words, count, 0, 0, fuel, vm_no_host, NULL);
}

static void a_call_gets_input_stack_and_zero_registers_and_returns_a0(void **state)
{
    (void)state;
    uint32_t sum[32];
    size_t n = 0;
    for (uint32_t r = 3; r < 32; r++) { /* all but ra, sp, a0 and a1 are 0 */
        if (r != a0 && r != a1) {
            sum[n++] = asm_r(0x33, 6, 0, a2, a2, r);
        }
    }
    sum[n++] = BEQ(a2, zero, 8);
    sum[n++] = EBREAK;
    sum[n++] = ADD(a0, a0, a1);
    sum[n++] = ADD(a0, a0, sp);
    sum[n++] = RET;
    struct zyd_vm_result r = run(sum, n, 1000);
    assert_int_equal(r.trap, ZYD_VM_OK);
    assert_int_equal(r.value, ZYD_VM_INPUT_BASE + 16 + ZYD_VM_RW_BASE + ZYD_VM_RW_SIZE);
    assert_int_equal(r.fuel_used, n - 1);
    assert_int_equal(r.pc, ASM_TEXT + 4 * (n - 1));
    assert_int_equal(r.address, 0);
}

static void an_input_above_the_limit_is_refused_and_one_at_it_runs(void **state)
{
    (void)state;
    static const uint8_t input[ZYD_VM_INPUT_MAX + 1] = {0};
    uint32_t words[] = {MV(a0, a1), RET};
    struct zyd_vm_image *image = vm_load_words(words, 2);
    struct zyd_vm_result r;
    assert_int_equal(zyd_vm_call(vm, &r, image, zyd_span(input, sizeof input), 9, vm_no_host, NULL),
                     ZYD_E_TOO_BIG);
    assert_int_equal(
        zyd_vm_call(vm, &r, image, zyd_span(input, ZYD_VM_INPUT_MAX), 9, vm_no_host, NULL), ZYD_OK);
    assert_int_equal(r.value, ZYD_VM_INPUT_MAX);
    assert_int_equal(zyd_vm_call(vm, &r, image, zyd_span(NULL, 0), 9, vm_no_host, NULL), ZYD_OK);
    assert_int_equal(r.value, 0);
}

static void an_endless_loop_uses_exactly_its_limit(void **state)
{
    (void)state;
    uint32_t words[] = {NOP, JAL(zero, -4)};
    for (uint64_t fuel = 0; fuel < 100; fuel++) {
        struct zyd_vm_result r = run(words, 2, fuel);
        assert_int_equal(r.trap, ZYD_VM_FUEL);
        assert_int_equal(r.fuel_used, fuel);
        assert_int_equal(r.pc, ASM_TEXT + 4 * (fuel % 2));
        assert_int_equal(r.value, 0);
    }
    assert_int_equal(run(words, 2, 5000000).fuel_used, 5000000);
}

struct counting_host {
    uint64_t tariff;
    unsigned calls;   /* begun */
    unsigned effects; /* paid */
};

static enum zyd_vm_trap count_call(void *ctx, struct zyd_vm *machine, uint64_t *value,
                                   uint64_t number, const uint64_t args[ZYD_VM_ARGS])
{
    struct counting_host *host = ctx;
    (void)number, (void)args;
    host->calls++;
    if (!zyd_vm_charge(machine, host->tariff)) {
        return ZYD_VM_OK; /* a careless host: the machine still stops */
    }
    host->effects++;
    *value = 5;
    return ZYD_VM_OK;
}

static void every_fuel_limit_stops_at_the_instruction_that_cannot_be_paid(void **state)
{
    (void)state;
    uint32_t words[] = {
        /*  0 */ LI(a2, 3),
        /*  4 */ ADDI(a2, a2, -1),
        /*  8 */ ECALL,
        /* 12 */ BNE(a2, zero, -8),
        /* 16 */ BNE(zero, zero, 8),
        /* 20 */ JAL(t0, 8),
        /* 24 */ EBREAK,
        /* 28 */ SD(a2, sp, -8),
        /* 32 */ RET,
    };
    static const unsigned trace[] = {0, 4, 8, 12, 4, 8, 12, 4, 8, 12, 16, 20, 28, 32};
    for (uint64_t tariff = 0; tariff < 12; tariff += 5) {
        uint64_t paid = 0; /* before trace[at] */
        unsigned effects = 0;
        size_t at = 0;
        uint64_t whole = COUNT(trace) + 3 * tariff;
        for (uint64_t fuel = 0; fuel < whole + 5; fuel++) {
            struct counting_host host = {tariff, 0, 0};
            struct zyd_vm_result r =
                vm_run_words(words, COUNT(words), 0, 0, fuel, count_call, &host);
            if (fuel >= whole) {
                assert_int_equal(r.trap, ZYD_VM_OK);
                assert_int_equal(r.fuel_used, whole);
                assert_int_equal(r.value, 5);
                assert_int_equal(host.effects, 3);
                continue;
            }
            /* the instruction that this limit cannot pay, its tariff included */
            while (fuel >= paid + 1 + (trace[at] == 8 ? tariff : 0)) {
                paid += 1 + (trace[at] == 8 ? tariff : 0);
                effects += trace[at] == 8;
                at++;
            }
            assert_int_equal(r.trap, ZYD_VM_FUEL);
            assert_int_equal(r.fuel_used, fuel);
            assert_int_equal(r.pc, ASM_TEXT + trace[at]);
            assert_int_equal(host.effects, effects);
            assert_int_equal(host.calls, effects + (trace[at] == 8 && fuel > paid));
            assert_int_equal(r.value, 0);
        }
    }
}

static void
running_out_comes_before_any_other_trap_and_the_trapping_instruction_is_paid(void **state)
{
    (void)state;
    const struct {
        uint32_t insn;
        enum zyd_vm_trap trap;
    } rows[] = {
        {EBREAK, ZYD_VM_EBREAK},
        {0xc0001073, ZYD_VM_EBREAK}, /* unimp */
        {0, ZYD_VM_PC},
        {ECALL, ZYD_VM_ECALL},
        {LD(a2, zero, 0), ZYD_VM_MEMORY},
        {SD(a2, zero, 0), ZYD_VM_MEMORY},
        {JALR(ra, zero, 0), ZYD_VM_PC},
        {RET, ZYD_VM_OK},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint32_t words[] = {NOP, NOP, rows[i].insn, NOP};
        struct zyd_vm_result r = run(words, 4, 2);
        assert_int_equal(r.trap, ZYD_VM_FUEL);
        assert_int_equal(r.fuel_used, 2);
        assert_int_equal(r.pc, ASM_TEXT + 8);
        r = run(words, 4, 3);
        assert_int_equal(r.trap, rows[i].trap);
        assert_int_equal(r.fuel_used, 3);
        assert_int_equal(r.pc, ASM_TEXT + 8);
    }
}

static void running_off_the_end_of_the_code_is_a_pc_trap(void **state)
{
    (void)state;
    uint32_t words[] = {NOP, NOP};
    struct zyd_vm_result r = run(words, 2, 100);
    assert_int_equal(r.trap, ZYD_VM_PC);
    assert_int_equal(r.fuel_used, 3);
    assert_int_equal(r.pc, ASM_TEXT + 8);
}

static void a_jump_outside_the_code_traps_at_the_jump(void **state)
{
    (void)state;
    static const uint64_t bad[] = {0,
                                   ASM_TEXT - 4,
                                   ASM_TEXT + 2,
                                   ASM_TEXT + 3,
                                   ASM_TEXT + 12,
                                   ZYD_VM_IMAGE_BASE,
                                   ZYD_VM_INPUT_BASE,
                                   ZYD_VM_RW_BASE,
                                   UINT64_MAX,
                                   ZYD_VM_RETURN_PC + 4,
                                   ASM_TEXT + (UINT64_C(1) << 32)};
    uint32_t words[] = {LD(a2, a0, 0), JALR(ra, a2, 0), RET};
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct zyd_vm_result r = vm_run_words(words, 3, bad[i], 0, 100, vm_no_host, NULL);
        assert_int_equal(r.trap, ZYD_VM_PC);
        assert_int_equal(r.pc, ASM_TEXT + 4);
        assert_int_equal(r.fuel_used, 2);
    }
    struct zyd_vm_result r = vm_run_words(words, 3, ZYD_VM_RETURN_PC + 1, 0, 100, vm_no_host, NULL);
    assert_int_equal(r.trap, ZYD_VM_OK); /* bit 0 is cleared */
}

/* One access of `size` at `address` with input of 16 bytes; the image is ASM_TEXT + 16 - base
 * bytes. */
static enum zyd_vm_trap touch(uint64_t address, unsigned log_size, bool write)
{
    uint32_t words[] = {LD(a2, a0, 0),
                        write ? STORE(log_size, a3, a2, 0) : LOAD(log_size, a3, a2, 0), RET, NOP};
    struct zyd_vm_result r = vm_run_words(words, 4, address, 0, 100, vm_no_host, NULL);
    assert_int_equal(r.address, r.trap == ZYD_VM_MEMORY ? address : 0);
    assert_true(r.trap == ZYD_VM_OK || r.trap == ZYD_VM_MEMORY);
    return r.trap;
}

static void accesses_end_exactly_at_the_edges_of_each_region(void **state)
{
    (void)state;
    const struct {
        uint64_t base, size;
        bool writable;
    } regions[] = {{ZYD_VM_IMAGE_BASE, ASM_TEXT + 16 - ZYD_VM_IMAGE_BASE, false},
                   {ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE, true},
                   {ZYD_VM_INPUT_BASE, 16, false}};
    for (size_t i = 0; i < COUNT(regions); i++) {
        for (unsigned log_size = 0; log_size < 4; log_size++) {
            uint64_t n = UINT64_C(1) << log_size;
            uint64_t end = regions[i].base + regions[i].size;
            for (int write = 0; write < 2; write++) {
                enum zyd_vm_trap inside = write && !regions[i].writable ? ZYD_VM_MEMORY : ZYD_VM_OK;
                assert_int_equal(touch(regions[i].base, log_size, write), inside);
                assert_int_equal(touch(end - n, log_size, write), inside);
                assert_int_equal(touch(regions[i].base - 1, log_size, write), ZYD_VM_MEMORY);
                assert_int_equal(touch(end - n + 1, log_size, write), ZYD_VM_MEMORY);
                assert_int_equal(touch(end, log_size, write), ZYD_VM_MEMORY);
                assert_int_equal(touch(regions[i].base + (UINT64_C(1) << 32), log_size, write),
                                 ZYD_VM_MEMORY);
                assert_int_equal(touch(regions[i].base | UINT64_C(1) << 63, log_size, write),
                                 ZYD_VM_MEMORY);
            }
        }
    }
    static const uint64_t nowhere[] = {0,          1,          0x10000000,     0x40000000,
                                       0x50000000, UINT64_MAX, UINT64_MAX - 7, ZYD_VM_RETURN_PC};
    for (size_t i = 0; i < COUNT(nowhere); i++) {
        assert_int_equal(touch(nowhere[i], 0, false), ZYD_VM_MEMORY);
        assert_int_equal(touch(nowhere[i], 3, true), ZYD_VM_MEMORY);
    }
}

static enum zyd_vm_trap check_zero(void *ctx, struct zyd_vm *machine, uint64_t *value,
                                   uint64_t number, const uint64_t args[ZYD_VM_ARGS])
{
    (void)ctx, (void)number, (void)args;
    const uint8_t *memory = zyd_vm_read(machine, ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE);
    assert_non_null(memory);
    for (size_t i = 0; i < ZYD_VM_RW_SIZE; i++) {
        *value |= memory[i];
    }
    return ZYD_VM_OK;
}

static void memory_is_zero_at_each_start_whatever_the_call_before_wrote(void **state)
{
    (void)state;
    uint32_t probe[] = {ECALL, RET};
    uint64_t seed = 88172645463325252u;
    for (int round = 0; round < 400; round++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        unsigned log_size = seed & 3;
        uint64_t address = ZYD_VM_RW_BASE + (seed >> 8) % (ZYD_VM_RW_SIZE - 7);
        if (round % 4 == 0) { /* over the edge of a 1 KiB page */
            address = (address & ~UINT64_C(1023)) + 1021;
            address =
                address > ZYD_VM_RW_BASE + ZYD_VM_RW_SIZE - 8 ? ZYD_VM_RW_BASE + 1021 : address;
        }
        uint32_t write[] = {LD(a2, a0, 0), LI(a3, -1), STORE(log_size, a3, a2, 0), EBREAK};
        assert_int_equal(vm_run_words(write, 4, address, 0, 9, vm_no_host, NULL).trap,
                         ZYD_VM_EBREAK);
        assert_int_equal(*zyd_vm_read(vm, address, 1), 255); /* readable until the next call */
        assert_int_equal(vm_run_words(probe, 2, 0, 0, 9, check_zero, NULL).value, 0);
    }
}

static enum zyd_vm_trap host_writes(void *ctx, struct zyd_vm *machine, uint64_t *value,
                                    uint64_t number, const uint64_t args[ZYD_VM_ARGS])
{
    (void)ctx, (void)number, (void)value;
    uint8_t *p = zyd_vm_write(machine, args[0], args[1]);
    if (p == NULL) {
        return ZYD_VM_MEMORY;
    }
    memset(p, 0xee, (size_t)args[1]);
    return ZYD_VM_OK;
}

static void the_host_writes_only_to_memory_and_that_too_is_cleared(void **state)
{
    (void)state;
    uint32_t words[] = {LD(a1, a0, 8), LD(a0, a0, 0), ECALL, RET};
    uint32_t probe[] = {ECALL, RET};
    const struct {
        uint64_t address, size;
        enum zyd_vm_trap trap;
    } rows[] = {
        {ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE, ZYD_VM_OK},
        {ZYD_VM_RW_BASE + 1000, 3000, ZYD_VM_OK},
        {ZYD_VM_RW_BASE + 1023, 2, ZYD_VM_OK},
        {ZYD_VM_RW_BASE + ZYD_VM_RW_SIZE - 1, 1, ZYD_VM_OK},
        {12345, 0, ZYD_VM_OK}, /* nothing is always in bounds */
        {ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE + 1, ZYD_VM_MEMORY},
        {ZYD_VM_RW_BASE + 1, ZYD_VM_RW_SIZE, ZYD_VM_MEMORY},
        {ZYD_VM_RW_BASE + 1, UINT64_MAX, ZYD_VM_MEMORY},
        {ZYD_VM_RW_BASE - 1, 2, ZYD_VM_MEMORY},
        {ZYD_VM_INPUT_BASE, 1, ZYD_VM_MEMORY},
        {ZYD_VM_IMAGE_BASE, 1, ZYD_VM_MEMORY},
        {0, 1, ZYD_VM_MEMORY},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct zyd_vm_result r =
            vm_run_words(words, 4, rows[i].address, rows[i].size, 9, host_writes, NULL);
        assert_int_equal(r.trap, rows[i].trap);
        assert_int_equal(r.address, rows[i].trap == ZYD_VM_MEMORY ? rows[i].address : 0);
        assert_int_equal(vm_run_words(probe, 2, 0, 0, 9, check_zero, NULL).value, 0);
    }
}

static void the_host_reads_all_three_regions_and_nothing_else(void **state)
{
    (void)state;
    uint32_t words[] = {NOP, RET};
    assert_int_equal(vm_run_words(words, 2, 0x1122334455667788, 0, 9, vm_no_host, NULL).trap,
                     ZYD_VM_OK);
    assert_int_equal(*zyd_vm_read(vm, ZYD_VM_INPUT_BASE, 16), 0x88);
    assert_int_equal(*zyd_vm_read(vm, ZYD_VM_IMAGE_BASE + 1, 3), 'E');
    assert_non_null(zyd_vm_read(vm, ASM_TEXT, 8));
    assert_non_null(zyd_vm_read(vm, ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE));
    assert_non_null(zyd_vm_read(vm, 0, 0));
    assert_null(zyd_vm_read(vm, ZYD_VM_INPUT_BASE, 17));
    assert_null(zyd_vm_read(vm, ZYD_VM_INPUT_BASE + 16, 1));
    assert_null(zyd_vm_read(vm, ASM_TEXT, 9));
    assert_null(zyd_vm_read(vm, ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE + 1));
    assert_null(zyd_vm_read(vm, ZYD_VM_RW_BASE + 8, UINT64_MAX - 3));
    assert_null(zyd_vm_read(vm, 0, 1));
}

struct answer {
    enum zyd_vm_trap trap;
    uint64_t value, number, args[ZYD_VM_ARGS];
};

static enum zyd_vm_trap answer_call(void *ctx, struct zyd_vm *machine, uint64_t *value,
                                    uint64_t number, const uint64_t args[ZYD_VM_ARGS])
{
    struct answer *answer = ctx;
    (void)machine;
    answer->number = number;
    memcpy(answer->args, args, sizeof answer->args);
    *value = answer->value;
    return answer->trap;
}

static void a_host_call_passes_seven_registers_and_changes_only_a0(void **state)
{
    (void)state;
    uint32_t words[] = {LI(a0, 10),      LI(a1, 11),      LI(a2, 12),
                        LI(a3, 13),      LI(a4, 14),      LI(a5, 15),
                        LI(a6, 16),      LI(a7, 17),      ECALL,
                        MV(s0, a0),      ADD(a0, a1, a2), ADD(a0, a0, a3),
                        ADD(a0, a0, a4), ADD(a0, a0, a5), ADD(a0, a0, a6),
                        ADD(a0, a0, a7), ADD(a0, a0, s0), RET};
    struct answer answer = {ZYD_VM_OK, 1000, 0, {0}};
    struct zyd_vm_result r = vm_run_words(words, COUNT(words), 0, 0, 100, answer_call, &answer);
    assert_int_equal(r.trap, ZYD_VM_OK);
    assert_int_equal(r.value, 11 + 12 + 13 + 14 + 15 + 16 + 17 + 1000);
    assert_int_equal(answer.number, 17);
    for (unsigned i = 0; i < ZYD_VM_ARGS; i++) {
        assert_int_equal(answer.args[i], 10 + i);
    }
    static const enum zyd_vm_trap traps[] = {ZYD_VM_STOP, ZYD_VM_ECALL, ZYD_VM_MEMORY};
    for (size_t i = 0; i < COUNT(traps); i++) {
        answer.trap = traps[i];
        r = vm_run_words(words, COUNT(words), 0, 0, 100, answer_call, &answer);
        assert_int_equal(r.trap, traps[i]);
        assert_int_equal(r.value, traps[i] == ZYD_VM_STOP ? 1000 : 0);
        assert_int_equal(r.pc, ASM_TEXT + 32);
        assert_int_equal(r.fuel_used, 9);
    }
}

static void two_machines_share_an_image_and_agree(void **state)
{
    (void)state;
    uint32_t words[] = {LD(a2, sp, -8), ADDI(a2, a2, 1), SD(a2, sp, -8), ADD(a0, a2, zero), RET};
    void *mem = aligned_alloc(16, (zyd_vm_footprint() + 15) & ~(size_t)15);
    struct zyd_vm *other = zyd_vm_init(mem);
    struct zyd_vm_image *image = vm_load_words(words, 5);
    struct zyd_vm *machines[2] = {vm, other};
    for (int i = 0; i < 10; i++) {
        struct zyd_vm_result r;
        assert_int_equal(
            zyd_vm_call(machines[i % 2], &r, image, zyd_span(NULL, 0), 5, vm_no_host, NULL),
            ZYD_OK);
        assert_int_equal(r.value, 1);
        assert_int_equal(r.fuel_used, 5);
    }
    free(mem);
}

static struct zyd_vm_image *load_file(const char *path)
{
    static uint8_t elf[ZYD_VM_ELF_MAX];
    const char *reason = NULL;
    struct zyd_vm_image *image = NULL;
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    size_t size = fread(elf, 1, sizeof elf, f);
    fclose(f);
    if (zyd_vm_load(&image, &reason, image_mem, zyd_vm_image_footprint(), zyd_span(elf, size)) !=
        ZYD_OK) {
        fail_msg("%s: %s", path, reason);
    }
    return image;
}

static void compiled_c_gives_the_values_of_its_native_build(void **state)
{
    (void)state;
    struct zyd_vm_image *image = load_file(ZYD_BIN_DIR "/guests/features.elf");
    uint8_t input[129];
    uint64_t seed = 1;
    for (unsigned i = 0; i < 500; i++) {
        for (size_t k = 1; k < sizeof input; k++) {
            seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
            input[k] = (uint8_t)(i % 7 == 0 ? (seed >> 20 & 1 ? 255 : 0) : seed >> 20);
        }
        input[0] = (uint8_t)(i % 5);
        struct zyd_vm_result r;
        assert_int_equal(
            zyd_vm_call(vm, &r, image, zyd_span(input, sizeof input), 5000000, vm_no_host, NULL),
            ZYD_OK);
        assert_int_equal(r.trap, ZYD_VM_OK);
        assert_int_equal(r.value, feature(input, sizeof input));
    }
}

static void misbehaving_c_ends_in_its_trap(void **state)
{
    (void)state;
    struct zyd_vm_image *image = load_file(ZYD_BIN_DIR "/guests/features.elf");
    static const enum zyd_vm_trap traps[] = {ZYD_VM_FUEL,   ZYD_VM_MEMORY, ZYD_VM_MEMORY,
                                             ZYD_VM_MEMORY, ZYD_VM_PC,     ZYD_VM_EBREAK};
    for (size_t i = 0; i < COUNT(traps); i++) {
        uint8_t input[9] = {(uint8_t)(100 + i)};
        struct zyd_vm_result r;
        assert_int_equal(zyd_vm_call(vm, &r, image, zyd_span(input, 9), 1000000, vm_no_host, NULL),
                         ZYD_OK);
        assert_int_equal(r.trap, traps[i]);
    }
}

/* The file is in the repository, so neither the guest's compiler nor ours can move these numbers.
 */
static void a_fixed_plugin_has_its_golden_fuel_and_values(void **state)
{
    (void)state;
    static const struct {
        uint8_t feature;
        uint64_t value, fuel;
    } golden[] = {
        {0, UINT64_C(0xd4907367fa46aa02), 34637}, {1, UINT64_C(0x7ead70413f8968df), 277583},
        {2, UINT64_C(0xacd2ee3eb320dc51), 39884}, {3, UINT64_C(0x7baf889f2372c1e8), 23947},
        {4, UINT64_C(0x537ab9c8788bd687), 3959},
    };
    struct zyd_vm_image *image = load_file(ZYD_SOURCE_DIR "/tests/fuzz/corpus/plugin/features.elf");
    for (size_t i = 0; i < COUNT(golden); i++) {
        uint8_t input[129];
        for (size_t k = 0; k < sizeof input; k++) {
            input[k] = (uint8_t)(k * k * 7 + k);
        }
        input[0] = golden[i].feature;
        struct zyd_vm_result r;
        assert_int_equal(
            zyd_vm_call(vm, &r, image, zyd_span(input, sizeof input), 5000000, vm_no_host, NULL),
            ZYD_OK);
        assert_int_equal(r.trap, ZYD_VM_OK);
        if (r.value != golden[i].value || r.fuel_used != golden[i].fuel) {
            fail_msg("{%u, UINT64_C(0x%llx), %llu}", golden[i].feature, (unsigned long long)r.value,
                     (unsigned long long)r.fuel_used);
        }
    }
}

static void every_trap_has_its_own_text(void **state)
{
    (void)state;
    for (int i = 0; i <= ZYD_VM_STOP; i++) {
        for (int k = 0; k < i; k++) {
            assert_string_not_equal(zyd_vm_trap_text((enum zyd_vm_trap)i),
                                    zyd_vm_trap_text((enum zyd_vm_trap)k));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_gets_input_stack_and_zero_registers_and_returns_a0),
        cmocka_unit_test(an_input_above_the_limit_is_refused_and_one_at_it_runs),
        cmocka_unit_test(an_endless_loop_uses_exactly_its_limit),
        cmocka_unit_test(every_fuel_limit_stops_at_the_instruction_that_cannot_be_paid),
        cmocka_unit_test(
            running_out_comes_before_any_other_trap_and_the_trapping_instruction_is_paid),
        cmocka_unit_test(running_off_the_end_of_the_code_is_a_pc_trap),
        cmocka_unit_test(a_jump_outside_the_code_traps_at_the_jump),
        cmocka_unit_test(accesses_end_exactly_at_the_edges_of_each_region),
        cmocka_unit_test(memory_is_zero_at_each_start_whatever_the_call_before_wrote),
        cmocka_unit_test(the_host_writes_only_to_memory_and_that_too_is_cleared),
        cmocka_unit_test(the_host_reads_all_three_regions_and_nothing_else),
        cmocka_unit_test(a_host_call_passes_seven_registers_and_changes_only_a0),
        cmocka_unit_test(two_machines_share_an_image_and_agree),
        cmocka_unit_test(compiled_c_gives_the_values_of_its_native_build),
        cmocka_unit_test(misbehaving_c_ends_in_its_trap),
        cmocka_unit_test(a_fixed_plugin_has_its_golden_fuel_and_values),
        cmocka_unit_test(every_trap_has_its_own_text),
    };
    return cmocka_run_group_tests(tests, vm_setup, vm_teardown);
}
