#include "tests/lib/ledger_fixture.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <zyd/date.h>

#define OUTCOMES_SIZE (8u << 20)
#define WRITE_SET_SIZE (64u << 20)
#define MUST(expr) ((expr) == ZYD_OK ? (void)0 : zyd_panic(__FILE__, __LINE__, #expr))

/* Nothing is ever checkpointed: all records stay in the state's memory. */
static enum zyd_status kv_get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    (void)ctx, (void)index, (void)leaf, (void)key;
    return ZYD_E_NOT_FOUND;
}
static enum zyd_status kv_below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    (void)ctx, (void)out, (void)key;
    return ZYD_E_NOT_FOUND;
}
static enum zyd_status kv_at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    (void)ctx, (void)leaf, (void)index;
    return ZYD_E_NOT_FOUND;
}
static enum zyd_status kv_block(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height)
{
    (void)ctx, (void)value, (void)finality, (void)height;
    return ZYD_E_NOT_FOUND;
}
static const struct zyd_kv no_kv = {NULL, kv_get, kv_below, kv_at, kv_block};

static uint64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void *take(size_t size)
{
    void *p = calloc(1, size);
    zyd_assert(p != NULL);
    return p;
}

static struct zyd_span keep(struct zyd_fixture *f, const void *data, size_t size)
{
    char *copy = take(size + 1);
    zyd_assert(f->text_count < sizeof f->texts / sizeof f->texts[0]);
    memcpy(copy, data, size);
    f->texts[f->text_count++] = copy;
    return zyd_span(copy, size);
}

struct zyd_fixture *zyd_fixture_new(uint32_t members)
{
    struct zyd_fixture *f = take(sizeof *f);
    zyd_test_consortium_plan(&f->c, members < 4 ? 1 : 4, members);
    f->outcomes = zyd_wr_of(take(OUTCOMES_SIZE), OUTCOMES_SIZE);
    f->limits = (struct zyd_state_limits){
        .records_max = 1u << 18, .recent_bytes = 256u << 20, .overlay_bytes = 32u << 20, .due_max = 1u << 18};
    return f;
}

void zyd_fixture_free(struct zyd_fixture *f)
{
    for (uint32_t i = 0; i < f->text_count; i++) {
        free(f->texts[i]);
    }
    for (uint32_t i = 0; i < ZYD_PLUGINS_MAX; i++) {
        free(f->elfs[i]);
    }
    for (uint64_t i = 0; i < f->leaf_count; i++) {
        free((void *)(uintptr_t)f->leaves[i].data);
    }
    free(f->leaves);
    free(f->books);
    free(f->outcomes.data);
    free(f->write_set);
    free(f->state_mem);
    free(f->host_mem);
    free(f);
}

void zyd_fixture_member(struct zyd_fixture *f, uint16_t member, const char *code, enum zyd_role role)
{
    f->c.g.members[member].code = keep(f, code, strlen(code));
    f->c.g.members[member].role = (uint8_t)role;
}

static uint16_t add_plugin(struct zyd_fixture *f, uint16_t contract, const char *name)
{
    uint16_t i = f->c.g.plugin_count++;
    f->c.g.plugins[i].contract = contract;
    f->c.g.plugins[i].name = keep(f, name, strlen(name));
    return i;
}

void zyd_fixture_plugin(struct zyd_fixture *f, uint16_t contract, const char *name, const char *path)
{
    uint16_t i = add_plugin(f, contract, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        zyd_panic(__FILE__, __LINE__, path);
    }
    f->elfs[i] = take(512u << 10);
    f->elf_sizes[i] = fread(f->elfs[i], 1, 512u << 10, file);
    fclose(file);
    zyd_sha256(&f->c.g.plugins[i].hash, f->elfs[i], f->elf_sizes[i]);
}

void zyd_fixture_native(struct zyd_fixture *f, uint16_t contract, const char *name, zyd_native_entry entry)
{
    uint16_t i = add_plugin(f, contract, name);
    f->natives[i].entry = entry;
    zyd_sha256(&f->c.g.plugins[i].hash, name, strlen(name));
}

struct zyd_programme *zyd_fixture_programme(struct zyd_fixture *f, uint16_t id, uint16_t contract, const char *code,
                                            struct zyd_span params)
{
    struct zyd_programme *p = &f->c.g.programmes[f->c.g.programme_count++];
    p->id = id;
    p->contract = contract;
    p->code = p->name_zh = p->name_en = keep(f, code, strlen(code));
    p->pending_days = 10;
    p->params = keep(f, params.data, params.size);
    return p;
}

