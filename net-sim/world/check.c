/* The checkers.  They see effects and stores, never the inside of a replica. */
#include "world.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <zyd/verify.h>

void check_fail(struct sim *s, enum zyd_sim_verdict verdict, const char *format, ...)
{
    if (s->result->verdict != ZYD_SIM_PASS) {
        return; /* the first finding stands */
    }
    va_list ap;
    va_start(ap, format);
    vsnprintf(s->result->why, sizeof s->result->why, format, ap);
    va_end(ap);
    s->result->verdict = verdict;
    sim_trace(s, "FINDING %s", s->result->why);
}

/* ---- no honest key signs two values for one view and type, nor X and F, nor N and F of two blocks (S7) ---- */
static struct vote_seen *vote_slot(struct sim *s, uint8_t signer, uint8_t type, uint64_t view)
{
    if (s->votes_count * 2 >= s->votes_cap) {
        struct vote_seen *old = s->votes;
        size_t n = s->votes_cap;
        s->votes_cap = n == 0 ? 4096 : n * 2;
        s->votes = sim_alloc(s->votes_cap * sizeof *s->votes);
        s->votes_count = 0;
        for (size_t i = 0; i < n; i++) {
            if (old[i].used) {
                *vote_slot(s, old[i].signer, old[i].type, old[i].view) = old[i];
                s->votes_count++;
            }
        }
        free(old);
    }
    size_t i = (size_t)((view * 131 + (uint64_t)signer * 7 + type) * UINT64_C(0x9e3779b97f4a7c15)) & (s->votes_cap - 1);
    while (s->votes[i].used && (s->votes[i].signer != signer || s->votes[i].type != type || s->votes[i].view != view)) {
        i = (i + 1) & (s->votes_cap - 1);
    }
    return &s->votes[i];
}

static void vote_sent(struct sim *s, const struct node *from, const struct zyd_vote *v)
{
    if (v->signer != from->validator) {
        return; /* somebody else's vote, passed on */
    }
    struct vote_seen *seen = vote_slot(s, v->signer, v->type, v->view);
    if (seen->used) {
        if (!zyd_hash_eq(&seen->hash, &v->hash)) {
            check_fail(s, ZYD_SIM_SAFETY, "contradicting votes: node %u signed two values of type %u in view %llu", from->index,
                       v->type, (unsigned long long)v->view);
        }
        return;
    }
    *seen = (struct vote_seen){true, v->signer, v->type, v->view, v->hash};
    s->votes_count++;
    const struct vote_seen n = *vote_slot(s, v->signer, ZYD_VOTE_N, v->view), x = *vote_slot(s, v->signer, ZYD_VOTE_X, v->view),
                           f = *vote_slot(s, v->signer, ZYD_VOTE_F, v->view);
    if (x.used && f.used) {
        check_fail(s, ZYD_SIM_SAFETY, "contradicting votes: node %u signed X and F in view %llu", from->index,
                   (unsigned long long)v->view);
    }
    if (n.used && f.used && !zyd_hash_eq(&n.hash, &f.hash)) {
        check_fail(s, ZYD_SIM_SAFETY, "contradicting votes: node %u signed N and F of two blocks in view %llu", from->index,
                   (unsigned long long)v->view);
    }
}

void check_sent(struct sim *s, const struct node *from, struct zyd_span bytes)
{
    struct zyd_vote v;
    if (from->byz != HONEST || bytes.size < 1 + ZYD_VOTE_SIZE) {
        return;
    }
    /* a VOTE is one; a PROPOSAL ends with the leader's N */
    if ((bytes.data[0] == ZYD_MSG_VOTE && bytes.size == 1 + ZYD_VOTE_SIZE) || bytes.data[0] == ZYD_MSG_PROPOSAL) {
        if (zyd_vote_decode(&v, zyd_span(bytes.data + bytes.size - ZYD_VOTE_SIZE, ZYD_VOTE_SIZE)) != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "node %u sent a vote that cannot be read", from->index);
            return;
        }
        vote_sent(s, from, &v);
    }
}

/* ---- exactly once (S5) ---- */
static bool id_add(struct sim *s, const struct zyd_hash *id)
{
    if (s->ids_count * 2 >= s->ids_cap) {
        struct zyd_hash *old = s->ids;
        size_t n = s->ids_cap;
        s->ids_cap = n == 0 ? 4096 : n * 2;
        s->ids = sim_alloc(s->ids_cap * sizeof *s->ids);
        s->ids_count = 0;
        for (size_t i = 0; i < n; i++) {
            if (!zyd_hash_is_zero(&old[i])) {
                (void)id_add(s, &old[i]);
            }
        }
        free(old);
    }
    size_t i = (size_t)zyd_get64(id->b) & (s->ids_cap - 1);
    while (!zyd_hash_is_zero(&s->ids[i])) {
        if (zyd_hash_eq(&s->ids[i], id)) {
            return false;
        }
        i = (i + 1) & (s->ids_cap - 1);
    }
    s->ids[i] = *id;
    s->ids_count++;
    return true;
}

