/* Routes over blocks: postings, headers, raw frames, receipts, proofs of records. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/date.h>
#include <zyd/verify.h>

#include "api_impl.h"
#include "api_tx.h"

#define FRAMES_BYTES (16u << 20)
#define SCAN_BLOCKS 2000u /* read for one page of postings */

/* ---- receipts ---- */

static size_t arena_size(const struct zyd_block_view *b)
{
    /* 64 bytes an outcome and a leaf: an outcome has at least 40 bytes, an envelope more */
    return (b->outcomes.size / 8 + b->sys.size / 8 + b->envelopes.size / 8) * 24 + (512u << 10);
}

/* The header of height 0 is stored nowhere: it follows from genesis. */
static enum zyd_status genesis_header(struct zyd_header *out, const struct zyd_genesis *g)
{
    struct zyd_replica_limits limits;
    zyd_replica_limits_small(&limits);
    size_t size = zyd_replay_footprint(&limits, g);
    void *mem = zyd_pages_map(size);
    if (!mem) {
        return ZYD_E_FULL;
    }
    enum zyd_status s = zyd_replay_genesis(zyd_replay_init(mem, g, &limits, NULL), out);
    zyd_pages_unmap(mem, size);
    return s;
}

/* Header of the DATA block before height. */
static enum zyd_status header_before(struct request *r, struct zyd_header *out, uint64_t height)
{
    struct zyd_view_fetched f;
    if (height == 1) {
        return genesis_header(out, r->api->g);
    }
    enum zyd_status s = zyd_view_fetch(r->api->view, &f, height - 1);
    if (s == ZYD_OK) {
        *out = f.b.header;
        zyd_view_fetched_free(&f);
    }
    return s;
}

/* Makes and encodes; malloc'd bytes. */
static enum zyd_status make_receipt(struct request *r, const struct tx_copy *c, uint8_t **out, size_t *size)
{
    struct zyd_view_fetched f;
    struct zyd_finality finality;
    struct zyd_header prev;
    enum zyd_status s = zyd_view_fetch(r->api->view, &f, c->tx.height);
    if (s != ZYD_OK) {
        return s;
    }
    size_t room = arena_size(&f.b), cap = ZYD_LOG_LEAF_MAX + ZYD_OP_PLUGIN_SIZE_MAX + ZYD_FINALITY_SIZE_MAX + (512u << 10);
    struct zyd_receipt *receipt = calloc(1, sizeof *receipt);
    uint8_t *leaf = malloc(ZYD_LOG_LEAF_MAX + 1), *scratch = malloc(room), *bytes = malloc(cap);
    zyd_assert(receipt && leaf && scratch && bytes);
    struct zyd_arena arena;
    zyd_arena_init(&arena, scratch, room);
    s = f.finality_size == 0 ? ZYD_E_BUSY : zyd_finality_decode(&finality, zyd_span(f.finality, f.finality_size));
    s = s == ZYD_OK ? header_before(r, &prev, c->tx.height) : s;
    if (s == ZYD_OK) {
        s = zyd_receipt_make(receipt, leaf, &arena, &f.b, &prev, &finality,
                             c->tx.env == ZYD_VIEW_NONE ? ZYD_RECEIPT_SYS : c->env_index, c->tx.op_index);
    }
    if (s == ZYD_OK) {
        struct zyd_wr wr = zyd_wr_of(bytes, cap);
        zyd_receipt_encode(&wr, receipt);
        s = wr.full ? ZYD_E_TOO_BIG : ZYD_OK;
        *size = wr.size;
    }
    free(receipt);
    free(leaf);
    free(scratch);
    zyd_view_fetched_free(&f);
    if (s != ZYD_OK) {
        free(bytes);
        bytes = NULL;
    }
    *out = bytes;
    return s;
}

static bool wants_bytes(const struct request *r)
{
    return strstr(r->accept, "application/octet-stream") != NULL;
}

enum step zyd_receipt_answer(struct request *r, const struct tx_copy *c)
{
    uint8_t *bytes;
    size_t size;
    enum zyd_status s = make_receipt(r, c, &bytes, &size);
    if (s == ZYD_E_BUSY) {
        return zyd_fail(r, ZYD_ERR_NOT_READY, "", "the proof of finality is being written; ask again");
    }
    if (s != ZYD_OK) {
        return zyd_fail(r, ZYD_ERR_STORE_FAILED, "", "no receipt can be made: %s", zyd_status_text(s));
    }
    if (wants_bytes(r)) {
        return zyd_answer_bytes(r, "application/octet-stream", bytes, size);
    }
    json_t *o = json_object();
    char *text = zyd_base64(bytes, size);
    zyd_j_hash(o, "op_id", &c->tx.op_id);
    zyd_j_u64(o, "height", c->tx.height);
    zyd_j_str(o, "receipt", text);
    free(text);
    free(bytes);
    return zyd_answer(r, 200, o);
}

