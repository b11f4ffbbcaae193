/* Goal: the state tree gives, through any history of forks, drops, applies, checkpoints and reloads, the records and the
 * roots of a model that knows nothing of any of that.
 * Method: the model is a plain list of records in order of creation; its root is computed anew from all leaves by the
 * recursive definition of RFC 6962 each time.  Random histories over few keys, so that everything collides. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "tests/lib/kv_map.h"
#include <zyd/state.h>

#define KEYS 160u
#define VALUE_MAX 700u
#define DUES 400u

/* ---- the model ---- */
struct mrec {
    uint32_t key; /* number */
    struct zyd_record r;
    uint8_t value[VALUE_MAX];
};
struct model {
    struct mrec recs[KEYS + 1];
    uint32_t count;
    struct zyd_due dues[DUES];
    uint32_t due_count;
};

static uint64_t rng;
static uint64_t rnd(uint64_t n) /* splitmix64 */
{
    uint64_t z = (rng += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % n;
}

static struct zyd_hash key_of(uint32_t n)
{
    struct zyd_hash k;
    uint8_t b[4];
    zyd_put32(b, n);
    zyd_record_key(&k, 7, zyd_span(b, 4));
    return k;
}

static void model_init(struct model *m)
{
    memset(m, 0, sizeof *m);
    m->count = 1;
    m->recs[0].key = UINT32_MAX;
    m->recs[0].r.kind = ZYD_REC_SENTINEL;
    memset(m->recs[0].r.next_key.b, 0xff, 32);
}

static struct mrec *model_find(struct model *m, uint32_t key)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->recs[i].key == key) {
            return &m->recs[i];
        }
    }
    return NULL;
}

static void model_put(struct model *m, uint32_t key, uint8_t flags, uint64_t seq, const uint8_t *value, size_t size,
                      uint64_t height)
{
    struct mrec *r = model_find(m, key);
    if (r == NULL) {
        struct zyd_hash k = key_of(key);
        struct mrec *prev = &m->recs[0];
        for (uint32_t i = 0; i < m->count; i++) {
            if (zyd_hash_cmp(&m->recs[i].r.key, &k) < 0 && zyd_hash_cmp(&m->recs[i].r.key, &prev->r.key) > 0) {
                prev = &m->recs[i];
            }
        }
        r = &m->recs[m->count];
        memset(r, 0, sizeof *r);
        r->key = key;
        r->r.index = m->count++;
        r->r.key = k;
        r->r.next_key = prev->r.next_key;
        prev->r.next_key = k;
        r->r.owner = 7;
        r->r.kind = (uint8_t)(key % 3);
        r->r.first_height = height;
    }
    r->r.flags = flags;
    r->r.seq = seq;
    r->r.last_height = height;
    memcpy(r->value, value, size);
    r->r.value = zyd_span(NULL, size);
}

static void model_leaf(struct zyd_hash *out, const struct mrec *r)
{
    uint8_t buf[1 + ZYD_LEAF_SIZE_MAX] = {0};
    struct zyd_record rec = r->r;
    rec.value.data = r->value;
    struct zyd_wr w = zyd_wr_of(buf + 1, sizeof buf - 1);
    zyd_leaf_encode(&w, &rec);
    zyd_sha256(out, buf, w.size + 1);
}

static void model_range(struct zyd_hash *out, const struct model *m, uint32_t lo, uint32_t hi)
{
    if (hi - lo == 1) {
        model_leaf(out, &m->recs[lo]);
        return;
    }
    uint32_t k = 1;
    while (2 * k < hi - lo) {
        k *= 2;
    }
    uint8_t buf[65] = {1};
    struct zyd_hash h;
    model_range(&h, m, lo, lo + k);
    memcpy(buf + 1, h.b, 32);
    model_range(&h, m, lo + k, hi);
    memcpy(buf + 33, h.b, 32);
    zyd_sha256(out, buf, 65);
}

