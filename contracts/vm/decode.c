/* decode.c: one 32-bit word to one struct vm_insn, or a refusal.
 * Follows the RISC-V unprivileged specification 20191213, chapters 2 (RV32I), 5 (RV64I) and 7 (M),
 * table 24.2. */
#include "image.h"

#define NONE VM_OP_COUNT

static const char refused[] = "instruction";

static int32_t sign_extend(uint32_t value, unsigned bits)
{
    uint32_t sign = UINT32_C(1) << (bits - 1);
    return (int32_t)((value ^ sign) - sign);
}

static int32_t imm_i(uint32_t w)
{
    return sign_extend(w >> 20, 12);
}

static int32_t imm_s(uint32_t w)
{
    return sign_extend((w >> 25) << 5 | ((w >> 7) & 31), 12);
}

static int32_t imm_b(uint32_t w)
{
    uint32_t v =
        (w >> 31) << 12 | ((w >> 7) & 1) << 11 | ((w >> 25) & 63) << 5 | ((w >> 8) & 15) << 1;
    return sign_extend(v, 13);
}

static int32_t imm_j(uint32_t w)
{
    uint32_t v =
        (w >> 31) << 20 | ((w >> 12) & 255) << 12 | ((w >> 20) & 1) << 11 | ((w >> 21) & 1023) << 1;
    return sign_extend(v, 21);
}

/* A byte offset to the index of an instruction; false when there is none. */
static bool target(int32_t *out, int32_t offset, uint32_t index, uint32_t count)
{
    int32_t to = (int32_t)index + offset / 4;
    *out = to;
    return offset % 4 == 0 && to >= 0 && (uint32_t)to < count;
}

static enum vm_op op_imm(int32_t *imm, uint32_t w)
{
    static const uint8_t table[8] = {OP_ADDI, OP_SLLI, OP_SLTI, OP_SLTIU,
                                     OP_XORI, OP_SRLI, OP_ORI,  OP_ANDI};
    uint32_t f3 = (w >> 12) & 7;
    *imm = imm_i(w);
    if (f3 == 1 || f3 == 5) {
        uint32_t f6 = w >> 26;
        *imm = (int32_t)((w >> 20) & 63);
        if (f6 == 16 && f3 == 5) {
            return OP_SRAI;
        }
        if (f6 != 0) {
            return NONE;
        }
    }
    return (enum vm_op)table[f3];
}

static enum vm_op op_imm_32(int32_t *imm, uint32_t w)
{
    uint32_t f3 = (w >> 12) & 7;
    uint32_t f7 = w >> 25;
    if (f3 == 0) {
        *imm = imm_i(w);
        return OP_ADDIW;
    }
    *imm = (int32_t)((w >> 20) & 31);
    if (f3 == 1 && f7 == 0) {
        return OP_SLLIW;
    }
    if (f3 == 5 && f7 == 0) {
        return OP_SRLIW;
    }
    return f3 == 5 && f7 == 32 ? OP_SRAIW : NONE;
}

static enum vm_op op_reg(uint32_t w)
{
    static const uint8_t base[8] = {OP_ADD, OP_SLL, OP_SLT, OP_SLTU, OP_XOR, OP_SRL, OP_OR, OP_AND};
    static const uint8_t mul[8] = {OP_MUL, OP_MULH, OP_MULHSU, OP_MULHU,
                                   OP_DIV, OP_DIVU, OP_REM,    OP_REMU};
    static const uint8_t alt[8] = {OP_SUB, NONE, NONE, NONE, NONE, OP_SRA, NONE, NONE};
    uint32_t f3 = (w >> 12) & 7;
    uint32_t f7 = w >> 25;
    const uint8_t *table = f7 == 0 ? base : f7 == 1 ? mul : f7 == 32 ? alt : NULL;
    return table == NULL ? NONE : (enum vm_op)table[f3];
}

static enum vm_op op_reg_32(uint32_t w)
{
    static const uint8_t base[8] = {OP_ADDW, OP_SLLW, NONE, NONE, NONE, OP_SRLW, NONE, NONE};
    static const uint8_t mul[8] = {OP_MULW, NONE, NONE, NONE, OP_DIVW, OP_DIVUW, OP_REMW, OP_REMUW};
    static const uint8_t alt[8] = {OP_SUBW, NONE, NONE, NONE, NONE, OP_SRAW, NONE, NONE};
    uint32_t f3 = (w >> 12) & 7;
    uint32_t f7 = w >> 25;
    const uint8_t *table = f7 == 0 ? base : f7 == 1 ? mul : f7 == 32 ? alt : NULL;
    return table == NULL ? NONE : (enum vm_op)table[f3];
}

const char *zyd_vm_decode(struct vm_insn *out, uint32_t w, uint32_t index, uint32_t count)
{
    static const uint8_t loads[8] = {OP_LB, OP_LH, OP_LW, OP_LD, OP_LBU, OP_LHU, OP_LWU, NONE};
    static const uint8_t stores[8] = {OP_SB, OP_SH, OP_SW, OP_SD, NONE, NONE, NONE, NONE};
    static const uint8_t branches[8] = {OP_BEQ, OP_BNE, NONE,    NONE,
                                        OP_BLT, OP_BGE, OP_BLTU, OP_BGEU};
    uint32_t f3 = (w >> 12) & 7;
    uint32_t rd = (w >> 7) & 31;
    enum vm_op op = NONE;
    int32_t imm = 0;

    switch (w & 127) {
    case 0x37:
        op = OP_LUI;
        imm = (int32_t)(w & 0xfffff000u);
        break;
    case 0x17:
        op = OP_AUIPC;
        imm = (int32_t)(w & 0xfffff000u);
        break;
    case 0x6f:
        op = OP_JAL;
        if (!target(&imm, imm_j(w), index, count)) {
            return "jump target";
        }
        break;
    case 0x67:
        op = f3 == 0 ? OP_JALR : NONE;
        imm = imm_i(w);
        break;
    case 0x63:
        op = (enum vm_op)branches[f3];
        rd = 0;
        if (op != NONE && !target(&imm, imm_b(w), index, count)) {
            return "branch target";
        }
        break;
    case 0x03:
        op = (enum vm_op)loads[f3];
        imm = imm_i(w);
        break;
    case 0x23:
        op = (enum vm_op)stores[f3];
        rd = 0;
        imm = imm_s(w);
        break;
    case 0x13:
        op = op_imm(&imm, w);
        break;
    case 0x1b:
        op = op_imm_32(&imm, w);
        break;
    case 0x33:
        op = op_reg(w);
        break;
    case 0x3b:
        op = op_reg_32(w);
        break;
    case 0x73: /* neither writes a register; the other SYSTEM words are CSR and privileged
                  instructions */
        if (w == 0x00000073u) {
            op = OP_ECALL;
        } else if (w == 0x00100073u || w == 0xc0001073u) {
            op = OP_EBREAK; /* the second is "unimp", what compilers make of __builtin_trap */
            rd = 0;
        }
        break;
    case 0x00: /* compilers and linkers pad with zero words */
        op = w == 0 ? OP_PADDING : NONE;
        break;
    default:
        break;
    }
    if (op == NONE) {
        return refused;
    }
    *out = (struct vm_insn){(uint8_t)op, (uint8_t)(rd == 0 ? VM_SINK : rd),
                            (uint8_t)((w >> 15) & 31), (uint8_t)((w >> 20) & 31), imm};
    return NULL;
}