static void check_ids(struct sim *s, const struct zyd_block_view *b)
{
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    while (rd.pos < rd.size) {
        struct zyd_env env;
        struct zyd_span bytes = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        if (rd.bad || zyd_env_decode(&env, bytes) != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "height %llu: an envelope is not well formed", (unsigned long long)b->header.height);
            return;
        }
        if (!id_add(s, &env.env_id)) {
            check_fail(s, ZYD_SIM_SAFETY, "height %llu: an envelope is booked twice", (unsigned long long)b->header.height);
        }
    }
}

static bool verify_real(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    struct zyd_sig_ops ops = sim_sig(ctx, NULL);
    return ops.verify(ops.ctx, pk, msg, size, sig);
}

/* leader(v) = validators[(H(chain_id, epoch) + v) mod n], consensus.md 1.5: written here a second time. */
static void check_leader(struct sim *s, const struct zyd_header *h)
{
    struct zyd_hash base;
    uint8_t epoch[8];
    zyd_put64(epoch, h->epoch);
    zyd_hash2(&base, "zyd/leader/1", s->genesis.hash.b, 32, epoch, sizeof epoch);
    uint64_t leader = (zyd_get64(base.b) % s->n + h->view % s->n) % s->n;
    if (h->proposer != leader) {
        check_fail(s, ZYD_SIM_SAFETY, "height %llu: proposed by %u, but %llu leads view %llu", (unsigned long long)h->height,
                   h->proposer, (unsigned long long)leader, (unsigned long long)h->view);
    }
}

/* Evidence on the ledger never names an honest member (S11): its value begins with the accused (FORMATS.md, evidence). */
static void check_evidence(struct sim *s, const struct zyd_block_view *b)
{
    struct zyd_rd rd = zyd_rd_of(b->writes);
    while (!rd.bad && rd.pos < rd.size) {
        struct zyd_record r;
        (void)zyd_rx_u64(&rd);
        if (zyd_leaf_decode(&r, zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX)) != ZYD_OK || r.kind != ZYD_REC_EVIDENCE || r.owner != 0 ||
            r.first_height != b->header.height || r.value.size < 2) {
            continue; /* a leaf that cannot be read is the model's to name */
        }
        s->result->evidence++;
        for (uint8_t i = 0; i < s->node_count; i++) {
            if (s->nodes[i].byz == HONEST && s->genesis.validators[s->nodes[i].validator] == zyd_get16(r.value.data)) {
                check_fail(s, ZYD_SIM_SAFETY, "height %llu: evidence accuses node %u, which is honest",
                           (unsigned long long)b->header.height, i);
            }
        }
    }
}

/* First time that this height is final anywhere: everything an auditor checks of one block (S2), and the reference model (S3,
 * S4). */
static void check_new(struct sim *s, const struct zyd_block_view *b, struct zyd_span finality)
{
    struct zyd_fault fault = {.rule = ""};
    struct zyd_sig_ops sig = {.ctx = s, .verify = verify_real};
    struct zyd_header prev = s->genesis_header;
    if (b->header.height > 1) {
        struct zyd_block_view p;
        const struct canonical *c = &s->chain[b->header.height - 1];
        zyd_assert(zyd_block_decode(&p, zyd_span(c->block, c->block_size)) == ZYD_OK);
        prev = p.header;
    }
    if (zyd_verify_chain(&fault, &s->genesis, b, &prev) != ZYD_OK ||
        zyd_verify_quorum(&fault, &s->genesis, b, finality, &sig) != ZYD_OK ||
        zyd_verify_entries(&fault, &s->genesis, b, &sig) != ZYD_OK) {
        check_fail(s, ZYD_SIM_SAFETY, "height %llu: %s: %s", (unsigned long long)b->header.height, zyd_check_name(fault.check),
                   fault.rule);
        return;
    }
    struct zyd_frontier f;
    uint8_t *mem = sim_alloc(4u << 20);
    struct zyd_arena scratch;
    zyd_arena_init(&scratch, mem, 4u << 20);
    if (zyd_frontier_decode(&f, b->frontier) != ZYD_OK || zyd_verify_history(&fault, &f, &scratch, b, &prev) != ZYD_OK) {
        check_fail(s, ZYD_SIM_SAFETY, "height %llu: history: %s", (unsigned long long)b->header.height, fault.rule);
    }
    free(mem);
    check_ids(s, b);
    check_leader(s, &b->header);
    check_evidence(s, b);
    bool whole = s->products == NULL || b->header.height % s->options.scan_every == 0;
    const char *why = model_apply(s->model, b->writes, &b->header, whole);
    if (why != NULL) {
        check_fail(s, ZYD_SIM_SAFETY, "height %llu: %s", (unsigned long long)b->header.height, why);
    }
}