static void assert_record(const struct zyd_record *got, const struct mrec *want)
{
    assert_int_equal(got->index, want->r.index);
    assert_memory_equal(&got->key, &want->r.key, 32);
    assert_memory_equal(&got->next_key, &want->r.next_key, 32);
    assert_int_equal(got->owner, want->r.owner);
    assert_int_equal(got->kind, want->r.kind);
    assert_int_equal(got->flags, want->r.flags);
    assert_int_equal(got->seq, want->r.seq);
    assert_int_equal(got->first_height, want->r.first_height);
    assert_int_equal(got->last_height, want->r.last_height);
    assert_int_equal(got->value.size, want->r.value.size);
    if (got->value.size > 0) {
        assert_memory_equal(got->value.data, want->value, got->value.size);
    }
}

static int due_cmp(const struct zyd_due *a, const struct zyd_due *b)
{
    if (a->due_ms != b->due_ms) {
        return a->due_ms < b->due_ms ? -1 : 1;
    }
    int c = zyd_hash_cmp(&a->object, &b->object);
    return c != 0 ? c : (int)a->number - (int)b->number;
}

/* ---- the world: a state, its overlays with their models, and what the store has ---- */
#define LIVE 12
struct live {
    struct zyd_overlay *o;
    struct model m;
    int parent; /* -1 base */
    bool used;
};
struct world {
    struct zyd_state_limits limits;
    struct zyd_kv_map *kv;
    struct zyd_state *s;
    void *mem;
    struct model base, at_checkpoint, frozen;
    uint64_t frozen_size;
    struct live live[LIVE];
    uint8_t *log; /* write sets since the last complete checkpoint, each u32 length + bytes */
    size_t log_size, log_frozen;
    uint64_t height;
    bool has_checkpoint, torn; /* torn: rows of a checkpoint that did not end are in the store */
    uint32_t forks, drops, applies, checkpoints, reloads, fulls;
};

static void new_state(struct world *w)
{
    struct zyd_kv kv = zyd_kv_map_kv(w->kv);
    w->mem = calloc(1, zyd_state_footprint(&w->limits));
    assert_non_null(w->mem);
    w->s = zyd_state_init(w->mem, &w->limits, &kv);
}

static void assert_base(struct world *w)
{
    struct zyd_hash want, got;
    model_range(&want, &w->base, 0, w->base.count);
    zyd_state_root(w->s, &got);
    assert_int_equal(zyd_state_size(w->s), w->base.count);
    assert_memory_equal(&want, &got, 32);
}

static void check_proofs(struct world *w)
{
    struct zyd_hash root, path[64];
    zyd_state_root(w->s, &root);
    for (int n = 0; n < 4; n++) {
        uint32_t key = (uint32_t)rnd(KEYS);
        struct zyd_hash k = key_of(key);
        struct zyd_record rec, again;
        struct zyd_span leaf;
        size_t count;
        bool present, said;
        assert_int_equal(zyd_state_prove(w->s, &present, &rec, &leaf, path, &count, &k), ZYD_OK);
        assert_int_equal(present, model_find(&w->base, key) != NULL);
        uint8_t copy[ZYD_LEAF_SIZE_MAX];
        memcpy(copy, leaf.data, leaf.size);
        leaf.data = copy;
        uint64_t size = zyd_state_size(w->s);
        assert_int_equal(zyd_state_check_proof(&again, &said, &root, size, leaf, rec.index, path, count, &k), ZYD_OK);
        assert_int_equal(said, present);
        copy[rnd(leaf.size)] ^= 1;
        assert_int_not_equal(zyd_state_check_proof(&again, &said, &root, size, leaf, rec.index, path, count, &k),
                             ZYD_OK);
    }
}

static void check_reads(struct zyd_overlay *o, struct model *m)
{
    for (int n = 0; n < 6; n++) {
        uint32_t key = (uint32_t)rnd(KEYS);
        struct zyd_hash k = key_of(key);
        struct zyd_record rec;
        struct mrec *want = model_find(m, key);
        enum zyd_status st = zyd_overlay_get(o, &rec, &k);
        assert_int_equal(st, want != NULL ? ZYD_OK : ZYD_E_NOT_FOUND);
        if (want != NULL) {
            assert_record(&rec, want);
        }
    }
}

