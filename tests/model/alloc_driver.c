/* Goal: the contract's own arithmetic and its events, answering line by line, so that a model in another language can be held
 * against them.
 * Method: contracts/guarantee is linked natively over the smallest host that it needs: records in an array, postings and
 * deadlines written out, signers always there, Monday to Friday as working days.  tests/model/run_random.py speaks to it.
 *
 *   alloc W...                       new weights, memory 0                      (no answer)
 *   total T                          -> increments
 *   interest LO HI RATE BASIS        -> fen            fee AMOUNT PPM DAYS BASIS -> fen
 *   refee AMOUNT NUM DEN PPM DAYS BASIS -> fen         settle DATE DAY MONTHS    -> date
 *   members CODE:ROLE ...            params HEX        (no answer)
 *   split T                          -> bank, leaves   room S_LO S_HI USED       -> fen
 *   reset                            forgets all records and deadlines         (no answer)
 *   call EVENT MEMBER DATE SYS DEADLINE OBJECT MAKES ARGS   (OBJECT, ARGS in hex)
 *        -> CODE | member label dr cr fen obligation | ... # warnings # number=date of deadlines 1, 2 and 6
 */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contracts/guarantee/guarantee.h"

int64_t contract_call(const struct ct_call *call, uint64_t size);

#define RECORDS 128
static struct record {
    uint8_t key[64], value[4096];
    uint32_t key_size, size;
} records[RECORDS], saved[RECORDS];
static struct ct_obligation obligations[512];
static uint32_t record_count, obligation_count;
static int32_t deadlines[9];
static char codes[64][13];
static int roles[64];
static uint32_t member_count;
static jmp_buf out;
static uint32_t failed;
static char answer[65536];
static size_t answered;
static uint8_t params[4096];
static uint32_t params_size;

#define PTR(x) ((void *)(intptr_t)(x))

static void refuse(uint32_t code)
{
    failed = code;
    longjmp(out, 1);
}

static struct record *find(const void *key, uint32_t size)
{
    for (uint32_t i = 0; i < record_count; i++) {
        if (records[i].key_size == size && memcmp(records[i].key, key, size) == 0) {
            return &records[i];
        }
    }
    return NULL;
}

static int64_t put(const void *key, uint32_t key_size, const void *value, uint32_t size)
{
    struct record *r = find(key, key_size);
    if (r == NULL) {
        if (record_count == RECORDS || key_size > 64 || size > 4096) {
            abort();
        }
        r = &records[record_count++];
        memcpy(r->key, key, key_size);
        r->key_size = key_size;
    }
    memcpy(r->value, value, size);
    r->size = size;
    return 0;
}

static int64_t muldiv(ct_u128 *result, const ct_u128 *in, int64_t mode)
{
    ct_u128 n;
    if (in[2] == 0 || __builtin_mul_overflow(in[0], in[1], &n) || n >> 126 != 0) {
        refuse(9104);
    }
    *result = mode == CT_FLOOR     ? n / in[2]
              : mode == CT_HALF_UP ? (2 * n + in[2]) / (2 * in[2])
                                   : n / in[2] + (n % in[2] != 0);
    return 0;
}

static int64_t workday_add(int32_t date, int64_t count)
{
    int32_t day = zyd_date_to_day(date);
    while (count > 0) {
        day++;
        count -= (day + 3) % 7 < 5;
    }
    return zyd_date_from_day(day);
}

static void say(const char *format, const char *a, const char *b, const char *c, long long d, long long e)
{
    answered += (size_t)snprintf(answer + answered, sizeof answer - answered, format, a, b, c, d, e);
}

static int64_t post_(int64_t member_label, const char *dr, const char *cr, int64_t amount, const uint8_t *obligation)
{
    char head[40];
    snprintf(head, sizeof head, "%d %d", (int)(member_label >> 16), (int)(member_label & 0xffff));
    if (amount < 0) {
        refuse(9104);
    }
    if (amount > 0) {
        say("|%s %s %s %lld %lld", head, dr, cr, (long long)amount,
            obligation == NULL ? -1LL : (long long)(obligation[30] << 8 | obligation[31]));
    }
    return 0;
}

static int64_t oblige_(struct ct_obligation *o)
{
    if (o->amount <= 0 || o->debtor == o->creditor || obligation_count == 512) {
        refuse(9104);
    }
    memset(o->id, 0, sizeof o->id);
    o->id[30] = (uint8_t)(obligation_count >> 8);
    o->id[31] = (uint8_t)obligation_count;
    obligations[obligation_count++] = *o;
    return 0;
}

