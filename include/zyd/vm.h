/* zyd/vm.h: the machine that runs contracts: RV64IM, version 1 (contracts/vm/SPEC.md says what
 * every bit does).
 *
 * A *plugin* is a static RV64IM ELF file.  zyd_vm_load checks it, decodes every instruction of it
 * and leaves a `struct zyd_vm_image`, which never changes and may be shared by any number of
 * machines.  A `struct zyd_vm` is one machine: 64 KiB of memory, cleared between calls. zyd_vm_call
 * runs one call to its end: no signals, no jumps out of the machine, no memory taken; the same
 * trap, value, fuel and host calls on every CPU and compiler.
 *
 * Guest addresses (everything else traps MEMORY):
 *   0x00010000  image, read only          as the ELF says, at most 256 KiB
 *   0x20000000  memory, read and write    64 KiB of zeros at each call; the stack starts at its end
 *   0x30000000  input, read only          the call's bytes, at most 16 KiB
 * Entry: contract_call(const uint8_t *input, uint64_t size) with a0 = 0x30000000, a1 = size; its a0
 * is the value.
 */
#ifndef ZYD_VM_H
#define ZYD_VM_H

#include <zyd/base.h>

#define ZYD_VM_VERSION 1u

#define ZYD_VM_IMAGE_BASE UINT64_C(0x10000)
#define ZYD_VM_IMAGE_MAX 262144u /* bytes of the loaded image, ledger.md 2.8 */
#define ZYD_VM_ELF_MAX 262144u   /* bytes of the file */
#define ZYD_VM_RW_BASE UINT64_C(0x20000000)
#define ZYD_VM_RW_SIZE 65536u
#define ZYD_VM_INPUT_BASE UINT64_C(0x30000000)
#define ZYD_VM_INPUT_MAX 16384u
#define ZYD_VM_RETURN_PC UINT64_C(0xfffffffffffff000) /* ra at entry; a jump there ends the call   \
                                                       */
#define ZYD_VM_FUEL_MAX (UINT64_C(1) << 62)           /* no fuel limit is above it */
#define ZYD_VM_ARGS 6u                                /* a0..a5 of a host call */

/* How a call ends.  Values are fixed by SPEC.md: they reach receipts.  Never renumber. */
#define ZYD_VM_TRAP_MAP(X)                                                                         \
    X(ZYD_VM_OK, 0, "returned")                                                                    \
    X(ZYD_VM_FUEL, 1, "out of fuel")                                                               \
    X(ZYD_VM_MEMORY, 2, "load or store outside memory, or store to read-only memory")              \
    X(ZYD_VM_PC, 3, "jump outside the code, or padding reached")                                   \
    X(ZYD_VM_ECALL, 4, "no such host call")                                                        \
    X(ZYD_VM_EBREAK, 5, "ebreak: the contract gave up")                                            \
    X(ZYD_VM_STOP, 6, "stopped by the host")

enum zyd_vm_trap {
#define X(name, value, text) name = value,
    ZYD_VM_TRAP_MAP(X)
#undef X
};

/* zyd_vm_trap_text names a trap in English; never NULL. */
const char *zyd_vm_trap_text(enum zyd_vm_trap trap);

struct zyd_vm_image; /* a checked, decoded plugin */
struct zyd_vm;       /* one machine */

/* zyd_vm_image_footprint: bytes that hold the image of any plugin (about 0.8 MiB).
 * zyd_vm_image_measure: bytes that hold the image of this plugin, from its headers only.  Errors as
 * zyd_vm_load. */
size_t zyd_vm_image_footprint(void);
ZYD_MUST_USE enum zyd_status zyd_vm_image_measure(size_t *size, const char **reason,
                                                  struct zyd_span elf);

/* zyd_vm_load builds an image in `mem` (16-byte aligned, any content before).  `elf` is not needed
 * afterwards. On success *out points into mem.  ZYD_E_MALFORMED: the file breaks a rule of SPEC.md
 * 5; ZYD_E_TOO_BIG: it breaks a limit; ZYD_E_FULL: mem_size is too small.  *reason (may be NULL) is
 * then a fixed string that names the rule (the names of SPEC.md 5), else NULL. */
ZYD_MUST_USE enum zyd_status zyd_vm_load(struct zyd_vm_image **out, const char **reason, void *mem,
                                         size_t mem_size, struct zyd_span elf);

/* zyd_vm_footprint: bytes of one machine.  zyd_vm_init makes one in `mem` (16-byte aligned, that
 * many bytes), where it stays: it must not be copied or moved. */
size_t zyd_vm_footprint(void);
struct zyd_vm *zyd_vm_init(void *mem);

/* The host's answer to `ecall`: `number` is a7, args are a0..a5.  It returns
 *   ZYD_VM_OK      go on; *value becomes a0 (it is 0 unless set)
 *   ZYD_VM_STOP    end the call; *value becomes the result's value
 *   ZYD_VM_ECALL   no such number          ZYD_VM_MEMORY  a pointer argument is bad
 *   ZYD_VM_FUEL    zyd_vm_charge said no (the call ends with FUEL after that whatever is returned)
 * and nothing else.  It must charge before it has an effect, and must not call zyd_vm_call on the
 * same machine. */
typedef enum zyd_vm_trap (*zyd_vm_host_fn)(void *ctx, struct zyd_vm *vm, uint64_t *value,
                                           uint64_t number, const uint64_t args[ZYD_VM_ARGS]);

struct zyd_vm_result {
    enum zyd_vm_trap trap;
    uint64_t value;     /* OK: the guest's a0.  STOP: the host's code.  Otherwise 0 */
    uint64_t fuel_used; /* instructions + tariff; the limit itself when trap is FUEL */
    uint64_t pc;        /* guest address of the instruction that ended the call */
    uint64_t address;   /* MEMORY: the address that was refused; otherwise 0.  For people, not for
                           consensus */
};

/* zyd_vm_call runs the image's entry on `input` with at most `fuel` (<= ZYD_VM_FUEL_MAX).  Memory
 * is zero at the start.  `input` must stay in place until the next call or zyd_vm_init: zyd_vm_read
 * works until then, so the caller may read what the returned value points to.  ZYD_E_TOO_BIG: input
 * above ZYD_VM_INPUT_MAX, nothing ran. */
ZYD_MUST_USE enum zyd_status zyd_vm_call(struct zyd_vm *vm, struct zyd_vm_result *result,
                                         const struct zyd_vm_image *image, struct zyd_span input,
                                         uint64_t fuel, zyd_vm_host_fn host, void *ctx);

/* For the host, inside its callback.
 * zyd_vm_read: `size` bytes at `address` in image, memory or input; NULL unless all lie in one of
 * them. zyd_vm_write: the same in memory only, for writing.  size 0 is never NULL, whatever the
 * address. The pointers are good until the callback returns. */
const uint8_t *zyd_vm_read(struct zyd_vm *vm, uint64_t address, uint64_t size);
uint8_t *zyd_vm_write(struct zyd_vm *vm, uint64_t address, uint64_t size);

/* zyd_vm_charge takes `fuel` from the call's remainder.  false: there is not enough; the callback
 * must return now, without an effect.  zyd_vm_fuel_left: what remains. */
ZYD_MUST_USE bool zyd_vm_charge(struct zyd_vm *vm, uint64_t fuel);
uint64_t zyd_vm_fuel_left(const struct zyd_vm *vm);

#endif