static void check_dues(struct zyd_overlay *o, const struct model *m)
{
    struct zyd_due cursor = {0}, got;
    uint64_t limit = rnd(60);
    if (rnd(4) > 0) {
        cursor.due_ms = rnd(40);
        cursor.object = key_of((uint32_t)rnd(9));
        cursor.number = (uint8_t)rnd(3);
    }
    const struct zyd_due *want = NULL;
    for (uint32_t i = 0; i < m->due_count; i++) {
        const struct zyd_due *d = &m->dues[i];
        if (due_cmp(d, &cursor) > 0 && d->due_ms <= limit && (want == NULL || due_cmp(d, want) < 0)) {
            want = d;
        }
    }
    assert_int_equal(zyd_overlay_due_next(o, &got, &cursor, limit), want != NULL);
    if (want != NULL) {
        assert_int_equal(due_cmp(&got, want), 0);
    }
}

static void put_some(struct world *w, struct zyd_overlay *o, struct model *m)
{
    uint8_t value[VALUE_MAX];
    for (uint64_t n = rnd(25); n > 0; n--) {
        uint32_t key = (uint32_t)rnd(KEYS);
        size_t size = rnd(3) == 0 ? rnd(VALUE_MAX + 1) : rnd(60);
        uint8_t flags = (uint8_t)rnd(256);
        uint64_t seq = rnd(1000);
        for (size_t i = 0; i < size; i++) {
            value[i] = (uint8_t)rnd(256);
        }
        struct zyd_hash k = key_of(key);
        assert_int_equal(zyd_overlay_put(o, &k, 7, (uint8_t)(key % 3), flags, seq, zyd_span(value, size), w->height),
                         ZYD_OK);
        model_put(m, key, flags, seq, value, size, w->height);
        check_reads(o, m);
    }
    for (uint64_t n = rnd(3); n > 0 && m->due_count < DUES; n--) {
        struct zyd_due d = {rnd(50), key_of((uint32_t)rnd(9)), (uint8_t)rnd(3)};
        bool known = false;
        for (uint32_t i = 0; i < m->due_count; i++) {
            known = known || due_cmp(&m->dues[i], &d) == 0;
        }
        assert_int_equal(zyd_overlay_due_add(o, &d), ZYD_OK);
        if (!known) {
            m->dues[m->due_count++] = d;
        }
    }
    check_dues(o, m);
}

static void do_fork(struct world *w)
{
    int at = -1, parent = (int)rnd(LIVE + 2) - 2;
    for (int i = 0; i < LIVE; i++) {
        at = w->live[i].used ? at : i;
    }
    if (at < 0) {
        return;
    }
    parent = parent >= 0 && w->live[parent].used ? parent : -1;
    struct live *l = &w->live[at];
    l->used = true;
    l->parent = parent;
    l->m = parent < 0 ? w->base : w->live[parent].m;
    l->o = zyd_overlay_begin(w->s, parent < 0 ? NULL : w->live[parent].o);
    assert_non_null(l->o);
    w->height++;
    put_some(w, l->o, &l->m);
    struct zyd_hash want, got;
    uint64_t size;
    zyd_overlay_seal(l->o, &size, &got);
    model_range(&want, &l->m, 0, l->m.count);
    assert_int_equal(size, l->m.count);
    assert_memory_equal(&want, &got, 32);
    check_reads(l->o, &l->m);
    check_dues(l->o, &l->m);
    w->forks++;
}

static void drop_tree(struct world *w, int at)
{
    for (int i = 0; i < LIVE; i++) {
        if (w->live[i].used && w->live[i].parent == at) {
            drop_tree(w, i);
        }
    }
    zyd_overlay_drop(w->s, w->live[at].o);
    w->live[at].used = false;
    w->drops++;
}

static void log_writes(struct world *w, struct zyd_overlay *o)
{
    size_t room = 1 << 20;
    w->log = realloc(w->log, w->log_size + room);
    assert_non_null(w->log);
    struct zyd_wr wr = zyd_wr_of(w->log + w->log_size + 4, room - 4);
    zyd_overlay_write_set(o, &wr);
    assert_false(wr.full);
    zyd_put32(w->log + w->log_size, (uint32_t)wr.size);
    w->log_size += 4 + wr.size;
}

