/* zoo.c: everything that a contract should not do.  Each behaviour is a function of its own behind a table, so that a new one
 * does not change the fuel of the others. */
#include "zoo.h"
#include <zyd/contract.h>

#define NOINLINE __attribute__((noinline))

static uint64_t arg(const struct ct_call *call, uint32_t index)
{
    struct ct_rd rd = ct_args(call);
    uint64_t v = 0;
    ct_rd_array(&rd);
    for (uint32_t i = 0; i <= index; i++) {
        v = ct_rd_u64(&rd, UINT64_MAX);
    }
    return v;
}

static NOINLINE int64_t make(const struct ct_call *call)
{
    uint8_t mode = (uint8_t)arg(call, 0);
    ct_put(call->object, CT_ID_SIZE, &mode, 1);
    return 0;
}

static NOINLINE int64_t raw(const struct ct_call *call)
{
    uint64_t count = arg(call, 0);
    int64_t v[7];
    for (uint32_t i = 0; i < 7; i++) {
        v[i] = (int64_t)arg(call, i + 1);
    }
    for (uint64_t i = 0; i < count; i++) {
        ct_sys(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
    }
    return 0;
}

static NOINLINE int64_t loop(const struct ct_call *call)
{
    (void)call;
    for (volatile uint32_t i = 0;; i++) {
    }
}

static NOINLINE uint64_t deeper(uint64_t n)
{
    volatile uint64_t here[8];
    here[n % 8] = n + 1;
    return here[n % 8] == 0 ? 0 : deeper(here[n % 8]) + here[n % 8]; /* no tail call: the frame is needed after it */
}

static NOINLINE int64_t recurse(const struct ct_call *call)
{
    return (int64_t)deeper(call->seq);
}

static NOINLINE int64_t store(const struct ct_call *call)
{
    *(volatile uint8_t *)arg(call, 0) = 1;
    return 0;
}

static NOINLINE int64_t load(const struct ct_call *call)
{
    return *(volatile uint8_t *)arg(call, 0) & 0;
}

static NOINLINE int64_t jump(const struct ct_call *call)
{
    ((void (*)(void))arg(call, 0))();
    return 0;
}

static NOINLINE int64_t give_back(const struct ct_call *call)
{
    return (int64_t)arg(call, 0);
}

static NOINLINE int64_t breakpoint(const struct ct_call *call)
{
    (void)call;
    __asm__ volatile("ebreak");
    return 0;
}

static NOINLINE int64_t nothing(const struct ct_call *call)
{
    (void)call;
    return 0;
}

static NOINLINE int64_t stack(const struct ct_call *call)
{
    volatile uint8_t much[100000];
    much[call->seq] = 1;
    return much[call->seq + 1];
}

static NOINLINE int64_t fill(const struct ct_call *call)
{
    (void)call;
    for (uint64_t p = 0x20000000; p < 0x2000f000; p += 8) {
        *(volatile uint64_t *)p = p;
    }
    ct_fail(1001);
}

static NOINLINE int64_t puts(const struct ct_call *call)
{
    uint64_t count = arg(call, 0), size = arg(call, 1);
    uint8_t key[4] = {'k'};
    for (uint64_t i = 0; i < count; i++) {
        key[1] = (uint8_t)(i >> 8);
        key[2] = (uint8_t)i;
        ct_put(key, sizeof key, (const void *)0x20000000, (uint32_t)size);
    }
    return 0;
}

static NOINLINE int64_t posts(const struct ct_call *call)
{
    uint64_t count = arg(call, 0);
    for (uint64_t i = 0; i < count; i++) {
        char dr[6] = {'1', '.', (char)('a' + i / 26), (char)('a' + i % 26)};
        char cr[6] = {'2', '.', (char)('a' + i / 26), (char)('a' + i % 26)};
        ct_post(0, 7, dr, cr, (int64_t)i + 1, NULL);
    }
    return 0;
}

static NOINLINE int64_t due(const struct ct_call *call)
{
    ct_deadline(call->object, (uint8_t)arg(call, 0), arg(call, 1));
    return 0;
}

static NOINLINE int64_t oblige(const struct ct_call *call)
{
    struct ct_obligation o = {.debtor = (uint16_t)arg(call, 0), .creditor = (uint16_t)arg(call, 1),
                              .amount = (int64_t)arg(call, 2), .gross = (uint8_t)arg(call, 3), .reason = 9};
    ct_obligation(&o);
    ct_emit(15, o.id, CT_ID_SIZE);
    return 0;
}

static NOINLINE int64_t require(const struct ct_call *call)
{
    struct ct_rd rd = ct_args(call);
    uint32_t count = ct_rd_array(&rd);
    bool look = ct_rd_u64(&rd, UINT64_MAX) != 0;
    for (uint32_t i = 1; i < count; i++) {
        ct_require((uint16_t)ct_rd_u64(&rd, UINT64_MAX));
    }
    if (look) {
        ct_require_end();
    }
    ct_post(0, 16, "1001", "2001", 100, NULL);
    return 0;
}

static NOINLINE int64_t waste(const struct ct_call *call)
{
    struct ct_obligation o = {.debtor = 0, .creditor = 1, .amount = 5, .gross = 1};
    ct_put(call->object, CT_ID_SIZE, "changed", 7);
    ct_put("other", 5, "value", 5);
    ct_post(0, 17, "1001", "2001", 100, NULL);
    ct_obligation(&o);
    ct_deadline(call->object, 2, call->time_ms + 1);
    ct_emit(17, "event", 5);
    ct_warn(17);
    ct_fail((uint32_t)arg(call, 0));
}

static NOINLINE int64_t divide(const struct ct_call *call)
{
    volatile int64_t zero = (int64_t)call->sys, lowest = INT64_MIN, minus = -1;
    __asm__ volatile("" ::: "memory");
    int64_t q, r, o;
    __asm__("div %0, %1, %2" : "=r"(q) : "r"(lowest), "r"(zero));
    __asm__("rem %0, %1, %2" : "=r"(r) : "r"(lowest), "r"(zero));
    __asm__("div %0, %1, %2" : "=r"(o) : "r"(lowest), "r"(minus));
    return q == -1 && r == INT64_MIN && o == INT64_MIN ? 0 : 1;
}

static NOINLINE int64_t readback(const struct ct_call *call)
{
    uint8_t value[8];
    struct ct_balance b;
    struct ct_obligation o = {.debtor = 0, .creditor = 1, .amount = 5, .gross = 1}, again;
    ct_balance(&b, 0, "1777");
    ct_u128 before = b.debits;
    ct_put("own", 3, "abc", 3);
    ct_put("own", 3, "defgh", 5);
    ct_post(0, 19, "1777", "2777", 100, NULL);
    ct_post(0, 19, "1777", "2777", 11, NULL);
    ct_balance(&b, 0, "1777");
    ct_obligation(&o);
    bool same = ct_obligation_get(&again, o.id) == 0 && memcmp(&o, &again, sizeof o) == 0;
    if (ct_get(call->contract, "own", 3, value, 8) != 5 || memcmp(value, "defgh", 5) != 0 || !same ||
        b.debits != before + 111 || ct_get(call->contract, "owm", 3, value, 8) != -1) {
        ct_fail(1002);
    }
    return 0;
}

static NOINLINE int64_t post_as(const struct ct_call *call)
{
    struct ct_rd rd = ct_args(call);
    char dr[64] = {0}, cr[64] = {0};
    uint32_t size;
    ct_rd_array(&rd);
    const uint8_t *bytes = ct_rd_bin(&rd, &size, sizeof dr);
    memcpy(dr, bytes, size);
    bytes = ct_rd_bin(&rd, &size, sizeof cr);
    memcpy(cr, bytes, size);
    ct_post(0, 20, dr, cr, ct_rd_i64(&rd, INT64_MIN, INT64_MAX), NULL);
    return 0;
}

static NOINLINE int64_t reverse(const struct ct_call *call)
{
    struct ct_rd rd = ct_args(call);
    ct_rd_array(&rd);
    ct_obligation_move(ct_rd_id(&rd), CT_MOVE_REVERSE);
    return 0;
}

static NOINLINE int64_t on_deadline(const struct ct_call *call)
{
    struct {
        uint64_t due, number;
    } event = {call->time_ms, call->deadline};
    uint8_t mode[8];
    ct_get(call->contract, call->object, CT_ID_SIZE, mode, sizeof mode);
    switch (mode[0]) {
    case ZOO_REFUSES:
        ct_put("refused", 7, "x", 1);
        ct_fail(1003);
    case ZOO_LOOPS:
        return loop(call);
    case ZOO_REARMS:
        ct_deadline(call->object, call->deadline, call->time_ms);
        return 0;
    case ZOO_RECALLS:
        if (call->deadline != 1) {
            ct_deadline(call->object, 1, call->time_ms - 3600000);
        }
        break;
    default:
        break;
    }
    ct_emit(14, &event, sizeof event);
    return 0;
}

static NOINLINE int64_t on_settled(const struct ct_call *call)
{
    struct ct_rd rd = ct_args(call);
    if (ct_rd_array(&rd) != 1) {
        ct_fail(9104);
    }
    const uint8_t *id = ct_rd_id(&rd);
    ct_rd_end(&rd);
    ct_emit(18, id, CT_ID_SIZE);
    return 0;
}

typedef int64_t (*behaviour)(const struct ct_call *call);
static const behaviour table[ZOO_EVENTS] = {make, raw,   loop, recurse, store, load, jump,   give_back, breakpoint, nothing,
                                            stack, fill, puts, posts,   due,   oblige, require, waste,  divide,     readback,
                                            post_as, reverse};

int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    (void)size;
    if (call->sys) {
        return call->event == CT_EVENT_SETTLED ? on_settled(call) : on_deadline(call);
    }
    return call->event < ZOO_EVENTS ? table[call->event](call) : 1;
}
