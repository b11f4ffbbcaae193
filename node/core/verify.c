/* The checks of an auditor, one block at a time (zyd/verify.h; ledger.md 3.9).  Every rule has a name: the text in
 * fault->rule.  Nothing here trusts a count, a hash or a root that the bundle states: each is computed again. */
#include <zyd/verify.h>

const char *zyd_check_name(enum zyd_check c)
{
    switch (c) {
    case ZYD_CHECK_FRAME:
        return "frame";
    case ZYD_CHECK_CHAIN:
        return "chain";
    case ZYD_CHECK_HISTORY:
        return "history";
    case ZYD_CHECK_QUORUM:
        return "quorum";
    case ZYD_CHECK_ENTRY:
        return "entry";
    case ZYD_CHECK_REPLAY:
        return "replay";
    case ZYD_CHECK_SUMS:
        return "sums";
    case ZYD_CHECK_COUNT:
        break;
    }
    return "unknown";
}

static enum zyd_status fail(struct zyd_fault *fault, enum zyd_check check, uint64_t height, uint64_t entry,
                            const char *rule)
{
    *fault = (struct zyd_fault){.check = check, .height = height, .entry = entry, .rule = rule};
    return ZYD_E_INVALID;
}

/* consensus.md 1.5: validators take turns, from one that the chain id draws. */
static uint64_t leader_of(uint64_t view, const struct zyd_genesis *g)
{
    uint8_t epoch[8];
    struct zyd_hash h;
    zyd_put64(epoch, ZYD_EPOCH_FIRST);
    zyd_hash2(&h, "zyd/leader/1", g->hash.b, sizeof g->hash.b, epoch, sizeof epoch);
    return (zyd_get64(h.b) % g->validator_count + view % g->validator_count) % g->validator_count;
}

/* One CARRIER or DATA header after its parent: what holds of both kinds. */
static const char *link_rule(const struct zyd_header *h, const struct zyd_header *parent, const struct zyd_genesis *g)
{
    struct zyd_hash parent_hash;
    zyd_header_hash(&parent_hash, parent);
    if (h->version != 1 || h->epoch != 1 || (h->flags & ~(unsigned)ZYD_HEADER_CARRIER) != 0) {
        return "the header's version, epoch or flags are not of this format";
    }
    if (!zyd_hash_eq(&h->chain_id, &g->hash)) {
        return "the header belongs to another consortium";
    }
    if (!zyd_hash_eq(&h->parent_hash, &parent_hash) || h->parent_view != parent->view) {
        return "the header does not name its parent";
    }
    if (h->view <= h->parent_view || h->time_ms <= parent->time_ms) {
        return "view and time do not rise over the parent's";
    }
    if (!zyd_hash_eq(&h->valset_hash, &g->valset_hash) || !zyd_hash_eq(&h->rules_hash, &g->rules_hash)) {
        return "the header names other validators or rules than genesis";
    }
    if (h->proposer != leader_of(h->view, g)) {
        return "the proposer is not the leader of the view";
    }
    return NULL;
}

static const char *carrier_rule(const struct zyd_header *h, const struct zyd_header *parent)
{
    if ((h->flags & ZYD_HEADER_CARRIER) == 0 || h->height != parent->height || h->env_count != 0 || h->body_size != 0) {
        return "a carrier with a height or body of its own";
    }
    if (h->log_size != parent->log_size || !zyd_hash_eq(&h->log_root, &parent->log_root) ||
        h->state_size != parent->state_size || !zyd_hash_eq(&h->state_root, &parent->state_root) ||
        h->debits != parent->debits || h->credits != parent->credits ||
        h->open_obligations != parent->open_obligations) {
        return "a carrier that changes the ledger";
    }
    return NULL;
}

/* Next carrier of a block: header and justification bytes. */
static bool next_carrier(struct zyd_rd *rd, struct zyd_header *h, struct zyd_span *just, struct zyd_cert *certs,
                         size_t *count)
{
    if (rd->pos == rd->size && !rd->bad) {
        return false;
    }
    struct zyd_span header = zyd_rx_span(rd, ZYD_HEADER_SIZE);
    *just = zyd_rx_block(rd, 1 + ZYD_JUST_MAX * ZYD_CERT_SIZE_MAX);
    if (rd->bad || zyd_header_decode(h, header) != ZYD_OK || zyd_just_decode(certs, count, *just) != ZYD_OK) {
        rd->bad = true;
        return false;
    }
    return true;
}

