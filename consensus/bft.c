/* The one door: init, step, status.  A step reads one input, then settles: it applies every level-triggered rule until
 * nothing more follows, so no rule depends on which input came last. */
#include <stdarg.h>

#include "bft_internal.h"

size_t zyd_bft_footprint(void)
{
    return sizeof(struct zyd_bft);
}

/* consensus.md 1.3: a cache may skip a signature only if key, preimage and signature bytes are those of one verified. */
static bool cached_verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct zyd_bft *b = ctx;
    const uint8_t *p = msg;
    if (size == ZYD_VOTE_PREIMAGE_SIZE) {
        uint8_t type = p[56];
        uint64_t view = zyd_get64(p + 57);
        struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
        for (uint8_t i = 0; slot != NULL && type >= 1 && type <= 3 && i < b->n; i++) {
            const struct zyd_bft_ballot *ballot = &slot->ballot[type - 1];
            if ((ballot->bits >> i & 1) == 0 || memcmp(ballot->sig[i].b, sig->b, sizeof sig->b) != 0 ||
                memcmp(b->cfg.pks[i].b, pk->b, sizeof pk->b) != 0) {
                continue;
            }
            uint8_t known[ZYD_VOTE_PREIMAGE_SIZE];
            struct zyd_vote vote = {.type = type, .epoch = b->cfg.epoch, .view = view, .height = ballot->height[i],
                                    .hash = ballot->hash[i], .signer = i};
            zyd_vote_preimage(known, &b->cfg.chain_id, &vote);
            if (memcmp(known, msg, size) == 0) {
                return true;
            }
        }
    }
    return b->cfg.sig.verify(b->cfg.sig.ctx, pk, msg, size, sig);
}

struct zyd_bft *zyd_bft_init(void *mem, const struct zyd_bft_config *config)
{
    struct zyd_bft *b = mem;
    zyd_assert(config->n >= 1);
    zyd_assert(config->n <= ZYD_VALIDATORS_MAX);
    zyd_assert(config->me < config->n || config->me == ZYD_BFT_OBSERVER);
    memset(b, 0, offsetof(struct zyd_bft, cells));
    b->cfg = *config;
    b->cached_sig = (struct zyd_sig_ops){.ctx = b, .verify = cached_verify, .sign = NULL};
    b->n = config->n;
    b->f = zyd_quorum_f(b->n);
    b->q = zyd_quorum_q(b->n);
    if (MUTANT(MUTANT_QUORUM_MINUS_ONE)) {
        b->q -= 1;
    }
    uint8_t epoch[8];
    struct zyd_hash h;
    zyd_put64(epoch, config->epoch);
    zyd_hash2(&h, "zyd/leader/1", config->chain_id.b, 32, epoch, sizeof epoch);
    b->leader_base = zyd_get64(h.b) % b->n;
    b->rng = config->seed;
    b->head = config->genesis;
    zyd_header_hash(&b->head_hash, &b->head);
    b->view = 1;
    b->building = NONE;
    b->t_lead_ms = b->t_adv_ms = NEVER;
    b->resend_ms = b->status_ms = b->hunt_ms = b->behind_ms = NEVER;
    b->wake_ms = NEVER;
    b->budget = BUDGET_MAX;
    b->ahead_peer = ZYD_BFT_OBSERVER;
    for (size_t i = 0; i < RING; i++) {
        b->slots[i].proposal[0] = b->slots[i].proposal[1] = NONE;
    }
    return b;
}

/* ---- outputs ---- */

struct zyd_bft_out *zyd_bft_emit(struct zyd_bft *b, enum zyd_bft_out_kind kind)
{
    size_t max = kind == ZYD_BFT_OUT_SEND || kind == ZYD_BFT_OUT_TRACE || kind == ZYD_BFT_OUT_EVIDENCE ? OUT_SOFT_MAX
                                                                                                       : ZYD_BFT_OUT_MAX;
    if (kind == ZYD_BFT_OUT_TRACE && b->trace_count++ >= TRACE_MAX) {
        return NULL;
    }
    if (b->out_count >= max) {
        zyd_assert(max == OUT_SOFT_MAX); /* records and commits always fit: at most 2 * BLOCKS_MAX + 2 * JUST_MAX */
        b->dropped++;
        return NULL;
    }
    struct zyd_bft_out *out = &b->outs[b->out_count++];
    memset(out, 0, sizeof *out);
    out->kind = kind;
    return out;
}

