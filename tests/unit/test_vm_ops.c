/* Goal: each RV64IM instruction computes what the RISC-V specification says, edge cases included.
 * Method: one small program an instruction, encoded by tests/lib/vm_asm.h; operands come in as
 * input, the expected values are written out by hand from the specification's text and tables.
 * tests/vm/differential.py compares the same instructions with qemu-riscv64 on random operands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/lib/vm_fixture.h"

#define ONES UINT64_MAX
#define MIN64 UINT64_C(0x8000000000000000)
#define MAX64 UINT64_C(0x7fffffffffffffff)
#define MIN32 UINT64_C(0xffffffff80000000)

static struct zyd_vm_result run(const uint32_t *words, size_t count, uint64_t a, uint64_t b)
{
    return vm_run_words(words, count, a, b, 1000, vm_no_host, NULL);
}

struct row {
    const char *name;
    uint32_t insn; /* writes a0; a2 and a3 hold a and b */
    uint64_t a;
    uint64_t b;
    uint64_t want;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t words[] = {LD(a2, a0, 0), LD(a3, a0, 8), MV(t0, a0), LI(a0, 0), rows[i].insn, RET};
        struct zyd_vm_result r = run(words, 6, rows[i].a, rows[i].b);
        assert_int_equal(r.trap, ZYD_VM_OK);
        assert_int_equal(r.fuel_used, 6);
        if (r.value != rows[i].want) {
            fail_msg("%s(%#llx, %#llx) = %#llx, not %#llx", rows[i].name,
                     (unsigned long long)rows[i].a, (unsigned long long)rows[i].b,
                     (unsigned long long)rows[i].want, (unsigned long long)r.value);
        }
    }
}
#define CHECK(rows) check_rows(rows, sizeof rows / sizeof rows[0])

#define R(f3, f7) asm_r(0x33, f3, f7, a0, a2, a3)
#define RW(f3, f7) asm_r(0x3b, f3, f7, a0, a2, a3)
#define I(f3, imm) asm_i(0x13, f3, a0, a2, imm)
#define IW(f3, imm) asm_i(0x1b, f3, a0, a2, imm)

static void register_arithmetic_wraps_and_compares_both_ways(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"add", R(0, 0), MAX64, 1, MIN64},
        {"add", R(0, 0), ONES, 2, 1},
        {"sub", R(0, 32), 0, 1, ONES},
        {"sub", R(0, 32), MIN64, 1, MAX64},
        {"sll", R(1, 0), 1, 63, MIN64},
        {"sll", R(1, 0), 3, 64, 3},
        {"sll", R(1, 0), 1, ONES, MIN64},
        {"slt", R(2, 0), ONES, 0, 1},
        {"slt", R(2, 0), 0, ONES, 0},
        {"slt", R(2, 0), MIN64, MAX64, 1},
        {"slt", R(2, 0), 5, 5, 0},
        {"sltu", R(3, 0), ONES, 0, 0},
        {"sltu", R(3, 0), 0, ONES, 1},
        {"sltu", R(3, 0), 5, 5, 0},
        {"xor", R(4, 0), 0xff00ff00ff00ff00, 0x0ff00ff00ff00ff0, 0xf0f0f0f0f0f0f0f0},
        {"srl", R(5, 0), MIN64, 63, 1},
        {"srl", R(5, 0), MIN64, 64, MIN64},
        {"sra", R(5, 32), MIN64, 63, ONES},
        {"sra", R(5, 32), MAX64, 62, 1},
        {"sra", R(5, 32), MIN64, 65, 0xc000000000000000},
        {"or", R(6, 0), 0xf0, 0x0f, 0xff},
        {"and", R(7, 0), 0xf0, 0x3c, 0x30},
    };
    CHECK(rows);
}

static void word_arithmetic_works_on_32_bits_and_extends_the_sign(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"addw", RW(0, 0), 0x7fffffff, 1, MIN32},
        {"addw", RW(0, 0), 0xabcdef01ffffffff, 1, 0},
        {"subw", RW(0, 32), 0, 1, ONES},
        {"subw", RW(0, 32), 0x80000000, 1, 0x7fffffff},
        {"sllw", RW(1, 0), 1, 31, MIN32},
        {"sllw", RW(1, 0), 1, 32, 1},
        {"srlw", RW(5, 0), 0xffffffff80000000, 31, 1},
        {"srlw", RW(5, 0), 0x1280000000, 0, MIN32},
        {"srlw", RW(5, 0), 0x80000000, 33, 0x40000000},
        {"sraw", RW(5, 32), 0x80000000, 31, ONES},
        {"sraw", RW(5, 32), 0xffffffff7fffffff, 4, 0x07ffffff},
    };
    CHECK(rows);
}