enum zyd_status zyd_verify_chain(struct zyd_fault *fault, const struct zyd_genesis *g, const struct zyd_block_view *b,
                                 const struct zyd_header *prev_data)
{
    const struct zyd_header *h = &b->header;
    struct zyd_header parent = *prev_data, carrier;
    struct zyd_cert certs[ZYD_JUST_MAX];
    size_t count;
    struct zyd_span just;
    struct zyd_rd rd = zyd_rd_of(b->carriers);
    while (next_carrier(&rd, &carrier, &just, certs, &count)) {
        const char *rule = link_rule(&carrier, &parent, g);
        if (rule == NULL) {
            rule = carrier_rule(&carrier, &parent);
        }
        if (rule != NULL) {
            return fail(fault, ZYD_CHECK_CHAIN, h->height, UINT64_MAX, rule);
        }
        parent = carrier;
    }
    if (rd.bad) {
        return fail(fault, ZYD_CHECK_FRAME, h->height, UINT64_MAX, "the carriers are not well formed");
    }
    const char *rule = link_rule(h, &parent, g);
    if (rule == NULL && ((h->flags & ZYD_HEADER_CARRIER) != 0 || h->height != prev_data->height + 1)) {
        rule = "the height does not follow the block before";
    }
    return rule == NULL ? ZYD_OK : fail(fault, ZYD_CHECK_CHAIN, h->height, UINT64_MAX, rule);
}

static struct zyd_hash *take_hashes(struct zyd_arena *scratch, size_t count)
{
    return zyd_arena_take(scratch, (count == 0 ? 1 : count) * sizeof(struct zyd_hash));
}

/* Reads one outcome (u32 length, bytes), hashes it as a leaf, and says whether a deadline fired it. */
static bool read_outcome(struct zyd_rd *rd, struct zyd_hash *leaf, bool *sys, bool *ok)
{
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
    struct zyd_outcome o;
    struct zyd_span bytes = zyd_rx_block(rd, rd->size);
    if (rd->bad || zyd_outcome_decode(&o, postings, events, warnings, bytes) != ZYD_OK) {
        rd->bad = true;
        return false;
    }
    zyd_merkle_leaf(leaf, bytes.data, bytes.size);
    *sys = o.due_ms > 0;
    *ok = o.code == 0;
    return true;
}

/* Leaves of one envelope's outcomes: op_count of its own, each after those of the deadlines that it fired. */
static bool envelope_outcomes(struct zyd_rd *rd, struct zyd_arena *scratch, uint32_t op_count, struct zyd_hash *root,
                              uint32_t *ok_count)
{
    size_t mark = scratch->used, n = 0;
    uint32_t own = 0;
    struct zyd_hash *first = NULL;
    *ok_count = 0;
    while (own < op_count) {
        struct zyd_hash *leaf = zyd_arena_take(scratch, sizeof *leaf);
        bool sys, ok;
        if (leaf == NULL || !read_outcome(rd, leaf, &sys, &ok)) {
            return false;
        }
        first = first == NULL ? leaf : first;
        n++;
        own += !sys;
        *ok_count += ok;
    }
    zyd_merkle_root(root, first, n);
    scratch->used = mark;
    return true;
}

static bool frontier_eq(const struct zyd_frontier *a, const struct zyd_frontier *b)
{
    unsigned n = 0;
    for (uint64_t s = a->size; s != 0; s &= s - 1) {
        n++;
    }
    return a->size == b->size && memcmp(a->nodes, b->nodes, n * sizeof a->nodes[0]) == 0;
}

