/* rederive_voucher.c: product (d): vouchers from their issue to who holds them (domain.md 3.4, E15). */
#include "rederive_nets.h"
#include <stdio.h>
#include <stdlib.h>

struct vo_invoice {
    uint16_t core, seller;
    int64_t amount, left;
};
struct vo_registration {
    bool used;
};

static void voucher_free(void *p)
{
    struct vo_voucher *v = p;
    free(v->takes);
    free(v->owing);
    free(v->note.posted);
    free(v->before);
    free(v);
}

struct re_vouchers *re_vouchers_new(struct re *re)
{
    struct re_vouchers *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_vouchers_free(struct re_vouchers *p)
{
    audit_map_free(&p->vouchers, voucher_free);
    audit_map_free(&p->lines, free);
    audit_map_free(&p->invoices, free);
    audit_map_free(&p->registrations, free);
    for (size_t i = 0; i < 256; i++) {
        free(p->terms[i]);
    }
    free(p);
}

static struct vo_terms *terms_of(struct re_vouchers *p, uint16_t programme)
{
    struct zyd_span rest;
    if (programme > 255 || p->terms[programme] != NULL) {
        return programme > 255 ? NULL : p->terms[programme];
    }
    struct vo_terms *t = re_new(sizeof *t);
    if (!re_terms_read(p->re, &t->t, programme, ZYD_VOUCHER_PARAM_COUNT, &rest)) {
        free(t);
        return NULL;
    }
    return p->terms[programme] = t;
}

void vo_account(re_account out, const char *code, uint32_t number)
{
    snprintf(out, sizeof(re_account), "%.4s.V%u", code, (unsigned)number);
}

void vo_find(struct re *re, const struct audit_step *s, const struct vo_voucher *v, enum re_kind kind, int64_t booked,
             int64_t right, const char *text)
{
    re_find(re, s, kind, v->holder, 0, 0, booked, right, "%s", text);
}

static void compare(struct re *re, const struct audit_step *s, struct re_lines *l)
{
    re_lines_compare(re, s, l, RE_UNEXPLAINED);
}

static void nothing(struct re *re, const struct audit_step *s)
{
    struct re_lines none = {.count = 0};
    compare(re, s, &none);
}

/* ---- LINE, ISSUE, ACCEPT, CANCEL ---- */

static struct vo_line *line_of(struct re_vouchers *p, uint16_t programme, uint16_t core)
{
    uint8_t bytes[4];
    struct zyd_hash key;
    zyd_put16(bytes, programme);
    zyd_put16(bytes + 2, core);
    zyd_sha256(&key, bytes, sizeof bytes);
    struct vo_line *l = audit_map_get(&p->lines, &key);
    if (l == NULL) {
        l = re_new(sizeof *l);
        audit_map_put(&p->lines, &key, l);
    }
    return l;
}

static void line(struct re_vouchers *p, const struct audit_step *s, struct zyd_rd *rd)
{
    struct vo_line *l = line_of(p, s->programme, (uint16_t)zyd_rd_u64(rd, UINT16_MAX));
    l->limit = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
    nothing(p->re, s);
}

static struct vo_invoice *invoice_of(struct re_vouchers *p, const struct zyd_hash *id, const struct vo_voucher *v,
                                     int64_t amount)
{
    struct vo_invoice *in = audit_map_get(&p->invoices, id);
    if (in == NULL) {
        in = re_new(sizeof *in);
        *in = (struct vo_invoice){v->core, v->holder, amount, amount};
        audit_map_put(&p->invoices, id, in);
    }
    return in;
}

/* The face out of the invoices in their order; what they lack was financed twice. */
static void take_invoices(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    int64_t missing = v->face;
    for (uint32_t n = zyd_rd_array(rd, ZYD_VOUCHER_INVOICES_MAX); n > 0 && !rd->bad; n--) {
        struct zyd_hash id;
        zyd_rd_array_of(rd, 2);
        zyd_rd_hash(rd, &id);
        int64_t amount = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
        struct vo_invoice *in = invoice_of(p, &id, v, amount);
        if (in->amount != amount || in->core != v->core || in->seller != v->holder) {
            vo_find(p->re, s, v, RE_INVOICE_USED, amount, in->amount, "the invoice is another one");
        }
        struct vo_take *t = re_append((void **)&v->takes, &v->take_count, sizeof *t);
        *t = (struct vo_take){in, re_min(in->left, missing)};
        in->left -= t->taken;
        missing -= t->taken;
    }
    if (missing > 0) {
        vo_find(p->re, s, v, RE_INVOICE_USED, v->face, v->face - missing, "more than is left of the invoices");
    }
}

static struct vo_voucher *voucher_new(struct re_vouchers *p, struct vo_terms *t, const struct zyd_hash *id, const char *ref)
{
    struct vo_voucher *v = re_new(sizeof *v);
    v->terms = t;
    v->id = *id;
    v->pledgee = RE_NO_MEMBER;
    snprintf(v->ref, sizeof v->ref, "%s", ref);
    audit_map_put(&p->vouchers, id, v);
    return v;
}

static void issue(struct re_vouchers *p, const struct audit_step *s, struct zyd_rd *rd)
{
    struct vo_terms *t = terms_of(p, s->programme);
    if (t == NULL || s->object == NULL) {
        return;
    }
    struct vo_voucher *v = voucher_new(p, t, s->object, s->ref);
    v->state = ZYD_VS_OFFERED;
    v->core = s->op->member;
    v->holder = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    v->face = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
    v->due = (int32_t)zyd_rd_u64(rd, 99991231);
    v->number = ++t->serial;
    v->line = line_of(p, s->programme, v->core);
    if (!zyd_rd_nil(rd)) {
        zyd_rd_skip(rd); /* the bank's reason */
    }
    take_invoices(p, v, s, rd);
    int64_t room = re_sum(v->line->limit, -v->line->used);
    if (v->face > room) {
        vo_find(p->re, s, v, RE_OVER_LINE, v->face, re_max(0, room), "more than the line has");
    }
    v->line->used = re_sum(v->line->used, v->face);
    nothing(p->re, s);
}

static void accept(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    struct re_lines l = {.count = 0};
    re_account owed, confirmed, held, due;
    re_account_of(owed, re, "2001", v->holder);
    vo_account(confirmed, "2161", v->number);
    vo_account(held, "1161", v->number);
    re_account_of(due, re, "1122", v->core);
    re_line_add(&l, RE_VOUCHER_AMOUNT, v->core, ZYD_VL_ISSUE, owed, confirmed, v->face, NULL);
    re_line_add(&l, RE_VOUCHER_AMOUNT, v->holder, ZYD_VL_ISSUE, held, due, v->face, NULL);
    compare(re, s, &l);
    if (v->state != ZYD_VS_OFFERED) {
        vo_find(re, s, v, RE_VOUCHER_SPENT, -1, -1, "it was not offered");
    }
    v->state = ZYD_VS_ACTIVE;
}

static void cancel(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    nothing(re, s);
    if (v->state != ZYD_VS_OFFERED) {
        return; /* of SYS: it was accepted */
    }
    v->state = ZYD_VS_CANCELLED;
    v->line->used = re_sum(v->line->used, -v->face);
    for (size_t i = 0; i < v->take_count; i++) {
        v->takes[i].invoice->left += v->takes[i].taken;
    }
}

/* ---- SPLIT, TRANSFER ---- */

static void spend(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    if (v->state != ZYD_VS_ACTIVE) {
        vo_find(re, s, v, RE_VOUCHER_SPENT, v->face, 0, "it was split, transferred, financed, pledged or over");
    }
}

static struct vo_voucher *child_new(struct re_vouchers *p, const struct vo_voucher *v, uint32_t index, int64_t face)
{
    static const char tag[] = ZYD_VOUCHER_CHILD_TAG;
    uint8_t bytes[sizeof tag - 1 + 32 + 2];
    struct zyd_hash id;
    char ref[36];
    memcpy(bytes, tag, sizeof tag - 1);
    memcpy(bytes + sizeof tag - 1, v->id.b, 32);
    zyd_put16(bytes + sizeof bytes - 2, (uint16_t)index);
    zyd_sha256(&id, bytes, sizeof bytes);
    snprintf(ref, sizeof ref, "%.20s/%u", v->ref, (unsigned)index);
    struct vo_voucher *c = audit_map_take(&p->vouchers, &id);
    if (c != NULL) {
        voucher_free(c); /* its parent was spent twice, which was told */
    }
    c = voucher_new(p, v->terms, &id, ref);
    c->line = v->line;
    c->state = ZYD_VS_ACTIVE;
    c->core = v->core;
    c->holder = v->holder;
    c->face = face;
    c->due = v->due;
    c->depth = v->depth;
    c->number = v->number;
    c->link_count = v->link_count;
    memcpy(c->links, v->links, sizeof c->links);
    audit_pass_know(p->re->pass, &id, v->terms->t.programme, ref);
    return c;
}

static void split(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines l = {.count = 0};
    struct re_line *held[ZYD_VOUCHER_CHILDREN_MAX];
    int64_t faces[ZYD_VOUCHER_CHILDREN_MAX], sum = 0;
    re_account from_core, from_holder, to;
    uint32_t count = zyd_rd_array(rd, ZYD_VOUCHER_CHILDREN_MAX);
    spend(p->re, v, s);
    vo_account(from_holder, "1161", v->number);
    vo_account(from_core, "2161", v->number);
    for (uint32_t i = 0; i < count; i++) {
        faces[i] = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
        sum += faces[i];
        vo_account(to, "1161", v->terms->serial + i + 1);
        held[i] = re_line_add(&l, RE_VOUCHER_AMOUNT, v->holder, ZYD_VL_SPLIT, to, from_holder, faces[i], NULL);
        vo_account(to, "2161", v->terms->serial + i + 1);
        re_line_add(&l, RE_VOUCHER_AMOUNT, v->core, ZYD_VL_SPLIT, from_core, to, faces[i], NULL);
    }
    if (sum != v->face) {
        vo_find(p->re, s, v, RE_VOUCHER_AMOUNT, sum, v->face, "the parts are not the whole");
    }
    if (v->depth >= vo_param(v, ZYD_VP_DEPTH_MAX)) {
        vo_find(p->re, s, v, RE_VOUCHER_SPENT, -1, -1, "it was split as often as may be");
    }
    compare(p->re, s, &l);
    for (uint32_t i = 0; i < count; i++) {
        struct vo_voucher *c = child_new(p, v, i, held[i] == NULL ? faces[i] : held[i]->booked);
        c->number = ++v->terms->serial;
        c->depth++;
    }
    v->state = ZYD_VS_SPENT;
}

static void transfer(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines l = {.count = 0};
    re_account held, owed, due;
    uint16_t payee = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    zyd_rd_skip(rd); /* trade reference */
    bool recourse = !zyd_rd_nil(rd) && zyd_rd_u64(rd, 1) != 0;
    spend(p->re, v, s);
    vo_account(held, "1161", v->number);
    re_account_of(owed, p->re, "2001", payee);
    re_account_of(due, p->re, "1122", v->holder);
    re_line_add(&l, RE_VOUCHER_AMOUNT, v->holder, ZYD_VL_TRANSFER, owed, held, v->face, NULL);
    re_line_add(&l, RE_VOUCHER_AMOUNT, payee, ZYD_VL_TRANSFER, held, due, v->face, NULL);
    compare(p->re, s, &l);
    struct vo_voucher *c = child_new(p, v, 0, v->face);
    if (c->link_count < ZYD_VOUCHER_LINKS_MAX) {
        c->links[c->link_count++] = (struct zyd_voucher_link){v->holder, recourse, 0};
    }
    c->holder = payee;
    v->state = ZYD_VS_SPENT;
}

/* ---- a bank's money ---- */

/* One registration (中登网) finances once, on the whole ledger. */
static void registered(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    struct zyd_hash key;
    struct zyd_span text = zyd_rd_nil(rd) ? zyd_span(NULL, 0) : zyd_rd_str(rd, 0, ZYD_VOUCHER_REGISTRATION_MAX);
    if (text.size == 0) {
        vo_find(p->re, s, v, RE_REGISTRATION_USED, -1, -1, "financed without a registration");
        return;
    }
    zyd_sha256(&key, text.data, text.size);
    struct vo_registration *r = audit_map_get(&p->registrations, &key);
    if (r == NULL) {
        r = re_new(sizeof *r);
        audit_map_put(&p->registrations, &key, r);
    }
    if (r->used) {
        vo_find(p->re, s, v, RE_REGISTRATION_USED, v->face, 0, "the registration finances another voucher");
    }
    r->used = true;
    v->registration = r;
}

static void discount(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines l = {.count = 0};
    re_account bought, unearned, sold, customer, deposit;
    uint16_t bank = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    uint64_t rate = zyd_rd_u64(rd, RE_PPM);
    spend(p->re, v, s);
    registered(p, v, s, rd);
    int64_t cost = (int64_t)zyd_rd_u64(rd, ZYD_MONEY_MAX);
    bool recourse = !zyd_rd_nil(rd) && zyd_rd_u64(rd, 1) != 0;
    int64_t interest = re_yearly(v->face, rate, re_days(s->date, v->due), (uint32_t)vo_param(v, ZYD_VP_BASIS));
    if (cost != interest) {
        vo_find(p->re, s, v, RE_DISCOUNT_AMOUNT, cost, interest, "the cost that both signed");
        interest = re_min(cost, v->face); /* what is booked is compared with that */
    }
    if (rate > vo_param(v, ZYD_VP_RATE_CAP)) {
        vo_find(p->re, s, v, RE_DISCOUNT_AMOUNT, -1, -1, "the rate is above the cap");
    }
    vo_account(bought, "1171", v->number);
    vo_account(unearned, "2152", v->number);
    vo_account(sold, "1161", v->number);
    re_account_of(customer, p->re, "2101", v->holder);
    re_account_of(deposit, p->re, "1002", bank);
    re_line_add(&l, RE_DISCOUNT_AMOUNT, bank, ZYD_VL_DISCOUNT, bought, customer, v->face - interest, NULL);
    struct re_line *kept = re_line_add(&l, RE_DISCOUNT_AMOUNT, bank, ZYD_VL_DISCOUNT, bought, unearned, interest, NULL);
    re_line_add(&l, RE_DISCOUNT_AMOUNT, v->holder, ZYD_VL_DISCOUNT, deposit, sold, v->face - interest, NULL);
    re_line_add(&l, RE_DISCOUNT_AMOUNT, v->holder, ZYD_VL_DISCOUNT, "5041", sold, interest, NULL);
    compare(p->re, s, &l);
    if (v->link_count < ZYD_VOUCHER_LINKS_MAX) {
        v->links[v->link_count++] = (struct zyd_voucher_link){v->holder, recourse, 0};
    }
    v->unearned = kept == NULL ? 0 : kept->booked;
    v->holder = bank;
    v->financed = true;
    v->state = ZYD_VS_FINANCED;
}

static void pledge(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_lines l = {.count = 0};
    re_account memo, contra;
    spend(p->re, v, s);
    v->pledgee = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    registered(p, v, s, rd);
    vo_account(memo, "9001", v->number);
    vo_account(contra, "9002", v->number);
    re_line_add(&l, RE_VOUCHER_AMOUNT, v->pledgee, ZYD_VL_PLEDGE, memo, contra, v->face, NULL);
    compare(p->re, s, &l);
    v->state = ZYD_VS_PLEDGED;
}

void vo_memo_end(struct re_lines *l, const struct vo_voucher *v)
{
    re_account memo, contra;
    vo_account(memo, "9001", v->number);
    vo_account(contra, "9002", v->number);
    if (v->pledgee != RE_NO_MEMBER) {
        re_line_add(l, RE_VOUCHER_AMOUNT, v->pledgee, ZYD_VL_UNPLEDGE, contra, memo, v->face, NULL);
    }
}

static void unpledge(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    struct re_lines l = {.count = 0};
    vo_memo_end(&l, v);
    compare(re, s, &l);
    v->pledgee = RE_NO_MEMBER;
    v->state = v->state == ZYD_VS_PLEDGED ? ZYD_VS_ACTIVE : v->state;
}

static void prepay(struct re *re, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    if (v->state != ZYD_VS_FINANCED) {
        spend(re, v, s);
    }
    vo_fall_due(re, v, s, v->face - re_min(v->face, (int64_t)zyd_rd_u64(rd, INT64_MAX)), ZYD_VL_PREPAY);
}

/* ---- REVERSE ---- */

static void remember(struct vo_voucher *v, const struct vo_voucher *was, const struct audit_step *s)
{
    if (v->before == NULL) {
        v->before = re_new(sizeof *v->before);
    }
    *v->before = *was;
    re_note_take(&v->note, s);
}

static void reverse(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    if (!re_note_mirror(re, s, &v->note) || v->before == NULL) {
        return;
    }
    struct vo_voucher now = *v;
    bool financed = now.note.event == ZYD_VE_DISCOUNT || now.note.event == ZYD_VE_PLEDGE;
    if (financed && now.registration != NULL) {
        now.registration->used = false; /* free again */
    }
    *v = *now.before;
    v->before = now.before;
    v->note = now.note;
    v->owing = now.owing;
    v->owing_count = now.owing_count;
}

/* ---- the door ---- */

static bool can_reverse(uint16_t event)
{
    return event == ZYD_VE_ACCEPT || (event >= ZYD_VE_DISCOUNT && event <= ZYD_VE_PREPAY);
}

static void on_voucher(struct re_vouchers *p, struct vo_voucher *v, const struct audit_step *s, struct zyd_rd *rd)
{
    struct vo_voucher was = *v;
    switch ((enum zyd_voucher_event)s->event) {
    case ZYD_VE_ACCEPT:
        accept(p->re, v, s);
        break;
    case ZYD_VE_CANCEL:
        cancel(p->re, v, s);
        break;
    case ZYD_VE_SPLIT:
        split(p, v, s, rd);
        break;
    case ZYD_VE_TRANSFER:
        transfer(p, v, s, rd);
        break;
    case ZYD_VE_DISCOUNT:
        discount(p, v, s, rd);
        break;
    case ZYD_VE_PLEDGE:
        pledge(p, v, s, rd);
        break;
    case ZYD_VE_UNPLEDGE:
        unpledge(p->re, v, s);
        break;
    case ZYD_VE_PREPAY:
        prepay(p->re, v, s, rd);
        break;
    case ZYD_VE_DEFAULT:
        vo_default(p->re, v, s);
        break;
    case ZYD_VE_REVERSE:
        reverse(p->re, v, s);
        return;
    default:
        nothing(p->re, s); /* FREEZE and its end leave the note good */
        return;
    }
    v->note.good = false;
    if (can_reverse(s->event)) {
        remember(v, &was, s);
    }
}

static void by_time(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    bool alive = v->state == ZYD_VS_ACTIVE || v->state == ZYD_VS_FINANCED || v->state == ZYD_VS_PLEDGED;
    if (s->o->deadline == ZYD_DEADLINE_SETTLED) {
        vo_settled(re, v, s);
    } else if (s->o->deadline == ZYD_VD_OFFER_END) {
        cancel(re, v, s);
    } else if (s->o->deadline == ZYD_VD_MATURE && alive) {
        v->note.good = false;
        vo_fall_due(re, v, s, v->face, ZYD_VL_MATURITY);
    } else if (s->o->deadline == ZYD_VD_DEFAULTED && v->state == ZYD_VS_MATURED) {
        v->note.good = false;
        vo_default(re, v, s);
    } else {
        nothing(re, s);
    }
}

void re_vouchers_step(struct re_vouchers *p, const struct audit_step *s)
{
    struct vo_voucher *v = s->object == NULL ? NULL : audit_map_get(&p->vouchers, s->object);
    if (s->op != NULL) {
        struct zyd_rd rd = zyd_rd_of(s->op->args);
        zyd_rd_array(&rd, 64);
        if (s->event == ZYD_VE_LINE) {
            line(p, s, &rd);
            return;
        }
        if (s->event == ZYD_VE_ISSUE) {
            issue(p, s, &rd);
            return;
        }
        if (v != NULL) {
            on_voucher(p, v, s, &rd);
            return;
        }
    } else if (v != NULL) {
        by_time(p->re, v, s);
        return;
    }
    nothing(p->re, s);
}
