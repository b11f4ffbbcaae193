/* reverse.c: REVERSE, a correction by mirror image (domain.md 3.0.10), and the note that an event leaves for it.
 *
 * DISBURSE, REPAY, PREPAY, OVERDUE, EXTEND, CURE, RECOVER and WRITE_OFF note down what they found and what they posted.  The note
 * is of the last such event, and good until anything else changes the contract: what came later must be taken back first, or
 * corrected by an ordinary event. */
#include "guarantee.h"

#define SIGNERS 16u
#define OBLIGATIONS 32u /* that the postings of one event may name: one a party at most */

struct undo {
    struct zyd_guarantee_undo h;
    uint16_t signers[SIGNERS];
    struct object before;
    struct claim claim;
    bool full; /* too much to note down */
};

void undo_note_signer(struct undo *u, uint16_t member)
{
    for (uint32_t i = 0; i < u->h.signer_count; i++) {
        if (u->signers[i] == member) {
            return;
        }
    }
    if (u->h.signer_count == SIGNERS) {
        u->full = true;
        return;
    }
    u->signers[u->h.signer_count++] = member;
}

void undo_note_claim(struct undo *u, const struct claim *c, uint32_t size)
{
    memcpy(&u->claim, c, size);
    u->h.claim_size = (uint16_t)size;
}

void undo_note_days(struct undo *u, int32_t year, uint64_t lo, uint64_t hi)
{
    u->h.year = year;
    u->h.s_lo = lo;
    u->h.s_hi = hi;
}

struct buffer {
    uint8_t bytes[4096]; /* a record's greatest size */
    uint32_t size;
};

static void append(struct buffer *b, struct undo *u, const void *part, uint32_t size)
{
    if (b->size + size > sizeof b->bytes) {
        u->full = true;
        return;
    }
    memcpy(b->bytes + b->size, part, size);
    b->size += size;
}

static void undo_key(uint8_t key[1 + CT_ID_SIZE], const struct gu *g)
{
    key[0] = ZYD_GUARANTEE_KEY_UNDO;
    memcpy(key + 1, g->call->object, CT_ID_SIZE);
}

static void undo_store(struct undo *u, const struct gu *g)
{
    struct buffer b;
    uint8_t key[1 + CT_ID_SIZE];
    b.size = sizeof u->h;
    memcpy(u->h.op_id, g->call->op_id, sizeof u->h.op_id);
    u->h.event = g->call->event;
    u->h.changes = g->o.h.changes;
    append(&b, u, u->signers, u->h.signer_count * 2u);
    append(&b, u, &u->before.h, sizeof u->before.h);
    for (uint32_t i = 0; i < u->before.h.drawdown_count; i++) {
        if (memcmp(&u->before.d[i], &g->o.d[i], sizeof g->o.d[i]) != 0) {
            u->h.drawdowns = (uint16_t)(u->h.drawdowns | 1u << i);
            append(&b, u, &u->before.d[i], sizeof g->o.d[i]);
        }
    }
    append(&b, u, &u->claim, u->h.claim_size);
    int64_t postings = ct_postings(b.bytes + b.size, sizeof b.bytes - b.size);
    if (u->full || postings < 0) { /* the note of the event before it must not stay either */
        memset(&u->h, 0, sizeof u->h);
        b.size = sizeof u->h;
    } else {
        b.size += (uint32_t)postings;
    }
    memcpy(b.bytes, &u->h, sizeof u->h);
    undo_key(key, g);
    ct_put(key, sizeof key, b.bytes, b.size);
}

void reversible(struct gu *g, void (*event)(struct gu *g))
{
    struct undo u;
    memset(&u.h, 0, sizeof u.h);
    u.full = false;
    memcpy(&u.before, &g->o, sizeof g->o.h + g->o.h.drawdown_count * sizeof g->o.d[0]);
    g->undo = &u;
    event(g);
    g->undo = 0;
    undo_store(&u, g);
}

/* The note as it was stored; views into b. */
struct note {
    struct zyd_guarantee_undo h;
    const uint8_t *signers, *object, *claim, *postings, *end;
};