void zyd_fixture_opening(struct zyd_fixture *f, uint16_t member, uint16_t programme, const char *dr, const char *cr,
                         int64_t amount)
{
    struct zyd_opening *o = &f->c.g.openings[f->c.g.opening_count++];
    o->member = member;
    o->programme = programme;
    o->dr = keep(f, dr, strlen(dr));
    o->cr = keep(f, cr, strlen(cr));
    o->amount.fen = amount;
}

/* ---- the auditor's side: accounts from openings and outcomes (FORMATS.md 16), without the host's code ---- */

struct zyd_fixture_book {
    struct zyd_account a;
};

static struct zyd_account *book(struct zyd_fixture *f, uint16_t member, uint16_t programme, const char *code)
{
    for (size_t i = 0; i < f->book_count; i++) {
        struct zyd_account *a = &f->books[i].a;
        if (a->member == member && a->programme == programme && strcmp(a->code, code) == 0) {
            return a;
        }
    }
    if (f->book_count == f->book_cap) {
        f->book_cap = f->book_cap * 2 + 64;
        f->books = realloc(f->books, f->book_cap * sizeof *f->books);
        zyd_assert(f->books != NULL);
    }
    struct zyd_account *a = &f->books[f->book_count++].a;
    *a = (struct zyd_account){.member = member, .programme = programme};
    strcpy(a->code, code);
    return a;
}

static void enter(struct zyd_account *a, const struct zyd_posting *p, uint64_t log_index, uint32_t n)
{
    uint8_t bytes[256];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wx_hash(&wr, &a->history);
    zyd_wx_u64(&wr, log_index);
    zyd_wx_u32(&wr, n);
    zyd_wx_u16(&wr, p->label);
    zyd_wx_u64(&wr, (uint64_t)p->amount.fen);
    zyd_wx_hash(&wr, &p->obligation);
    zyd_wx_u8(&wr, (uint8_t)strlen(p->dr));
    zyd_wx_bytes(&wr, p->dr, strlen(p->dr));
    zyd_wx_u8(&wr, (uint8_t)strlen(p->cr));
    zyd_wx_bytes(&wr, p->cr, strlen(p->cr));
    zyd_hash1(&a->history, "zyd/hist/1", wr.data, wr.size);
    a->entry_count++;
}

static void keep_books(struct zyd_fixture *f, const struct zyd_posting *p, uint64_t log_index, uint32_t n)
{
    struct zyd_account *dr = book(f, p->member, p->programme, p->dr);
    dr->debits += (uint64_t)p->amount.fen;
    enter(dr, p, log_index, n);
    struct zyd_account *cr = book(f, p->member, p->programme, p->cr);
    cr->credits += (uint64_t)p->amount.fen;
    enter(cr, p, log_index, n);
}

static void keep_outcome(struct zyd_fixture *f, uint64_t log_index, uint32_t n, const struct zyd_op *op)
{
    if (f->watch != NULL) {
        f->watch(f->watch_ctx, f, f->outcome.due_ms > 0 ? NULL : op, log_index, n);
    }
    for (uint32_t i = 0; i < f->outcome.posting_count && !f->quiet_check; i++) {
        keep_books(f, &f->postings[i], log_index, n);
    }
}

static void keep_openings(struct zyd_fixture *f)
{
    for (uint16_t i = 0; i < f->c.g.opening_count; i++) {
        const struct zyd_opening *o = &f->c.g.openings[i];
        struct zyd_posting p = {
            .member = o->member, .programme = o->programme, .label = ZYD_LABEL_OPENING, .amount = o->amount};
        memcpy(p.dr, o->dr.data, o->dr.size);
        memcpy(p.cr, o->cr.data, o->cr.size);
        keep_books(f, &p, 0, i);
    }
}

/* Takes the block's write set over into the plain array of leaves. */
static void absorb(struct zyd_fixture *f)
{
    if (f->write_set == NULL) {
        f->write_set = malloc(WRITE_SET_SIZE);
        zyd_assert(f->write_set != NULL);
    }
    struct zyd_wr wr = zyd_wr_of(f->write_set, WRITE_SET_SIZE);
    zyd_overlay_write_set(f->overlay, &wr);
    zyd_assert(!wr.full);
    struct zyd_rd rd = zyd_rd_of(zyd_wr_span(&wr));
    while (rd.pos < rd.size) {
        uint64_t index = zyd_rx_u64(&rd);
        struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
        zyd_assert(!rd.bad && index <= f->leaf_count + 1);
        if (index >= f->leaf_cap) {
            f->leaf_cap = f->leaf_cap == 0 ? 1024 : f->leaf_cap * 2;
            f->leaves = realloc(f->leaves, f->leaf_cap * sizeof *f->leaves);
            zyd_assert(f->leaves != NULL);
        }
        for (; f->leaf_count <= index; f->leaf_count++) {
            f->leaves[f->leaf_count] = zyd_span(NULL, 0);
        }
        free((void *)(uintptr_t)f->leaves[index].data);
        uint8_t *copy = take(leaf.size);
        memcpy(copy, leaf.data, leaf.size);
        f->leaves[index] = zyd_span(copy, leaf.size);
    }
}

