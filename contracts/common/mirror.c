/* mirror.c: REVERSE, a correction by mirror image (domain.md 3.0.10), and the note that an event leaves for it.
 *
 * A note is of the last event that can be reversed, and good while the object is as that event left it: what came later must be
 * taken back first, or corrected by an ordinary event. */
#include <zyd/common.h>

_Static_assert(offsetof(struct cc_row, dr) == CT_POSTING_HEAD, "the head of a row is read as it stands");

bool cc_row_next(struct cc_row *out, const uint8_t **at, const uint8_t *end)
{
    if (*at == end) {
        return false;
    }
    memcpy(out, *at, CT_POSTING_HEAD);
    out->dr = *at + CT_POSTING_HEAD;
    out->cr = out->dr + out->dr_size;
    *at = out->cr + out->cr_size + out->id_size;
    out->id = out->id_size != 0 ? out->cr + out->cr_size : 0;
    return true;
}

void cc_mirror_check(const uint8_t *rows, const uint8_t *end)
{
    struct cc_row row;
    while (cc_row_next(&row, &rows, end)) {
        struct ct_obligation o;
        if (row.id == 0) {
            continue;
        }
        ct_obligation_get(&o, row.id);
        if (o.state != CT_OBL_CREATED) {
            ct_fail(CC_ALREADY_INSTRUCTED);
        }
    }
}

/* Obligations of the rows that were taken back, and what stands in their place. */
#define OBLIGATIONS 32u /* that the postings of one event may name: one a party at most */
struct taken {
    const struct cc_mirror *m;
    uint32_t count;
    const uint8_t *was[OBLIGATIONS];
    uint8_t is[OBLIGATIONS][CT_ID_SIZE];
    bool opposite[OBLIGATIONS];
};

/* Takes back an obligation: REVERSED when nobody acted on it yet; else an equal opposite one is made (true).  Into out: the id
 * for the mirrored postings. */
static bool take_back(uint8_t out[CT_ID_SIZE], const struct cc_mirror *m, const uint8_t *id)
{
    struct ct_obligation o, opposite;
    memcpy(out, id, CT_ID_SIZE);
    ct_obligation_get(&o, id);
    if (o.state == CT_OBL_CREATED) {
        ct_obligation_move(id, CT_MOVE_REVERSE); /* ends the call when it may not; returns how often a cycle rolled it */
        return false;
    }
    cc_oblige(&opposite, o.creditor, o.debtor, o.amount, m->reason, m->gross);
    memcpy(out, opposite.id, CT_ID_SIZE);
    return true;
}

/* Its place in t; taken back when it is met for the first time. */
static uint32_t taken_at(struct taken *t, const uint8_t *id)
{
    uint32_t i = 0;
    while (i < t->count && memcmp(t->was[i], id, CT_ID_SIZE) != 0) {
        i++;
    }
    if (i == OBLIGATIONS) {
        ct_fail(CC_RANGE);
    }
    if (i == t->count) {
        t->was[t->count++] = id;
        t->opposite[i] = take_back(t->is[i], t->m, id);
    }
    return i;
}

/* With an opposite obligation the debtor has a claim (1141) where it had a debt (2141), and the creditor vice versa. */
static void other_side(char *code)
{
    if (memcmp(code, "2141.", 5) == 0) {
        memcpy(code, "1141.", 5);
    } else if (memcmp(code, "1141.", 5) == 0) {
        memcpy(code, "2141.", 5);
    }
}

static void code_of(char out[CT_ACCOUNT_SIZE], const uint8_t *code, uint8_t size)
{
    memcpy(out, code, size);
    out[size] = 0;
}

void cc_mirror_post(const struct cc_mirror *m)
{
    struct taken t;
    struct cc_row row;
    t.m = m;
    t.count = 0;
    for (const uint8_t *at = m->rows; cc_row_next(&row, &at, m->end);) { /* the opposite obligations first, then the mirror */
        if (row.id != 0) {
            taken_at(&t, row.id);
        }
    }
    for (const uint8_t *at = m->rows; cc_row_next(&row, &at, m->end);) {
        char dr[CT_ACCOUNT_SIZE], cr[CT_ACCOUNT_SIZE];
        uint32_t i = row.id != 0 ? taken_at(&t, row.id) : 0;
        code_of(dr, row.cr, row.cr_size);
        code_of(cr, row.dr, row.dr_size);
        if (row.id != 0 && t.opposite[i]) {
            other_side(dr);
            other_side(cr);
        }
        cc_post(row.member, row.label, dr, cr, row.amount, row.id != 0 ? t.is[i] : 0);
    }
}

