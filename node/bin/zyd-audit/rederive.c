#include "rederive_nets.h"
#include <stdarg.h>
#include <stdlib.h>
#include <zyd/product.h>
#include <zyd/register.h>

static const struct audit_kind kinds[RE_KIND_COUNT] = {
#define X(name, text, zh, en) [RE_##name] = {text, zh, en},
    RE_KINDS(X)
#undef X
};

const struct audit_kind *re_kind(enum re_kind k)
{
    return &kinds[k];
}

/* ---- rows ---- */

static void head_of(char out[RE_CODE_SIZE], const char *code)
{
    size_t n = 0;
    bool layer = strncmp(code, "3001.", 5) == 0;
    for (; n < (layer ? RE_CODE_SIZE - 1 : 4) && code[n] != '\0' && (layer || code[n] != '.'); n++) {
        out[n] = code[n];
    }
    memset(out + n, 0, RE_CODE_SIZE - n);
}

static struct re_row *row_of(struct re_rows *r, enum re_kind kind, uint16_t member, uint16_t label, const char *dr,
                             const char *cr)
{
    struct re_row one = {.member = member, .label = label, .kind = kind};
    head_of(one.dr, dr);
    head_of(one.cr, cr);
    for (size_t i = 0; i < r->count; i++) {
        struct re_row *x = &r->row[i];
        if (x->member == member && x->label == label && strcmp(x->dr, one.dr) == 0 && strcmp(x->cr, one.cr) == 0) {
            return x;
        }
    }
    zyd_assert(r->count < RE_ROWS); /* a call posts no more */
    r->row[r->count] = one;
    return &r->row[r->count++];
}

void re_expect(struct re_rows *r, enum re_kind kind, uint16_t member, uint16_t label, const char *dr, const char *cr,
               int64_t amount)
{
    if (amount != 0 && r->count < RE_ROWS / 2) {
        row_of(r, kind, member, label, dr, cr)->right += amount;
    }
}

void re_expect_due(struct re_rows *r, enum re_kind kind, uint16_t label, uint16_t debtor, const char *dr, uint16_t creditor,
                   const char *cr, int64_t amount)
{
    if (debtor != creditor) {
        re_expect(r, kind, debtor, label, dr, "2141", amount);
        re_expect(r, kind, creditor, label, "1141", cr, amount);
    }
}

int64_t re_booked(const struct audit_step *s, uint16_t member, uint16_t label, const char *dr, const char *cr)
{
    int64_t sum = 0;
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *p = &s->o->postings[i];
        if ((member == RE_NO_MEMBER || p->member == member) && p->label == label && strncmp(p->dr, dr, strlen(dr)) == 0 &&
            strncmp(p->cr, cr, strlen(cr)) == 0) {
            sum += p->amount.fen;
        }
    }
    return sum;
}

void re_compare(struct re *re, const struct audit_step *s, struct re_rows *r, enum re_kind other, int32_t from, int32_t to)
{
    for (uint32_t i = 0; i < s->o->posting_count && r->count < RE_ROWS; i++) {
        const struct zyd_posting *p = &s->o->postings[i];
        row_of(r, other, p->member, p->label, p->dr, p->cr)->booked += p->amount.fen;
    }
    for (size_t i = 0; i < r->count; i++) {
        const struct re_row *x = &r->row[i];
        re->compared++;
        if (x->booked != x->right) {
            re_find(re, s, x->kind, x->member, from, to, x->booked, x->right, "%s / %s", x->dr, x->cr);
        }
    }
}

void re_find(struct re *re, const struct audit_step *s, enum re_kind kind, uint16_t member, int32_t from, int32_t to,
             int64_t booked, int64_t right, const char *format, ...)
{
    struct audit_finding f = {.kind = &kinds[kind],
                              .height = s->height,
                              .log_index = s->log_index,
                              .contract = s->contract,
                              .programme = s->programme,
                              .event = s->event,
                              .deadline = s->op == NULL ? s->o->deadline : 0,
                              .has_object = s->object != NULL,
                              .has_member = member != RE_NO_MEMBER,
                              .has_amounts = booked >= 0 || right >= 0,
                              .member = member,
                              .from = from,
                              .to = to,
                              .booked = booked,
                              .right = right};
    va_list ap;
    if (s->object != NULL) {
        f.object = *s->object;
    }
    snprintf(f.ref, sizeof f.ref, "%s", s->ref);
    va_start(ap, format);
    vsnprintf(f.detail, sizeof f.detail, format, ap);
    va_end(ap);
    audit_finding_add(&re->findings, &f);
}

/* ---- REVERSE (3.0.10) ---- */

void re_note_take(struct re_note *n, const struct audit_step *s)
{
    n->op_id = s->op->op_id;
    n->event = s->event;
    n->count = s->o->posting_count;
    n->posted = realloc(n->posted, (n->count + 1) * sizeof *n->posted);
    zyd_assert(n->posted != NULL);
    memcpy(n->posted, s->o->postings, n->count * sizeof *n->posted);
    n->good = true;
}