/* The log leaf of the block's SYS operations, if there were any. */
static enum zyd_status sys_leaf(struct zyd_fault *fault, struct zyd_frontier *f, struct zyd_arena *scratch,
                                const struct zyd_block_view *b)
{
    struct zyd_rd rd = zyd_rd_of(b->sys);
    size_t mark = scratch->used;
    uint32_t count = 0;
    struct zyd_hash *first = NULL, leaf, root;
    while (rd.pos < rd.size) {
        struct zyd_hash *one = take_hashes(scratch, 1);
        bool sys, ok;
        if (one == NULL || !read_outcome(&rd, one, &sys, &ok) || !sys) {
            return fail(fault, ZYD_CHECK_FRAME, b->header.height, f->size, "an outcome of a SYS operation is not well formed");
        }
        first = first == NULL ? one : first;
        count++;
    }
    if (count > 0) {
        zyd_merkle_root(&root, first, count);
        zyd_leaf_sys(&leaf, count, &root);
        zyd_frontier_append(f, &leaf);
    }
    scratch->used = mark;
    return ZYD_OK;
}

/* NULL, or the rule of ZYD_CHECK_ENTRY that an envelope breaks. */
static const char *entry_rule(const struct zyd_env *env, const struct zyd_genesis *g, const struct zyd_sig_ops *sig)
{
    enum zyd_status st = zyd_env_verify(env, g, sig);
    if (st == ZYD_OK) {
        return NULL;
    }
    if (!zyd_hash_eq(&env->chain_id, &g->hash)) {
        return "an envelope of another consortium";
    }
    return st == ZYD_E_FOREIGN   ? "an envelope is signed by a key that is not in genesis"
           : st == ZYD_E_INVALID ? "an envelope is signed by a key without the right, or not by the member that acts"
                                 : "a submitter's signature is wrong";
}

/* Envelopes and their outcomes: log leaves onto f, env_hashes into bodies (env_count of them).  With sig, the first entry whose
 * signers are wrong goes to *bad_entry and *bad_rule. */
static enum zyd_status entries(struct zyd_fault *fault, struct zyd_frontier *f, struct zyd_arena *scratch,
                               struct zyd_hash *bodies, uint64_t *bad_entry, const char **bad_rule, const struct zyd_genesis *g,
                               const struct zyd_block_view *b, const struct zyd_sig_ops *sig)
{
    const struct zyd_header *h = &b->header;
    uint8_t *data = zyd_arena_take(scratch, ZYD_LOG_LEAF_MAX);
    struct zyd_rd envs = zyd_rd_of(b->envelopes), outcomes = zyd_rd_of(b->outcomes);
    uint32_t n = 0;
    uint64_t body_size = 0;
    struct zyd_hash leaf, root;
    if (bodies == NULL || data == NULL) {
        return fail(fault, ZYD_CHECK_FRAME, h->height, UINT64_MAX, "more envelopes than a block may hold");
    }
    while (envs.pos < envs.size) {
        struct zyd_env env;
        uint32_t ok;
        struct zyd_span bytes = zyd_rx_block(&envs, ZYD_ENV_SIZE_MAX);
        if (envs.bad || zyd_env_decode(&env, bytes) != ZYD_OK) {
            return fail(fault, ZYD_CHECK_HISTORY, h->height, f->size,
                        "an envelope is not canonical, or its operations do not have the signed root");
        }
        if (n == h->env_count || !envelope_outcomes(&outcomes, scratch, env.op_count, &root, &ok)) {
            return fail(fault, ZYD_CHECK_HISTORY, h->height, f->size, "the outcomes do not belong to the envelopes one by one");
        }
        bodies[n++] = env.env_hash;
        body_size += bytes.size;
        if (sig != NULL && *bad_rule == NULL) {
            *bad_rule = entry_rule(&env, g, sig);
            *bad_entry = f->size;
        }
        struct zyd_wr wr = zyd_wr_of(data, ZYD_LOG_LEAF_MAX);
        zyd_leaf_entry_data(&wr, &env, &root, ok);
        zyd_assert(!wr.full); /* 16 signatures at most */
        zyd_merkle_leaf(&leaf, wr.data, wr.size);
        zyd_frontier_append(f, &leaf);
    }
    if (n != h->env_count || body_size != h->body_size || outcomes.pos != outcomes.size) {
        return fail(fault, ZYD_CHECK_HISTORY, h->height, f->size, "envelopes or outcomes are missing or left over");
    }
    return ZYD_OK;
}

