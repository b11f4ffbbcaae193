/* Making receipts from a stored block.  All of its log entries are rebuilt once: each path needs its neighbours. */
#include <zyd/ledger.h>

struct zyd_receipt_env {
    struct zyd_span bytes, ops;
    struct zyd_hash env_hash, outcome_root;
    uint32_t op_count, first_row, row_count, ok_count;
    uint32_t leaf; /* position among the block's log entries */
    uint8_t class_, sig_count;
};
struct zyd_receipt_row {
    struct zyd_span bytes;
    bool sys, ok;
};

/* The two facts of an outcome that shape the log entry: whether a deadline made it, and whether it succeeded. */
static bool read_row(struct zyd_receipt_row *out, struct zyd_hash *hash, struct zyd_rd *rd)
{
    struct zyd_hash id;
    out->bytes = zyd_rx_block(rd, UINT32_MAX);
    struct zyd_rd in = zyd_rd_of(out->bytes);
    (void)zyd_rd_array_of(&in, 12);
    zyd_rd_hash(&in, &id);
    out->ok = zyd_rd_u64(&in, UINT32_MAX) == 0;
    (void)zyd_rd_u64(&in, UINT64_MAX);
    if (!zyd_rd_nil(&in)) {
        zyd_rd_hash(&in, &id);
    }
    (void)zyd_rd_u64(&in, UINT64_MAX);
    out->sys = zyd_rd_u64(&in, UINT64_MAX) > 0;
    if (rd->bad || in.bad) {
        return false;
    }
    zyd_merkle_leaf(hash, out->bytes.data, out->bytes.size);
    return true;
}

static uint32_t count_rows(struct zyd_span s)
{
    uint32_t n = 0;
    struct zyd_rd rd = zyd_rd_of(s);
    while (!rd.bad && rd.pos < rd.size) {
        (void)zyd_rx_block(&rd, UINT32_MAX);
        n++;
    }
    return n;
}

static bool read_rows(struct zyd_receipt_block *rb, uint32_t at, uint32_t count, struct zyd_span s)
{
    struct zyd_rd rd = zyd_rd_of(s);
    for (uint32_t i = 0; i < count; i++) {
        if (!read_row(&rb->rows[at + i], &rb->row_hashes[at + i], &rd)) {
            return false;
        }
    }
    return true;
}

/* What the log entry needs of an envelope, without checking its operations again: it stands in a final block. */
static bool read_env(struct zyd_receipt_env *e, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    struct zyd_span head = zyd_rx_span(&rd, ZYD_ENV_HEAD_SIZE);
    if (rd.bad) {
        return false;
    }
    e->bytes = bytes;
    e->class_ = head.data[34];
    e->op_count = zyd_get32(head.data + 44);
    size_t start = rd.pos;
    for (uint32_t i = 0; i < e->op_count && !rd.bad; i++) {
        (void)zyd_rx_block(&rd, ZYD_OP_PLUGIN_SIZE_MAX);
    }
    e->ops = zyd_span(bytes.data + start, rd.pos - start);
    e->sig_count = zyd_rx_u8(&rd);
    (void)zyd_rx_span(&rd, (size_t)e->sig_count * ZYD_ENV_SIG_SIZE);
    zyd_hash1(&e->env_hash, "zyd/envb/1", bytes.data, bytes.size);
    bool class_ok = e->class_ >= ZYD_ENV_BUSINESS && e->class_ <= ZYD_ENV_EVIDENCE;
    return zyd_rd_done(&rd) == ZYD_OK && class_ok && e->sig_count > 0 && e->sig_count <= ZYD_ENV_SIGS_MAX;
}

/* Shares the flat row of outcomes out: an envelope's end with that of its last operation. */
static bool share_rows(struct zyd_receipt_block *rb, uint32_t envs, uint32_t at, uint32_t end)
{
    for (uint32_t i = 0; i < envs; i++) {
        struct zyd_receipt_env *e = &rb->envs[i];
        e->first_row = at;
        e->ok_count = 0;
        for (uint32_t ops = 0; ops < e->op_count; at++) {
            if (at == end) {
                return false;
            }
            ops += rb->rows[at].sys ? 0 : 1;
            e->ok_count += rb->rows[at].ok ? 1 : 0;
        }
        e->row_count = at - e->first_row;
        zyd_merkle_root(&e->outcome_root, rb->row_hashes + e->first_row, e->row_count);
    }
    return at == end;
}

