/* main.c: the register contract: figures and grades that an authority attests.  No money moves here.
 *
 *   TAX, GRADE (the authority signs) --> STANDS --a later record names it in `replaces`--> REPLACED
 *
 * What was attested is never edited: a correction is a record of its own, and says which one it corrects. */
#include <zyd/common.h>
#include <zyd/register.h>

enum code { E_ALREADY_ATTESTED = 6001, E_NOT_CURRENT = 6002 };

struct re {
    const struct ct_call *call;
    const uint8_t *slots;
    struct cc_signers who;
    struct zyd_register_record r;
    const uint8_t *replaces; /* or NULL */
};

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void arg_certificate(struct re *e, struct ct_rd *rd)
{
    memcpy(e->r.document, ct_rd_id(rd), CT_ID_SIZE);
    e->replaces = ct_rd_nil(rd) ? 0 : ct_rd_id(rd);
    ct_rd_end(rd);
}

/* The record that stands under key must be the one that is replaced; there must be none when nothing is replaced. */
static void must_be_current(const struct re *e, const uint8_t *key, uint32_t size)
{
    struct zyd_register_current was;
    bool stands = ct_get(e->call->contract, key, size, &was, sizeof was) >= 0;
    if (stands && e->replaces == 0) {
        ct_fail(E_ALREADY_ATTESTED);
    }
    if (e->replaces != 0 && (!stands || memcmp(was.record, e->replaces, CT_ID_SIZE) != 0)) {
        ct_fail(E_NOT_CURRENT);
    }
}

static void attest(struct re *e, enum zyd_register_param authority, const uint8_t *key, uint32_t size)
{
    struct zyd_register_current now = {e->r.value, e->r.until, 0, {0}};
    struct zyd_register_record old;
    uint16_t member = (uint16_t)cc_slot(e->slots, (uint32_t)authority);
    must_be_current(e, key, size);
    if (member == CT_NO_MEMBER) {
        ct_fail(CC_SIGNER_MISSING); /* the programme names no such authority */
    }
    cc_sign(&e->who, member);
    cc_signed_end(&e->who);
    if (e->replaces != 0) {
        memcpy(e->r.replaces, e->replaces, CT_ID_SIZE);
        ct_get(e->call->contract, e->replaces, CT_ID_SIZE, &old, sizeof old);
        old.state = ZYD_RS_REPLACED;
        memcpy(old.replaced_by, e->call->object, CT_ID_SIZE);
        ct_put(e->replaces, CT_ID_SIZE, &old, sizeof old);
    }
    e->r.state = ZYD_RS_STANDS;
    e->r.programme = e->call->programme;
    e->r.authority = member;
    e->r.attested = e->call->date;
    ct_put(e->call->object, CT_ID_SIZE, &e->r, sizeof e->r);
    memcpy(now.record, e->call->object, CT_ID_SIZE);
    ct_put(key, size, &now, sizeof now);
}

/* TAX: new -> STANDS by the tax authority.  Inputs: county, year, amount, certificate, the record that it replaces. */
static void event_tax(struct re *e)
{
    uint8_t key[ZYD_REGISTER_TAX_KEY_SIZE];
    struct ct_rd rd = ct_args(e->call);
    ct_rd_array(&rd);
    e->r.kind = ZYD_REGISTER_KIND_TAX;
    e->r.county = (uint32_t)ct_rd_u64(&rd, 999999);
    e->r.year = (uint16_t)ct_rd_u64(&rd, 9999);
    e->r.value = cc_arg_fen(&rd, 0);
    arg_certificate(e, &rd);
    if (e->r.county < 100000) {
        ct_fail(CC_RANGE);
    }
    if (e->r.year < 1994 || e->r.year >= e->call->date / 10000) {
        ct_fail(CC_BAD_DATE); /* the year is not over */
    }
    key[0] = ZYD_REGISTER_KEY_TAX;
    put16(key + 1, e->call->programme);
    put16(key + 3, e->r.county >> 16);
    put16(key + 5, e->r.county & 0xffff);
    put16(key + 7, e->r.year);
    attest(e, ZYD_RP_TAX_AUTHORITY, key, sizeof key);
}

/* GRADE: new -> STANDS by the department.  Inputs: borrower, grade, last day, certificate, the record that it replaces. */
static void event_grade(struct re *e)
{
    uint8_t key[ZYD_REGISTER_GRADE_KEY_SIZE];
    struct ct_rd rd = ct_args(e->call);
    ct_rd_array(&rd);
    e->r.kind = ZYD_REGISTER_KIND_GRADE;
    e->r.borrower_kind = cc_arg_borrower(e->r.borrower, &rd);
    e->r.value = ct_rd_i64(&rd, 1, ZYD_REGISTER_GRADES_MAX);
    e->r.until = cc_arg_date(&rd);
    arg_certificate(e, &rd);
    if (e->r.until < e->call->date) {
        ct_fail(CC_BAD_DATE);
    }
    key[0] = ZYD_REGISTER_KEY_GRADE;
    put16(key + 1, e->call->programme);
    memcpy(key + 3, e->r.borrower, CT_ID_SIZE);
    attest(e, ZYD_RP_GRADER, key, sizeof key);
}

int64_t contract_call(const struct ct_call *call, uint64_t size);
int64_t contract_call(const struct ct_call *call, uint64_t size)
{
    struct re e;
    struct ct_rd rd = ct_params_rd(call);
    (void)size;
    memset(&e, 0, sizeof e);
    e.call = call;
    e.who = (struct cc_signers){.call = call};
    if (ct_rd_array(&rd) != 1) {
        ct_fail(CC_RANGE);
    }
    e.slots = cc_slots(&rd, ZYD_REGISTER_PARAM_COUNT);
    if (call->has_object || call->sys) {
        ct_fail(CC_RANGE); /* every event makes a record; nothing happens by itself */
    }
    switch ((enum zyd_register_event)call->event) {
    case ZYD_RE_TAX:
        event_tax(&e);
        return 0;
    case ZYD_RE_GRADE:
        event_grade(&e);
        return 0;
    }
    ct_fail(CC_RANGE);
}
