#include "tests/lib/native.h"
#include <setjmp.h>
#include <zyd/vm.h>

/* The contract's own helpers; its memory functions come from libc. */
#include "contracts/sdk/args.c"

static struct {
    struct zyd_host *host;
    struct zyd_vm_result *result;
    jmp_buf out;
} running;

int64_t ct_sys(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
    const uint64_t args[6] = {(uint64_t)a, (uint64_t)b, (uint64_t)c, (uint64_t)d, (uint64_t)e, (uint64_t)f};
    uint64_t value = 0;
    zyd_assert(running.host != NULL);
    int trap = zyd_host_native_call(running.host, &value, (uint64_t)n, args);
    if (trap != ZYD_VM_OK) {
        running.result->trap = (enum zyd_vm_trap)trap;
        running.result->value = value;
        longjmp(running.out, 1);
    }
    return (int64_t)value;
}

static void run(void *ctx, struct zyd_vm_result *result, struct zyd_host *h, struct zyd_span input, uint64_t fuel)
{
    const struct zyd_native *slot = ctx;
    (void)fuel;
    memset(result, 0, sizeof *result);
    zyd_assert(running.host == NULL);
    running.host = h;
    running.result = result;
    if (setjmp(running.out) == 0) {
        result->value = (uint64_t)slot->entry((const struct ct_call *)(const void *)input.data, input.size);
        result->trap = ZYD_VM_OK;
    }
    running.host = NULL;
}

void zyd_native_install(struct zyd_host *h, uint16_t contract, struct zyd_native *slot)
{
    zyd_host_set_native(h, contract, run, slot);
}