static void note_key(uint8_t key[1 + CT_ID_SIZE], const struct ct_call *call)
{
    key[0] = CC_KEY_NOTE;
    memcpy(key + 1, call->object, CT_ID_SIZE);
}

void cc_note_store(const struct ct_call *call, const struct cc_signed *who, const uint8_t after[CT_ID_SIZE], const void *state,
                   uint32_t size)
{
    struct cc_note_head h;
    uint8_t key[1 + CT_ID_SIZE], bytes[CC_NOTE_SIZE];
    uint32_t at = sizeof h, signers = who->count * 2;
    int64_t rows = -1;
    memset(&h, 0, sizeof h);
    if (!who->full && at + signers + size <= sizeof bytes) {
        memcpy(bytes + at, who->member, signers);
        if (size > 0) {
            memcpy(bytes + at + signers, state, size);
        }
        at += signers + size;
        rows = ct_postings(bytes + at, (uint32_t)sizeof bytes - at);
    }
    if (rows < 0) { /* too much to note down: the note of the event before it must not stay either */
        at = sizeof h;
    } else {
        memcpy(h.op_id, call->op_id, sizeof h.op_id);
        memcpy(h.after, after, sizeof h.after);
        h.event = call->event;
        h.state_size = (uint16_t)size;
        h.signer_count = (uint8_t)who->count;
        at += (uint32_t)rows;
    }
    memcpy(bytes, &h, sizeof h);
    note_key(key, call);
    ct_put(key, sizeof key, bytes, at);
}

void cc_reverse_open(struct cc_note *n, const struct ct_call *call, const uint8_t after[CT_ID_SIZE], bool may_oppose)
{
    uint8_t key[1 + CT_ID_SIZE];
    struct ct_rd rd = ct_args(call);
    ct_rd_array(&rd);
    const uint8_t *of = ct_rd_id(&rd);
    ct_rd_u64(&rd, 9999);
    n->opposite = may_oppose && !ct_rd_nil(&rd) && ct_rd_u64(&rd, 1) != 0;
    ct_rd_end(&rd);
    note_key(key, call);
    int64_t size = ct_get(call->contract, key, sizeof key, n->bytes, sizeof n->bytes);
    if (size < (int64_t)sizeof n->h) {
        ct_fail(CC_BAD_STATE); /* nothing that could be reversed */
    }
    memcpy(&n->h, n->bytes, sizeof n->h);
    if (memcmp(n->h.op_id, of, CT_ID_SIZE) != 0) {
        ct_fail(CC_BAD_STATE); /* another event's id */
    }
    n->signers = n->bytes + sizeof n->h;
    n->state = n->signers + n->h.signer_count * 2u;
    n->rows = n->state + n->h.state_size;
    n->end = n->bytes + size;
    if (!n->opposite) {
        cc_mirror_check(n->rows, n->end); /* first: what a payment changed came of it, and 3.0.10 has a code for that */
    }
    if (memcmp(n->h.after, after, CT_ID_SIZE) != 0) {
        ct_fail(CC_BAD_STATE); /* something came later */
    }
}

void cc_reverse_signed(const struct cc_note *n, struct cc_signers *who)
{
    for (uint32_t i = 0; i < n->h.signer_count; i++) {
        uint16_t member;
        memcpy(&member, n->signers + i * 2, 2);
        cc_sign(who, member);
    }
    cc_signed_end(who);
}

void cc_reverse_post(const struct cc_note *n, const struct ct_call *call, uint16_t reason, bool gross)
{
    struct cc_note_head used;
    uint8_t key[1 + CT_ID_SIZE];
    struct cc_mirror m = {n->rows, n->end, reason, gross};
    cc_mirror_post(&m);
    memset(&used, 0, sizeof used);
    note_key(key, call);
    ct_put(key, sizeof key, &used, sizeof used);
}
