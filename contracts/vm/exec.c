/* exec.c: the instructions.
 *
 * The rule (SPEC.md 3) is that each instruction is paid before it runs.  This file pays in arrears:
 * a run of instructions without a taken transfer is paid at its end, before anything outside the
 * machine can see it.  Nobody can tell the difference: a run has no effect outside, is never longer
 * than the code, and settle() finds the instruction that could not be paid.  zyd_vm_exec is longer
 * than a screen because it is one row an instruction. */
#include "machine.h"

_Static_assert((INT64_C(-1) >> 1) == -1, "signed right shift is arithmetic");
_Static_assert((int64_t)UINT64_MAX == -1 && (int32_t)UINT32_MAX == -1,
               "conversion to signed wraps");

static uint64_t load16(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8;
}

static uint64_t load32(const uint8_t *p)
{
    return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24;
}

static uint64_t load64(const uint8_t *p)
{
    return load32(p) | load32(p + 4) << 32;
}

static void store16(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static void store32(uint8_t *p, uint64_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static void store64(uint8_t *p, uint64_t v)
{
    store32(p, v);
    store32(p + 4, v >> 32);
}

/* The low 32 bits, sign-extended: what every ...W instruction leaves. */
static uint64_t word(uint64_t v)
{
    return (uint64_t)(int64_t)(int32_t)(uint32_t)v;
}

static uint64_t mulh(uint64_t a, uint64_t b)
{
    return (uint64_t)(((zyd_i128)(int64_t)a * (int64_t)b) >> 64);
}

static uint64_t mulhsu(uint64_t a, uint64_t b)
{
    return (uint64_t)(((zyd_i128)(int64_t)a * (zyd_i128)b) >> 64);
}

static uint64_t mulhu(uint64_t a, uint64_t b)
{
    return (uint64_t)(((zyd_u128)a * b) >> 64);
}

/* Division as table 7.1 of the RISC-V specification: by zero gives all ones and the dividend,
 * overflow wraps. */
static uint64_t div_s(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return UINT64_MAX;
    }
    if (b == UINT64_MAX) {
        return 0 - a;
    }
    return (uint64_t)((int64_t)a / (int64_t)b);
}

static uint64_t rem_s(uint64_t a, uint64_t b)
{
    if (b == 0) {
        return a;
    }
    if (b == UINT64_MAX) {
        return 0;
    }
    return (uint64_t)((int64_t)a % (int64_t)b);
}

static uint64_t div_u(uint64_t a, uint64_t b)
{
    return b == 0 ? UINT64_MAX : a / b;
}

static uint64_t rem_u(uint64_t a, uint64_t b)
{
    return b == 0 ? a : a % b;
}

static uint64_t guest_pc(const struct zyd_vm_image *image, const struct vm_insn *i)
{
    return image->text + 4 * (uint64_t)(i - image->code);
}

/* Ends the call at `last`, the instruction that ended it; `first` began the unpaid run.  When the
 * run cannot be paid, the call ended earlier: at the instruction whose turn came with nothing left.
 */
static void settle(struct zyd_vm *vm, struct zyd_vm_result *result,
                   const struct zyd_vm_image *image, enum zyd_vm_trap trap,
                   const struct vm_insn *first, const struct vm_insn *last)
{
    uint64_t cost = (uint64_t)(last - first) + 1;
    if (cost > vm->fuel_left) {
        last = first + vm->fuel_left;
        cost = vm->fuel_left;
        trap = ZYD_VM_FUEL;
    }
    vm->fuel_left -= cost;
    result->trap = trap;
    result->pc = guest_pc(image, last);
}

/* One host call, already paid.  x is the register file. */
static enum zyd_vm_trap host_call(struct zyd_vm *vm, uint64_t *x, const struct vm_run *run)
{
    uint64_t args[ZYD_VM_ARGS];
    uint64_t value = 0;
    memcpy(args, x + 10, sizeof args);
    enum zyd_vm_trap trap = run->host(run->ctx, vm, &value, x[17], args);
    zyd_assert(trap != ZYD_VM_PC && trap != ZYD_VM_EBREAK);
    zyd_assert(trap != ZYD_VM_FUEL || vm->exhausted);
    x[10] = value;
    return vm->exhausted ? ZYD_VM_FUEL : trap;
}

#define A x[i->rs1]
#define B x[i->rs2]
#define D x[i->rd]
#define IMM ((uint64_t)(int64_t)i->imm)
#define SHIFT (i->imm)
#define ROW(name, expr)                                                                            \
    case OP_##name:                                                                                \
        D = (expr);                                                                                \
        break;
#define BRANCH(name, condition)                                                                    \
    case OP_##name:                                                                                \
        if (condition) {                                                                           \
            to = (uint32_t)i->imm;                                                                 \
            goto transfer;                                                                         \
        }                                                                                          \
        break;
#define LOAD(name, size, expr)                                                                     \
    case OP_##name: {                                                                              \
        const uint8_t *p = vm_readable(vm, A + IMM, size);                                         \
        if (p == NULL) {                                                                           \
            trap = ZYD_VM_MEMORY;                                                                  \
            goto ended;                                                                            \
        }                                                                                          \
        D = (expr);                                                                                \
        break;                                                                                     \
    }
#define STORE(name, size, statement)                                                               \
    case OP_##name: {                                                                              \
        uint8_t *p = vm_writable(vm, A + IMM, size);                                               \
        if (p == NULL) {                                                                           \
            trap = ZYD_VM_MEMORY;                                                                  \
            goto ended;                                                                            \
        }                                                                                          \
        statement;                                                                                 \
        break;                                                                                     \
    }