static void apply(struct zyd_fixture *f)
{
    uint64_t size, start = now_ns();
    zyd_overlay_seal(f->overlay, &size, &f->root);
    f->seal_ns += now_ns() - start;
    if (!f->quiet_check) {
        absorb(f);
    }
    start = now_ns();
    MUST(zyd_state_apply(f->state, f->overlay));
    zyd_state_due_prune(f->state, &f->block.sys_cursor);
    f->seal_ns += now_ns() - start;
    f->overlay = NULL;
    if (!f->quiet_check) {
        zyd_fixture_check(f);
    }
}

void zyd_fixture_start(struct zyd_fixture *f)
{
    struct zyd_genesis *g = &f->c.g;
    const char *why;
    zyd_test_consortium_seal(&f->c);
    f->state_mem = take(zyd_state_footprint(&f->limits));
    f->state = zyd_state_init(f->state_mem, &f->limits, &no_kv);
    f->host_mem = take(zyd_host_footprint(g) + 15);
    f->host = zyd_host_init(f->host_mem, g);
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (f->natives[i].entry != NULL) {
            zyd_native_install(f->host, g->plugins[i].contract, &f->natives[i]);
        } else if (zyd_host_plugin(f->host, &why, zyd_span(f->elfs[i], f->elf_sizes[i])) != ZYD_OK) {
            zyd_panic(__FILE__, __LINE__, why);
        }
    }
    zyd_assert(zyd_host_ready(f->host));
    f->overlay = zyd_overlay_begin(f->state, NULL);
    MUST(zyd_host_genesis(f->host, f->overlay, &f->totals));
    keep_openings(f);
    apply(f);
    f->time_ms = g->created_ms;
    f->log_size = 1;
}

uint64_t zyd_fixture_at(int32_t date, int hour)
{
    return (uint64_t)(zyd_ms_of_date(date) + (int64_t)hour * 3600000);
}

static bool next_outcome(struct zyd_fixture *f, struct zyd_rd *rd)
{
    if (rd->pos == rd->size) {
        return false;
    }
    struct zyd_span bytes = zyd_rx_block(rd, rd->size);
    zyd_assert(!rd->bad);
    MUST(zyd_outcome_decode(&f->outcome, f->postings, f->events, f->warnings, bytes));
    return true;
}

uint32_t zyd_fixture_block(struct zyd_fixture *f, uint64_t time_ms)
{
    bool ran = true;
    if (f->overlay != NULL) {
        zyd_fixture_end(f);
    }
    zyd_assert(time_ms > f->time_ms);
    f->height++;
    f->time_ms = time_ms;
    f->overlay = zyd_overlay_begin(f->state, NULL);
    zyd_assert(f->overlay != NULL);
    f->block = (struct zyd_host_block){
        .overlay = f->overlay, .height = f->height, .time_ms = time_ms, .totals = &f->totals, .log_index = f->log_size + 1};
    f->outcomes.size = 0;
    while (ran) {
        MUST(zyd_host_run_sys(f->host, &f->outcomes, &ran, &f->block));
    }
    f->sys_count = f->block.op_count;
    struct zyd_rd rd = zyd_rd_of(zyd_wr_span(&f->outcomes));
    for (uint32_t n = 0; next_outcome(f, &rd); n++) {
        keep_outcome(f, f->block.log_index, n, NULL);
    }
    f->log_size += f->sys_count != 0 ? 2 : 1; /* the seal, and the SYS leaf */
    return f->sys_count;
}

void zyd_fixture_end(struct zyd_fixture *f)
{
    zyd_assert(f->overlay != NULL);
    apply(f);
}

bool zyd_fixture_outcome(struct zyd_fixture *f, uint32_t i)
{
    struct zyd_rd rd = zyd_rd_of(zyd_wr_span(&f->outcomes));
    bool there = next_outcome(f, &rd);
    while (there && i-- > 0) {
        there = next_outcome(f, &rd);
    }
    return there;
}

