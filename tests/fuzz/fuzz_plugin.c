/* Goal: no plugin file, whatever its bytes, crashes the loader or the machine, and every run is
 * bounded, repeatable and independent of the run before it. Method: load the bytes; when accepted,
 * run them with a small fuel limit, a host that follows the guest's pointers, and input taken from
 * the file; run them again: all but the host's own state must be equal. Seeds:
 * tests/fuzz/corpus/plugin. */
#include <zyd/vm.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUEL 20000u

struct trace {
    uint64_t calls;
    uint64_t hash;
};

static void mix(struct trace *t, uint64_t v)
{
    t->hash = (t->hash ^ v) * UINT64_C(0x9E3779B97F4A7C15);
}

static enum zyd_vm_trap host(void *ctx, struct zyd_vm *vm, uint64_t *value, uint64_t number,
                             const uint64_t args[ZYD_VM_ARGS])
{
    struct trace *t = ctx;
    t->calls++;
    mix(t, number);
    if (!zyd_vm_charge(vm, 10 + (number & 63))) {
        return ZYD_VM_FUEL;
    }
    const uint8_t *from = zyd_vm_read(vm, args[0], args[1]);
    uint8_t *to = zyd_vm_write(vm, args[2], args[1]);
    if (from == NULL) {
        return number & 1 ? ZYD_VM_MEMORY : ZYD_VM_OK;
    }
    for (uint64_t i = 0; i < args[1]; i++) {
        mix(t, from[i]);
    }
    if (to != NULL) {
        memmove(to, from, (size_t)args[1]);
    }
    *value = t->hash;
    return number == 77 ? ZYD_VM_STOP : number == 78 ? ZYD_VM_ECALL : ZYD_VM_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zyd_vm *vm;
    if (vm == NULL) {
        void *mem = aligned_alloc(16, (zyd_vm_footprint() + 15) & ~(size_t)15);
        zyd_assert(mem != NULL);
        vm = zyd_vm_init(mem);
    }
    const char *reason = NULL;
    struct zyd_vm_image *image = NULL;
    size_t need = 0;
    if (zyd_vm_image_measure(&need, &reason, zyd_span(data, size)) != ZYD_OK) {
        zyd_assert(reason != NULL);
        return 0;
    }
    zyd_assert(need <= zyd_vm_image_footprint());
    void *room = aligned_alloc(16, need); /* exactly, so that the sanitizer guards its end */
    zyd_assert(room != NULL);
    if (zyd_vm_load(&image, &reason, room, need, zyd_span(data, size)) == ZYD_OK) {
        uint8_t input[64];
        struct zyd_vm_result r[2];
        struct trace t[2] = {{0, 0}, {0, 0}};
        memcpy(input, data, sizeof input);
        for (int i = 0; i < 2; i++) {
            enum zyd_status status =
                zyd_vm_call(vm, &r[i], image, zyd_span(input, sizeof input), FUEL, host, &t[i]);
            zyd_assert(status == ZYD_OK);
            zyd_assert(r[i].fuel_used <= FUEL &&
                       (r[i].trap != ZYD_VM_FUEL || r[i].fuel_used == FUEL));
        }
        zyd_assert(memcmp(&r[0], &r[1], sizeof r[0]) == 0 &&
                   memcmp(&t[0], &t[1], sizeof t[0]) == 0);
    }
    free(room);
    return 0;
}
