/* calls.c: a guest that calls the host, with pointers good and bad taken from its input (seed of fuzz_plugin). */
#include <stdint.h>

int64_t contract_call(const uint8_t *input, uint64_t size);

static uint64_t host(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    register uint64_t a0 __asm__("a0") = a;
    register uint64_t a1 __asm__("a1") = b;
    register uint64_t a2 __asm__("a2") = c;
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a7) : "memory");
    return a0;
}

int64_t contract_call(const uint8_t *input, uint64_t size)
{
    uint8_t buffer[64];
    uint64_t sum = 0;
    for (uint64_t i = 0; i + 4 <= size; i += 4) {
        sum += host(input[i] & 3, (uint64_t)(uintptr_t)input + input[i + 1], input[i + 2] & 63u,
                    (uint64_t)(uintptr_t)buffer);
        sum += buffer[input[i + 3] & 63];
    }
    return (int64_t)sum;
}