static void put_text(struct zyd_bft *b, const char *text, size_t size)
{
    if (size <= OUT_BYTES - b->bytes_used) {
        memcpy(b->bytes + b->bytes_used, text, size);
        b->bytes_used += size;
    }
}

static void put_number(struct zyd_bft *b, uint64_t v)
{
    char text[20];
    size_t at = sizeof text;
    do {
        text[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    put_text(b, text + at, sizeof text - at);
}

static void put_hash(struct zyd_bft *b, const struct zyd_hash *h)
{
    static const char hex[] = "0123456789abcdef";
    char text[8];
    for (size_t i = 0; i < 4; i++) {
        text[2 * i] = hex[h->b[i] >> 4];
        text[2 * i + 1] = hex[h->b[i] & 15];
    }
    put_text(b, text, sizeof text);
}

/* %u: uint64_t, %h: const struct zyd_hash * (four bytes), %s: text. */
void zyd_bft_trace(struct zyd_bft *b, const char *format, ...)
{
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_TRACE);
    if (out == NULL) {
        return;
    }
    size_t at = b->bytes_used;
    va_list args;
    va_start(args, format);
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%') {
            put_text(b, p, 1);
        } else if (*++p == 'u') {
            put_number(b, va_arg(args, uint64_t));
        } else if (*p == 'h') {
            put_hash(b, va_arg(args, const struct zyd_hash *));
        } else {
            const char *text = va_arg(args, const char *);
            put_text(b, text, strlen(text));
        }
    }
    va_end(args);
    out->bytes = zyd_span(b->bytes + at, b->bytes_used - at);
}

void zyd_bft_alarm(struct zyd_bft *b, enum zyd_bft_alarm alarm, uint64_t view)
{
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_ALARM);
    out->alarm = alarm;
    out->view = view;
    zyd_bft_trace(b, "ALARM %u at v%u", (uint64_t)alarm, view);
    if (alarm == ZYD_ALARM_SAFETY || alarm == ZYD_ALARM_OWN_KEY) {
        b->stopped = true;
    }
}

void zyd_bft_wake_at(struct zyd_bft *b, int64_t at_ms)
{
    if (at_ms < b->wake_ms) {
        b->wake_ms = at_ms;
    }
}

