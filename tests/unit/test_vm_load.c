/* Goal: the loader takes exactly the files that contracts/vm/SPEC.md 5 describes, names the rule of
 * every refusal, and neither it nor a run of what it accepts can be made to crash. Method: a valid
 * file with one field changed for each rule; every truncation, in a block of exactly that size so
 * that a sanitizer sees one byte too many; every bit flipped; random words as code; every 32-bit
 * word's class compared with a second, table-free description of the instruction set. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/vm_fixture.h"

#define COUNT(a) (sizeof a / sizeof a[0])

#define WORDS 8u
static uint32_t program[WORDS];

static int setup(void **state)
{
    const uint32_t words[WORDS] = {LD(a2, a0, 0),  ADDI(a2, a2, 1), SD(a2, sp, -8), ECALL,
                                   BNE(a2, a0, 8), JAL(ra, -16),    LD(a0, sp, -8), RET};
    memcpy(program, words, sizeof words);
    return vm_setup(state);
}

#define SIZE ASM_ELF_SIZE(WORDS)

static const char *reason_of(const uint8_t *elf, size_t size, enum zyd_status *status)
{
    const char *reason = "unset";
    const char *measured = "unset";
    struct zyd_vm_image *image = NULL;
    size_t need = 0;
    *status =
        zyd_vm_load(&image, &reason, image_mem, zyd_vm_image_footprint(), zyd_span(elf, size));
    enum zyd_status status_of_measure = zyd_vm_image_measure(&need, &measured, zyd_span(elf, size));
    assert_int_equal(*status == ZYD_OK, reason == NULL);
    assert_int_equal(*status == ZYD_OK, image != NULL);
    assert_int_equal(status_of_measure == ZYD_OK, measured == NULL);
    if (*status == ZYD_OK) {
        assert_int_equal(status_of_measure, ZYD_OK);
        assert_true(need <= zyd_vm_image_footprint());
    } else if (measured != NULL) {
        assert_string_equal(measured, reason);
    }
    return reason;
}

static enum zyd_vm_trap careless_host(void *ctx, struct zyd_vm *machine, uint64_t *value,
                                      uint64_t number, const uint64_t args[ZYD_VM_ARGS])
{
    (void)ctx, (void)number;
    const uint8_t *from = zyd_vm_read(machine, args[0], args[1]);
    uint8_t *to = zyd_vm_write(machine, args[2], args[1]);
    if (from == NULL || to == NULL) {
        return ZYD_VM_MEMORY;
    }
    memmove(to, from, (size_t)args[1]);
    *value = args[3];
    return ZYD_VM_OK;
}

/* Loads and, when accepted, runs it for a while.  True when accepted. */
static bool load_and_run(const uint8_t *elf, size_t size)
{
    struct zyd_vm_image *image = NULL;
    static const uint8_t input[32] = {1, 2, 3};
    struct zyd_vm_result r;
    if (zyd_vm_load(&image, NULL, image_mem, zyd_vm_image_footprint(), zyd_span(elf, size)) !=
        ZYD_OK) {
        return false;
    }
    assert_int_equal(
        zyd_vm_call(vm, &r, image, zyd_span(input, sizeof input), 500, careless_host, NULL),
        ZYD_OK);
    assert_true(r.fuel_used <= 500);
    return true;
}