/* Where an opposite obligation stands, a debt (2141) is mirrored by a claim (1141): both are one here. */
static const char *folded(const char *code)
{
    return strncmp(code, "1141", 4) == 0 ? "2141" : code;
}

bool re_note_mirror(struct re *re, const struct audit_step *s, struct re_note *n)
{
    struct re_rows rows = {.count = 0};
    struct zyd_posting booked[ZYD_CALL_POSTINGS_MAX];
    struct zyd_outcome o = *s->o;
    struct audit_step t = *s;
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct zyd_hash of;
    zyd_rd_array(&rd, 64);
    zyd_rd_hash(&rd, &of);
    if (!n->good || !zyd_hash_eq(&of, &n->op_id)) {
        re_find(re, s, RE_UNEXPLAINED, RE_NO_MEMBER, 0, 0, -1, -1, "it is not the last settlement or event that is reversed");
        return false;
    }
    for (size_t i = 0; i < n->count; i++) {
        const struct zyd_posting *p = &n->posted[i];
        re_expect(&rows, RE_UNEXPLAINED, p->member, p->label, folded(p->cr), folded(p->dr), p->amount.fen);
    }
    for (uint32_t i = 0; i < o.posting_count; i++) {
        booked[i] = s->o->postings[i];
        memcpy(booked[i].dr, folded(booked[i].dr), 4);
        memcpy(booked[i].cr, folded(booked[i].cr), 4);
    }
    o.postings = booked;
    t.o = &o;
    re_compare(re, &t, &rows, RE_UNEXPLAINED, 0, 0);
    n->good = false;
    return true;
}

bool re_warned(const struct audit_step *s, uint32_t code)
{
    for (uint32_t i = 0; i < s->o->warning_count; i++) {
        if (s->o->warnings[i] == code) {
            return true;
        }
    }
    return false;
}

/* ---- terms ---- */

bool re_terms_read(struct re *re, struct re_terms *out, uint16_t programme, size_t slots, struct zyd_span *rest)
{
    struct zyd_programme p;
    if (!audit_pass_programme(re->pass, &p, programme)) {
        return false;
    }
    struct zyd_rd rd = zyd_rd_of(p.params);
    zyd_rd_array(&rd, 16);
    struct zyd_span bin = zyd_rd_bin(&rd, sizeof out->slots);
    if (rd.bad || bin.size != slots * 8 || p.params.size - rd.pos > sizeof out->rest) {
        return false;
    }
    out->programme = programme;
    for (size_t i = 0; i < slots; i++) {
        out->slots[i] = zyd_get64(bin.data + i * 8);
    }
    out->rest_size = p.params.size - rd.pos;
    memcpy(out->rest, p.params.data + rd.pos, out->rest_size);
    *rest = zyd_span(out->rest, out->rest_size);
    return true;
}

/* ---- the door ---- */

const struct zyd_product *re_product(const struct zyd_genesis *g, uint16_t contract)
{
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (g->plugins[i].contract == contract) {
            return zyd_product_of(g->plugins[i].name);
        }
    }
    return NULL;
}

static void step(void *ctx, const struct audit_step *s)
{
    struct re *re = ctx;
    const struct zyd_product *product = s->o->code == 0 ? re_product(re->genesis, s->contract) : NULL;
    if (s->o->code == 0) {
        re_pool_settled(re->pool, s);
        re_debts_step(re->debts, s);
    }
    if (product == &zyd_product_cycle) {
        re_cycles_step(re->cycles, s);
    } else if (product == &zyd_product_voucher) {
        re_vouchers_step(re->vouchers, s);
    } else if (product == &zyd_product_subsidy) {
        re_subsidy_step(re->subsidy, s);
    } else if (product == &zyd_product_guarantee) {
        re_guarantee_step(re->guarantee, s);
    } else if (product == &zyd_product_pool) {
        re_pool_step(re->pool, s);
    } else if (product == &zyd_product_register && s->op != NULL && s->event == ZYD_RE_GRADE) {
        re_guarantee_grade(re->guarantee, s);
    }
}

struct re *re_open(const struct zyd_genesis *g, struct audit_pass *pass)
{
    struct re *re = re_new(sizeof *re);
    re->genesis = g;
    re->pass = pass;
    re->guarantee = re_guarantee_new(re);
    re->subsidy = re_subsidy_new(re);
    re->pool = re_pool_new(re);
    re->debts = re_debts_new(re);
    re->cycles = re_cycles_new(re);
    re->vouchers = re_vouchers_new(re);
    audit_pass_add(pass, step, re);
    return re;
}

void re_close(struct re *re)
{
    if (re != NULL) {
        re_pool_free(re->pool);
        re_subsidy_free(re->subsidy);
        re_guarantee_free(re->guarantee);
        re_vouchers_free(re->vouchers);
        re_cycles_free(re->cycles);
        re_debts_free(re->debts);
        audit_findings_free(&re->findings);
        free(re);
    }
}
