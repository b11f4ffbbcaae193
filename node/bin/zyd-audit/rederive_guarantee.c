/* rederive_guarantee.c: product (a): its programmes, contracts, lists and grades, what is reversed, and which event is what. */
#include "rederive_contract.h"
#include <stdio.h>
#include <stdlib.h>

#define LOAN_COLUMNS 8u

struct re_guarantee {
    struct re *re;
    struct audit_map contracts, lists, grades;
    struct gu_terms *terms[256];
};
struct gu_list { /* loans enrolled under one signature */
    struct gu_terms *terms;
    uint16_t bank;
    uint32_t taken;
    int64_t total, drawn;
};
struct gu_grade {
    uint64_t value;
    int32_t until;
};

static void drop_before(struct gu_contract *c)
{
    if (c->before != NULL) {
        free(c->before->d); /* the lists in it are those of c */
        free(c->before->after);
        free(c->before);
    }
    c->before = NULL;
}

static void contract_free(void *p)
{
    struct gu_contract *c = p;
    drop_before(c);
    for (size_t i = 0; i < c->d_count; i++) {
        free(c->d[i].repaid);
    }
    free(c->d);
    free(c->after);
    free(c->spells);
    free(c->note.posted);
    free(c);
}

struct re_guarantee *re_guarantee_new(struct re *re)
{
    struct re_guarantee *p = re_new(sizeof *p);
    p->re = re;
    return p;
}

void re_guarantee_free(struct re_guarantee *p)
{
    audit_map_free(&p->contracts, contract_free);
    audit_map_free(&p->lists, free);
    audit_map_free(&p->grades, free);
    for (size_t i = 0; i < 256; i++) {
        free(p->terms[i]);
    }
    free(p);
}

/* Tiers (zyd/guarantee.h): other shares for loans up to an amount and borrowers of a grade. */
static bool read_tiers(struct gu_terms *t, struct zyd_rd *rd, size_t tree_size)
{
    struct zyd_span bin = zyd_rd_bin(rd, ZYD_RECORD_VALUE_MAX);
    size_t row = ZYD_GUARANTEE_TIER_HEAD + tree_size;
    if (rd->bad || bin.size < 2 || (bin.size - 2) % row != 0 || (bin.size - 2) / row > ZYD_GUARANTEE_TIERS_MAX) {
        return false;
    }
    t->grades = zyd_get16(bin.data);
    for (const uint8_t *p = bin.data + 2; p < bin.data + bin.size; p += row) {
        struct gu_tree *tier = &t->tiers[t->tier_count++];
        if (!gu_tree_read(tier, zyd_span(p + ZYD_GUARANTEE_TIER_HEAD, tree_size))) {
            return false;
        }
        tier->most = (int64_t)zyd_get64(p);
        tier->grade = p[8];
    }
    return true;
}

static bool read_trees(struct gu_terms *t, struct zyd_span rest)
{
    struct zyd_rd rd = zyd_rd_of(rest);
    struct zyd_span nodes = zyd_rd_bin(&rd, rest.size);
    if (!gu_tree_read(&t->tree, nodes)) {
        return false;
    }
    zyd_rd_skip(&rd); /* banks, names, documents */
    zyd_rd_skip(&rd);
    zyd_rd_skip(&rd);
    return rd.pos == rd.size || read_tiers(t, &rd, nodes.size);
}

static struct gu_terms *terms_of(struct re_guarantee *p, uint16_t programme)
{
    struct zyd_span rest;
    if (programme > 255 || p->terms[programme] != NULL) {
        return programme > 255 ? NULL : p->terms[programme];
    }
    struct gu_terms *t = re_new(sizeof *t);
    if (re_terms_read(p->re, &t->t, programme, ZYD_GUARANTEE_PARAM_COUNT, &rest) && read_trees(t, rest)) {
        return p->terms[programme] = t;
    }
    free(t);
    return NULL;
}