enum step zyd_run_transaction_receipt_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_hash op_id;
    struct tx_copy c;
    bool good = zyd_hex32_parse(&op_id, r->uri.segments[2]);
    zyd_view_lock(a->view);
    const struct zyd_view_tx *tx = good ? zyd_view_tx(a->view, &op_id) : NULL;
    if (tx) {
        zyd_tx_copy(&c, a, tx);
    }
    zyd_view_unlock(a->view);
    if (!tx || !zyd_api_sees(r, c.parties)) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "no such operation is final");
    }
    return zyd_receipt_answer(r, &c);
}

/* Of ?op=, or of the last operation of the object (fired deadlines inside an envelope have no receipt of their own). */
enum step zyd_run_receipt_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct zyd_view_object x;
    struct zyd_hash op_id;
    struct tx_copy c;
    const char *op = zyd_uri_arg(&r->uri, "op");
    if (!zyd_object_find(r, &x, r->uri.segments[2])) {
        return zyd_answer_problem(r);
    }
    if (op && !zyd_hex32_parse(&op_id, op)) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "op: an operation id is 64 hex digits");
    }
    const struct zyd_view_tx *found = NULL;
    zyd_view_lock(a->view);
    const struct zyd_view_object *now = zyd_view_object(a->view, &x.id);
    for (uint32_t i = now->first_tx; i != ZYD_VIEW_NONE;) {
        const struct zyd_view_tx *tx = zyd_view_tx_at(a->view, i);
        bool own = !tx->sys || tx->env == ZYD_VIEW_NONE;
        if (own && (!op || zyd_hash_eq(&tx->op_id, &op_id))) {
            found = tx;
        }
        i = tx->next;
    }
    if (found) {
        zyd_tx_copy(&c, a, found);
    }
    zyd_view_unlock(a->view);
    return found ? zyd_receipt_answer(r, &c) : zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "no such operation of this object");
}

/* ---- postings ---- */

struct statement {
    struct request *r;
    uint16_t member, programme;
    const char *prefix;
    bool by_object;
    struct zyd_hash object;
    json_t *items;
    uint32_t limit;
    uint32_t skip; /* postings of the first tx that an earlier page showed */
};

static bool posting_matches(const struct statement *st, const struct zyd_posting *p)
{
    size_t n = st->prefix ? strlen(st->prefix) : 0;
    return zyd_api_sees(st->r, p->member < 64 ? UINT64_C(1) << p->member : 0) &&
           (st->member == 0xffff || p->member == st->member) && (st->programme == 0 || p->programme == st->programme) &&
           (n == 0 || strncmp(p->dr, st->prefix, n) == 0 || strncmp(p->cr, st->prefix, n) == 0);
}

/* false when the page is full; *at then is the posting to go on with. */
static bool tell_tx(struct statement *st, const struct tx_copy *c, const struct zyd_outcome *o, uint32_t *at)
{
    const struct zyd_genesis *g = st->r->api->g;
    for (uint32_t i = st->skip; i < o->posting_count; i++) {
        char event[24];
        if (!posting_matches(st, &o->postings[i])) {
            continue;
        }
        if (json_array_size(st->items) == st->limit) {
            *at = i;
            return false;
        }
        json_t *one = json_object();
        zyd_j_u64(one, "height", c->tx.height);
        zyd_j_u64s(one, "log_index", c->tx.log_index);
        zyd_j_date(one, "date", zyd_date_of_ms((int64_t)c->time_ms));
        zyd_j_hash(one, "op_id", &c->tx.op_id);
        zyd_j_str(one, "event", zyd_event_text(event, g, c->tx.contract, c->tx.event, c->tx.deadline, c->tx.sys));
        if (c->has_object) {
            zyd_j_hash(one, "object", &c->object);
        } else {
            json_object_set_new(one, "object", json_null());
        }
        zyd_posting_tell(one, g, &o->postings[i]);
        json_array_append_new(st->items, one);
    }
    st->skip = 0;
    return true;
}