static enum zyd_status verify_body(struct zyd_fault *fault, struct zyd_frontier *frontier, struct zyd_arena *scratch,
                                   const struct zyd_genesis *g, const struct zyd_block_view *b,
                                   const struct zyd_header *prev_data, const struct zyd_sig_ops *sig)
{
    const struct zyd_header *h = &b->header;
    struct zyd_frontier f;
    if (zyd_frontier_decode(&f, b->frontier) != ZYD_OK || !frontier_eq(&f, frontier)) {
        return fail(fault, ZYD_CHECK_HISTORY, h->height, frontier->size,
                    "the log before the block is not the log after the block before");
    }
    struct zyd_hash leaf, root;
    zyd_leaf_seal(&leaf, prev_data, &h->just_root);
    zyd_frontier_append(&f, &leaf);
    enum zyd_status st = sys_leaf(fault, &f, scratch, b);
    if (st != ZYD_OK) {
        return st;
    }
    struct zyd_hash *bodies = h->env_count > ZYD_BLOCK_ENVS_MAX ? NULL : take_hashes(scratch, h->env_count);
    uint64_t bad_entry = UINT64_MAX;
    const char *bad_rule = NULL;
    st = entries(fault, &f, scratch, bodies, &bad_entry, &bad_rule, g, b, sig);
    if (st != ZYD_OK) {
        return st;
    }
    zyd_merkle_root(&root, bodies, h->env_count);
    if (!zyd_hash_eq(&root, &h->body_root)) {
        return fail(fault, ZYD_CHECK_HISTORY, h->height, frontier->size, "the envelopes do not have the header's body root");
    }
    zyd_frontier_root(&root, &f);
    if (f.size != h->log_size || !zyd_hash_eq(&root, &h->log_root)) {
        return fail(fault, ZYD_CHECK_HISTORY, h->height, frontier->size, "the log does not have the header's root");
    }
    *frontier = f;
    return bad_rule == NULL ? ZYD_OK : fail(fault, ZYD_CHECK_ENTRY, h->height, bad_entry, bad_rule);
}

enum zyd_status zyd_verify_history(struct zyd_fault *fault, struct zyd_frontier *frontier, struct zyd_arena *scratch,
                                   const struct zyd_block_view *b, const struct zyd_header *prev_data)
{
    return verify_body(fault, frontier, scratch, NULL, b, prev_data, NULL);
}

enum zyd_status zyd_verify_body(struct zyd_fault *fault, struct zyd_frontier *frontier, struct zyd_arena *scratch,
                                const struct zyd_genesis *g, const struct zyd_block_view *b, const struct zyd_header *prev_data,
                                const struct zyd_sig_ops *sig)
{
    return verify_body(fault, frontier, scratch, g, b, prev_data, sig);
}

/* A justification: the parent's notarization (unless the parent is genesis), then one XC for each skipped view. */
static enum zyd_status check_just(struct zyd_fault *fault, const struct zyd_genesis *g, const struct zyd_header *h,
                                  const struct zyd_cert *certs, size_t count, const struct zyd_pk *pks, uint64_t height,
                                  const struct zyd_sig_ops *sig)
{
    struct zyd_hash root;
    zyd_just_root(&root, certs, count);
    if (!zyd_hash_eq(&root, &h->just_root)) {
        return fail(fault, ZYD_CHECK_QUORUM, height, UINT64_MAX, "the justification does not have the header's root");
    }
    uint64_t skipped = h->view - h->parent_view - 1;
    size_t nc = h->parent_view > 0;
    if (count != nc + skipped) {
        return fail(fault, ZYD_CHECK_QUORUM, height, UINT64_MAX,
                    "the justification is not one notarization and one certificate for each skipped view");
    }
    for (size_t i = 0; i < count; i++) {
        const struct zyd_cert *c = &certs[i];
        bool fits = i < nc ? c->type == ZYD_VOTE_N && c->view == h->parent_view && zyd_hash_eq(&c->hash, &h->parent_hash)
                           : c->type == ZYD_VOTE_X && c->view == h->parent_view + 1 + (i - nc);
        if (!fits) {
            return fail(fault, ZYD_CHECK_QUORUM, height, UINT64_MAX,
                        "a certificate of the justification is for something else");
        }
        if (zyd_cert_check(c, &g->hash, h->epoch, pks, g->validator_count, sig) != ZYD_OK) {
            return fail(fault, ZYD_CHECK_QUORUM, height, UINT64_MAX,
                        "a certificate of the justification has too few, foreign or wrong signatures");
        }
    }
    return ZYD_OK;
}