static void multiplication_gives_low_and_high_halves(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"mul", R(0, 1), ONES, ONES, 1},
        {"mul", R(0, 1), 0x123456789abcdef0, 16, 0x23456789abcdef00},
        {"mulh", R(1, 1), ONES, ONES, 0},
        {"mulh", R(1, 1), MIN64, MIN64, 0x4000000000000000},
        {"mulh", R(1, 1), MIN64, 1, ONES},
        {"mulh", R(1, 1), MAX64, 2, 0},
        {"mulh", R(1, 1), MIN64, MAX64, 0xc000000000000000},
        {"mulhsu", R(2, 1), ONES, ONES, ONES},
        {"mulhsu", R(2, 1), 1, ONES, 0},
        {"mulhsu", R(2, 1), MIN64, ONES, MIN64},
        {"mulhsu", R(2, 1), MAX64, ONES, 0x7ffffffffffffffe},
        {"mulhu", R(3, 1), ONES, ONES, 0xfffffffffffffffe},
        {"mulhu", R(3, 1), MIN64, 2, 1},
        {"mulw", RW(0, 1), 0x10000, 0x8000, MIN32},
        {"mulw", RW(0, 1), 0xdeadbeef00000003, 0x77700000005, 15},
    };
    CHECK(rows);
}

static void division_rounds_to_zero_and_never_traps(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"div", R(4, 1), 7, 2, 3},
        {"div", R(4, 1), (uint64_t)-7, 2, (uint64_t)-3},
        {"div", R(4, 1), 7, (uint64_t)-2, (uint64_t)-3},
        {"div", R(4, 1), 7, 0, ONES},
        {"div", R(4, 1), (uint64_t)-7, 0, ONES},
        {"div", R(4, 1), MIN64, ONES, MIN64},
        {"div", R(4, 1), 5, ONES, (uint64_t)-5},
        {"divu", R(5, 1), ONES, 2, MAX64},
        {"divu", R(5, 1), 1, 0, ONES},
        {"divu", R(5, 1), MIN64, ONES, 0},
        {"rem", R(6, 1), 7, 2, 1},
        {"rem", R(6, 1), (uint64_t)-7, 2, ONES},
        {"rem", R(6, 1), 7, (uint64_t)-2, 1},
        {"rem", R(6, 1), (uint64_t)-7, 0, (uint64_t)-7},
        {"rem", R(6, 1), MIN64, ONES, 0},
        {"remu", R(7, 1), ONES, 10, 5},
        {"remu", R(7, 1), 42, 0, 42},
        {"remu", R(7, 1), MIN64, ONES, MIN64},
        {"divw", RW(4, 1), 0xfffffff9, 2, (uint64_t)-3},
        {"divw", RW(4, 1), 7, 0x100000000, ONES},
        {"divw", RW(4, 1), 0x80000000, 0xffffffff, MIN32},
        {"divuw", RW(5, 1), 0x99ffffffff, 1, ONES},
        {"divuw", RW(5, 1), 0xffffffff, 2, 0x7fffffff},
        {"divuw", RW(5, 1), 9, 0x500000000, ONES},
        {"remw", RW(6, 1), 0xfffffff9, 2, ONES},
        {"remw", RW(6, 1), 0x80000000, 0xffffffff, 0},
        {"remw", RW(6, 1), 0x80000005, 0, 0xffffffff80000005},
        {"remuw", RW(7, 1), 0xffffffff, 10, 5},
        {"remuw", RW(7, 1), 0x80000000, 0, MIN32},
    };
    CHECK(rows);
}