static bool height_arg(struct request *r, const char *name, uint64_t *out, uint64_t missing)
{
    const char *text = zyd_uri_arg(&r->uri, name);
    *out = missing;
    if (text && !zyd_decimal_parse(out, text, UINT64_MAX - 1)) {
        r->problem.http = 400;
        zyd_problem_set(&r->problem, ZYD_ERR_FIELD_VALUE, "", "%s: a height", name);
        return false;
    }
    return true;
}

/* The cursor is tx * 256 + posting. Blocks are read from the store, each once. */
enum step zyd_run_postings_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct statement st = {.r = r, .prefix = zyd_uri_arg(&r->uri, "prefix"), .items = NULL};
    struct page page;
    uint64_t from, to, next = UINT64_MAX;
    const char *object = zyd_uri_arg(&r->uri, "object");
    if (!zyd_page_read(r, &page) || !zyd_member_arg(r, "member", &st.member) || !zyd_programme_arg(r, &st.programme) ||
        !height_arg(r, "from", &from, 1) || !height_arg(r, "to", &to, UINT64_MAX - 1)) {
        return zyd_answer_problem(r);
    }
    st.by_object = object != NULL;
    if (object && !zyd_hex32_parse(&st.object, object)) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "object: 64 hex digits");
    }
    st.items = json_array();
    st.limit = page.limit;
    st.skip = (uint32_t)(page.after & 255);
    struct zyd_view_fetched f = {0};
    struct zyd_view_outcome *x = calloc(1, sizeof *x);
    zyd_assert(x != NULL);
    uint64_t have = 0, tx_at = page.after >> 8;
    uint32_t read = 0;
    if (page.after == 0) {
        zyd_view_lock(a->view);
        const struct zyd_view_block *b = zyd_view_block(a->view, from == 0 ? 1 : from);
        tx_at = b ? b->first_tx : UINT32_MAX;
        zyd_view_unlock(a->view);
    }
    enum zyd_status s = ZYD_OK;
    for (; s == ZYD_OK; tx_at++) {
        struct tx_copy c;
        struct zyd_op op;
        bool has_op;
        zyd_view_lock(a->view);
        const struct zyd_view_tx *tx = tx_at < UINT32_MAX ? zyd_view_tx_at(a->view, (uint32_t)tx_at) : NULL;
        if (tx) {
            zyd_tx_copy(&c, a, tx);
        }
        zyd_view_unlock(a->view);
        if (!tx || c.tx.height > to) {
            break;
        }
        if (c.tx.postings == 0 || (st.by_object && !(c.has_object && zyd_hash_eq(&c.object, &st.object)))) {
            continue;
        }
        if (have != c.tx.height) {
            if (++read > SCAN_BLOCKS) {
                next = tx_at << 8;
                break;
            }
            zyd_view_fetched_free(&f);
            s = zyd_view_fetch(a->view, &f, c.tx.height);
            have = c.tx.height;
        }
        s = s == ZYD_OK ? zyd_view_outcome_read(x, &op, &has_op, &f, &c.tx) : s;
        uint32_t at;
        if (s == ZYD_OK && !tell_tx(&st, &c, &x->o, &at)) {
            next = tx_at << 8 | at;
            break;
        }
    }
    zyd_view_fetched_free(&f);
    free(x);
    if (s != ZYD_OK) {
        json_decref(st.items);
        return zyd_fail(r, ZYD_ERR_STORE_FAILED, "", "%s", zyd_status_text(s));
    }
    return zyd_answer(r, 200, zyd_page_json(r, st.items, next));
}

/* ---- blocks ---- */

static json_t *block_json(const struct zyd_api *a, const struct zyd_view_block *b)
{
    json_t *o = json_object();
    zyd_j_u64(o, "height", b->height);
    zyd_j_hash(o, "hash", &b->hash);
    zyd_j_time(o, "time", b->time_ms);
    zyd_j_date(o, "date", zyd_date_of_ms((int64_t)b->time_ms));
    zyd_j_u64(o, "view", b->view);
    zyd_j_member(o, "proposer", a->g, b->proposer < a->g->validator_count ? a->g->validators[b->proposer] : 0xffff);
    zyd_j_u64(o, "envelopes", b->env_count);
    zyd_j_u64(o, "operations", b->op_count);
    zyd_j_u64(o, "refused", b->refused);
    zyd_j_u64(o, "sys", b->sys_count);
    zyd_j_u64(o, "bytes", b->size);
    return o;
}

