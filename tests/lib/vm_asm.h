/* vm_asm.h: for the tests of the machine: an encoder of RV64IM written from the specification's
 * formats (chapter 2.2), not from our decoder, and a builder of small ELF files. */
#ifndef ZYD_TESTS_VM_ASM_H
#define ZYD_TESTS_VM_ASM_H

#include <zyd/vm.h>

enum { zero, ra, sp, gp, tp, t0, t1, t2, s0, s1, a0, a1, a2, a3, a4, a5, a6, a7 };

static inline uint32_t asm_r(uint32_t op, uint32_t f3, uint32_t f7, uint32_t rd, uint32_t rs1,
                             uint32_t rs2)
{
    return f7 << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
static inline uint32_t asm_i(uint32_t op, uint32_t f3, uint32_t rd, uint32_t rs1, int32_t imm)
{
    return ((uint32_t)imm & 0xfff) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}
static inline uint32_t asm_s(uint32_t f3, uint32_t rs1, uint32_t rs2, int32_t imm)
{
    uint32_t v = (uint32_t)imm;
    return ((v >> 5) & 127) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (v & 31) << 7 | 0x23;
}
static inline uint32_t asm_b(uint32_t f3, uint32_t rs1, uint32_t rs2, int32_t offset)
{
    uint32_t v = (uint32_t)offset;
    return ((v >> 12) & 1) << 31 | ((v >> 5) & 63) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 |
           ((v >> 1) & 15) << 8 | ((v >> 11) & 1) << 7 | 0x63;
}
static inline uint32_t asm_u(uint32_t op, uint32_t rd, uint32_t imm20)
{
    return imm20 << 12 | rd << 7 | op;
}
static inline uint32_t asm_j(uint32_t rd, int32_t offset)
{
    uint32_t v = (uint32_t)offset;
    return ((v >> 20) & 1) << 31 | ((v >> 1) & 1023) << 21 | ((v >> 11) & 1) << 20 |
           ((v >> 12) & 255) << 12 | rd << 7 | 0x6f;
}

#define ADDI(rd, rs1, imm) asm_i(0x13, 0, rd, rs1, imm)
#define ADD(rd, rs1, rs2) asm_r(0x33, 0, 0, rd, rs1, rs2)
#define LI(rd, imm) ADDI(rd, zero, imm)
#define MV(rd, rs1) ADDI(rd, rs1, 0)
#define NOP ADDI(zero, zero, 0)
#define LUI(rd, imm20) asm_u(0x37, rd, imm20)
#define AUIPC(rd, imm20) asm_u(0x17, rd, imm20)
#define LOAD(f3, rd, rs1, imm) asm_i(0x03, f3, rd, rs1, imm)
#define LD(rd, rs1, imm) LOAD(3, rd, rs1, imm)
#define STORE(f3, rs2, rs1, imm) asm_s(f3, rs1, rs2, imm)
#define SD(rs2, rs1, imm) STORE(3, rs2, rs1, imm)
#define BEQ(rs1, rs2, offset) asm_b(0, rs1, rs2, offset)
#define BNE(rs1, rs2, offset) asm_b(1, rs1, rs2, offset)
#define JAL(rd, offset) asm_j(rd, offset)
#define JALR(rd, rs1, imm) asm_i(0x67, 0, rd, rs1, imm)
#define RET JALR(zero, ra, 0)
#define ECALL 0x73u
#define EBREAK 0x100073u

/* An ELF file with two segments: read-only data (the headers and what follows them) at the image
 * base, and code. */
#define ASM_TEXT UINT64_C(0x11000)
#define ASM_ELF_SIZE(words) (176u + 4u * (words))

static inline void asm_le(uint8_t *p, uint64_t v, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}
static inline void asm_phdr(uint8_t *p, uint32_t flags, uint64_t offset, uint64_t address,
                            uint64_t size)
{
    memset(p, 0, 56);
    asm_le(p, 1, 4);
    asm_le(p + 4, flags, 4);
    asm_le(p + 8, offset, 8);
    asm_le(p + 16, address, 8);
    asm_le(p + 24, address, 8);
    asm_le(p + 32, size, 8);
    asm_le(p + 40, size, 8);
    asm_le(p + 48, 4096, 8);
}
/* Writes ASM_ELF_SIZE(count) bytes to out. */
static inline size_t asm_elf(uint8_t *out, const uint32_t *words, size_t count)
{
    static const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    memset(out, 0, 176);
    memcpy(out, ident, sizeof ident);
    asm_le(out + 16, 2, 2);
    asm_le(out + 18, 243, 2);
    asm_le(out + 20, 1, 4);
    asm_le(out + 24, ASM_TEXT, 8);
    asm_le(out + 32, 64, 8);
    asm_le(out + 52, 64, 2);
    asm_le(out + 54, 56, 2);
    asm_le(out + 56, 2, 2);
    asm_le(out + 58, 64, 2);
    asm_phdr(out + 64, 4, 0, ZYD_VM_IMAGE_BASE, 176);
    asm_phdr(out + 120, 5, 176, ASM_TEXT, 4 * count);
    for (size_t i = 0; i < count; i++) {
        asm_le(out + 176 + 4 * i, words[i], 4);
    }
    return 176 + 4 * count;
}

#endif