static void immediates_are_sign_extended_and_shifts_take_6_or_5_bits(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"addi", I(0, -1), 0, 0, ONES},
        {"addi", I(0, 2047), 1, 0, 2048},
        {"addi", I(0, -2048), 0, 0, (uint64_t)-2048},
        {"slti", I(2, -1), (uint64_t)-2, 0, 1},
        {"slti", I(2, -1), 0, 0, 0},
        {"sltiu", I(3, -1), 7, 0, 1},
        {"sltiu", I(3, -1), ONES, 0, 0},
        {"sltiu", I(3, 1), 0, 0, 1},
        {"sltiu", I(3, -1), MIN64, 0, 1},
        {"slti", I(2, -2048), MIN64, 0, 1},
        {"xori", I(4, -1), 0x1234, 0, ~UINT64_C(0x1234)},
        {"ori", I(6, -256), 0x12, 0, 0xffffffffffffff12},
        {"andi", I(7, -16), 0x12345, 0, 0x12340},
        {"slli", I(1, 63), 1, 0, MIN64},
        {"srli", I(5, 63), MIN64, 0, 1},
        {"srli", I(5, 1), ONES, 0, MAX64},
        {"srai", I(5, 0x400 | 63), MIN64, 0, ONES},
        {"srai", I(5, 0x400 | 1), MAX64, 0, MAX64 >> 1},
        {"addiw", IW(0, 1), 0x7fffffff, 0, MIN32},
        {"addiw", IW(0, -1), 0x500000000, 0, ONES},
        {"slliw", IW(1, 31), 1, 0, MIN32},
        {"slliw", IW(1, 4), 0xf0000001, 0, 16},
        {"srliw", IW(5, 31), 0xffffffff, 0, 1},
        {"srliw", IW(5, 0), 0x180000000, 0, MIN32},
        {"sraiw", IW(5, 0x400 | 31), 0x80000000, 0, ONES},
        {"sraiw", IW(5, 0x400 | 1), 0xff7fffffff, 0, 0x3fffffff},
        {"lui", LUI(a0, 0x80000), 0, 0, MIN32},
        {"lui", LUI(a0, 0x7ffff), 0, 0, 0x7ffff000},
        {"auipc", AUIPC(a0, 1), 0, 0, ASM_TEXT + 16 + 0x1000}, /* it is the fifth instruction */
        {"auipc", AUIPC(a0, 0xfffff), 0, 0, ASM_TEXT + 16 - 0x1000},
        {"addi to x0", ADDI(zero, a2, 5), 9, 0, 0},
        {"x0 as operand", ADD(a0, zero, a2), 9, 0, 9},
    };
    CHECK(rows);
}

static void x0_stays_zero_after_every_kind_of_write(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"add", ADD(zero, a2, a3), 1, 2, 0},
        {"lui", LUI(zero, 5), 0, 0, 0},
        {"auipc", AUIPC(zero, 5), 0, 0, 0},
        {"ld", LD(zero, t0, 0), 77, 0, 0},
        {"jal", JAL(zero, 4), 0, 0, 0},
        {"mul", asm_r(0x33, 0, 1, zero, a2, a3), 3, 4, 0},
        {"addw", asm_r(0x3b, 0, 0, zero, a2, a3), 3, 4, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t words[] = {LD(a2, a0, 0), LD(a3, a0, 8), MV(t0, a0),
                            rows[i].insn,  MV(a0, zero),  RET};
        assert_int_equal(run(words, 6, rows[i].a, rows[i].b).value, 0);
    }
}

static void loads_extend_as_their_name_says_and_are_little_endian(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"lb", LOAD(0, a0, t0, 0), 0x8182838485868788, 0, 0xffffffffffffff88},
        {"lb", LOAD(0, a0, t0, 7), 0x7182838485868788, 0, 0x71},
        {"lh", LOAD(1, a0, t0, 0), 0x8182838485868788, 0, 0xffffffffffff8788},
        {"lw", LOAD(2, a0, t0, 0), 0x8182838485868788, 0, 0xffffffff85868788},
        {"lw", LOAD(2, a0, t0, 4), 0x7182838485868788, 0, 0x71828384},
        {"ld", LOAD(3, a0, t0, 0), 0x8182838485868788, 0, 0x8182838485868788},
        {"lbu", LOAD(4, a0, t0, 0), 0x8182838485868788, 0, 0x88},
        {"lhu", LOAD(5, a0, t0, 0), 0x8182838485868788, 0, 0x8788},
        {"lwu", LOAD(6, a0, t0, 0), 0x8182838485868788, 0, 0x85868788},
        {"lh, odd", LOAD(1, a0, t0, 1), 0x8182838485867788, 0, 0xffffffffffff8677},
        {"lwu, odd", LOAD(6, a0, t0, 3), 0x8182838485868788, 0, 0x82838485},
        {"ld, odd", LOAD(3, a0, t0, 3), 0x8182838485868788, 0x1112131415161718, 0x1617188182838485},
    };
    CHECK(rows);
}

static void stores_write_their_low_bytes_only(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"sb", STORE(0, a2, sp, -16), 0x1122334455667788, 0, 0xa1a2a3a4a5a6a788},
        {"sh", STORE(1, a2, sp, -16), 0x1122334455667788, 0, 0xa1a2a3a4a5a67788},
        {"sw", STORE(2, a2, sp, -16), 0x1122334455667788, 0, 0xa1a2a3a455667788},
        {"sd", STORE(3, a2, sp, -16), 0x1122334455667788, 0, 0x1122334455667788},
        {"sh, odd", STORE(1, a2, sp, -13), 0x1122334455667788, 0, 0xa1a2a37788a6a7a8},
        {"sw, odd", STORE(2, a2, sp, -15), 0x1122334455667788, 0, 0xa1a2a355667788a8},
        {"sd, odd", STORE(3, a2, sp, -13), 0x1122334455667788, 0, 0x4455667788a6a7a8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t words[] = {LD(a2, a0, 0), LD(a3, a0, 8),   SD(a3, sp, -16),
                            rows[i].insn,  LD(a0, sp, -16), RET};
        struct zyd_vm_result r = run(words, 6, rows[i].a, 0xa1a2a3a4a5a6a7a8);
        assert_int_equal(r.trap, ZYD_VM_OK);
        if (r.value != rows[i].want) {
            fail_msg("%s: %#llx", rows[i].name, (unsigned long long)r.value);
        }
    }
}