enum step zyd_run_blocks_get(struct request *r)
{
    struct zyd_api *a = r->api;
    struct page page;
    uint64_t from, before, next = UINT64_MAX;
    bool up = zyd_uri_arg(&r->uri, "from") != NULL;
    if (!zyd_page_read(r, &page) || !height_arg(r, "from", &from, 1) || !height_arg(r, "before", &before, UINT64_MAX - 1)) {
        return zyd_answer_problem(r);
    }
    json_t *items = json_array();
    zyd_view_lock(a->view);
    uint64_t tip = zyd_view_height(a->view);
    uint64_t at = page.after != 0 ? page.after : up ? (from == 0 ? 1 : from) : before > tip ? tip : before - (before > 0);
    const struct zyd_view_block *b;
    while ((b = zyd_view_block(a->view, at)) != NULL) {
        if (json_array_size(items) == page.limit) {
            next = at;
            break;
        }
        json_array_append_new(items, block_json(a, b));
        at = up ? at + 1 : at - 1;
    }
    zyd_view_unlock(a->view);
    return zyd_answer(r, 200, zyd_page_json(r, items, next));
}

static json_t *entries_json(const struct zyd_api *a, const struct zyd_block_view *b)
{
    json_t *list = json_array();
    struct zyd_rd rd = zyd_rd_of(b->envelopes);
    while (rd.pos < rd.size && !rd.bad) {
        struct zyd_env env;
        struct zyd_span bytes = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        if (rd.bad || zyd_env_decode(&env, bytes) != ZYD_OK) {
            break;
        }
        json_t *one = json_object();
        uint64_t signers = 0;
        zyd_j_hash(one, "env_id", &env.env_id);
        zyd_j_hash(one, "env_hash", &env.env_hash);
        zyd_j_u64(one, "class", env.class_);
        zyd_j_u64(one, "operations", env.op_count);
        for (uint8_t i = 0; i < env.sig_count; i++) {
            signers |= env.sigs[i].member < 64 ? UINT64_C(1) << env.sigs[i].member : 0;
        }
        json_object_set_new(one, "signers", zyd_j_members(a->g, signers));
        json_array_append_new(list, one);
    }
    return list;
}

static bool height_segment(struct request *r, uint64_t *height)
{
    const char *text = r->uri.segments[2];
    zyd_view_lock(r->api->view);
    uint64_t tip = zyd_view_height(r->api->view);
    zyd_view_unlock(r->api->view);
    *height = tip;
    bool good = strcmp(text, "latest") == 0 ? tip > 0 : zyd_decimal_parse(height, text, UINT64_MAX - 1);
    if (!good || *height == 0 || *height > tip) {
        zyd_problem_set(&r->problem, ZYD_ERR_NOT_FOUND, "", "no such block yet: the height is %llu", (unsigned long long)tip);
        return false;
    }
    return true;
}

static enum step store_problem(struct request *r, uint64_t height, enum zyd_status s)
{
    return zyd_fail(r, ZYD_ERR_STORE_FAILED, "", "block %llu: %s", (unsigned long long)height, zyd_status_text(s));
}

enum step zyd_run_block_get(struct request *r)
{
    struct zyd_api *a = r->api;
    uint64_t height;
    struct zyd_view_fetched f;
    struct zyd_finality fin;
    if (wants_bytes(r)) {
        return zyd_run_block_raw_get(r);
    }
    if (!height_segment(r, &height)) {
        return zyd_answer_problem(r);
    }
    enum zyd_status s = zyd_view_fetch(a->view, &f, height);
    if (s != ZYD_OK) {
        return store_problem(r, height, s);
    }
    const struct zyd_header *h = &f.b.header;
    zyd_view_lock(a->view);
    json_t *o = block_json(a, zyd_view_block(a->view, height));
    zyd_view_unlock(a->view);
    zyd_j_hash(o, "parent", &h->parent_hash);
    zyd_j_u64s(o, "log_size", h->log_size);
    zyd_j_hash(o, "log_root", &h->log_root);
    zyd_j_u64s(o, "state_size", h->state_size);
    zyd_j_hash(o, "state_root", &h->state_root);
    zyd_j_fen128(o, "debits", h->debits);
    zyd_j_fen128(o, "credits", h->credits);
    zyd_j_fen128(o, "open_obligations", h->open_obligations);
    zyd_j_u64(o, "rules_version", h->rules_version);
    if (f.finality_size > 0 && zyd_finality_decode(&fin, zyd_span(f.finality, f.finality_size)) == ZYD_OK) {
        json_t *one = json_object();
        uint64_t signers = 0;
        for (uint8_t i = 0; i < a->g->validator_count; i++) {
            signers |= (fin.fc.bitmap >> i & 1) != 0 ? UINT64_C(1) << a->g->validators[i] : 0;
        }
        json_object_set_new(one, "signers", zyd_j_members(a->g, signers));
        zyd_j_u64(one, "view", fin.fc.view);
        json_object_set_new(o, "finality", one);
    } else {
        json_object_set_new(o, "finality", json_null());
    }
    json_object_set_new(o, "entries", entries_json(a, &f.b));
    zyd_view_fetched_free(&f);
    return zyd_answer(r, 200, o);
}