static void do_apply(struct world *w)
{
    int at = (int)rnd(LIVE);
    if (!w->live[at].used || w->live[at].parent != -1) {
        return;
    }
    for (int i = 0; i < LIVE; i++) {
        if (i != at && w->live[i].used && w->live[i].parent == -1) {
            drop_tree(w, i);
        }
    }
    struct live *l = &w->live[at];
    log_writes(w, l->o);
    enum zyd_status st = zyd_state_apply(w->s, l->o);
    if (st == ZYD_E_FULL) { /* nothing changed: forget the write set, and go on once there is a checkpoint */
        w->fulls++;
        for (size_t pos = 0, next = 0; next < w->log_size; pos = next) {
            next = pos + 4 + zyd_get32(w->log + pos);
            if (next == w->log_size) {
                w->log_size = pos;
            }
        }
        assert_base(w);
        return;
    }
    assert_int_equal(st, ZYD_OK);
    w->base = l->m;
    l->used = false;
    for (int i = 0; i < LIVE; i++) {
        if (w->live[i].used && w->live[i].parent == at) {
            w->live[i].parent = -1;
        }
    }
    assert_base(w);
    check_proofs(w);
    w->applies++;
}

static void do_checkpoint(struct world *w)
{
    static uint8_t rows[1 << 16];
    if (!zyd_state_checkpoint_running(w->s)) {
        if (zyd_state_checkpoint_begin(w->s)) {
            w->frozen = w->base;
            w->log_frozen = w->log_size;
        }
        return;
    }
    struct zyd_wr wr = zyd_wr_of(rows, rnd(4) == 0 ? 900 : sizeof rows);
    bool more = zyd_state_checkpoint_next(w->s, &wr, 1 + (uint32_t)rnd(40));
    assert_false(wr.full);
    zyd_kv_map_rows(w->kv, zyd_wr_span(&wr)); /* rows may be in the store long before done */
    w->torn = true;
    if (!more) {
        zyd_state_checkpoint_done(w->s);
        w->at_checkpoint = w->frozen;
        w->has_checkpoint = true;
        w->torn = false;
        if (w->log_frozen > 0) {
            memmove(w->log, w->log + w->log_frozen, w->log_size - w->log_frozen);
        }
        w->log_size -= w->log_frozen;
        w->checkpoints++;
    }
}

/* A restart: a torn checkpoint may have left newer rows in the store; replay makes them right. */
static void do_reload(struct world *w)
{
    if (!w->has_checkpoint) {
        return;
    }
    free(w->mem);
    new_state(w);
    memset(w->live, 0, sizeof w->live);
    struct zyd_hash root;
    model_range(&root, &w->at_checkpoint, 0, w->at_checkpoint.count);
    assert_int_equal(zyd_state_load(w->s, w->at_checkpoint.count, w->torn ? NULL : &root), ZYD_OK);
    for (size_t pos = 0; pos < w->log_size;) {
        size_t size = zyd_get32(w->log + pos);
        enum zyd_status st;
        while ((st = zyd_state_apply_writes(w->s, zyd_span(w->log + pos + 4, size))) == ZYD_E_FULL) {
            static uint8_t rows[1 << 16];
            if (!zyd_state_checkpoint_running(w->s)) {
                assert_true(zyd_state_checkpoint_begin(w->s));
            }
            struct zyd_wr wr = zyd_wr_of(rows, sizeof rows);
            bool more = zyd_state_checkpoint_next(w->s, &wr, 1000);
            zyd_kv_map_rows(w->kv, zyd_wr_span(&wr));
            w->torn = true;
            if (!more) {
                zyd_state_checkpoint_done(w->s);
            }
        }
        assert_int_equal(st, ZYD_OK);
        pos += 4 + size;
    }
    w->base.due_count = 0; /* hints that stand in no deadlines record are gone */
    assert_base(w);
    w->reloads++;
}

static void run_history(struct world *w, uint64_t seed, uint32_t steps)
{
    rng = seed;
    memset(w, 0, sizeof *w);
    w->limits = (struct zyd_state_limits){KEYS + 1, seed % 3 == 0 ? 1 : 4u << 20, 1u << 20, DUES + 10};
    w->kv = zyd_kv_map_new();
    model_init(&w->base);
    new_state(w);
    assert_base(w);
    for (uint32_t i = 0; i < steps; i++) {
        uint64_t r = rnd(100);
        if (r < 45) {
            do_fork(w);
        } else if (r < 75) {
            do_apply(w);
        } else if (r < (seed % 3 == 0 ? 79 : 92)) {
            do_checkpoint(w);
        } else if (r < 94) {
            do_reload(w);
        } else {
            int at = (int)rnd(LIVE);
            if (w->live[at].used) {
                drop_tree(w, at);
            }
        }
    }
    zyd_kv_map_free(w->kv);
    free(w->mem);
    free(w->log);
}