static size_t entry_data(uint8_t *buf, const struct zyd_receipt_env *e)
{
    struct zyd_wr wr = zyd_wr_of(buf, ZYD_LOG_LEAF_MAX);
    struct zyd_env env; /* the parts that go into the entry */
    env.bytes = e->bytes;
    env.env_hash = e->env_hash;
    env.class_ = e->class_;
    env.sig_count = e->sig_count;
    zyd_leaf_entry_data(&wr, &env, &e->outcome_root, e->ok_count);
    zyd_assert(!wr.full);
    return wr.size;
}

/* Seal, sys if there is any, then governance, evidence and business, each in the order of the body. */
static void build_leaves(struct zyd_receipt_block *rb, uint32_t envs, const struct zyd_header *prev_data, uint8_t *buf)
{
    static const uint8_t order[3] = {ZYD_ENV_GOVERNANCE, ZYD_ENV_EVIDENCE, ZYD_ENV_BUSINESS};
    struct zyd_hash root;
    uint32_t n = 0;
    zyd_leaf_seal(&rb->leaves[n++], prev_data, &rb->block->header.just_root);
    if (rb->sys_count > 0) {
        zyd_merkle_root(&root, rb->row_hashes, rb->sys_count);
        zyd_leaf_sys(&rb->leaves[n++], rb->sys_count, &root);
    }
    for (uint32_t c = 0; c < 3; c++) {
        for (uint32_t i = 0; i < envs; i++) {
            if (rb->envs[i].class_ == order[c]) {
                rb->envs[i].leaf = n;
                zyd_merkle_leaf(&rb->leaves[n++], buf, entry_data(buf, &rb->envs[i]));
            }
        }
    }
    rb->leaf_count = n;
}

static bool log_root_ok(const struct zyd_receipt_block *rb)
{
    struct zyd_frontier f = rb->before;
    struct zyd_hash root;
    for (uint32_t i = 0; i < rb->leaf_count; i++) {
        zyd_frontier_append(&f, &rb->leaves[i]);
    }
    zyd_frontier_root(&root, &f);
    return f.size == rb->block->header.log_size && zyd_hash_eq(&root, &rb->block->header.log_root);
}

enum zyd_status zyd_receipt_open(struct zyd_receipt_block *out, struct zyd_arena *scratch,
                                 const struct zyd_block_view *b, const struct zyd_header *prev_data)
{
    uint32_t envs = b->header.env_count, sys = count_rows(b->sys), rows = sys + count_rows(b->outcomes);
    out->block = b;
    out->scratch = scratch;
    out->sys_count = sys;
    out->envs = zyd_arena_take(scratch, envs * sizeof *out->envs);
    out->rows = zyd_arena_take(scratch, rows * sizeof *out->rows);
    out->row_hashes = zyd_arena_take(scratch, rows * sizeof *out->row_hashes);
    out->leaves = zyd_arena_take(scratch, (envs + 2) * sizeof *out->leaves);
    uint8_t *buf = zyd_arena_take(scratch, ZYD_LOG_LEAF_MAX + 1);
    if (out->envs == NULL || out->rows == NULL || out->row_hashes == NULL || out->leaves == NULL || buf == NULL) {
        return ZYD_E_FULL;
    }
    if (zyd_frontier_decode(&out->before, b->frontier) != ZYD_OK || !read_rows(out, 0, sys, b->sys) ||
        !read_rows(out, sys, rows - sys, b->outcomes)) {
        return ZYD_E_DAMAGED;
    }
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    for (uint32_t i = 0; i < envs; i++) {
        if (!read_env(&out->envs[i], zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX))) {
            return ZYD_E_DAMAGED;
        }
    }
    if (!share_rows(out, envs, sys, rows)) {
        return ZYD_E_DAMAGED;
    }
    build_leaves(out, envs, prev_data, buf);
    return log_root_ok(out) ? ZYD_OK : ZYD_E_DAMAGED;
}