static void branches_go_both_ways_by_signed_and_unsigned_order(void **state)
{
    (void)state;
    static const struct {
        uint32_t f3;
        const char *taken; /* for each of the pairs */
    } rows[] = {{0, "y----"}, {1, "-yyyy"}, {4, "-y-y-"}, {5, "y-y-y"}, {6, "-y--y"}, {7, "y-yy-"}};
    static const uint64_t pairs[5][2] = {{1, 1}, {1, 2}, {2, 1}, {ONES, 1}, {1, ONES}};
    for (size_t i = 0; i < 6; i++) {
        for (size_t k = 0; k < 5; k++) {
            uint32_t forth[] = {LD(a2, a0, 0), LD(a3, a0, 8),
                                LI(a0, 1),     asm_b(rows[i].f3, a2, a3, 8),
                                LI(a0, 0),     RET};
            uint32_t back[] = {JAL(zero, 12), LI(a0, 1),
                               RET,           LD(a2, a0, 0),
                               LD(a3, a0, 8), asm_b(rows[i].f3, a2, a3, -16),
                               LI(a0, 0),     RET};
            assert_int_equal(run(forth, 6, pairs[k][0], pairs[k][1]).value,
                             rows[i].taken[k] == 'y');
            assert_int_equal(run(back, 8, pairs[k][0], pairs[k][1]).value, rows[i].taken[k] == 'y');
        }
    }
}

static void branches_and_jumps_reach_as_far_as_their_fields(void **state)
{
    (void)state;
    static uint32_t words[4096];
    for (size_t i = 0; i < 4096; i++) {
        words[i] = EBREAK;
    }
    words[0] = BEQ(zero, zero, 4092); /* the farthest forward */
    words[1023] = BEQ(zero, zero, 4092);
    words[2046] = BEQ(zero, zero, -4096); /* the farthest back */
    words[1022] = JAL(zero, 4 * 3000);
    words[4022] = JAL(zero, -4 * 4021);
    words[1] = LI(a0, 9);
    words[2] = RET;
    struct zyd_vm_result r = run(words, 4096, 0, 0);
    assert_int_equal(r.trap, ZYD_VM_OK);
    assert_int_equal(r.value, 9);
    assert_int_equal(r.fuel_used, 7);
}

static void jumps_link_and_jalr_clears_bit_0_and_reads_before_it_links(void **state)
{
    (void)state;
    uint32_t jal[] = {MV(s0, ra), JAL(a0, 8), EBREAK, JALR(zero, s0, 0)};
    assert_int_equal(run(jal, 4, 0, 0).value, ASM_TEXT + 8);
    /* t0 = text; jalr t0, 21(t0) goes to text + 20 and leaves text + 8 in t0 */
    uint32_t jalr[] = {AUIPC(t0, 0), JALR(t0, t0, 21), EBREAK, EBREAK, EBREAK, MV(a0, t0), RET};
    struct zyd_vm_result r = run(jalr, 7, 0, 0);
    assert_int_equal(r.trap, ZYD_VM_OK);
    assert_int_equal(r.value, ASM_TEXT + 8);
    uint32_t negative[] = {JAL(zero, 12), LI(a0, 7), RET, AUIPC(t0, 0), JALR(zero, t0, -8)};
    r = run(negative, 5, 0, 0);
    assert_int_equal(r.trap, ZYD_VM_OK);
    assert_int_equal(r.value, 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(register_arithmetic_wraps_and_compares_both_ways),
        cmocka_unit_test(word_arithmetic_works_on_32_bits_and_extends_the_sign),
        cmocka_unit_test(multiplication_gives_low_and_high_halves),
        cmocka_unit_test(division_rounds_to_zero_and_never_traps),
        cmocka_unit_test(immediates_are_sign_extended_and_shifts_take_6_or_5_bits),
        cmocka_unit_test(x0_stays_zero_after_every_kind_of_write),
        cmocka_unit_test(loads_extend_as_their_name_says_and_are_little_endian),
        cmocka_unit_test(stores_write_their_low_bytes_only),
        cmocka_unit_test(branches_go_both_ways_by_signed_and_unsigned_order),
        cmocka_unit_test(branches_and_jumps_reach_as_far_as_their_fields),
        cmocka_unit_test(jumps_link_and_jalr_clears_bit_0_and_reads_before_it_links),
    };
    return cmocka_run_group_tests(tests, vm_setup, vm_teardown);
}