static void every_broken_rule_is_named(void **state)
{
    (void)state;
    const struct {
        const char *reason;
        size_t offset;
        uint64_t value;
        unsigned size;
    } rows[] = {
        {"not elf64", 0, 0x7e, 1},
        {"not elf64", 4, 1, 1},  /* 32 bits */
        {"not elf64", 5, 2, 1},  /* big-endian */
        {"not elf64", 6, 0, 1},  /* version */
        {"not elf64", 7, 3, 1},  /* Linux ABI */
        {"not elf64", 8, 1, 1},  /* ABI version */
        {"not elf64", 15, 1, 1}, /* padding */
        {"not elf64", 20, 2, 4}, /* version */
        {"not static", 16, 3, 2},
        {"not static", 16, 1, 2},
        {"not risc-v", 18, 62, 2},
        {"elf flags", 48, 1, 4},  /* compressed instructions */
        {"elf flags", 48, 4, 4},  /* double float ABI */
        {"elf flags", 48, 8, 4},  /* RVE */
        {"elf flags", 48, 16, 4}, /* TSO */
        {"header size", 52, 63, 2},
        {"header size", 54, 32, 2},
        {"segment count", 56, 0, 2},
        {"segment count", 56, 9, 2},
        {"truncated", 56, 8, 2},
        {"truncated", 32, SIZE - 111, 8},
        {"truncated", 32, UINT64_MAX, 8},
        {"entry", 24, ASM_TEXT + 2, 8},
        {"entry", 24, ASM_TEXT - 4, 8},
        {"entry", 24, ASM_TEXT + 4 * WORDS, 8},
        {"entry", 24, 0, 8},
        {"segment type", 64, 2, 4},          /* dynamic */
        {"segment type", 64, 3, 4},          /* interpreter */
        {"segment type", 64, 7, 4},          /* TLS */
        {"segment type", 64, 0x6474e552, 4}, /* RELRO */
        {"writable segment", 68, 6, 4},
        {"writable segment", 124, 7, 4},
        {"segment flags", 68, 0, 4},
        {"segment flags", 124, 1, 4}, /* code that cannot be read */
        {"segment flags", 68, 12, 4},
        {"truncated", 72, SIZE + 1, 8},
        {"truncated", 72, 1 + SIZE - 176, 8},
        {"truncated", 96, SIZE + 1, 8},
        {"segment size", 104, 175, 8},
        {"segment address", 80, 0xffff, 8},
        {"segment address", 80, 0, 8},
        {"segment address", 136, ZYD_VM_IMAGE_BASE + 172, 8}, /* code over the headers */
        {"segment address", 104, 0x1001, 8},
        {"image size", 104, ZYD_VM_IMAGE_MAX + 1, 8},
        {"image size", 104, UINT64_MAX, 8},
        {"image size", 136, ZYD_VM_IMAGE_BASE + ZYD_VM_IMAGE_MAX - 16, 8},
        {"image size", 136, UINT64_MAX - 3, 8},
        {"second code segment", 68, 5, 4},
        {"no code", 124, 4, 4},
        {"code segment", 136, ASM_TEXT + 2, 8},
        {"code segment", 152, 4 * WORDS - 1, 8},
        {"code segment", 160, 4 * WORDS + 4, 8},
        {"instruction", 176, 0xffffffff, 4},
        {"branch target", 192, BNE(a2, a0, -20), 4},
        {"branch target", 192, BNE(a2, a0, 16), 4},
        {"branch target", 192, BNE(a2, a0, 6), 4},
        {"jump target", 196, JAL(ra, -24), 4},
        {"jump target", 196, JAL(ra, 12), 4},
        {"jump target", 196, JAL(ra, 2), 4},
        {NULL, 192, BNE(a2, a0, 12), 4}, /* the last instruction */
        {NULL, 196, JAL(ra, -20), 4},    /* the first */
        {NULL, 40, UINT64_MAX, 8},       /* where sections are is nobody's business */
        {NULL, 60, 0xffff, 2},
        {NULL, 88, 99, 8}, /* physical address */
        {NULL, 104, 0x1000, 8},
        {NULL, 136, ZYD_VM_IMAGE_BASE + ZYD_VM_IMAGE_MAX - 32, 8},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        uint8_t elf[SIZE];
        enum zyd_status status;
        asm_elf(elf, program, WORDS);
        if (rows[i].offset == 136 && rows[i].reason == NULL) {
            asm_le(elf + 24, rows[i].value, 8);
        }
        asm_le(elf + rows[i].offset, rows[i].value, rows[i].size);
        const char *reason = reason_of(elf, SIZE, &status);
        if (rows[i].reason == NULL ? reason != NULL
                                   : reason == NULL || strcmp(reason, rows[i].reason) != 0) {
            fail_msg("row %zu: %s, not %s", i, reason == NULL ? "accepted" : reason,
                     rows[i].reason == NULL ? "accepted" : rows[i].reason);
        }
        assert_int_equal(status, rows[i].reason == NULL ? ZYD_OK : ZYD_E_MALFORMED);
    }
}

static void size_limits_are_exact(void **state)
{
    (void)state;
    enum zyd_status status;
    uint8_t *elf = calloc(1, ZYD_VM_ELF_MAX + 1);
    asm_elf(elf, program, WORDS);
    assert_null(reason_of(elf, ZYD_VM_ELF_MAX, &status));
    assert_string_equal(reason_of(elf, ZYD_VM_ELF_MAX + 1, &status), "file size");
    assert_int_equal(status, ZYD_E_TOO_BIG);
    free(elf);
}

