/* load.c: an ELF file from anybody to a struct zyd_vm_image, or the rule it breaks (SPEC.md 5).
 * Only the ELF header and the program headers are read; sections, symbols and notes are never
 * looked at. */
#include "image.h"

#define ELF_HEADER 64u
#define PROGRAM_HEADER 56u
#define SEGMENTS_MAX 8u

/* Program header types (ELF gABI; RISC-V ELF psABI). */
#define PT_NULL_ 0u
#define PT_LOAD_ 1u
#define PT_NOTE_ 4u
#define PT_PHDR_ 6u
#define PT_GNU_STACK_ 0x6474e551u
#define PT_RISCV_ATTRIBUTES_ 0x70000003u
#define FLAG_X 1u
#define FLAG_W 2u
#define FLAG_R 4u

struct segment {
    uint64_t offset;
    uint64_t address;
    uint64_t file_size;
    uint64_t memory_size;
    uint32_t type;
    uint32_t flags;
};

/* What the headers of an acceptable file say. */
struct plan {
    struct segment loads[SEGMENTS_MAX];
    uint32_t load_count;
    const struct segment *code;
    uint32_t size; /* of the image */
    uint32_t count;
    uint32_t entry;
};

static uint32_t le16(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const uint8_t *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static uint64_t le64(const uint8_t *p)
{
    return (uint64_t)le32(p) | (uint64_t)le32(p + 4) << 32;
}

static size_t round16(size_t size)
{
    return (size + 15u) & ~(size_t)15;
}

/* The file header: little-endian, 64-bit, static, RV64 without C, F or D. */
static const char *check_header(struct zyd_span elf)
{
    static const uint8_t ident[16] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    const uint8_t *h = elf.data;
    if (elf.size < ELF_HEADER) {
        return "truncated";
    }
    if (memcmp(h, ident, sizeof ident) != 0 || le32(h + 20) != 1) {
        return "not elf64";
    }
    if (le16(h + 18) != 243) {
        return "not risc-v";
    }
    if (le16(h + 16) != 2) {
        return "not static";
    }
    if (le32(h + 48) != 0) { /* compressed code, hard float, RVE or TSO */
        return "elf flags";
    }
    if (le16(h + 52) != ELF_HEADER || le16(h + 54) != PROGRAM_HEADER) {
        return "header size";
    }
    uint64_t offset = le64(h + 32);
    uint64_t count = le16(h + 56);
    if (count == 0 || count > SEGMENTS_MAX) {
        return "segment count";
    }
    if (offset > elf.size || count * PROGRAM_HEADER > elf.size - offset) {
        return "truncated";
    }
    return NULL;
}

static struct segment read_segment(const uint8_t *p)
{
    struct segment s;
    s.type = le32(p);
    s.flags = le32(p + 4);
    s.offset = le64(p + 8);
    s.address = le64(p + 16);
    s.file_size = le64(p + 32);
    s.memory_size = le64(p + 40);
    return s;
}

/* One PT_LOAD, which must follow the ones before it in memory. */
static const char *add_load(struct plan *plan, const struct segment *s, size_t elf_size)
{
    const uint64_t end = ZYD_VM_IMAGE_BASE + ZYD_VM_IMAGE_MAX;
    if (s->flags & FLAG_W) {
        return "writable segment";
    }
    if (!(s->flags & FLAG_R) || (s->flags & ~(FLAG_R | FLAG_X)) != 0) {
        return "segment flags";
    }
    if (s->offset > elf_size || s->file_size > elf_size - s->offset) {
        return "truncated";
    }
    if (s->file_size > s->memory_size) {
        return "segment size";
    }
    if (s->address < ZYD_VM_IMAGE_BASE + plan->size) {
        return "segment address"; /* below the image, or over the segment before */
    }
    if (s->address > end || s->memory_size > end - s->address) {
        return "image size";
    }
    plan->size = (uint32_t)(s->address - ZYD_VM_IMAGE_BASE + s->memory_size);
    plan->loads[plan->load_count] = *s;
    if (s->flags & FLAG_X) {
        if (plan->code != NULL) {
            return "second code segment";
        }
        if (s->address % 4 != 0 || s->file_size % 4 != 0 || s->file_size != s->memory_size) {
            return "code segment";
        }
        plan->code = &plan->loads[plan->load_count];
    }
    plan->load_count++;
    return NULL;
}

static const char *make_plan(struct plan *plan, struct zyd_span elf)
{
    const char *why = check_header(elf);
    if (why != NULL) {
        return why;
    }
    memset(plan, 0, sizeof *plan);
    const uint8_t *table = elf.data + le64(elf.data + 32);
    for (uint32_t i = 0; i < le16(elf.data + 56); i++) {
        struct segment s = read_segment(table + i * PROGRAM_HEADER);
        switch (s.type) {
        case PT_NULL_:
        case PT_NOTE_:
        case PT_PHDR_:
        case PT_GNU_STACK_:
        case PT_RISCV_ATTRIBUTES_:
            break;
        case PT_LOAD_:
            why = s.memory_size == 0 ? NULL : add_load(plan, &s, elf.size);
            if (why != NULL) {
                return why;
            }
            break;
        default: /* PT_DYNAMIC, PT_INTERP, PT_TLS and whatever else asks for a run-time linker */
            return "segment type";
        }
    }
    if (plan->code == NULL) {
        return "no code";
    }
    plan->count = (uint32_t)(plan->code->file_size / 4);
    uint64_t entry = le64(elf.data + 24) - plan->code->address;
    if (entry % 4 != 0 || entry / 4 >= plan->count) {
        return "entry";
    }
    plan->entry = (uint32_t)(entry / 4);
    return NULL;
}

static size_t plan_footprint(size_t image_size, size_t count)
{
    return round16(sizeof(struct zyd_vm_image)) + round16((count + 1) * sizeof(struct vm_insn)) +
           round16(image_size);
}

size_t zyd_vm_image_footprint(void)
{
    return plan_footprint(ZYD_VM_IMAGE_MAX, ZYD_VM_IMAGE_MAX / 4);
}

static enum zyd_status examine(struct plan *plan, const char **reason, struct zyd_span elf)
{
    if (elf.size > ZYD_VM_ELF_MAX) {
        *reason = "file size";
        return ZYD_E_TOO_BIG;
    }
    *reason = make_plan(plan, elf);
    return *reason != NULL ? ZYD_E_MALFORMED : ZYD_OK;
}

enum zyd_status zyd_vm_image_measure(size_t *size, const char **reason, struct zyd_span elf)
{
    struct plan plan;
    const char *why = NULL;
    enum zyd_status status = examine(&plan, &why, elf);
    if (reason != NULL) {
        *reason = why;
    }
    if (status == ZYD_OK) {
        *size = plan_footprint(plan.size, plan.count);
    }
    return status;
}

static const char *fill(struct zyd_vm_image *image, const struct plan *plan, struct zyd_span elf)
{
    memset(image->bytes, 0, image->size);
    for (uint32_t i = 0; i < plan->load_count; i++) {
        const struct segment *s = &plan->loads[i];
        if (s->file_size != 0) {
            memcpy(image->bytes + (s->address - ZYD_VM_IMAGE_BASE), elf.data + s->offset,
                   (size_t)s->file_size);
        }
    }
    const uint8_t *text = image->bytes + (image->text - ZYD_VM_IMAGE_BASE);
    for (uint32_t i = 0; i < image->count; i++) {
        const char *why =
            zyd_vm_decode(&image->code[i], le32(text + (size_t)i * 4), i, image->count);
        if (why != NULL) {
            return why;
        }
    }
    image->code[image->count] = (struct vm_insn){OP_PADDING, VM_SINK, 0, 0, 0};
    return NULL;
}

enum zyd_status zyd_vm_load(struct zyd_vm_image **out, const char **reason, void *mem,
                            size_t mem_size, struct zyd_span elf)
{
    struct plan plan;
    const char *why = NULL;
    enum zyd_status status = examine(&plan, &why, elf);
    zyd_assert((uintptr_t)mem % 16 == 0);
    if (status == ZYD_OK && plan_footprint(plan.size, plan.count) > mem_size) {
        why = "memory";
        status = ZYD_E_FULL;
    }
    if (status == ZYD_OK) {
        uint8_t *base = mem;
        struct zyd_vm_image *image = mem;
        base += round16(sizeof *image);
        image->code = (void *)base;
        base += round16((plan.count + (size_t)1) * sizeof *image->code);
        image->bytes = base;
        image->size = plan.size;
        image->count = plan.count;
        image->entry = plan.entry;
        image->text = plan.code->address;
        why = fill(image, &plan, elf);
        status = why != NULL ? ZYD_E_MALFORMED : ZYD_OK;
        if (status == ZYD_OK) {
            *out = image;
        }
    }
    if (reason != NULL) {
        *reason = why;
    }
    return status;
}