/* A posting of the note (ct_postings). */
struct row {
    uint16_t member, label;
    uint8_t dr_size, cr_size, id_size, zero;
    int64_t amount;
    const uint8_t *dr, *cr, *id; /* id: of the obligation, or NULL */
};
_Static_assert(offsetof(struct row, dr) == CT_POSTING_HEAD, "the head of a row is read as it stands");

static bool row_next(struct row *out, const struct note *n, const uint8_t **at)
{
    if (*at == n->end) {
        return false;
    }
    memcpy(out, *at, CT_POSTING_HEAD);
    out->dr = *at + CT_POSTING_HEAD;
    out->cr = out->dr + out->dr_size;
    *at = out->cr + out->cr_size + out->id_size;
    out->id = out->id_size != 0 ? out->cr + out->cr_size : 0;
    return true;
}

static void note_load(struct note *n, struct buffer *b, const struct gu *g)
{
    uint8_t key[1 + CT_ID_SIZE];
    undo_key(key, g);
    int64_t size = ct_get(g->call->contract, key, sizeof key, b->bytes, sizeof b->bytes);
    if (size < (int64_t)sizeof n->h) {
        ct_fail(E_BAD_STATE); /* nothing that could be reversed */
    }
    memcpy(&n->h, b->bytes, sizeof n->h);
    n->end = b->bytes + size;
    n->signers = b->bytes + sizeof n->h;
    n->object = n->signers + n->h.signer_count * 2u;
    n->claim = n->object + sizeof g->o.h;
    for (uint32_t i = 0; i < ZYD_GUARANTEE_DRAWDOWNS_MAX; i++) {
        n->claim += n->h.drawdowns >> i & 1 ? sizeof g->o.d[0] : 0;
    }
    n->postings = n->claim + n->h.claim_size;
}

/* With an opposite obligation the debtor has a claim (1141) where it had a debt (2141), and the creditor the other way round. */
static void other_side(char *code)
{
    if (memcmp(code, "2141.", 5) == 0) {
        memcpy(code, "1141.", 5);
    } else if (memcmp(code, "1141.", 5) == 0) {
        memcpy(code, "2141.", 5);
    }
}

/* Takes back an obligation: REVERSED when nobody acted on it yet; else an equal opposite one is made.  Into out: the id for the
 * mirrored postings. */
static bool take_back(uint8_t out[CT_ID_SIZE], const struct gu *g, const uint8_t *id)
{
    struct ct_obligation o, opposite;
    memcpy(out, id, CT_ID_SIZE);
    ct_obligation_get(&o, id);
    if (o.state == CT_OBL_CREATED) {
        uint32_t code = ct_obligation_move(id, CT_MOVE_REVERSE);
        if (code != 0) {
            ct_fail(code);
        }
        return false;
    }
    oblige(&opposite, g, o.creditor, o.debtor, o.amount, ZYD_GL_REVERSE);
    memcpy(out, opposite.id, CT_ID_SIZE);
    return true;
}

/* Obligations of the note that were taken back, and what stands in their place. */
struct taken {
    uint32_t count;
    const uint8_t *was[OBLIGATIONS];
    uint8_t is[OBLIGATIONS][CT_ID_SIZE];
    bool opposite[OBLIGATIONS];
};

/* Its place in t; taken back when it is met for the first time. */
static uint32_t taken_at(struct taken *t, const struct gu *g, const uint8_t *id)
{
    uint32_t i = 0;
    while (i < t->count && memcmp(t->was[i], id, CT_ID_SIZE) != 0) {
        i++;
    }
    if (i == OBLIGATIONS) {
        ct_fail(E_RANGE);
    }
    if (i == t->count) {
        t->was[t->count++] = id;
        t->opposite[i] = take_back(t->is[i], g, id);
    }
    return i;
}

static void code_of(char out[CT_ACCOUNT_SIZE], const uint8_t *code, uint8_t size)
{
    memcpy(out, code, size);
    out[size] = 0;
}

