/* tests/lib/fixture_text.c */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "tests/lib/fixture_text.h"

#define PAIRS_MAX 64u

static size_t pairs_of(struct zyd_pair pairs[PAIRS_MAX], char *text)
{
    size_t n = 0;
    for (char *p = text; *p != 0;) {
        char *end = strchr(p, '|'), *equal = strchr(p, '=');
        if (equal == NULL || n == PAIRS_MAX) {
            fail_msg("%s: name=value expected, %u at most", p, PAIRS_MAX);
        }
        *equal = 0;
        if (end != NULL) {
            *end = 0;
        }
        pairs[n++] = (struct zyd_pair){p, equal + 1};
        p = end == NULL ? equal + 1 + strlen(equal + 1) : end + 1;
    }
    return n;
}

struct zyd_span zyd_fixture_params(const struct zyd_fixture *f, uint8_t bytes[4096], const struct zyd_product *product,
                                   const char *text)
{
    char copy[2048], why[ZYD_WHY];
    struct zyd_pair pairs[PAIRS_MAX];
    struct zyd_wr wr = zyd_wr_of(bytes, 4096);
    const struct zyd_members members = zyd_genesis_members(&f->c.g);
    snprintf(copy, sizeof copy, "%s", text);
    if (zyd_product_params_encode(product, &wr, why, pairs, pairs_of(pairs, copy), &members) != ZYD_OK) {
        fail_msg("%s: %s", text, why);
    }
    return zyd_wr_span(&wr);
}

void zyd_fixture_programme_text(struct zyd_fixture *f, uint16_t id, const struct zyd_product *product, const char *code,
                                const char *text)
{
    uint8_t bytes[4096];
    zyd_fixture_programme(f, id, product->number, code, zyd_fixture_params(f, bytes, product, text));
}

struct zyd_fixture_op zyd_fixture_op_text(const struct zyd_fixture *f, const struct zyd_product *product, const char *event,
                                          uint16_t programme, const struct zyd_hash *object, uint16_t member, unsigned signers,
                                          const char *text)
{
    static uint8_t bytes[4096];
    static char ref[24];
    static unsigned refs;
    char copy[2048], why[ZYD_WHY];
    struct zyd_pair pairs[PAIRS_MAX];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    const struct zyd_members members = zyd_genesis_members(&f->c.g);
    const struct zyd_event *e = zyd_event_by_name(product, event);
    assert_non_null(e);
    snprintf(copy, sizeof copy, "%s", text);
    if (zyd_args_encode(&wr, why, e, pairs, pairs_of(pairs, copy), &members) != ZYD_OK) {
        fail_msg("%s %s: %s", event, text, why);
    }
    struct zyd_fixture_op op = {.contract = product->number,
                                .event = e->number,
                                .programme = programme,
                                .member = member,
                                .args = zyd_wr_span(&wr)};
    for (uint16_t m = 0; m < f->c.g.member_count; m++) {
        if (signers >> m & 1) {
            op.signers[op.signer_count++] = m;
        }
    }
    if (e->makes) {
        snprintf(ref, sizeof ref, "REF%u", refs++);
        op.ref = ref;
    } else {
        op.object = object;
        op.expect_seq = UINT64_MAX;
    }
    return op;
}
