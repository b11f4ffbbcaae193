/* machine.h: one machine, shared by vm.c (its life) and exec.c (its instructions). */
#ifndef ZYD_VM_MACHINE_H
#define ZYD_VM_MACHINE_H

#include "image.h"

#define VM_PAGE_SHIFT 10u /* memory is cleared in pages of 1 KiB, one bit each in `dirty` */

struct vm_region {
    const uint8_t *bytes;
    uint64_t base;
    uint64_t size;
};

struct zyd_vm {
    /* By bits 28 and 29 of an address: image, nothing, memory, input.  The index only picks which
     * bounds to check; the bounds decide. */
    struct vm_region region[4];
    uint64_t fuel_left;
    uint64_t dirty;
    uint64_t address; /* the last one refused */
    bool running;
    bool exhausted; /* zyd_vm_charge said no in this call */
    uint8_t memory[ZYD_VM_RW_SIZE];
};

/* What ran, in the terms of the caller. */
struct vm_run {
    const struct zyd_vm_image *image;
    zyd_vm_host_fn host;
    void *ctx;
    uint64_t input_size;
};

/* zyd_vm_exec runs to the end of the call.  It sets trap, value and pc of the result, and
 * vm->fuel_left. */
void zyd_vm_exec(struct zyd_vm *vm, struct zyd_vm_result *result, const struct vm_run *run);

/* `size` is 1, 2, 4 or 8 in the interpreter, anything in a host call.  NULL: out of bounds. */
static inline const uint8_t *vm_readable(struct zyd_vm *vm, uint64_t address, uint64_t size)
{
    const struct vm_region *r = &vm->region[(address >> 28) & 3];
    uint64_t offset = address - r->base;
    if (offset > r->size || size > r->size - offset) {
        vm->address = address;
        return NULL;
    }
    return r->bytes + offset;
}

/* `size` is 1 to 8. */
static inline uint8_t *vm_writable(struct zyd_vm *vm, uint64_t address, uint64_t size)
{
    uint64_t offset = address - ZYD_VM_RW_BASE;
    if (offset > ZYD_VM_RW_SIZE - size) {
        vm->address = address;
        return NULL;
    }
    vm->dirty |= UINT64_C(1) << (offset >> VM_PAGE_SHIFT) |
                 UINT64_C(1) << ((offset + size - 1) >> VM_PAGE_SHIFT);
    return vm->memory + offset;
}

#endif