static void post_mirror(const struct gu *g, const struct note *n)
{
    struct taken t;
    struct row row;
    t.count = 0;
    for (const uint8_t *at = n->postings; row_next(&row, n, &at);) { /* the opposite obligations first, then the mirror */
        if (row.id != 0) {
            taken_at(&t, g, row.id);
        }
    }
    for (const uint8_t *at = n->postings; row_next(&row, n, &at);) {
        char dr[CT_ACCOUNT_SIZE], cr[CT_ACCOUNT_SIZE];
        uint32_t i = row.id != 0 ? taken_at(&t, g, row.id) : 0;
        code_of(dr, row.cr, row.cr_size);
        code_of(cr, row.dr, row.dr_size);
        if (row.id != 0 && t.opposite[i]) {
            other_side(dr);
            other_side(cr);
        }
        cc_post(row.member, row.label, dr, cr, row.amount, row.id != 0 ? t.is[i] : 0);
    }
}

/* The contract as the event found it; its deadlines follow from its state. */
static void restore(struct gu *g, const struct note *n)
{
    uint8_t was = g->o.h.state;
    struct loan_dates dates = was == ZYD_GS_ACTIVE ? loan_dates(g) : (struct loan_dates){0, 0};
    int64_t before = committed(g);
    struct zyd_guarantee_object now = g->o.h;
    const uint8_t *d = n->object + sizeof g->o.h;
    memcpy(&g->o.h, n->object, sizeof g->o.h);
    g->o.h.changes = now.changes;
    g->o.h.frozen_by = now.frozen_by; /* what an auditor laid over it since stays */
    g->o.h.flags = (uint8_t)((g->o.h.flags & ~ZYD_GF_FROZEN) | (now.flags & ZYD_GF_FROZEN));
    g->o.h.more = (uint8_t)((g->o.h.more & ~ZYD_GM_SHIFTED) | (now.more & ZYD_GM_SHIFTED));
    for (uint32_t i = 0; i < g->o.h.drawdown_count; i++) {
        if (n->h.drawdowns >> i & 1) {
            memcpy(&g->o.d[i], d, sizeof g->o.d[i]);
            d += sizeof g->o.d[i];
        }
    }
    exposure_move(g, before);
    object_store(g);
    if (was == ZYD_GS_RELEASED) {
        household_again(g);
    }
    loan_deadlines(g, dates);
    if (g->o.h.state == ZYD_GS_OVERDUE && was != ZYD_GS_OVERDUE) {
        deadline_release(g);
    } else if (g->o.h.state != ZYD_GS_OVERDUE && was == ZYD_GS_OVERDUE) {
        deadline_clear(g, ZYD_GD_RELEASE);
    } else if (g->o.h.state == ZYD_GS_ISSUED) {
        deadline_at(g, ZYD_GD_LAPSE, zyd_date_add(g->o.h.valid_until, 1));
    }
}

/* REVERSE: the last event, by its own signers.  Inputs: its op_id, reason code, whether opposite obligations may stand against
 * those that are settled or in a cycle; else they are 9107. */
void event_reverse(struct gu *g)
{
    struct buffer b;
    struct note n;
    struct claim c;
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    const uint8_t *of = ct_rd_id(&rd);
    ct_rd_u64(&rd, 9999);
    bool opposite = !ct_rd_nil(&rd) && ct_rd_u64(&rd, 1) != 0;
    ct_rd_end(&rd);
    note_load(&n, &b, g);
    if (memcmp(n.h.op_id, of, sizeof n.h.op_id) != 0 || n.h.changes != g->o.h.changes) {
        ct_fail(E_BAD_STATE);
    }
    struct row row;
    for (const uint8_t *at = n.postings; row_next(&row, &n, &at);) {
        struct ct_obligation o;
        if (row.id == 0) {
            continue;
        }
        ct_obligation_get(&o, row.id);
        if (o.state != CT_OBL_CREATED && !opposite) {
            ct_fail(E_ALREADY_INSTRUCTED);
        }
    }
    for (uint32_t i = 0; i < n.h.signer_count; i++) {
        uint16_t member;
        memcpy(&member, n.signers + i * 2, 2);
        sign(g, member);
    }
    signed_end(g);
    post_mirror(g, &n);
    if (n.h.claim_size != 0) {
        memcpy(&c, n.claim, n.h.claim_size);
        claim_store(&c, g);
    }
    if (n.h.year != 0) {
        breaker_taken_back(g, n.h.year, n.h.s_lo, n.h.s_hi, n.h.event == ZYD_GE_DISBURSE);
    }
    restore(g, &n);
}