void check_commit(struct sim *s, struct node *n, const struct zyd_fx *fx)
{
    struct zyd_block_view b;
    uint64_t h = fx->header->height;
    struct zyd_hash hash;
    zyd_header_hash(&hash, fx->header);
    sim_trace(s, "n%u final %llu view %llu", n->index, (unsigned long long)h, (unsigned long long)fx->header->view);
    if (zyd_block_decode(&b, fx->block) != ZYD_OK || h == 0 || h >= HEIGHTS_MAX) {
        check_fail(s, ZYD_SIM_SAFETY, "node %u: a final block that cannot be read, or height %llu", n->index,
                   (unsigned long long)h);
        return;
    }
    if (n->byz != HONEST) {
        return;
    }
    if (n->committed != 0 && h != n->committed + 1) {
        check_fail(s, ZYD_SIM_SAFETY, "node %u: height %llu became final after %llu", n->index, (unsigned long long)h,
                   (unsigned long long)n->committed);
    }
    n->committed = h;
    struct canonical *c = &s->chain[h];
    if (c->known) {
        if (!zyd_hash_eq(&c->hash, &hash)) {
            check_fail(s, ZYD_SIM_SAFETY, "agreement: node %u has another block at height %llu", n->index,
                       (unsigned long long)h);
        }
        return;
    }
    if (h != s->top + 1) {
        check_fail(s, ZYD_SIM_SAFETY, "node %u: height %llu is final before %llu", n->index, (unsigned long long)h,
                   (unsigned long long)s->top + 1);
        return;
    }
    *c = (struct canonical){true,
                            hash,
                            sim_copy(fx->block.data, fx->block.size),
                            sim_copy(fx->finality.data, fx->finality.size),
                            fx->block.size,
                            fx->finality.size};
    s->top = h;
    s->result->blocks++;
    check_new(s, &b, fx->finality);
    if (s->products != NULL) {
        products_block(s, &b);
    }
    if (s->options.chain != NULL) {
        s->options.chain->block(s->options.chain->ctx, fx->block, fx->finality);
    }
    workload_commit(s, &b);
}

/* ---- at the end: everybody caught up, durable, and the auditor agrees ---- */
static void check_durable(struct sim *s, const struct node *n)
{
    /* what was acknowledged as final must be on this node's disk or be fetched again: it is on q - f honest disks (P3) */
    struct zyd_span value, finality;
    struct zyd_kv kv = disk_kv((struct disk *)&n->disk);
    for (uint64_t h = 1; h + 1 < s->top && h + 1 < n->committed; h++) { /* it may still be catching up */
        struct zyd_block_view b;
        struct zyd_hash hash;
        if (kv.block(kv.ctx, &value, &finality, h) != ZYD_OK || zyd_block_decode(&b, value) != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "durability: height %llu is not on the disk of node %u", (unsigned long long)h,
                       n->index);
            return;
        }
        zyd_header_hash(&hash, &b.header);
        if (!zyd_hash_eq(&hash, &s->chain[h].hash)) {
            check_fail(s, ZYD_SIM_SAFETY, "durability: node %u stores another block at height %llu", n->index,
                       (unsigned long long)h);
            return;
        }
    }
}

static void check_replay(struct sim *s)
{
    struct zyd_replica_limits limits;
    sim_limits(s, &limits);
    struct zyd_kv nothing = zyd_kv_empty();
    void *mem = sim_alloc(zyd_replay_footprint(&limits, &s->genesis));
    struct zyd_replay *r = zyd_replay_init(mem, &s->genesis, &limits, &nothing);
    const char *why = "";
    struct zyd_header g;
    for (unsigned i = 0; i < sim_plugins(s); i++) {
        zyd_assert(zyd_replay_plugin(r, &why, *sim_plugin(s, i)) == ZYD_OK);
    }
    zyd_assert(zyd_replay_genesis(r, &g) == ZYD_OK);
    for (uint64_t h = 1; h <= s->top; h++) {
        struct zyd_block_view b;
        uint64_t entry;
        zyd_assert(zyd_block_decode(&b, zyd_span(s->chain[h].block, s->chain[h].block_size)) == ZYD_OK);
        enum zyd_status st = zyd_replay_block(r, &why, &entry, &b);
        if (st == ZYD_E_FULL) {
            break; /* the auditor of the simulator keeps all records in a small memory */
        }
        if (st != ZYD_OK) {
            check_fail(s, ZYD_SIM_SAFETY, "replay: height %llu: %s", (unsigned long long)h, why);
            break;
        }
    }
    free(mem);
}

void check_end(struct sim *s)
{
    for (uint8_t i = 0; i < s->node_count; i++) {
        const struct node *n = &s->nodes[i];
        if (n->byz == HONEST && n->up) {
            check_durable(s, n);
        }
    }
    check_replay(s);
    if (s->products != NULL && s->result->verdict == ZYD_SIM_PASS) {
        (void)products_scan(s);
    }
}
