#include "tests/lib/block.h"
#include <stdio.h>

struct making {
    const struct zyd_test_consortium *c;
    struct zyd_wr envelopes, sys, outcomes;
    struct zyd_hash env_hashes[256], leaves[260];
    uint32_t leaf_count, body_size;
};

static void one_outcome(struct zyd_wr *wr, struct zyd_hash *leaf, const struct zyd_hash *op_id, uint32_t code,
                        uint64_t due_ms)
{
    uint8_t buf[512];
    struct zyd_posting p = {.member = 1, .programme = 1, .label = 7, .dr = "1011.BANK", .cr = "2141.GUAR",
                            .amount = {12345678}};
    struct zyd_emitted e = {3, zyd_span("event", 5)};
    uint32_t warning = 9;
    struct zyd_outcome o = {.op_id = *op_id, .code = code, .fuel = 1234, .has_object = true, .object = *op_id, .seq = 5,
                            .due_ms = due_ms, .deadline = due_ms > 0 ? 2 : 0, .contract = due_ms > 0 ? 1 : 0,
                            .event = due_ms > 0 ? 0xff01 : 0, .posting_count = code == 0 ? 1 : 0, .event_count = 1,
                            .warning_count = 1, .postings = &p, .events = &e, .warnings = &warning};
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf);
    zyd_outcome_encode(&w, &o);
    zyd_assert(!w.full);
    zyd_wx_block(wr, zyd_wr_span(&w));
    zyd_merkle_leaf(leaf, buf, w.size);
}

static struct zyd_span build_env(struct making *m, uint8_t *buf, size_t cap, uint32_t number, uint32_t ops)
{
    static uint8_t rows[1 << 16];
    struct zyd_hash leaves[256];
    static const uint8_t args[] = {0x92, 0x01, 0xa1, 'x'};
    struct zyd_wr w = zyd_wr_of(rows, sizeof rows), e = zyd_wr_of(buf, cap);
    uint16_t member = (uint16_t)(number % 4);
    for (uint32_t i = 0; i < ops; i++) {
        uint8_t one[128];
        char ref[32];
        snprintf(ref, sizeof ref, "REF-%u-%u", number, i);
        struct zyd_op op = {.contract = 1, .event = 2, .programme = 1, .member = member,
                            .client_ref = zyd_span(ref, strlen(ref)), .args = zyd_span(args, sizeof args)};
        struct zyd_wr o = zyd_wr_of(one, sizeof one);
        zyd_op_encode(&o, &op);
        zyd_wx_block(&w, zyd_wr_span(&o));
    }
    uint8_t class_ = number % 5 == 4 ? ZYD_ENV_GOVERNANCE : ZYD_ENV_BUSINESS;
    zyd_env_build(&e, &m->c->g.hash, class_, 0, 1000 + number, ops, zyd_wr_span(&w), leaves);
    zyd_env_sign(&e, member, 2, m->c->sk[member][2]);
    zyd_assert(!e.full);
    return zyd_wr_span(&e);
}

static void one_envelope(struct making *m, uint8_t *leaf_data, size_t *leaf_size, uint32_t number, uint32_t ops)
{
    static uint8_t buf[1 << 17];
    static struct zyd_hash leaves[512];
    struct zyd_span bytes = build_env(m, buf, sizeof buf, number, ops);
    struct zyd_env env;
    struct zyd_op op;
    struct zyd_hash root;
    size_t pos = 0;
    uint32_t n = 0, ok = 0, i = 0;
    zyd_assert(zyd_env_decode(&env, bytes) == ZYD_OK);
    while (zyd_env_next_op(&op, &env, &pos)) {
        if (i % 3 == 0) {
            one_outcome(&m->outcomes, &leaves[n++], &op.op_id, 0, 777);
            ok++;
        }
        one_outcome(&m->outcomes, &leaves[n++], &op.op_id, i % 4 == 1 ? 9108 : 0, 0);
        ok += i % 4 == 1 ? 0 : 1;
        i++;
    }
    zyd_merkle_root(&root, leaves, n);
    struct zyd_wr w = zyd_wr_of(leaf_data, 4096);
    zyd_leaf_entry_data(&w, &env, &root, ok);
    *leaf_size = w.size;
    zyd_wx_block(&m->envelopes, bytes);
    m->env_hashes[number] = env.env_hash;
    m->body_size += (uint32_t)bytes.size;
}

static void add_leaves(struct making *m, const struct zyd_header *prev, const struct zyd_hash *just_root, uint32_t envs,
                       uint32_t ops, uint32_t sys)
{
    static uint8_t data[256][4096];
    static size_t sizes[256];
    struct zyd_hash sys_leaves[64], root;
    zyd_leaf_seal(&m->leaves[m->leaf_count++], prev, just_root);
    for (uint32_t i = 0; i < sys; i++) {
        one_outcome(&m->sys, &sys_leaves[i], just_root, 0, 5000 + i);
    }
    if (sys > 0) {
        zyd_merkle_root(&root, sys_leaves, sys);
        zyd_leaf_sys(&m->leaves[m->leaf_count++], sys, &root);
    }
    for (uint32_t i = 0; i < envs; i++) {
        one_envelope(m, data[i], &sizes[i], i, ops);
    }
    for (uint8_t type = ZYD_LEAF_GOVERNANCE; type <= ZYD_LEAF_ENTRY; type++) {
        for (uint32_t i = 0; i < envs; i++) {
            if (data[i][0] == type) {
                zyd_merkle_leaf(&m->leaves[m->leaf_count++], data[i], sizes[i]);
            }
        }
    }
}