static uint64_t current_seq(struct zyd_fixture *f, const struct zyd_fixture_op *op)
{
    struct zyd_hash key;
    uint64_t seq = 0;
    if (op->contract != ZYD_CONTRACT_HOST) {
        zyd_contract_object_key(&key, op->contract, op->object);
    } else {
        zyd_obligation_key(&key, op->object);
    }
    zyd_fixture_get(f, &seq, &key);
    return seq;
}

struct signature {
    uint16_t member, key;
};

static int by_member(const void *a, const void *b)
{
    const struct signature *x = a, *y = b;
    return x->member != y->member ? (int)x->member - (int)y->member : (int)x->key - (int)y->key;
}

static void sign(struct zyd_fixture *f, struct zyd_wr *wr, const struct zyd_fixture_op *op)
{
    struct signature s[ZYD_ENV_SIGS_MAX + 1];
    uint16_t key = op->class_ == ZYD_ENV_EVIDENCE ? 0 : 2;
    size_t n = 0;
    s[n++] = (struct signature){op->member, key};
    for (uint8_t i = 0; i < op->signer_count; i++) {
        uint16_t v = op->signers[i];
        s[n++] = (v & 0x8000u) != 0 ? (struct signature){(uint16_t)((v & 0x7fffu) >> 4), (uint16_t)(v & 15u)}
                                    : (struct signature){v, key};
    }
    qsort(s, n, sizeof s[0], by_member);
    size_t count_at = wr->size - 1; /* no signature yet: the envelope ends with their number */
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && by_member(&s[i - 1], &s[i]) == 0) {
            continue;
        }
        if (f->unsigned_envelopes) {
            static const uint8_t nothing[ZYD_ENV_SIG_SIZE - 4];
            zyd_wx_u16(wr, s[i].member);
            zyd_wx_u16(wr, s[i].key);
            zyd_wx_bytes(wr, nothing, sizeof nothing);
            wr->data[count_at]++;
        } else {
            zyd_env_sign(wr, s[i].member, s[i].key, f->c.sk[s[i].member][s[i].key]);
        }
    }
}

uint32_t zyd_fixture_run(struct zyd_fixture *f, const struct zyd_fixture_op *spec)
{
    static const uint8_t empty[1] = {0x90};
    static uint8_t op_bytes[ZYD_OP_PLUGIN_SIZE_MAX + 64], ops_bytes[ZYD_OP_PLUGIN_SIZE_MAX + 64];
    static uint8_t env_bytes[ZYD_OP_PLUGIN_SIZE_MAX + 4096];
    struct zyd_wr op_wr = zyd_wr_of(op_bytes, sizeof op_bytes), ops = zyd_wr_of(ops_bytes, sizeof ops_bytes);
    struct zyd_wr wr = zyd_wr_of(env_bytes, sizeof env_bytes);
    struct zyd_hash leaf;
    struct zyd_env env;
    struct zyd_op op = {.contract = spec->contract,
                        .event = spec->event,
                        .programme = spec->programme,
                        .member = spec->member,
                        .has_object = spec->object != NULL,
                        .expect_seq = spec->expect_seq};
    op.args = spec->args.size == 0 ? zyd_span(empty, 1) : spec->args;
    if (spec->object != NULL) {
        op.object = *spec->object;
        op.expect_seq = spec->expect_seq == UINT64_MAX ? current_seq(f, spec) : spec->expect_seq;
    } else {
        op.expect_seq = 0;
        op.client_ref = zyd_span(spec->ref, strlen(spec->ref));
    }
    zyd_assert(f->overlay != NULL);
    zyd_op_encode(&op_wr, &op);
    zyd_wx_block(&ops, zyd_wr_span(&op_wr));
    zyd_env_build(&wr, &f->c.g.hash, spec->class_ == 0 ? ZYD_ENV_BUSINESS : spec->class_, spec->flags, f->time_ms + 300000, 1,
                  zyd_wr_span(&ops), &leaf);
    sign(f, &wr, spec);
    zyd_assert(!wr.full && !ops.full && !op_wr.full);
    MUST(zyd_env_decode(&env, zyd_wr_span(&wr)));
    size_t pos = 0;
    zyd_assert(zyd_env_next_op(&op, &env, &pos));
    f->op_id = op.op_id;
    f->env_id = env.env_id;
    uint32_t code, before = f->block.op_count;
    size_t at = f->outcomes.size;
    f->block.log_index = f->log_size++;
    f->block.op_number = 0;
    f->block.env_fuel = spec->same_envelope ? f->block.env_fuel : 0;
    uint64_t start = now_ns();
    MUST(zyd_host_run_op(f->host, &f->outcomes, &f->last_count, &f->last_ok, &code, &f->block, &env, &op));
    f->run_ns += now_ns() - start;
    zyd_assert(f->block.op_count == before + f->last_count);
    struct zyd_rd rd = {f->outcomes.data, f->outcomes.size, at, false}; /* only what this operation wrote */
    for (uint32_t n = 0; next_outcome(f, &rd); n++) {
        keep_outcome(f, f->block.log_index, n, &op);
    }
    zyd_assert(f->outcome.code == code);
    f->object = f->outcome.object;
    return code;
}

