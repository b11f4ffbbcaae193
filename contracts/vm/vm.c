/* vm.c: a machine's life: make it, clear it, call, and the host's doors to its memory and fuel. */
#include "machine.h"

_Static_assert(ZYD_VM_RW_SIZE >> VM_PAGE_SHIFT == 64, "one bit of `dirty` a page");

static const uint8_t nothing[1] = {0};

const char *zyd_vm_trap_text(enum zyd_vm_trap trap)
{
    switch (trap) {
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return text;
        ZYD_VM_TRAP_MAP(X)
#undef X
    }
    return "no such trap";
}

size_t zyd_vm_footprint(void)
{
    return sizeof(struct zyd_vm);
}

struct zyd_vm *zyd_vm_init(void *mem)
{
    struct zyd_vm *vm = mem;
    zyd_assert((uintptr_t)mem % 16 == 0);
    memset(vm, 0, sizeof *vm);
    for (unsigned i = 0; i < 4; i++) {
        vm->region[i].bytes = nothing;
    }
    vm->region[2] = (struct vm_region){vm->memory, ZYD_VM_RW_BASE, ZYD_VM_RW_SIZE};
    return vm;
}

static void clear_memory(struct zyd_vm *vm)
{
    const size_t page = (size_t)1 << VM_PAGE_SHIFT;
    for (size_t i = 0; vm->dirty != 0; i++, vm->dirty >>= 1) {
        if (vm->dirty & 1) {
            memset(vm->memory + i * page, 0, page);
        }
    }
}

enum zyd_status zyd_vm_call(struct zyd_vm *vm, struct zyd_vm_result *result,
                            const struct zyd_vm_image *image, struct zyd_span input, uint64_t fuel,
                            zyd_vm_host_fn host, void *ctx)
{
    zyd_assert(!vm->running && fuel <= ZYD_VM_FUEL_MAX && host != NULL);
    if (input.size > ZYD_VM_INPUT_MAX) {
        return ZYD_E_TOO_BIG;
    }
    clear_memory(vm);
    vm->region[0] = (struct vm_region){image->bytes, ZYD_VM_IMAGE_BASE, image->size};
    vm->region[3] =
        (struct vm_region){input.size != 0 ? input.data : nothing, ZYD_VM_INPUT_BASE, input.size};
    vm->fuel_left = fuel;
    vm->address = 0;
    vm->exhausted = false;
    vm->running = true;
    struct vm_run run = {image, host, ctx, input.size};
    memset(result, 0, sizeof *result);
    zyd_vm_exec(vm, result, &run);
    vm->running = false;
    result->fuel_used = result->trap == ZYD_VM_FUEL ? fuel : fuel - vm->fuel_left;
    result->address = result->trap == ZYD_VM_MEMORY ? vm->address : 0;
    return ZYD_OK;
}

const uint8_t *zyd_vm_read(struct zyd_vm *vm, uint64_t address, uint64_t size)
{
    return size == 0 ? nothing : vm_readable(vm, address, size);
}

uint8_t *zyd_vm_write(struct zyd_vm *vm, uint64_t address, uint64_t size)
{
    uint64_t offset = address - ZYD_VM_RW_BASE;
    if (size == 0) {
        return vm->memory;
    }
    if (offset > ZYD_VM_RW_SIZE || size > ZYD_VM_RW_SIZE - offset) {
        vm->address = address;
        return NULL;
    }
    for (uint64_t page = offset >> VM_PAGE_SHIFT; page <= (offset + size - 1) >> VM_PAGE_SHIFT;
         page++) {
        vm->dirty |= UINT64_C(1) << page;
    }
    return vm->memory + offset;
}

bool zyd_vm_charge(struct zyd_vm *vm, uint64_t fuel)
{
    zyd_assert(vm->running);
    if (vm->exhausted || fuel > vm->fuel_left) {
        vm->exhausted = true;
        return false;
    }
    vm->fuel_left -= fuel;
    return true;
}

uint64_t zyd_vm_fuel_left(const struct zyd_vm *vm)
{
    return vm->exhausted ? 0 : vm->fuel_left;
}
