/* tests/lib/native.h: a contract as an ordinary function behind the real host, for unit tests and gdb.
 *
 *   #define contract_call template_contract_call
 *   #include "contracts/template/iou.c"
 *   #undef contract_call
 *   ... zyd_fixture_native(f, 1, "template", template_contract_call);
 *
 * Every host call is the host's own code, with pointers of this process as addresses.  The outcome is the deployed plugin's
 * but for the fuel: instructions are not counted, only the tariff.  Not thread-safe: one call at a time in a process.
 */
#ifndef ZYD_TESTS_NATIVE_H
#define ZYD_TESTS_NATIVE_H

#include <zyd/contract.h>
#include <zyd/host.h>

typedef int64_t (*zyd_native_entry)(const struct ct_call *call, uint64_t size);

/* Makes the host run entry for contract.  slot: kept by the caller as long as the host lives. */
struct zyd_native {
    zyd_native_entry entry;
};
void zyd_native_install(struct zyd_host *h, uint16_t contract, struct zyd_native *slot);

#endif