/* ---- REVERSE ---- */

static void remember(struct gu_contract *c, const struct audit_step *s)
{
    drop_before(c);
    c->before = re_new(sizeof *c->before);
    *c->before = *c;
    c->before->before = NULL;
    c->before->d = re_new((c->d_count + 1) * sizeof *c->d);
    if (c->d_count > 0) {
        memcpy(c->before->d, c->d, c->d_count * sizeof *c->d);
    }
    if (c->after != NULL) {
        c->before->after = re_new(sizeof *c->after);
        *c->before->after = *c->after;
    }
    c->s_added = 0;
    re_note_take(&c->note, s);
}

static void reverse(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    if (!re_note_mirror(re, s, &c->note) || c->before == NULL) {
        return;
    }
    gu_period(c->terms, s->date);
    if (c->s_year == c->terms->year && c->s_added <= c->terms->s) {
        c->terms->s -= c->s_added;
    }
    struct gu_contract was = *c->before, now = *c;
    for (size_t i = 0; i < was.d_count; i++) { /* lists only grow: the count says what is known again */
        was.d[i].repaid = now.d[i].repaid;
    }
    for (size_t i = was.d_count; i < now.d_count; i++) {
        free(now.d[i].repaid);
    }
    free(now.d);
    free(now.after);
    free(now.before);
    was.before = NULL;
    was.note = now.note;
    was.spells = now.spells;
    was.shifted = now.shifted;
    was.terms = now.terms;
    *c = was;
}

/* ---- the door ---- */

static void grade_key(struct zyd_hash *out, uint16_t programme, const struct zyd_hash *borrower)
{
    uint8_t bytes[2 + 32];
    zyd_put16(bytes, programme);
    memcpy(bytes + 2, borrower->b, 32);
    zyd_sha256(out, bytes, sizeof bytes);
}

static void borrower_read(struct gu_contract *c, struct zyd_rd *rd)
{
    struct zyd_span raw = zyd_rd_skip(rd); /* canonical: one borrower, one sequence of bytes */
    zyd_sha256(&c->borrower, raw.data, raw.size);
}

/* The first tier that fits; what grade the borrower has is the register's word on the day. */
static void choose(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, int64_t amount)
{
    const struct gu_terms *t = c->terms;
    struct zyd_hash key;
    grade_key(&key, t->grades, &c->borrower);
    const struct gu_grade *g = audit_map_get(&p->grades, &key);
    uint64_t grade = g == NULL || g->until < s->date ? 0 : g->value;
    for (size_t i = 0; i < t->tier_count; i++) {
        const struct gu_tree *x = &t->tiers[i];
        if ((x->most == 0 || amount <= x->most) && (x->grade == 0 || x->grade == grade)) {
            c->tree = x;
            return;
        }
    }
    if (t->tier_count > 0) {
        re_find(p->re, s, RE_SHARE_AMOUNT, c->bank, 0, 0, -1, -1, "no tier of shares fits the loan");
    }
}

static void opening(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    uint64_t state = zyd_rd_u64(rd, 255);
    borrower_read(c, rd);
    struct gu_drawdown *d = re_append((void **)&c->d, &c->d_count, sizeof *d);
    d->number = 1;
    d->principal = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    d->balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    choose(p, c, s, d->principal);
    d->rate_ppm = zyd_rd_nil(rd) ? 0 : (uint32_t)zyd_rd_u64(rd, RE_PPM);
    d->value_date = (int32_t)zyd_rd_u64(rd, 99991231);
    d->settled_to = zyd_rd_nil(rd) ? d->value_date : (int32_t)zyd_rd_u64(rd, 99991231);
    d->maturity = (int32_t)zyd_rd_u64(rd, 99991231);
    d->interest = zyd_rd_nil(rd) ? 0 : (int64_t)zyd_rd_u64(rd, INT64_MAX);
    c->overdue = zyd_rd_nil(rd) ? 0 : (int32_t)zyd_rd_u64(rd, 99991231);
    c->is_overdue = state == ZYD_GS_OVERDUE;
    c->opening = true;
    if (state == ZYD_GS_RECOVERING) {
        gu_opening_claim(c, rd);
    } else {
        zyd_rd_nil(rd);
    }
    gu_period(c->terms, s->date);
    if (!zyd_rd_nil(rd)) {
        c->terms->s = zyd_rd_u64(rd, UINT64_MAX);
    }
    if (!zyd_rd_nil(rd)) {
        c->terms->used = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    }
}