/* Outcome, its path and the path of the log entry; rows first.. are one outcome tree. */
static void fill(struct zyd_receipt *out, const struct zyd_receipt_block *rb, const struct zyd_finality *f,
                 uint32_t first, uint32_t count, uint32_t row, uint32_t leaf)
{
    out->outcome = rb->rows[row].bytes;
    out->outcome_index = row - first;
    out->outcome_count = count;
    out->outcome_path_count =
        (uint32_t)zyd_merkle_path(out->outcome_path, rb->row_hashes + first, count, row - first);
    out->log_index = rb->before.size + leaf;
    out->log_path_count = (uint32_t)zyd_frontier_path(out->log_path, &rb->before, rb->leaves, rb->leaf_count, leaf);
    out->header = rb->block->header;
    out->finality = *f;
}

static enum zyd_status fill_op(struct zyd_receipt *out, struct zyd_receipt_block *rb,
                               const struct zyd_receipt_env *e, uint32_t op_index)
{
    size_t mark = rb->scratch->used;
    struct zyd_hash *ids = zyd_arena_take(rb->scratch, e->op_count * sizeof *ids);
    if (ids == NULL) {
        return ZYD_E_FULL;
    }
    struct zyd_rd rd = zyd_rd_of(e->ops);
    for (uint32_t i = 0; i < e->op_count; i++) {
        struct zyd_span op = zyd_rx_block(&rd, ZYD_OP_PLUGIN_SIZE_MAX);
        zyd_merkle_leaf(&ids[i], op.data, op.size);
        out->op = i == op_index ? op : out->op;
    }
    out->op_index = op_index;
    out->op_count = e->op_count;
    out->op_path_count = (uint32_t)zyd_merkle_path(out->op_path, ids, e->op_count, op_index);
    rb->scratch->used = mark;
    return ZYD_OK;
}

static enum zyd_status sys_receipt(struct zyd_receipt *out, uint8_t *leaf_buf, const struct zyd_receipt_block *rb,
                                   const struct zyd_finality *f, uint32_t index)
{
    struct zyd_hash root;
    if (index >= rb->sys_count) {
        return ZYD_E_NOT_FOUND;
    }
    zyd_merkle_root(&root, rb->row_hashes, rb->sys_count);
    leaf_buf[0] = ZYD_LEAF_SYS;
    zyd_put32(leaf_buf + 1, rb->sys_count);
    memcpy(leaf_buf + 5, root.b, 32);
    out->leaf = zyd_span(leaf_buf, 37);
    out->op = zyd_span(NULL, 0);
    out->op_index = out->op_count = out->op_path_count = 0;
    fill(out, rb, f, 0, rb->sys_count, index, 1);
    return ZYD_OK;
}

enum zyd_status zyd_receipt_of(struct zyd_receipt *out, uint8_t *leaf_buf, struct zyd_receipt_block *rb,
                               const struct zyd_finality *f, uint32_t env_index, uint32_t op_index)
{
    if (env_index == ZYD_RECEIPT_SYS) {
        return sys_receipt(out, leaf_buf, rb, f, op_index);
    }
    if (env_index >= rb->block->header.env_count || op_index >= rb->envs[env_index].op_count) {
        return ZYD_E_NOT_FOUND;
    }
    const struct zyd_receipt_env *e = &rb->envs[env_index];
    enum zyd_status st = fill_op(out, rb, e, op_index);
    if (st != ZYD_OK) {
        return st;
    }
    uint32_t row = e->first_row, left = op_index;
    while (rb->rows[row].sys || left > 0) {
        left -= rb->rows[row].sys ? 0 : 1;
        row++;
    }
    out->leaf = zyd_span(leaf_buf, entry_data(leaf_buf, e));
    fill(out, rb, f, e->first_row, e->row_count, row, e->leaf);
    return ZYD_OK;
}

enum zyd_status zyd_receipt_make(struct zyd_receipt *out, uint8_t *leaf_buf, struct zyd_arena *scratch,
                                 const struct zyd_block_view *b, const struct zyd_header *prev_data,
                                 const struct zyd_finality *f, uint32_t env_index, uint32_t op_index)
{
    struct zyd_receipt_block rb;
    enum zyd_status st = zyd_receipt_open(&rb, scratch, b, prev_data);
    return st == ZYD_OK ? zyd_receipt_of(out, leaf_buf, &rb, f, env_index, op_index) : st;
}