int64_t ct_sys(int64_t n, int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f)
{
    (void)f;
    struct record *r;
    uint32_t i;
    switch ((enum ct_call_number)n) {
    case CT_SYS_GET:
        r = find(PTR(b), (uint32_t)c);
        if (r == NULL) {
            return -1;
        }
        if (r->size > (uint64_t)e) {
            refuse(9123);
        }
        memcpy(PTR(d), r->value, r->size);
        return r->size;
    case CT_SYS_PUT:
        return put(PTR(a), (uint32_t)b, PTR(c), (uint32_t)d);
    case CT_SYS_POST:
        return post_(a, PTR(b), PTR(c), d, PTR(e));
    case CT_SYS_OBLIGATION:
        return oblige_(PTR(a));
    default: /* what the modelled events do not call */
        abort();
    case CT_SYS_OBLIGATION_GET:
        i = (uint32_t)((uint8_t *)PTR(b))[30] << 8 | ((uint8_t *)PTR(b))[31];
        if (i >= obligation_count) {
            return -1;
        }
        memcpy(PTR(a), &obligations[i], sizeof obligations[i]);
        return 0;
    case CT_SYS_DEADLINE:
        if (!breaker_is(PTR(a)) && b >= 1 && b <= 8) {
            deadlines[b] = c == 0 ? 0 : zyd_date_of_ms(c);
        }
        return 0;
    case CT_SYS_EMIT:
        return 0;
    case CT_SYS_REQUIRE:
        return 1;
    case CT_SYS_REQUIRE_END:
        return 0;
    case CT_SYS_MULDIV:
        return muldiv(PTR(a), PTR(b), c);
    case CT_SYS_FAIL:
        refuse((uint32_t)a);
        return 0;
    case CT_SYS_WARN:
        say("%s%s%s~%lld%.0lld", "", "", "", (long long)a, 0LL);
        return 0;
    case CT_SYS_WORKDAY_ADD:
        return workday_add((int32_t)a, b);
    case CT_SYS_MEMBER:
        if ((uint64_t)a >= member_count) {
            return -1;
        }
        memcpy(PTR(b), codes[a], 13);
        return roles[a];
    case CT_SYS_SHA256:
    case CT_SYS_WORKDAY_IS:
    case CT_SYS_MEMBER_FIND:
    case CT_SYS_BALANCE:
    case CT_SYS_POSTINGS:
        return -1; /* no note: REVERSE is not in the model */
    case CT_SYS_PARAMS:
        break;
    }
    abort(); /* the contract does not use it in what the model drives */
}

static uint32_t hex(uint8_t *to, size_t cap, const char *text)
{
    size_t size = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    if (size > cap) {
        abort();
    }
    for (size_t i = 0; i < size; i++) {
        unsigned v;
        if (sscanf(text + 2 * i, "%2x", &v) != 1) {
            abort();
        }
        to[i] = (uint8_t)v;
    }
    return (uint32_t)size;
}

static union {
    struct ct_call call;
    uint8_t bytes[16384];
} input;

static void set_params(void)
{
    memset(&input.call, 0, sizeof input.call);
    memcpy(input.bytes + sizeof input.call, params, params_size);
    input.call.params_offset = sizeof input.call;
    input.call.params_size = params_size;
}

static void call_event(char **w)
{
    set_params();
    struct ct_call *c = &input.call;
    c->abi = CT_ABI;
    c->contract = c->programme = 1;
    c->event = (uint16_t)strtoul(w[1], NULL, 10);
    c->member = (uint16_t)strtoul(w[2], NULL, 10);
    c->date = (int32_t)strtol(w[3], NULL, 10);
    c->time_ms = (uint64_t)zyd_ms_of_date(c->date);
    c->sys = (uint8_t)strtoul(w[4], NULL, 10);
    c->deadline = (uint8_t)strtoul(w[5], NULL, 10);
    hex(c->object, CT_ID_SIZE, w[6]);
    c->has_object = strcmp(w[7], "0") == 0;
    c->development = 1;
    c->args_offset = c->params_offset + params_size;
    c->args_size = hex(input.bytes + c->args_offset, sizeof input.bytes - c->args_offset, w[8]);
    uint32_t count = record_count, owed = obligation_count;
    int32_t was[9];
    memcpy(saved, records, record_count * sizeof records[0]);
    memcpy(was, deadlines, sizeof was);
    answered = 0;
    answer[0] = 0;
    failed = 0;
    if (!c->has_object) {
        memset(deadlines, 0, sizeof deadlines); /* the model lives one contract after another */
    }
    if (c->sys && c->event == CT_EVENT_DEADLINE && !breaker_is(c->object)) {
        deadlines[c->deadline] = 0; /* as the host takes a deadline that fires off its list */
    }
    if (setjmp(out) == 0) {
        contract_call(c, sizeof input);
        printf("0 %s#%d,%d,%d\n", answer, deadlines[1], deadlines[2], deadlines[6]);
        return;
    }
    record_count = count;
    obligation_count = owed;
    memcpy(records, saved, count * sizeof records[0]);
    memcpy(deadlines, was, sizeof was);
    printf("%u #%d,%d,%d\n", failed, deadlines[1], deadlines[2], deadlines[6]);
}