static struct gu_contract *contract_new(struct re_guarantee *p, struct gu_terms *t, const struct zyd_hash *id, uint16_t bank)
{
    struct gu_contract *c = re_new(sizeof *c);
    c->terms = t;
    c->tree = &t->tree;
    c->bank = bank;
    c->fee_ppm = gu_param(c, ZYD_GP_FEE_PPM);
    audit_map_put(&p->contracts, id, c);
    return c;
}

static void begin(struct re_guarantee *p, const struct audit_step *s, struct zyd_rd *rd)
{
    struct gu_terms *t = terms_of(p, s->programme);
    if (t == NULL || s->object == NULL) {
        return;
    }
    if (s->event == ZYD_GE_ENROL_LIST) {
        struct gu_list *l = re_new(sizeof *l);
        l->terms = t;
        l->bank = s->op->member;
        zyd_rd_skip(rd); /* root and number of the loans */
        zyd_rd_skip(rd);
        l->total = (int64_t)zyd_rd_u64(rd, INT64_MAX);
        audit_map_put(&p->lists, s->object, l);
        gu_nothing(p->re, s);
        return;
    }
    struct gu_contract *c = contract_new(p, t, s->object, s->op->member);
    if (s->event == ZYD_GE_OPENING) {
        opening(p, c, s, rd);
    } else {
        borrower_read(c, rd);
        gu_nothing(p->re, s);
    }
}

/* One loan of the list becomes a contract with a drawdown. */
static void take_one(struct re_guarantee *p, struct gu_list *l, const struct audit_step *s, struct re_rows *rows,
                     struct zyd_rd *rd)
{
    static const char tag[] = ZYD_GUARANTEE_CHILD_TAG;
    uint8_t bytes[sizeof tag - 1 + 32 + 2];
    struct gu_drawdown d = {.number = 0};
    struct zyd_hash id;
    char ref[36];
    memcpy(bytes, tag, sizeof tag - 1);
    memcpy(bytes + sizeof tag - 1, s->object->b, 32);
    zyd_put16(bytes + sizeof bytes - 2, (uint16_t)l->taken++);
    zyd_sha256(&id, bytes, sizeof bytes);
    struct gu_contract *c = contract_new(p, l->terms, &id, l->bank);
    zyd_rd_array_of(rd, LOAN_COLUMNS);
    d.number = (uint32_t)zyd_rd_u64(rd, UINT32_MAX);
    borrower_read(c, rd);
    d.principal = d.balance = (int64_t)zyd_rd_u64(rd, INT64_MAX);
    d.value_date = d.settled_to = (int32_t)zyd_rd_u64(rd, 99991231);
    d.maturity = (int32_t)zyd_rd_u64(rd, 99991231);
    d.rate_ppm = (uint32_t)zyd_rd_u64(rd, RE_PPM);
    zyd_rd_skip(rd); /* place, consent */
    zyd_rd_skip(rd);
    choose(p, c, s, d.principal);
    gu_draw(rows, c, s, d);
    l->drawn += d.principal;
    snprintf(ref, sizeof ref, "%.20s/%u", s->ref, (unsigned)d.number);
    audit_pass_know(p->re->pass, &id, l->terms->t.programme, ref);
}