static void random_histories_agree_with_the_model(void **state)
{
    (void)state;
    static struct world w;
    uint32_t forks = 0, applies = 0, checkpoints = 0, reloads = 0, fulls = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        run_history(&w, seed, 150);
        forks += w.forks;
        applies += w.applies;
        checkpoints += w.checkpoints;
        reloads += w.reloads;
        fulls += w.fulls;
    }
    printf("blocks %u, applied %u, checkpoints %u, reloads %u, refused for room %u\n", forks, applies, checkpoints,
           reloads, fulls);
    /* the histories do what they should */
    assert_true(forks > 500 && applies > 200 && checkpoints > 20 && reloads > 20 && fulls > 20);
}

/* ---- single rules ---- */

static struct zyd_state_limits small(void)
{
    return (struct zyd_state_limits){64, 1u << 20, 1u << 20, 8};
}

static int fresh(void **state)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.limits = small();
    w.kv = zyd_kv_map_new();
    new_state(&w);
    *state = &w;
    return 0;
}

static int gone(void **state)
{
    struct world *w = *state;
    zyd_kv_map_free(w->kv);
    free(w->mem);
    return 0;
}

static void seal_and_apply(struct world *w, struct zyd_overlay *o)
{
    struct zyd_hash root;
    uint64_t size;
    zyd_overlay_seal(o, &size, &root);
    assert_int_equal(zyd_state_apply(w->s, o), ZYD_OK);
}

static void checkpoint(struct world *w)
{
    static uint8_t rows[1 << 20];
    struct zyd_wr wr = zyd_wr_of(rows, sizeof rows);
    assert_true(zyd_state_checkpoint_begin(w->s));
    assert_false(zyd_state_checkpoint_next(w->s, &wr, UINT32_MAX));
    zyd_kv_map_rows(w->kv, zyd_wr_span(&wr));
    zyd_state_checkpoint_done(w->s);
}

static void a_state_that_is_full_refuses_a_new_record_only(void **state)
{
    struct world *w = *state;
    struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
    for (uint32_t i = 1; i < 64; i++) {
        struct zyd_hash k = key_of(i);
        assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span("v", 1), 1), ZYD_OK);
    }
    struct zyd_hash more = key_of(64), old = key_of(5);
    assert_int_equal(zyd_overlay_put(o, &more, 1, ZYD_REC_OBJECT, 0, 1, zyd_span("v", 1), 1), ZYD_E_FULL);
    assert_int_equal(zyd_overlay_put(o, &old, 1, ZYD_REC_OBJECT, 0, 2, zyd_span("w", 1), 1), ZYD_OK);
    seal_and_apply(w, o);
    assert_int_equal(zyd_state_size(w->s), 64);
}

static void an_overlay_without_memory_says_so_and_can_still_be_sealed(void **state)
{
    struct world *w = *state;
    static uint8_t value[4096];
    for (uint32_t mode = 0; mode < 2; mode++) { /* out of slots, then out of bytes: the path's nodes must still fit */
        free(w->mem);
        w->limits = (struct zyd_state_limits){100000, 1u << 22, 1, 8};
        new_state(w);
        struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
        uint32_t n = 0;
        enum zyd_status st = ZYD_OK;
        for (; st == ZYD_OK; n++) {
            struct zyd_hash k = key_of(n);
            size_t size = mode == 1 || n % 7 == 0 ? 4096 : n % 300;
            st = zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span(value, size), 1);
        }
        assert_int_equal(st, ZYD_E_FULL);
        assert_true(n > 20);
        seal_and_apply(w, o);
    }
}