static void fill_header(struct zyd_header *h, const struct zyd_test_consortium *c, uint64_t height)
{
    memset(h, 0, sizeof *h);
    h->version = ZYD_HEADER_VERSION;
    h->chain_id = c->g.hash;
    h->epoch = ZYD_EPOCH_FIRST;
    h->height = height;
    h->view = height + 3;
    h->parent_view = height + 2;
    h->time_ms = c->g.created_ms + height * 1000;
    h->proposer = (uint16_t)(height % c->g.validator_count);
    zyd_merkle_root(&h->body_root, NULL, 0);
    h->state_size = 10;
    zyd_sha256(&h->state_root, "state", 5);
    h->debits = h->credits = (zyd_u128)1 << 70;
    h->open_obligations = 42;
    h->valset_hash = c->g.valset_hash;
    h->rules_version = 1;
    h->rules_hash = c->g.rules_hash;
    zyd_merkle_root(&h->just_root, NULL, 0);
}

static void make_finality(struct zyd_test_block *out, const struct zyd_test_consortium *c, bool via_child)
{
    const struct zyd_header *certified = &out->view.header;
    uint32_t q = zyd_quorum_q(c->g.validator_count);
    out->finality = (struct zyd_finality){.header_count = 0};
    if (via_child) {
        out->child = out->view.header;
        out->child.view++;
        out->child.parent_view++;
        out->child.flags = ZYD_HEADER_CARRIER;
        zyd_header_hash(&out->child.parent_hash, &out->view.header);
        zyd_header_encode(out->finality_bytes, &out->child);
        out->finality.header_count = 1;
        certified = &out->child;
    }
    out->finality.headers = zyd_span(out->finality_bytes, (size_t)out->finality.header_count * ZYD_HEADER_SIZE);
    zyd_test_cert(&out->finality.fc, c, ZYD_VOTE_F, certified, q);
}

void zyd_test_block_make(struct zyd_test_block *out, const struct zyd_test_consortium *c, uint32_t envs, uint32_t ops,
                         uint32_t sys, bool via_child)
{
    static struct making m;
    static uint8_t envelopes[1 << 19], sys_bytes[1 << 16], outcomes[1 << 19];
    struct zyd_wr parts = zyd_wr_of(out->parts, sizeof out->parts);
    struct zyd_block_view *b = &out->view;
    struct zyd_header *h = &b->header;
    struct zyd_frontier f = {0};
    struct zyd_cert just[2], nc;
    memset(&m, 0, sizeof m);
    zyd_assert(envs <= 256 && ops <= 256 && sys <= 64);
    m.c = c;
    m.envelopes = zyd_wr_of(envelopes, sizeof envelopes);
    m.sys = zyd_wr_of(sys_bytes, sizeof sys_bytes);
    m.outcomes = zyd_wr_of(outcomes, sizeof outcomes);
    for (uint8_t i = 0; i < 11; i++) { /* a log of 11 entries before */
        struct zyd_hash leaf;
        zyd_merkle_leaf(&leaf, &i, 1);
        zyd_frontier_append(&f, &leaf);
    }
    fill_header(&out->prev, c, 6);
    fill_header(h, c, 7);
    uint32_t q = zyd_quorum_q(c->g.validator_count);
    zyd_test_cert(&just[0], c, ZYD_VOTE_N, &out->prev, q);
    zyd_test_cert(&just[1], c, ZYD_VOTE_X, h, q);
    zyd_just_root(&h->just_root, just, 2);
    add_leaves(&m, &out->prev, &h->just_root, envs, ops, sys);
    zyd_header_hash(&h->parent_hash, &out->prev);
    zyd_merkle_root(&h->body_root, m.env_hashes, envs);
    h->env_count = envs;
    h->body_size = m.body_size;

    size_t at[4];
    at[0] = parts.size;
    zyd_just_encode(&parts, just, 2);
    at[1] = parts.size;
    zyd_frontier_encode(&parts, &f);
    for (uint32_t i = 0; i < m.leaf_count; i++) {
        zyd_frontier_append(&f, &m.leaves[i]);
    }
    h->log_size = f.size;
    zyd_frontier_root(&h->log_root, &f);
    zyd_test_cert(&nc, c, ZYD_VOTE_N, h, q);
    at[2] = parts.size;
    zyd_cert_encode(&parts, &nc);
    at[3] = parts.size;
    uint8_t header[ZYD_HEADER_SIZE];
    zyd_header_encode(header, h);
    zyd_wx_bytes(&parts, header, sizeof header);
    b->just = zyd_span(out->parts + at[0], at[1] - at[0]);
    b->frontier = zyd_span(out->parts + at[1], at[2] - at[1]);
    b->nc = zyd_span(out->parts + at[2], at[3] - at[2]);
    b->header_bytes = zyd_span(out->parts + at[3], ZYD_HEADER_SIZE);
    b->carriers = zyd_span(NULL, 0);
    b->envelopes = zyd_wr_span(&m.envelopes);
    b->sys = zyd_wr_span(&m.sys);
    b->outcomes = zyd_wr_span(&m.outcomes);
    b->writes = zyd_span(NULL, 0);
    struct zyd_wr w = zyd_wr_of(out->bytes, sizeof out->bytes);
    zyd_block_encode(&w, b);
    zyd_assert(!w.full && !m.outcomes.full && !m.envelopes.full && !m.sys.full);
    out->value = zyd_wr_span(&w);
    zyd_assert(zyd_block_decode(b, out->value) == ZYD_OK);
    make_finality(out, c, via_child);
}