static void a_plugin_loads_in_exactly_the_memory_that_measure_says(void **state)
{
    (void)state;
    uint8_t elf[SIZE];
    size_t need = 0;
    const char *reason = NULL;
    struct zyd_vm_image *image = NULL;
    asm_elf(elf, program, WORDS);
    assert_int_equal(zyd_vm_image_measure(&need, NULL, zyd_span(elf, SIZE)), ZYD_OK);
    assert_true(need < 8192);
    void *mem = aligned_alloc(16, need);
    assert_int_equal(zyd_vm_load(&image, &reason, mem, need - 1, zyd_span(elf, SIZE)), ZYD_E_FULL);
    assert_string_equal(reason, "memory");
    memset(mem, 0xa5, need); /* any content before */
    assert_int_equal(zyd_vm_load(&image, &reason, mem, need, zyd_span(elf, SIZE)), ZYD_OK);
    struct zyd_vm_result r;
    assert_int_equal(zyd_vm_call(vm, &r, image, zyd_span(elf, 16), 3, vm_no_host, NULL), ZYD_OK);
    assert_int_equal(r.trap, ZYD_VM_FUEL);
    assert_int_equal(*zyd_vm_read(vm, ZYD_VM_IMAGE_BASE + 176, ASM_TEXT - ZYD_VM_IMAGE_BASE - 176),
                     0); /* a gap */
    free(mem);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t elf[SIZE];
    asm_elf(elf, program, WORDS);
    assert_true(load_and_run(elf, SIZE));
    for (size_t size = 0; size < SIZE; size++) {
        enum zyd_status status;
        uint8_t *exact = malloc(size == 0 ? 1 : size);
        memcpy(exact, elf, size);
        assert_string_equal(reason_of(exact, size, &status), "truncated");
        assert_int_equal(status, ZYD_E_MALFORMED);
        free(exact);
    }
}

