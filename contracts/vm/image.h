/* image.h: what a loaded plugin is, shared by the files of this room.
 *
 * The code segment is decoded once, at load: 8 bytes an instruction, branch and jump targets as
 * indices that are known to be inside.  After the last instruction stands one OP_PADDING, so
 * falling off the end needs no check. */
#ifndef ZYD_VM_IMAGE_H
#define ZYD_VM_IMAGE_H

#include <zyd/vm.h>

#define VM_OP_MAP(X)                                                                               \
    X(PADDING)                                                                                     \
    X(LUI) X(AUIPC) X(JAL) X(JALR) X(BEQ) X(BNE) X(BLT) X(BGE) X(BLTU) X(BGEU) X(LB) X(LH) X(LW)   \
        X(LD) X(LBU) X(LHU) X(LWU) X(SB) X(SH) X(SW) X(SD) X(ADDI) X(SLTI) X(SLTIU) X(XORI) X(ORI) \
            X(ANDI) X(SLLI) X(SRLI) X(SRAI) X(ADD) X(SUB) X(SLL) X(SLT) X(SLTU) X(XOR) X(SRL)      \
                X(SRA) X(OR) X(AND) X(ADDIW) X(SLLIW) X(SRLIW) X(SRAIW) X(ADDW) X(SUBW) X(SLLW)    \
                    X(SRLW) X(SRAW) X(MUL) X(MULH) X(MULHSU) X(MULHU) X(DIV) X(DIVU) X(REM)        \
                        X(REMU) X(MULW) X(DIVW) X(DIVUW) X(REMW) X(REMUW) X(ECALL) X(EBREAK)

enum vm_op {
#define X(name) OP_##name,
    VM_OP_MAP(X)
#undef X
        VM_OP_COUNT
};

#define VM_SINK 32u /* rd of an instruction that names x0: a register nobody reads */

struct vm_insn {
    uint8_t op; /* enum vm_op */
    uint8_t rd; /* 1..31 or VM_SINK */
    uint8_t rs1;
    uint8_t rs2;
    int32_t imm; /* sign-extended; for JAL and branches the index of the target */
};

struct zyd_vm_image {
    struct vm_insn *code; /* count + 1 */
    uint8_t *bytes;       /* what the guest reads at ZYD_VM_IMAGE_BASE */
    uint32_t size;        /* of bytes */
    uint32_t count;       /* instructions */
    uint32_t entry;       /* index */
    uint64_t text;        /* guest address of code[0] */
};

/* zyd_vm_decode decodes one word at `index` of `count`.  NULL, or the rule it breaks. */
const char *zyd_vm_decode(struct vm_insn *out, uint32_t word, uint32_t index, uint32_t count);

#endif