/* Appends u32 block value without write set, u32 finality.  *room grows. */
static enum zyd_status append_frame(struct request *r, uint64_t height, uint8_t **bytes, size_t *size, size_t *cap)
{
    struct zyd_view_fetched f;
    enum zyd_status s = zyd_view_fetch(r->api->view, &f, height);
    if (s != ZYD_OK) {
        return s;
    }
    if (f.finality_size == 0) {
        zyd_view_fetched_free(&f);
        return ZYD_E_BUSY;
    }
    size_t most = f.size + f.finality_size + 64;
    if (*size + most > *cap) {
        *cap = (*size + most) * 2;
        *bytes = realloc(*bytes, *cap);
        zyd_assert(*bytes != NULL);
    }
    uint8_t *value = malloc(f.size + 64);
    zyd_assert(value != NULL);
    struct zyd_wr block = zyd_wr_of(value, f.size + 64), wr = zyd_wr_of(*bytes + *size, *cap - *size);
    f.b.writes = zyd_span(NULL, 0);
    zyd_block_encode(&block, &f.b);
    zyd_segment_frame_encode(&wr, zyd_wr_span(&block), zyd_span(f.finality, f.finality_size));
    zyd_assert(!block.full && !wr.full);
    *size += wr.size;
    free(value);
    zyd_view_fetched_free(&f);
    return ZYD_OK;
}

static enum step frames(struct request *r, uint64_t from, uint64_t to)
{
    uint8_t *bytes = NULL;
    size_t size = 0, cap = 0;
    enum zyd_status s = ZYD_OK;
    uint64_t h = from;
    for (; h <= to && size < FRAMES_BYTES; h++) {
        s = append_frame(r, h, &bytes, &size, &cap);
        if (s != ZYD_OK) {
            break;
        }
    }
    if (size == 0) {
        free(bytes);
        return s == ZYD_E_BUSY ? zyd_fail(r, ZYD_ERR_NOT_READY, "", "the proof of finality is being written; ask again")
                               : store_problem(r, h, s);
    }
    if (h <= to) {
        snprintf(r->next_frame, sizeof r->next_frame, "%llu", (unsigned long long)h);
    }
    return zyd_answer_bytes(r, "application/octet-stream", bytes, size);
}

enum step zyd_run_block_raw_get(struct request *r)
{
    uint64_t height;
    return height_segment(r, &height) ? frames(r, height, height) : zyd_answer_problem(r);
}

enum step zyd_run_frames_get(struct request *r)
{
    uint64_t from, to;
    zyd_view_lock(r->api->view);
    uint64_t tip = zyd_view_height(r->api->view);
    zyd_view_unlock(r->api->view);
    if (!height_arg(r, "from", &from, 1) || !height_arg(r, "to", &to, tip)) {
        return zyd_answer_problem(r);
    }
    to = to > tip ? tip : to;
    if (from == 0 || from > to) {
        return zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "no blocks there: the height is %llu", (unsigned long long)tip);
    }
    return frames(r, from, to);
}

/* ---- proofs of records ---- */