static void take_up(struct re_guarantee *p, struct gu_list *l, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re_rows rows = {.count = 0};
    zyd_rd_skip(rd); /* place of the first */
    for (uint32_t n = zyd_rd_array(rd, ZYD_GUARANTEE_PIECE_MAX); n > 0 && !rd->bad; n--) {
        take_one(p, l, s, &rows, rd);
    }
    if (l->drawn > l->total) {
        re_find(p->re, s, RE_LOAN_AMOUNT, l->bank, 0, 0, l->drawn, l->total, "more was taken up than was signed");
    }
    re_compare(p->re, s, &rows, RE_UNEXPLAINED, 0, 0);
}

void re_guarantee_grade(struct re_guarantee *p, const struct audit_step *s)
{
    struct zyd_rd rd = zyd_rd_of(s->op->args);
    struct zyd_hash borrower, key;
    zyd_rd_array(&rd, 64);
    struct zyd_span raw = zyd_rd_skip(&rd);
    zyd_sha256(&borrower, raw.data, raw.size);
    grade_key(&key, s->programme, &borrower);
    struct gu_grade *g = audit_map_get(&p->grades, &key);
    if (g == NULL) {
        g = re_new(sizeof *g);
        audit_map_put(&p->grades, &key, g);
    }
    g->value = zyd_rd_u64(&rd, 255);
    g->until = (int32_t)zyd_rd_u64(&rd, 99991231);
}

static void offer(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    choose(p, c, s, (int64_t)zyd_rd_u64(rd, INT64_MAX));
    if (!zyd_rd_nil(rd)) {
        c->fee_ppm = zyd_rd_u64(rd, RE_PPM);
    }
}

static bool is_reversible(uint16_t event)
{
    return event == ZYD_GE_DISBURSE || event == ZYD_GE_REPAY || event == ZYD_GE_PREPAY || event == ZYD_GE_OVERDUE ||
           event == ZYD_GE_EXTEND || event == ZYD_GE_CURE || event == ZYD_GE_RECOVER || event == ZYD_GE_WRITE_OFF;
}

static void member_event(struct re_guarantee *p, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd)
{
    struct re *re = p->re;
    if (is_reversible(s->event)) {
        remember(c, s);
    }
    switch ((enum zyd_guarantee_event)s->event) {
    case ZYD_GE_DISBURSE:
        gu_disburse(re, c, s, rd);
        break;
    case ZYD_GE_REPAY:
    case ZYD_GE_PREPAY:
        gu_repay(re, c, s, rd);
        break;
    case ZYD_GE_OVERDUE:
        gu_overdue(re, c, s, rd);
        break;
    case ZYD_GE_EXTEND:
        gu_extend(re, c, s, rd);
        break;
    case ZYD_GE_CURE:
        gu_cure(re, c, s, rd);
        break;
    case ZYD_GE_CLAIM:
    case ZYD_GE_REFUSE:
    case ZYD_GE_DISPUTE:
        gu_claim_event(re, c, s);
        break;
    case ZYD_GE_FLAG_SHIFT:
        c->shifted = zyd_rd_u64(rd, 1) != 0;
        gu_nothing(re, s);
        break;
    case ZYD_GE_APPROVE:
        gu_approve(re, c, s, (int64_t)zyd_rd_u64(rd, INT64_MAX));
        break;
    case ZYD_GE_RESOLVE:
        gu_resolve(re, c, s);
        break;
    case ZYD_GE_RECOVER:
        gu_recover(re, c, s);
        break;
    case ZYD_GE_WRITE_OFF:
        gu_write_off(re, c, s);
        break;
    case ZYD_GE_RELEASE:
        gu_release(re, c, s);
        break;
    case ZYD_GE_REVERSE:
        reverse(re, c, s);
        break;
    case ZYD_GE_ISSUE:
        c->issued = true;
        gu_nothing(re, s);
        break;
    case ZYD_GE_REJECT:
    case ZYD_GE_CANCEL:
        c->ended = true;
        gu_nothing(re, s);
        break;
    case ZYD_GE_OFFER:
        offer(p, c, s, rd);
        gu_nothing(re, s);
        break;
    default: /* no other event books anything */
        gu_nothing(re, s);
    }
}