static void no_flipped_bit_crashes_the_loader_or_the_machine(void **state)
{
    (void)state;
    unsigned accepted = 0;
    for (size_t bit = 0; bit < SIZE * 8; bit++) {
        enum zyd_status status;
        uint8_t *elf = malloc(SIZE);
        asm_elf(elf, program, WORDS);
        elf[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const char *reason = reason_of(elf, SIZE, &status);
        assert_int_equal(load_and_run(elf, SIZE), reason == NULL);
        accepted += reason == NULL;
        free(elf);
    }
    assert_true(accepted > 300 && accepted < SIZE * 8 - 300);
}

static void random_code_of_any_kind_ends_with_a_trap_or_a_value(void **state)
{
    (void)state;
    static uint8_t elf[ASM_ELF_SIZE(64)];
    static const uint8_t opcodes[] = {0x37, 0x17, 0x6f, 0x67, 0x63, 0x03,
                                      0x23, 0x13, 0x1b, 0x33, 0x3b};
    uint64_t seed = 42;
    unsigned accepted = 0;
    for (unsigned round = 0; round < 30000; round++) {
        uint32_t words[64];
        for (size_t i = 0; i < 64; i++) {
            do { /* words of the right kind; half of the jumps and branches are made short */
                seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
                words[i] =
                    ((uint32_t)(seed >> 16) & ~127u) | opcodes[(seed >> 56) % COUNT(opcodes)];
                if ((words[i] & 127) == 0x33 || (words[i] & 127) == 0x3b) {
                    words[i] &= (seed >> 50 & 1) ? 0x01ffffffu : 0x03ffffffu;
                }
                if ((words[i] & 127) == 0x6f) {
                    words[i] = JAL((words[i] >> 7) & 31,
                                   (int32_t)(seed >> 40 & 31) * 4 - 4 * (int32_t)(i < 31 ? i : 31));
                }
                if ((words[i] & 127) == 0x63) {
                    words[i] = asm_b((words[i] >> 12) & 7, words[i] >> 15 & 31, words[i] >> 20 & 31,
                                     i < 40 ? 12 : -12);
                }
                asm_elf(elf, &words[i], 1);
            } while ((words[i] & 127) != 0x6f && (words[i] & 127) != 0x63 &&
                     !load_and_run(elf, ASM_ELF_SIZE(1)));
        }
        accepted += load_and_run(elf, asm_elf(elf, words, 64));
    }
    assert_true(accepted > 100);
}

/* RV64IM as the specification lists it, by masks: an instruction is legal when (word & mask) ==
 * match. */
static bool legal(uint32_t w)
{
    static const struct {
        uint32_t mask, match;
    } list[] = {
        {0x0000007f, 0x37},       {0x0000007f, 0x17},       {0x0000007f, 0x6f},
        {0x0000707f, 0x67},       {0x0000707f, 0x0063},     {0x0000707f, 0x1063},
        {0x0000707f, 0x4063},     {0x0000707f, 0x5063},     {0x0000707f, 0x6063},
        {0x0000707f, 0x7063},     {0x0000707f, 0x0003},     {0x0000707f, 0x1003},
        {0x0000707f, 0x2003},     {0x0000707f, 0x3003},     {0x0000707f, 0x4003},
        {0x0000707f, 0x5003},     {0x0000707f, 0x6003},     {0x0000707f, 0x0023},
        {0x0000707f, 0x1023},     {0x0000707f, 0x2023},     {0x0000707f, 0x3023},
        {0x0000707f, 0x0013},     {0x0000707f, 0x2013},     {0x0000707f, 0x3013},
        {0x0000707f, 0x4013},     {0x0000707f, 0x6013},     {0x0000707f, 0x7013},
        {0xfc00707f, 0x00001013}, {0xfc00707f, 0x00005013}, {0xfc00707f, 0x40005013},
        {0x0000707f, 0x001b},     {0xfe00707f, 0x0000101b}, {0xfe00707f, 0x0000501b},
        {0xfe00707f, 0x4000501b}, {0xfe00007f, 0x00000033}, {0xfe00707f, 0x40000033},
        {0xfe00707f, 0x40005033}, {0xfe00007f, 0x02000033}, {0xfe00707f, 0x0000003b},
        {0xfe00707f, 0x0000103b}, {0xfe00707f, 0x0000503b}, {0xfe00707f, 0x4000003b},
        {0xfe00707f, 0x4000503b}, {0xfe00707f, 0x0200003b}, {0xfe00407f, 0x0200403b},
        {0xffffffff, 0x00000073}, {0xffffffff, 0x00100073}, {0xffffffff, 0xc0001073},
        {0xffffffff, 0x00000000},
    };
    for (size_t i = 0; i < COUNT(list); i++) {
        if ((w & list[i].mask) == list[i].match) {
            return true;
        }
    }
    return false;
}

static void exactly_the_words_of_rv64im_are_instructions(void **state)
{
    (void)state;
    uint8_t elf[ASM_ELF_SIZE(1)];
    uint32_t nop = NOP;
    unsigned yes = 0;
    asm_elf(elf, &nop, 1);
    /* all of opcode, funct3 and funct7, with rd, rs1 and rs2 each 0, 1, 31 */
    static const uint32_t regs[] = {0, 1, 31};
    for (uint32_t k = 0; k < (1u << 17); k++) {
        for (unsigned r = 0; r < 27; r++) {
            uint32_t w =
                asm_r(k & 127, k >> 7 & 7, k >> 10, regs[r % 3], regs[r / 3 % 3], regs[r / 9]);
            enum zyd_status status;
            asm_le(elf + 176, w, 4);
            struct zyd_vm_image *image = NULL;
            const char *reason = NULL;
            status = zyd_vm_load(&image, &reason, image_mem, zyd_vm_image_footprint(),
                                 zyd_span(elf, sizeof elf));
            bool accepted = status == ZYD_OK ||
                            strcmp(reason, "instruction") != 0; /* or a target out of the code */
            if (accepted != legal(w)) {
                fail_msg("%08x: %s", w, accepted ? "accepted" : "refused");
            }
            yes += accepted;
        }
    }
    assert_true(yes > 10000);
    static const uint32_t refused[] = {0x30200073, 0x10500073, 0x00200073, 0xc0002573, 0x0000000f,
                                       0x0000100f, 0x1005252f, 0x00053507, 0x00a53027, 0x02a50553,
                                       0x00000001, 0x00008082, 0x0000007f, 0x00100000};
    for (size_t i = 0; i < COUNT(refused);
         i++) { /* mret wfi uret rdcycle fence fence.i lr.w fld fsd fadd.d c.nop c.ret */
        enum zyd_status status;
        asm_le(elf + 176, refused[i], 4);
        assert_string_equal(reason_of(elf, sizeof elf, &status), "instruction");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_broken_rule_is_named),
        cmocka_unit_test(size_limits_are_exact),
        cmocka_unit_test(a_plugin_loads_in_exactly_the_memory_that_measure_says),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(no_flipped_bit_crashes_the_loader_or_the_machine),
        cmocka_unit_test(random_code_of_any_kind_ends_with_a_trap_or_a_value),
        cmocka_unit_test(exactly_the_words_of_rv64im_are_instructions),
    };
    return cmocka_run_group_tests(tests, setup, vm_teardown);
}
