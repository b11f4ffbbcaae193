/* vm_fixture.h: one machine and room for one image, for the tests of the machine.  A test file
 * includes it once. */
#ifndef ZYD_TESTS_VM_FIXTURE_H
#define ZYD_TESTS_VM_FIXTURE_H

#include "tests/lib/vm_asm.h"

#include <stdio.h>
#include <stdlib.h>

static void *image_mem;
static struct zyd_vm *vm;

static inline int vm_setup(void **state)
{
    (void)state;
    image_mem = aligned_alloc(16, zyd_vm_image_footprint());
    void *mem = aligned_alloc(16, (zyd_vm_footprint() + 15) & ~(size_t)15);
    assert_true(image_mem != NULL && mem != NULL);
    vm = zyd_vm_init(mem);
    return 0;
}

static inline int vm_teardown(void **state)
{
    (void)state;
    free(image_mem);
    free(vm);
    return 0;
}

static inline enum zyd_vm_trap vm_no_host(void *ctx, struct zyd_vm *machine, uint64_t *value,
                                          uint64_t number, const uint64_t args[ZYD_VM_ARGS])
{
    (void)ctx, (void)machine, (void)value, (void)number, (void)args;
    return ZYD_VM_ECALL;
}

static inline struct zyd_vm_image *vm_load_words(const uint32_t *words, size_t count)
{
    static uint8_t elf[ASM_ELF_SIZE(4096)];
    const char *reason = NULL;
    struct zyd_vm_image *image = NULL;
    assert_true(count <= 4096);
    size_t size = asm_elf(elf, words, count);
    if (zyd_vm_load(&image, &reason, image_mem, zyd_vm_image_footprint(), zyd_span(elf, size)) !=
        ZYD_OK) {
        fail_msg("refused: %s", reason);
    }
    assert_null(reason);
    return image;
}

/* Loads the words and calls them with two numbers as input. */
static inline struct zyd_vm_result vm_run_words(const uint32_t *words, size_t count, uint64_t a,
                                                uint64_t b, uint64_t fuel, zyd_vm_host_fn host,
                                                void *ctx)
{
    static uint8_t input[16]; /* tests look at it through the machine after the call */
    struct zyd_vm_result result;
    asm_le(input, a, 8);
    asm_le(input + 8, b, 8);
    assert_int_equal(
        zyd_vm_call(vm, &result, vm_load_words(words, count), zyd_span(input, 16), fuel, host, ctx),
        ZYD_OK);
    return result;
}

#endif