uint64_t zyd_bft_random(struct zyd_bft *b)
{
    /* splitmix64: only jitter depends on it */
    uint64_t z = (b->rng += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* ---- views ---- */

/* consensus.md 1.5: leader(v) = validators[(H(chain_id, epoch) + v) mod n]. */
uint8_t zyd_bft_leader(const struct zyd_bft *b, uint64_t view)
{
    return (uint8_t)((b->leader_base + view % b->n) % b->n);
}

bool zyd_bft_is_observer(const struct zyd_bft *b)
{
    return b->cfg.me == ZYD_BFT_OBSERVER;
}

struct zyd_bft_slot *zyd_bft_slot_at(struct zyd_bft *b, uint64_t view)
{
    struct zyd_bft_slot *slot = &b->slots[view % RING];
    return view != 0 && slot->view == view ? slot : NULL;
}

struct zyd_bft_slot *zyd_bft_slot_make(struct zyd_bft *b, uint64_t view)
{
    struct zyd_bft_slot *slot = &b->slots[view % RING];
    if (view == 0 || slot->view > view || view + RING <= b->view + 1) {
        return NULL;
    }
    if (slot->view < view) {
        memset(slot, 0, sizeof *slot);
        slot->view = view;
        slot->proposal[0] = slot->proposal[1] = NONE;
    }
    return slot;
}

const struct zyd_cert *zyd_bft_cert_at(const struct zyd_bft *b, uint8_t type, uint64_t view)
{
    const struct zyd_bft_slot *slot = &b->slots[view % RING];
    if (view != 0 && slot->view == view && slot->have_cert[type - 1]) {
        return &slot->cert[type - 1];
    }
    if (type == ZYD_VOTE_N && b->has_head_nc && view == b->head.view) {
        return &b->head_nc;
    }
    if (type == ZYD_VOTE_F && b->has_fc_top && view == b->fc_top.view) {
        return &b->fc_top;
    }
    if (type == ZYD_VOTE_F && b->has_head_fc && view == b->head_fc.view) {
        return &b->head_fc;
    }
    return NULL;
}

/* ---- the step ---- */

static void start(struct zyd_bft *b)
{
    b->started = true;
    b->status_ms = b->now_ms;
    b->budget_at_ms = b->quorum_ms = b->now_ms;
    for (size_t i = 0; i < b->n; i++) {
        b->peers[i].heard_ms = b->now_ms;
    }
    /* P3: the vote of an F record leaves only when the block is durable too; without the block it never left. */
    for (size_t i = 0; i < RING; i++) {
        struct zyd_bft_slot *slot = &b->slots[i];
        struct zyd_bft_own *f = &slot->own[ZYD_VOTE_F - 1];
        uint64_t seq;
        if (slot->view <= b->head.view || !f->have) {
            continue;
        }
        struct zyd_bft_block *block = zyd_bft_find(b, &f->hash);
        f->dead = block == NULL || !zyd_bft_chain_stored(b, block, &seq);
        if (!f->dead) {
            zyd_bft_release(b, ZYD_VOTE_F, slot->view, 0);
        }
    }
    /* consensus.md 1.5 START: own stored votes above final count as received from ourselves.  N waits for VERIFIED. */
    for (uint64_t v = b->head.view + 1; v <= b->own_top; v++) {
        struct zyd_bft_slot *slot = zyd_bft_slot_at(b, v);
        if (slot == NULL) {
            continue;
        }
        if (slot->own[ZYD_VOTE_X - 1].have) {
            zyd_bft_release(b, ZYD_VOTE_X, v, 0);
        }
        struct zyd_bft_own *n = &slot->own[ZYD_VOTE_N - 1];
        struct zyd_bft_block *block = n->have ? zyd_bft_find(b, &n->hash) : NULL;
        if ((block != NULL && block->verdict == VERDICT_OK) || (MUTANT(MUTANT_RELEASE_STORED_N) && n->have)) {
            zyd_bft_release(b, ZYD_VOTE_N, v, 0);
        }
    }
    uint64_t view = b->view;
    b->view = 0; /* so that enter sees a change */
    struct zyd_cert entry = b->entry;
    zyd_bft_enter(b, view, b->has_entry ? &entry : NULL);
}

static void on_cert_input(struct zyd_bft *b, const struct zyd_cert *cert)
{
    if (cert != NULL && cert->type >= 1 && cert->type <= 3 && zyd_bft_cert_valid(b, cert) == ZYD_OK) {
        zyd_bft_on_cert(b, cert, false);
    } else {
        b->dropped++;
    }
}

static void on_peer(struct zyd_bft *b, uint8_t peer, bool up)
{
    if (peer >= b->n || peer == b->cfg.me) {
        return;
    }
    b->peers[peer].down = !up;
    if (up) {
        b->peers[peer].heard_ms = b->now_ms;
        zyd_bft_peer_up(b, peer);
    }
}

/* All level-triggered rules, until none has anything more to do.  Each round either moves the view, the head, a block's
 * state or a vote forward, so it ends; the bound is a guard for our own bugs. */
static void settle(struct zyd_bft *b)
{
    unsigned rounds = 0;
    do {
        b->again = false;
        b->wake_ms = NEVER;
        zyd_bft_count_own(b);
        zyd_bft_link(b);
        zyd_bft_verify_wanted(b);
        zyd_bft_commit(b);
        zyd_bft_try_notarize(b);
        zyd_bft_try_finalize(b);
        zyd_bft_lead(b);
        zyd_bft_time(b);
        zyd_assert(++rounds < 4 * BLOCKS_MAX);
    } while (b->again);
}

void zyd_bft_step(struct zyd_bft *b, struct zyd_bft_outs *out, const struct zyd_bft_in *in)
{
    b->out_count = b->trace_count = b->bytes_used = b->chain_used = b->commit_runs = 0;
    zyd_bft_cool_down(b);
    if (in->now_ms > b->now_ms) {
        b->now_ms = in->now_ms;
    }
    b->wall_ms = in->wall_ms;
    zyd_assert(b->started != (in->kind == ZYD_BFT_IN_START));
    switch (in->kind) {
    case ZYD_BFT_IN_START:
        start(b);
        break;
    case ZYD_BFT_IN_TICK:
        break;
    case ZYD_BFT_IN_MESSAGE:
        zyd_bft_on_message(b, in->peer, in->bytes);
        break;
    case ZYD_BFT_IN_SYNCED:
        zyd_assert(in->seq <= b->seq);
        if (in->seq > b->synced) {
            b->synced = in->seq;
        }
        break;
    case ZYD_BFT_IN_BUILT:
        zyd_bft_on_built(b, in->header, in->ok);
        break;
    case ZYD_BFT_IN_VERIFIED:
        zyd_bft_on_verified(b, &in->hash, in->ok);
        break;
    case ZYD_BFT_IN_HEADER:
        zyd_bft_on_header(b, in->header, in->just, in->just_count);
        break;
    case ZYD_BFT_IN_CERT:
        on_cert_input(b, in->cert);
        break;
    case ZYD_BFT_IN_POOL:
        if (in->pool_nonempty) {
            b->build_after_ms = b->now_ms;
        }
        b->pool_nonempty = in->pool_nonempty;
        b->sys_due = in->sys_due;
        break;
    case ZYD_BFT_IN_PEER:
        on_peer(b, in->peer, in->ok);
        break;
    }
    settle(b);
    out->items = b->outs;
    out->count = b->out_count;
}

int64_t zyd_bft_deadline_ms(const struct zyd_bft *b)
{
    if (!b->started) {
        return NEVER;
    }
    int64_t at = b->wake_ms;
    const int64_t all[] = {b->t_lead_ms, b->t_adv_ms, b->resend_ms, b->status_ms, b->hunt_ms, b->behind_ms};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (all[i] < at) {
            at = all[i];
        }
    }
    return at;
}

uint64_t zyd_bft_take_seq(struct zyd_bft *b)
{
    return ++b->seq;
}

void zyd_bft_status(const struct zyd_bft *b, struct zyd_bft_status *out)
{
    memset(out, 0, sizeof *out);
    out->view = b->view;
    out->final_view = b->head.view;
    out->final_height = b->head.height;
    out->final_hash = b->head_hash;
    out->tip_view = b->head.view;
    out->tip_height = b->head.height;
    out->tip_hash = b->head_hash;
    for (size_t i = 0; i < b->block_end; i++) {
        const struct zyd_bft_block *block = &b->blocks[i];
        if (block->used && block->notarized && block->header.view > out->tip_view) {
            out->tip_view = block->header.view;
            out->tip_height = block->header.height;
            out->tip_hash = block->hash;
        }
    }
    out->leader = zyd_bft_leader(b, b->view);
    out->views_nullified = b->nullified;
    out->evidence = b->evidence;
    out->dropped = b->dropped;
    for (size_t i = 0; i < b->n; i++) {
        out->last_vote_height[i] = b->peers[i].vote_height;
        out->peer_final_height[i] = b->peers[i].final_height;
    }
    out->stopped = b->stopped;
}

const struct zyd_header *zyd_bft_header(const struct zyd_bft *b, const struct zyd_hash *hash)
{
    if (zyd_hash_eq(hash, &b->head_hash)) {
        return &b->head;
    }
    for (size_t i = 0; i < b->block_end; i++) {
        if (b->blocks[i].used && i != b->building && zyd_hash_eq(hash, &b->blocks[i].hash)) {
            return &b->blocks[i].header;
        }
    }
    return NULL;
}