static int64_t weights[12], memory[12];
static uint32_t weight_count;

static void arithmetic(char **w, size_t n)
{
    int64_t inc[12];
    struct cc_leaves l;
    struct gu g;
    uint64_t v[8] = {0};
    for (size_t i = 1; i < n && i < 8; i++) {
        v[i] = strtoull(w[i], NULL, 10);
    }
    if (setjmp(out) != 0) {
        printf("fail %u\n", failed);
        return;
    }
    if (strcmp(w[0], "total") == 0) {
        cc_alloc(inc, memory, (int64_t)v[1], weights, weight_count);
        for (uint32_t i = 0; i < weight_count; i++) {
            printf("%lld%c", (long long)inc[i], i + 1 == weight_count ? '\n' : ' ');
        }
    } else if (strcmp(w[0], "interest") == 0) {
        printf("%lld\n", (long long)cc_interest(v[1], v[2], (uint32_t)v[3], (uint32_t)v[4]));
    } else if (strcmp(w[0], "fee") == 0) {
        printf("%lld\n", (long long)cc_fee((int64_t)v[1], (uint32_t)v[2], (uint32_t)v[3], (uint32_t)v[4]));
    } else if (strcmp(w[0], "refee") == 0) {
        printf("%lld\n", (long long)cc_fee_of_part((int64_t)v[1], v[2], v[3], (uint32_t)v[4], (uint32_t)v[5], (uint32_t)v[6]));
    } else if (strcmp(w[0], "settle") == 0) {
        printf("%d\n", cc_settlement_after((int32_t)v[1], (uint32_t)v[2], (uint32_t)v[3]));
    } else {
        set_params();
        memset(&g, 0, sizeof g);
        g.call = &input.call;
        params_open(&g);
        if (strcmp(w[0], "split") == 0) {
            printf("%lld", (long long)tree_split(&l, &g, (int64_t)v[1]));
            for (uint32_t i = 0; i < l.count; i++) {
                printf(" %lld", (long long)l.amount[i]);
            }
            printf("\n");
        } else if (strcmp(w[0], "room") == 0) {
            struct breaker b;
            memset(&b, 0, sizeof b);
            b.h.s_lo = v[1];
            b.h.s_hi = v[2];
            b.h.used = (int64_t)v[3];
            printf("%lld\n", (long long)breaker_room(&b, &g));
        } else {
            abort();
        }
    }
}

int main(void)
{
    static char line[65536];
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *w[80], *save = NULL;
        size_t n = 0;
        for (char *p = strtok_r(line, " \n", &save); p != NULL && n < 79; p = strtok_r(NULL, " \n", &save)) {
            w[n++] = p;
        }
        if (n == 0) {
            fflush(stdout);
        } else if (strcmp(w[0], "alloc") == 0) {
            weight_count = (uint32_t)(n - 1 > 12 ? 12 : n - 1);
            memset(memory, 0, sizeof memory);
            for (uint32_t i = 0; i < weight_count; i++) {
                weights[i] = strtoll(w[i + 1], NULL, 10);
            }
        } else if (strcmp(w[0], "members") == 0) {
            member_count = 0;
            for (size_t i = 1; i < n; i++) {
                sscanf(w[i], "%12[^:]:%d", codes[member_count], &roles[member_count]);
                member_count++;
            }
        } else if (strcmp(w[0], "params") == 0) {
            params_size = hex(params, sizeof params, w[1]);
        } else if (strcmp(w[0], "reset") == 0) {
            record_count = obligation_count = 0;
            memset(deadlines, 0, sizeof deadlines);
        } else if (strcmp(w[0], "call") == 0 && n == 9) {
            call_event(w);
        } else {
            arithmetic(w, n);
        }
    }
    return 0;
}