enum zyd_status zyd_verify_quorum(struct zyd_fault *fault, const struct zyd_genesis *g, const struct zyd_block_view *b,
                                  struct zyd_span finality, const struct zyd_sig_ops *sig)
{
    const struct zyd_header *h = &b->header;
    struct zyd_pk pks[ZYD_VALIDATORS_MAX];
    for (uint8_t i = 0; i < g->validator_count; i++) {
        pks[i] = *zyd_genesis_validator_pk(g, i);
    }
    struct zyd_cert certs[ZYD_JUST_MAX];
    size_t count;
    struct zyd_header carrier;
    struct zyd_span just;
    struct zyd_rd rd = zyd_rd_of(b->carriers);
    while (next_carrier(&rd, &carrier, &just, certs, &count)) {
        enum zyd_status st = check_just(fault, g, &carrier, certs, count, pks, h->height, sig);
        if (st != ZYD_OK) {
            return st;
        }
    }
    if (rd.bad || zyd_just_decode(certs, &count, b->just) != ZYD_OK) {
        return fail(fault, ZYD_CHECK_FRAME, h->height, UINT64_MAX, "the justification is not well formed");
    }
    enum zyd_status st = check_just(fault, g, h, certs, count, pks, h->height, sig);
    if (st != ZYD_OK) {
        return st;
    }
    struct zyd_hash hash;
    zyd_header_hash(&hash, h);
    if (b->nc.size > 0) {
        struct zyd_cert nc;
        struct zyd_rd one = zyd_rd_of(b->nc);
        zyd_cert_read(&one, &nc);
        if (zyd_rd_done(&one) != ZYD_OK || nc.type != ZYD_VOTE_N || nc.view != h->view || nc.height != h->height ||
            !zyd_hash_eq(&nc.hash, &hash) ||
            zyd_cert_check(&nc, &g->hash, h->epoch, pks, g->validator_count, sig) != ZYD_OK) {
            return fail(fault, ZYD_CHECK_QUORUM, h->height, UINT64_MAX,
                        "the notarization is of another block, or has too few, foreign or wrong signatures");
        }
    }
    struct zyd_finality f;
    if (zyd_finality_decode(&f, finality) != ZYD_OK) {
        return fail(fault, ZYD_CHECK_QUORUM, h->height, UINT64_MAX, "the finality proof is missing or not well formed");
    }
    if (zyd_finality_check(&f, h, g, sig) != ZYD_OK) {
        return fail(fault, ZYD_CHECK_QUORUM, h->height, UINT64_MAX,
                    "the finality proof is of another block, or has too few, foreign or wrong signatures");
    }
    return ZYD_OK;
}

enum zyd_status zyd_verify_entries(struct zyd_fault *fault, const struct zyd_genesis *g, const struct zyd_block_view *b,
                                   const struct zyd_sig_ops *sig)
{
    const struct zyd_header *h = &b->header;
    /* the first entry's log index: after the seal and, if there is one, the SYS leaf */
    uint64_t entry = h->log_size - h->env_count;
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    for (; rd.pos < rd.size; entry++) {
        struct zyd_env env;
        struct zyd_span bytes = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        if (rd.bad || zyd_env_decode(&env, bytes) != ZYD_OK) {
            return fail(fault, ZYD_CHECK_ENTRY, h->height, entry, "an envelope is not canonical");
        }
        const char *rule = entry_rule(&env, g, sig);
        if (rule != NULL) {
            return fail(fault, ZYD_CHECK_ENTRY, h->height, entry, rule);
        }
    }
    return ZYD_OK;
}