static void what_the_store_gives_stays_put_while_a_block_runs(void **state)
{
    struct world *w = *state;
    struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        struct zyd_hash k = key_of(i);
        assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, i, zyd_span(&i, sizeof i), 1), ZYD_OK);
    }
    seal_and_apply(w, o);
    checkpoint(w);
    free(w->mem); /* a new process: nothing in memory but the tree */
    new_state(w);
    assert_int_equal(zyd_state_load(w->s, 41, NULL), ZYD_OK);
    struct zyd_record r[40];
    o = zyd_overlay_begin(w->s, NULL);
    for (uint32_t i = 0; i < 40; i++) {
        struct zyd_hash k = key_of(i);
        assert_int_equal(zyd_overlay_get(o, &r[i], &k), ZYD_OK);
    }
    for (uint32_t i = 0; i < 40; i++) {
        assert_memory_equal(r[i].value.data, &i, sizeof i);
    }
    uint64_t reads = zyd_kv_map_reads(w->kv);
    struct zyd_hash k = key_of(3);
    assert_int_equal(zyd_overlay_get(o, &r[3], &k), ZYD_OK);
    assert_int_equal(zyd_kv_map_reads(w->kv), reads); /* and is not read again */
    zyd_overlay_drop(w->s, o);
}

static void a_failing_store_is_an_error_never_an_absence(void **state)
{
    struct world *w = *state;
    struct zyd_hash k = key_of(1);
    struct zyd_record rec;
    struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
    zyd_kv_map_fail(w->kv, ZYD_E_STORE);
    assert_int_equal(zyd_overlay_get(o, &rec, &k), ZYD_E_STORE);
    assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span(NULL, 0), 1), ZYD_E_STORE);
    zyd_kv_map_fail(w->kv, ZYD_OK);
    assert_int_equal(zyd_overlay_get(o, &rec, &k), ZYD_E_NOT_FOUND);
    assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span(NULL, 0), 1), ZYD_OK);
    zyd_overlay_drop(w->s, o);
}

static void due_entries_come_back_from_deadline_records(void **state)
{
    struct world *w = *state;
    uint8_t buf[200];
    struct zyd_hash object = key_of(77), k = key_of(78);
    struct zyd_due_slot slots[2] = {{1, 5000}, {4, 300}};
    struct zyd_wr wr = zyd_wr_of(buf, sizeof buf);
    zyd_due_part_encode(&wr, &object, slots, 2);
    zyd_wx_bytes(&wr, "host's", 6);
    struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
    assert_int_equal(zyd_overlay_put(o, &k, 0, ZYD_REC_DEADLINES, 0, 0, zyd_wr_span(&wr), 1), ZYD_OK);
    seal_and_apply(w, o);
    struct zyd_due d;
    assert_false(zyd_state_due_first(w->s, NULL, &d)); /* a live host adds its own */
    checkpoint(w);
    free(w->mem);
    new_state(w);
    assert_int_equal(zyd_state_load(w->s, 2, NULL), ZYD_OK);
    assert_true(zyd_state_due_first(w->s, NULL, &d));
    assert_int_equal(d.due_ms, 300);
    assert_int_equal(d.number, 4);
    assert_memory_equal(&d.object, &object, 32);
    zyd_state_due_prune(w->s, &d);
    assert_true(zyd_state_due_first(w->s, NULL, &d));
    assert_int_equal(d.due_ms, 5000);
    zyd_state_due_prune(w->s, &d);
    assert_false(zyd_state_due_first(w->s, NULL, &d));
}

static void a_damaged_leaf_is_found_at_start(void **state)
{
    struct world *w = *state;
    struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
    struct zyd_hash k = key_of(1), root;
    assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span("money", 5), 1), ZYD_OK);
    seal_and_apply(w, o);
    zyd_state_root(w->s, &root);
    checkpoint(w);
    static uint8_t rows[4096];
    struct zyd_wr wr = zyd_wr_of(rows, sizeof rows);
    o = zyd_overlay_begin(w->s, NULL);
    assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span("mOney", 5), 1), ZYD_OK);
    uint64_t size;
    struct zyd_hash other;
    zyd_overlay_seal(o, &size, &other);
    zyd_overlay_write_set(o, &wr);
    zyd_overlay_drop(w->s, o);
    assert_int_equal(zyd_state_load(w->s, 2, &root), ZYD_OK);
    zyd_kv_map_rows(w->kv, zyd_wr_span(&wr));
    assert_int_equal(zyd_state_load(w->s, 2, &root), ZYD_E_DAMAGED);
    assert_int_equal(zyd_state_load(w->s, 3, &root), ZYD_E_DAMAGED);
    assert_int_equal(zyd_state_load(w->s, 0, &root), ZYD_E_DAMAGED);
}

