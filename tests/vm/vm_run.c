/* vm_run: runs one plugin file in our machine with the two system calls that a bare Linux program
 * needs, so that the same file, byte for byte, also runs under qemu-riscv64 (differential.py).
 * usage: vm_run FILE [FUEL]
 * stdout: what the guest wrote.  stderr: one line "trap T value V fuel F pc P".
 * exit status: the guest's; 120 other trap, 121 refused or unreadable. */
#include <zyd/vm.h>

#include <stdio.h>
#include <stdlib.h>

#define LINUX_WRITE 64u
#define LINUX_EXIT 93u

static enum zyd_vm_trap linux_call(void *ctx, struct zyd_vm *vm, uint64_t *value, uint64_t number,
                                   const uint64_t args[ZYD_VM_ARGS])
{
    (void)ctx;
    if (number == LINUX_EXIT) {
        *value = args[0];
        return ZYD_VM_STOP;
    }
    if (number != LINUX_WRITE) {
        return ZYD_VM_ECALL;
    }
    const uint8_t *bytes = zyd_vm_read(vm, args[1], args[2]);
    if (bytes == NULL) {
        return ZYD_VM_MEMORY;
    }
    *value = fwrite(bytes, 1, (size_t)args[2], stdout);
    return ZYD_VM_OK;
}

int main(int argc, char **argv)
{
    static uint8_t file[ZYD_VM_ELF_MAX + 1];
    const char *reason = "unreadable";
    struct zyd_vm_image *image = NULL;
    FILE *f = argc > 1 ? fopen(argv[1], "rb") : NULL;
    size_t size = f == NULL ? 0 : fread(file, 1, sizeof file, f);
    void *image_mem = aligned_alloc(16, zyd_vm_image_footprint());
    void *vm_mem = aligned_alloc(16, (zyd_vm_footprint() + 15) & ~(size_t)15);
    if (f == NULL || image_mem == NULL || vm_mem == NULL ||
        zyd_vm_load(&image, &reason, image_mem, zyd_vm_image_footprint(), zyd_span(file, size)) !=
            ZYD_OK) {
        fprintf(stderr, "refused: %s\n", reason);
        return 121;
    }
    fclose(f);
    uint64_t fuel = argc > 2 ? strtoull(argv[2], NULL, 10) : UINT64_C(1000000000);
    struct zyd_vm_result r;
    enum zyd_status status =
        zyd_vm_call(zyd_vm_init(vm_mem), &r, image, zyd_span(NULL, 0), fuel, linux_call, NULL);
    zyd_assert(status == ZYD_OK);
    fprintf(stderr, "trap %d value %llu fuel %llu pc 0x%llx\n", (int)r.trap,
            (unsigned long long)r.value, (unsigned long long)r.fuel_used, (unsigned long long)r.pc);
    free(image_mem);
    free(vm_mem);
    return r.trap == ZYD_VM_STOP ? (int)(r.value & 127) : r.trap == ZYD_VM_OK ? 0 : 120;
}
