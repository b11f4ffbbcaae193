/* reverse.c: REVERSE, a correction by mirror image (domain.md 3.0.10), and the note that an event leaves for it.
 *
 * DISBURSE, REPAY, PREPAY, OVERDUE, EXTEND, CURE, RECOVER and WRITE_OFF note down what they found and what they posted.  The
 * note is of the last such event, and good until anything else changes the contract: what came later must be taken back first,
 * or corrected by an ordinary event. */
#include "guarantee.h"

struct undo {
    struct zyd_guarantee_undo h;
    struct cc_signed who;
    struct object before;
    struct claim claim;
    bool full; /* too much to note down */
};

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
    u->full = u->full || u->who.full;
    u->h.signer_count = (uint8_t)u->who.count;
    append(&b, u, u->who.member, u->h.signer_count * 2u);
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
    u.full = u.who.full = false;
    u.who.count = 0;
    memcpy(&u.before, &g->o, sizeof g->o.h + g->o.h.drawdown_count * sizeof g->o.d[0]);
    g->undo = &u;
    g->who.noted = &u.who;
    event(g);
    g->undo = 0;
    undo_store(&u, g);
}

/* The note as it was stored; views into b. */
struct note {
    struct zyd_guarantee_undo h;
    const uint8_t *signers, *object, *claim, *postings, *end;
};

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
    if (!opposite) {
        cc_mirror_check(n.postings, n.end);
    }
    for (uint32_t i = 0; i < n.h.signer_count; i++) {
        uint16_t member;
        memcpy(&member, n.signers + i * 2, 2);
        sign(g, member);
    }
    signed_end(g);
    struct cc_mirror m = {n.postings, n.end, ZYD_GL_REVERSE, param(g, ZYD_GP_SETTLE) == ZYD_GUARANTEE_GROSS};
    cc_mirror_post(&m);
    if (n.h.claim_size != 0) {
        memcpy(&c, n.claim, n.h.claim_size);
        claim_store(&c, g);
    }
    if (n.h.year != 0) {
        breaker_taken_back(g, n.h.year, n.h.s_lo, n.h.s_hi, n.h.event == ZYD_GE_DISBURSE);
    }
    restore(g, &n);
}