static void hostile_write_sets_are_refused(void **state)
{
    struct world *w = *state;
    static uint8_t rows[4096];
    struct zyd_wr wr = zyd_wr_of(rows, sizeof rows);
    struct zyd_overlay *o = zyd_overlay_begin(w->s, NULL);
    struct zyd_hash k = key_of(1), root;
    uint64_t size;
    assert_int_equal(zyd_overlay_put(o, &k, 1, ZYD_REC_OBJECT, 0, 1, zyd_span("money", 5), 1), ZYD_OK);
    zyd_overlay_seal(o, &size, &root);
    zyd_overlay_write_set(o, &wr);
    zyd_overlay_drop(w->s, o);
    for (size_t n = 1; n < wr.size; n++) {
        if (n != 12 + ZYD_LEAF_HEAD_SIZE) { /* there the second row begins: a shorter list, but a list */
            assert_int_equal(zyd_state_apply_writes(w->s, zyd_span(rows, n)), ZYD_E_DAMAGED);
        }
    }
    zyd_put64(rows + 12 + ZYD_LEAF_HEAD_SIZE, 5); /* a leaf beyond the end */
    assert_int_equal(zyd_state_apply_writes(w->s, zyd_wr_span(&wr)), ZYD_E_DAMAGED);
    zyd_put64(rows + 12 + ZYD_LEAF_HEAD_SIZE, 1);
    assert_int_equal(zyd_state_apply_writes(w->s, zyd_wr_span(&wr)), ZYD_OK);
    struct zyd_hash got;
    zyd_state_root(w->s, &got);
    assert_memory_equal(&got, &root, 32);
}

static void a_leaf_survives_its_encoding_and_its_truncations_do_not(void **state)
{
    (void)state;
    uint8_t buf[256], again[256];
    struct zyd_record r = {.key = key_of(1), .owner = 3, .kind = ZYD_REC_ACCOUNT, .flags = 9, .seq = 4,
                           .first_height = 5, .last_height = 6, .value = zyd_span("value", 5)}, out;
    memset(r.next_key.b, 0xff, 32);
    struct zyd_wr w = zyd_wr_of(buf, sizeof buf), w2 = zyd_wr_of(again, sizeof again);
    zyd_leaf_encode(&w, &r);
    assert_int_equal(w.size, ZYD_LEAF_HEAD_SIZE + 5);
    assert_int_equal(zyd_leaf_decode(&out, zyd_wr_span(&w)), ZYD_OK);
    zyd_leaf_encode(&w2, &out);
    assert_memory_equal(buf, again, w.size);
    for (size_t n = 0; n < ZYD_LEAF_HEAD_SIZE; n++) {
        assert_int_equal(zyd_leaf_decode(&out, zyd_span(buf, n)), ZYD_E_MALFORMED);
    }
    buf[66] = 200; /* no such kind */
    assert_int_equal(zyd_leaf_decode(&out, zyd_wr_span(&w)), ZYD_E_MALFORMED);
    buf[66] = 1;
    memset(buf + 32, 0, 32); /* a successor that is not greater */
    assert_int_equal(zyd_leaf_decode(&out, zyd_wr_span(&w)), ZYD_E_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_histories_agree_with_the_model),
        cmocka_unit_test_setup_teardown(a_state_that_is_full_refuses_a_new_record_only, fresh, gone),
        cmocka_unit_test_setup_teardown(an_overlay_without_memory_says_so_and_can_still_be_sealed, fresh, gone),
        cmocka_unit_test_setup_teardown(what_the_store_gives_stays_put_while_a_block_runs, fresh, gone),
        cmocka_unit_test_setup_teardown(a_failing_store_is_an_error_never_an_absence, fresh, gone),
        cmocka_unit_test_setup_teardown(due_entries_come_back_from_deadline_records, fresh, gone),
        cmocka_unit_test_setup_teardown(a_damaged_leaf_is_found_at_start, fresh, gone),
        cmocka_unit_test_setup_teardown(hostile_write_sets_are_refused, fresh, gone),
        cmocka_unit_test(a_leaf_survives_its_encoding_and_its_truncations_do_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
