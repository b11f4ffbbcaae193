/* rederive_due.c: what the core firm owes when a voucher falls due, is prepaid, is not paid, or is paid late: recourse goes
 * back along the prior holders, link by link, while each passed it on with recourse (domain.md 3.4). */
#include "rederive_nets.h"

/* Debtor dr / 2141, creditor 1141 / cr: the debtor's row. */
static struct re_line *owe(struct re *re, struct re_lines *l, enum re_kind kind, uint16_t label, uint16_t debtor,
                           const char *dr, uint16_t creditor, const char *cr, int64_t amount)
{
    re_account owed, due;
    re_account_of(owed, re, "2141", creditor);
    re_account_of(due, re, "1141", debtor);
    struct re_line *row = re_line_add(l, kind, debtor, label, dr, owed, amount, NULL);
    re_line_add(l, kind, creditor, label, due, cr, amount, NULL);
    return row;
}

/* Obligations that the step made, so that their settlement is known for what it is. */
static void note_owing(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        struct re_debt *d = re_debt_made(re->debts, s, i);
        if (d != NULL && (v->owing_count == 0 || v->owing[v->owing_count - 1].debt != d)) {
            struct vo_owing *w = re_append((void **)&v->owing, &v->owing_count, sizeof *w);
            *w = (struct vo_owing){d, s->o->postings[i].label, false};
        }
    }
}

void vo_fall_due(struct re *re, struct vo_voucher *v, const struct audit_step *s, int64_t amount, uint16_t label)
{
    struct re_lines l = {.count = 0};
    re_account owed, held, unearned;
    size_t before = v->owing_count;
    vo_account(owed, "2161", v->number);
    vo_account(held, v->financed ? "1171" : "1161", v->number);
    vo_account(unearned, "2152", v->number);
    if (label == ZYD_VL_MATURITY && s->date != v->due) {
        vo_find(re, s, v, RE_VOUCHER_AMOUNT, -1, -1, "it matures on another day than it was issued for");
    }
    struct re_line *row = owe(re, &l, RE_VOUCHER_AMOUNT, label, v->core, owed, v->holder, held, amount);
    re_line_add(&l, RE_VOUCHER_AMOUNT, v->core, label, owed, "4011", v->face - amount, NULL);
    re_line_add(&l, RE_VOUCHER_AMOUNT, v->holder, label, "5041", held, v->face - amount, NULL);
    re_line_add(&l, RE_DISCOUNT_AMOUNT, v->holder, label, unearned, "4011", v->unearned, NULL);
    re_lines_compare(re, s, &l, RE_UNEXPLAINED);
    note_owing(re, v, s);
    v->core_debt = v->owing_count > before ? v->owing[before].debt : NULL;
    v->owed = row == NULL ? amount : row->booked;
    v->unearned = 0;
    v->payable = s->date;
    v->state = ZYD_VS_MATURED;
}

static uint16_t receiver(const struct vo_voucher *v, size_t link)
{
    return link + 1 == v->link_count ? v->holder : v->links[link + 1].member;
}

static void call_next(struct re *re, struct re_lines *l, struct vo_voucher *v)
{
    re_account right, held;
    if (v->called >= v->link_count || v->links[v->link_count - v->called - 1].recourse == 0) {
        return;
    }
    size_t i = v->link_count - v->called - 1;
    vo_account(right, "1165", v->number);
    vo_account(held, "2171", v->number);
    owe(re, l, RE_RECOURSE_AMOUNT, ZYD_VL_RECOURSE, v->links[i].member, right, receiver(v, i), held, v->owed);
    v->called++;
}

/* After a recourse that should not be, or was left out, the chain is where the rows say. */
static void called_as_booked(struct vo_voucher *v, const struct audit_step *s, uint32_t before)
{
    uint32_t calls = 0;
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        calls += s->o->postings[i].label == ZYD_VL_RECOURSE && strncmp(s->o->postings[i].cr, "2141", 4) == 0;
    }
    v->called = before + calls;
}

void vo_default(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    struct re_lines l = {.count = 0};
    int32_t last = audit_pass_workday_add(re->pass, v->terms->t.programme, v->payable,
                                          (uint32_t)vo_param(v, ZYD_VP_DEFAULT_WD));
    if (v->state != ZYD_VS_MATURED || s->date <= last) {
        vo_find(re, s, v, RE_RECOURSE_AMOUNT, -1, -1, "default of what is not due, or before its working days are over");
    }
    uint32_t before = v->called;
    call_next(re, &l, v);
    re_lines_compare(re, s, &l, RE_RECOURSE_AMOUNT);
    note_owing(re, v, s);
    called_as_booked(v, s, before);
    v->state = ZYD_VS_DEFAULTED;
}

/* The first that was settled and not told yet: by block, then by id, as their deadlines fire. */
static struct vo_owing *settled_next(struct vo_voucher *v)
{
    struct vo_owing *first = NULL;
    for (size_t i = 0; i < v->owing_count; i++) {
        struct vo_owing *w = &v->owing[i];
        if (w->told || w->debt->state != RE_DEBT_SETTLED) {
            continue;
        }
        if (first == NULL || w->debt->settled < first->debt->settled ||
            (w->debt->settled == first->debt->settled && memcmp(w->debt->id.b, first->debt->id.b, 32) < 0)) {
            first = w;
        }
    }
    return first;
}

/* The core firm paid late: each receiver passes on what it was, or is to be, paid. */
static void pass_on(struct re *re, struct re_lines *l, const struct vo_voucher *v)
{
    re_account right, held;
    vo_account(right, "1165", v->number);
    vo_account(held, "2171", v->number);
    for (size_t n = 1; n <= v->called && n <= v->link_count; n++) {
        size_t i = v->link_count - n;
        owe(re, l, RE_RECOURSE_AMOUNT, ZYD_VL_PASS_ON, receiver(v, i), held, v->links[i].member, right, v->owed);
    }
}

void vo_settled(struct re *re, struct vo_voucher *v, const struct audit_step *s)
{
    struct re_lines l = {.count = 0};
    struct vo_owing *w = settled_next(v);
    uint32_t before = v->called;
    if (w != NULL) {
        w->told = true;
        v->note.good = false;
    }
    if (w != NULL && w->why == ZYD_VL_RECOURSE && v->state == ZYD_VS_DEFAULTED) {
        call_next(re, &l, v);
    } else if (w != NULL && w->debt == v->core_debt && (v->state == ZYD_VS_MATURED || v->state == ZYD_VS_DEFAULTED)) {
        v->state = ZYD_VS_PAID;
        v->line->used = re_sum(v->line->used, -v->face);
        vo_memo_end(&l, v);
        v->pledgee = RE_NO_MEMBER;
        pass_on(re, &l, v);
    }
    re_lines_compare(re, s, &l, RE_RECOURSE_AMOUNT);
    note_owing(re, v, s);
    called_as_booked(v, s, before);
}