static void sys_event(struct re *re, struct gu_contract *c, const struct audit_step *s)
{
    switch ((enum zyd_guarantee_deadline)s->o->deadline) {
    case ZYD_GD_INT_SETTLE:
        gu_int_settle(re, c, s);
        break;
    case ZYD_GD_OVERDUE:
        gu_overdue(re, c, s, NULL);
        break;
    case ZYD_GD_RELEASE:
        gu_release(re, c, s);
        break;
    case ZYD_GD_SILENCE:
        if (gu_param(c, ZYD_GP_SILENCE) == ZYD_GUARANTEE_SILENCE_APPROVE && !c->shifted) {
            gu_approve(re, c, s, -1);
            break;
        }
        gu_nothing(re, s);
        break;
    case ZYD_GD_LAPSE:
        c->ended = true;
        gu_nothing(re, s);
        break;
    default:
        gu_nothing(re, s);
    }
}

void re_guarantee_step(struct re_guarantee *p, const struct audit_step *s)
{
    struct gu_contract *c = s->object == NULL ? NULL : audit_map_get(&p->contracts, s->object);
    struct zyd_rd rd = zyd_rd_of(s->op == NULL ? zyd_span(NULL, 0) : s->op->args);
    if (s->op == NULL) {
        if (c != NULL) {
            sys_event(p->re, c, s);
        }
        return;
    }
    zyd_rd_array(&rd, 64);
    struct gu_list *l = s->object == NULL ? NULL : audit_map_get(&p->lists, s->object);
    if (s->event == ZYD_GE_APPLY || s->event == ZYD_GE_OPENING || s->event == ZYD_GE_ENROL_LIST) {
        begin(p, s, &rd);
    } else if (c != NULL) {
        member_event(p, c, s, &rd);
    } else if (l != NULL && s->event == ZYD_GE_TAKE_UP) {
        take_up(p, l, s, &rd);
    }
}

bool re_guarantee_drawn(const struct re_guarantee *p, struct re_drawn *out, const struct zyd_hash *object, uint32_t number)
{
    const struct gu_contract *c = audit_map_get(&p->contracts, object);
    const struct gu_drawdown *d = c == NULL ? NULL : gu_drawdown_of(c, number);
    if (d != NULL) {
        *out = (struct re_drawn){d->balance, d->maturity};
    }
    return d != NULL;
}

enum re_left re_guarantee_left(const struct re_guarantee *p, int64_t *part, const struct zyd_hash *object, uint16_t bank,
                               const struct zyd_hash *borrower)
{
    const struct gu_contract *c = audit_map_get(&p->contracts, object);
    if (c == NULL || c->bank != bank || !zyd_hash_eq(&c->borrower, borrower)) {
        return RE_LEFT_OPEN;
    }
    if (c->after != NULL) {
        *part = c->after->bank_part + c->after->overflow;
        return RE_LEFT_PART;
    }
    bool drawn = c->d_count > 0, over = c->ended || (drawn && gu_principal(c) == 0);
    return over || !(drawn || c->issued) ? RE_LEFT_ALL : RE_LEFT_OPEN;
}

bool re_guarantee_overdue(const struct re_guarantee *p, const struct zyd_hash *object, int32_t from, int32_t until, int32_t to)
{
    const struct gu_contract *c = audit_map_get(&p->contracts, object);
    if (c == NULL) {
        return false;
    }
    for (size_t i = 0; i < c->spell_count; i++) {
        const struct gu_segment *x = &c->spells[i];
        if (x->from < x->to && ((x->from < until && x->to > from) || (x->from <= to && x->to > to))) {
            return true;
        }
    }
    return c->overdue != 0 && c->overdue <= to;
}