struct zyd_span zyd_fixture_get(struct zyd_fixture *f, uint64_t *seq, const struct zyd_hash *key)
{
    struct zyd_record record;
    enum zyd_status status =
        f->overlay != NULL ? zyd_overlay_get(f->overlay, &record, key) : zyd_state_get(f->state, &record, key);
    zyd_assert(status == ZYD_OK || status == ZYD_E_NOT_FOUND);
    if (seq != NULL) {
        *seq = status == ZYD_OK ? record.seq : 0;
    }
    return status == ZYD_OK ? record.value : zyd_span(NULL, 0);
}

int64_t zyd_fixture_balance(struct zyd_fixture *f, uint16_t member, uint16_t programme, const char *code)
{
    struct zyd_hash key;
    struct zyd_account a;
    zyd_account_key(&key, member, programme, zyd_span(code, strlen(code)));
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    if (value.size == 0) {
        return 0;
    }
    MUST(zyd_account_decode(&a, value));
    return (int64_t)((zyd_i128)a.debits - (zyd_i128)a.credits);
}

bool zyd_fixture_obligation(struct zyd_fixture *f, struct zyd_obligation *out, const struct zyd_hash *id)
{
    struct zyd_hash key;
    zyd_obligation_key(&key, id);
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    return value.size != 0 && zyd_obligation_decode(out, value) == ZYD_OK;
}

bool zyd_fixture_pending(struct zyd_fixture *f, struct zyd_pending *out, const struct zyd_hash *op_id)
{
    struct zyd_hash key;
    zyd_pending_key(&key, op_id);
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    return value.size != 0 && zyd_pending_decode(out, value) == ZYD_OK;
}

struct zyd_span zyd_fixture_args(const uint64_t *v, uint32_t count)
{
    static uint8_t bytes[8192];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wr_array(&wr, count);
    for (uint32_t i = 0; i < count; i++) {
        zyd_wr_u64(&wr, v[i]);
    }
    zyd_assert(!wr.full);
    return zyd_wr_span(&wr);
}

void zyd_fixture_check(struct zyd_fixture *f)
{
    zyd_u128 debits = 0, credits = 0, open = 0;
    size_t accounts = 0;
    zyd_i128 member_sum[ZYD_MEMBERS_MAX] = {0};
    for (uint64_t i = 0; i < f->leaf_count; i++) {
        struct zyd_record r;
        if (f->leaves[i].size == 0) {
            zyd_assert(i == 0); /* the sentinel, if it is not in a write set */
            continue;
        }
        MUST(zyd_leaf_decode(&r, f->leaves[i]));
        if (r.kind == ZYD_REC_ACCOUNT && r.owner == 0) {
            struct zyd_account a;
            MUST(zyd_account_decode(&a, r.value));
            debits += a.debits;
            credits += a.credits;
            member_sum[a.member] += (zyd_i128)a.debits - (zyd_i128)a.credits;
            const struct zyd_account *audited = book(f, a.member, a.programme, a.code);
            zyd_assert(audited->debits == a.debits && audited->credits == a.credits);
            zyd_assert(audited->entry_count == a.entry_count && zyd_hash_eq(&audited->history, &a.history));
            accounts++;
        } else if (r.kind == ZYD_REC_OBLIGATION) {
            struct zyd_obligation o;
            MUST(zyd_obligation_decode(&o, r.value));
            open += o.state == CT_OBL_SETTLED || o.state == CT_OBL_REVERSED ? 0 : (uint64_t)o.amount.fen;
        }
    }
    for (uint32_t m = 0; m < ZYD_MEMBERS_MAX; m++) {
        zyd_assert(member_sum[m] == 0);
    }
    zyd_assert(debits == f->totals.debits && credits == f->totals.credits && debits == credits);
    zyd_assert(open == f->totals.open_obligations);
    zyd_assert(accounts == f->book_count);
}