void zyd_vm_exec(struct zyd_vm *vm, struct zyd_vm_result *result, const struct vm_run *run)
{
    const struct zyd_vm_image *image = run->image;
    const struct vm_insn *code = image->code;
    const struct vm_insn *i = code + image->entry;
    const struct vm_insn *first = i; /* of the run not yet paid */
    uint64_t x[VM_SINK + 1];
    enum zyd_vm_trap trap;
    uint64_t to;

    memset(x, 0, sizeof x);
    x[1] = ZYD_VM_RETURN_PC;
    x[2] = ZYD_VM_RW_BASE + ZYD_VM_RW_SIZE;
    x[10] = ZYD_VM_INPUT_BASE;
    x[11] = run->input_size;

    for (;;) {
        switch ((enum vm_op)i->op) {
            ROW(LUI, IMM)
            ROW(AUIPC, guest_pc(image, i) + IMM)
            ROW(ADDI, A + IMM)
            ROW(SLTI, (int64_t)A < (int64_t)IMM)
            ROW(SLTIU, A < IMM)
            ROW(XORI, A ^ IMM)
            ROW(ORI, A | IMM)
            ROW(ANDI, A & IMM)
            ROW(SLLI, A << SHIFT)
            ROW(SRLI, A >> SHIFT)
            ROW(SRAI, (uint64_t)((int64_t)A >> SHIFT))
            ROW(ADD, A + B)
            ROW(SUB, A - B)
            ROW(SLL, A << (B & 63))
            ROW(SLT, (int64_t)A < (int64_t)B)
            ROW(SLTU, A < B)
            ROW(XOR, A ^ B)
            ROW(SRL, A >> (B & 63))
            ROW(SRA, (uint64_t)((int64_t)A >> (B & 63)))
            ROW(OR, A | B)
            ROW(AND, A & B)
            ROW(ADDIW, word(A + IMM))
            ROW(SLLIW, word(A << SHIFT))
            ROW(SRLIW, word((uint32_t)A >> SHIFT))
            ROW(SRAIW, (uint64_t)(int64_t)((int32_t)(uint32_t)A >> SHIFT))
            ROW(ADDW, word(A + B))
            ROW(SUBW, word(A - B))
            ROW(SLLW, word(A << (B & 31)))
            ROW(SRLW, word((uint32_t)A >> (B & 31)))
            ROW(SRAW, (uint64_t)(int64_t)((int32_t)(uint32_t)A >> (B & 31)))
            ROW(MUL, A * B)
            ROW(MULH, mulh(A, B))
            ROW(MULHSU, mulhsu(A, B))
            ROW(MULHU, mulhu(A, B))
            ROW(DIV, div_s(A, B))
            ROW(DIVU, div_u(A, B))
            ROW(REM, rem_s(A, B))
            ROW(REMU, rem_u(A, B))
            ROW(MULW, word(A * B))
            ROW(DIVW, word(div_s(word(A), word(B))))
            ROW(DIVUW, word(div_u((uint32_t)A, (uint32_t)B)))
            ROW(REMW, word(rem_s(word(A), word(B))))
            ROW(REMUW, word(rem_u((uint32_t)A, (uint32_t)B)))
            BRANCH(BEQ, A == B)
            BRANCH(BNE, A != B)
            BRANCH(BLT, (int64_t)A < (int64_t)B)
            BRANCH(BGE, (int64_t)A >= (int64_t)B)
            BRANCH(BLTU, A < B)
            BRANCH(BGEU, A >= B)
            LOAD(LB, 1, (uint64_t)(int64_t)(int8_t)p[0])
            LOAD(LH, 2, (uint64_t)(int64_t)(int16_t)load16(p))
            LOAD(LW, 4, word(load32(p)))
            LOAD(LD, 8, load64(p))
            LOAD(LBU, 1, p[0])
            LOAD(LHU, 2, load16(p))
            LOAD(LWU, 4, load32(p))
            STORE(SB, 1, p[0] = (uint8_t)B)
            STORE(SH, 2, store16(p, B))
            STORE(SW, 4, store32(p, B))
            STORE(SD, 8, store64(p, B))
        case OP_JAL:
            D = guest_pc(image, i + 1);
            to = (uint32_t)i->imm;
            goto transfer;
        case OP_JALR: {
            uint64_t address = (A + IMM) & ~UINT64_C(1);
            if (address == ZYD_VM_RETURN_PC) {
                trap = ZYD_VM_OK;
                goto ended;
            }
            to = (address - image->text) / 4;
            if (address % 4 != 0 || to >= image->count) {
                trap = ZYD_VM_PC;
                goto ended;
            }
            D = guest_pc(image, i + 1);
            goto transfer;
        }
        case OP_ECALL: {
            uint64_t cost = (uint64_t)(i - first) + 1;
            if (cost > vm->fuel_left) {
                trap = ZYD_VM_FUEL;
                goto ended;
            }
            vm->fuel_left -= cost;
            trap = host_call(vm, x, run);
            if (trap != ZYD_VM_OK) {
                result->trap = trap;
                result->value = trap == ZYD_VM_STOP ? x[10] : 0;
                result->pc = guest_pc(image, i);
                return;
            }
            first = i + 1;
            break;
        }
        case OP_EBREAK:
            trap = ZYD_VM_EBREAK;
            goto ended;
        case OP_PADDING:
        case VM_OP_COUNT:
            trap = ZYD_VM_PC;
            goto ended;
        }
        i++;
        continue;
    transfer : {
        uint64_t cost = (uint64_t)(i - first) + 1;
        if (cost > vm->fuel_left) {
            trap = ZYD_VM_FUEL;
            goto ended;
        }
        vm->fuel_left -= cost;
        i = code + to;
        first = i;
    }
    }
ended:
    settle(vm, result, image, trap, first, i);
    if (result->trap == ZYD_VM_OK) {
        result->value = x[10];
    }
}