static bool proof_key(struct request *r, struct zyd_hash *key)
{
    struct zyd_api *a = r->api;
    const char *kind = zyd_uri_arg(&r->uri, "kind"), *id = zyd_uri_arg(&r->uri, "id"), *code = zyd_uri_arg(&r->uri, "code");
    const char *contract = zyd_uri_arg(&r->uri, "contract");
    struct zyd_hash hash = {{0}};
    uint16_t member, programme, number = zyd_view_guarantee(a->view);
    if (r->uri.segment_count == 4) {
        return zyd_hex32_parse(key, r->uri.segments[2]);
    }
    if (!kind || !zyd_member_arg(r, "member", &member) || !zyd_programme_arg(r, &programme) ||
        (id && !zyd_hex32_parse(&hash, id))) {
        return false;
    }
    for (uint16_t i = 0; contract && i < a->g->plugin_count; i++) {
        if (a->g->plugins[i].name.size == strlen(contract) &&
            memcmp(a->g->plugins[i].name.data, contract, strlen(contract)) == 0) {
            number = a->g->plugins[i].contract;
        }
    }
    if (strcmp(kind, "account") == 0 && code && member != 0xffff) {
        zyd_account_key(key, member, programme, zyd_span(code, strlen(code)));
    } else if (strcmp(kind, "object") == 0 && id) {
        zyd_contract_object_key(key, number, &hash);
    } else if (strcmp(kind, "obligation") == 0 && id) {
        zyd_obligation_key(key, &hash);
    } else if (strcmp(kind, "pending") == 0 && id) {
        zyd_pending_key(key, &hash);
    } else {
        return false;
    }
    return true;
}

/* header 378, u8 present, u64 index, u8 path count, path, u32 + leaf, u32 + finality (zyd/replica.h). */
static enum step proof_answer(struct request *r, const struct zyd_hash *key)
{
    struct zyd_rd rd = zyd_rd_of(zyd_span(r->reply_bytes, r->reply_size));
    struct zyd_header head;
    struct zyd_span header = zyd_rx_span(&rd, ZYD_HEADER_SIZE);
    uint8_t present = zyd_rx_u8(&rd);
    uint64_t index = zyd_rx_u64(&rd);
    uint8_t count = zyd_rx_u8(&rd);
    json_t *o = json_object(), *path = json_array();
    for (uint8_t i = 0; i < count && !rd.bad; i++) {
        struct zyd_hash node;
        char hex[65];
        zyd_rx_hash(&rd, &node);
        zyd_hex(hex, node.b, ZYD_HASH_SIZE);
        json_array_append_new(path, json_string(hex));
    }
    struct zyd_span leaf = zyd_rx_block(&rd, ZYD_OP_SIZE_MAX), finality = zyd_rx_block(&rd, ZYD_FINALITY_SIZE_MAX);
    zyd_j_hash(o, "key", key);
    json_object_set_new(o, "present", json_boolean(present));
    zyd_j_u64s(o, "index", index);
    json_object_set_new(o, "path", path);
    if (rd.bad || zyd_header_decode(&head, header) != ZYD_OK) {
        json_decref(o);
        return zyd_fail(r, ZYD_ERR_BUG, "", "the replica's proof cannot be read");
    }
    char *text = zyd_base64(leaf.data, leaf.size);
    zyd_j_str(o, "leaf", text);
    free(text);
    text = zyd_base64(finality.data, finality.size);
    zyd_j_str(o, "finality", text);
    free(text);
    zyd_j_hex(o, "header", header.data, header.size);
    zyd_j_u64(o, "height", head.height);
    return zyd_answer(r, 200, o);
}

enum step zyd_run_proof_get(struct request *r)
{
    struct zyd_hash key;
    uint8_t query[1 + ZYD_HASH_SIZE] = {ZYD_QUERY_RECORD};
    if (!proof_key(r, &key)) {
        return r->problem.code != 0
                   ? zyd_answer_problem(r)
                   : zyd_fail(r, ZYD_ERR_NOT_FOUND, "", "a record key of 64 hex digits, or kind=object|obligation|pending&id= "
                                                        "or kind=account&member=&programme=&code=");
    }
    if (r->w.step == 0) {
        r->w.step = 1;
        memcpy(query + 1, key.b, ZYD_HASH_SIZE);
        return zyd_api_wait_reply(r, false, zyd_span(query, sizeof query)) ? STEP_WAIT : zyd_answer_problem(r);
    }
    if (!r->replied) {
        return zyd_fail(r, ZYD_ERR_WAIT_TIMEOUT, "", "the replica did not answer in time");
    }
    if (r->reply != ZYD_OK) {
        return r->reply == ZYD_E_FULL ? zyd_fail(r, ZYD_ERR_BUSY, "", "the node's inbox is full")
                                      : zyd_fail(r, ZYD_ERR_NOT_READY, "", "%s", zyd_status_text(r->reply));
    }
    return proof_answer(r, &key);
}
