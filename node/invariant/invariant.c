#include "impl.h"
#include <stdarg.h>
#include <zyd/guarantee.h>
#include <zyd/pool.h>
#include <zyd/subsidy.h>

bool fault_at(struct zyd_inv *v, uint8_t invariant, uint16_t member, const struct zyd_hash *object, struct place at,
              const char *format, ...)
{
    struct zyd_inv_fault *f = &v->fault;
    if (f->invariant != 0) {
        return false; /* the first stands */
    }
    *f = (struct zyd_inv_fault){.invariant = invariant,
                                .has_member = member != NOBODY,
                                .member = member,
                                .has_object = object != NULL,
                                .height = at.height,
                                .log_index = at.log_index};
    if (object != NULL) {
        f->object = *object;
    }
    va_list ap;
    va_start(ap, format);
    vsnprintf(f->what, sizeof f->what, format, ap);
    va_end(ap);
    return false;
}

int member_of(const struct zyd_inv *v, const char *code)
{
    return zyd_genesis_member_by_code(v->g, zyd_span(code, strlen(code)));
}

const char *name_of(const struct zyd_inv *v, uint16_t member, char out[16])
{
    if (member >= v->g->member_count) {
        snprintf(out, 16, "#%u", member);
    } else {
        snprintf(out, 16, "%.*s", (int)v->g->members[member].code.size, (const char *)v->g->members[member].code.data);
    }
    return out;
}

struct share *share_of(struct share *list, uint8_t *count, uint16_t member)
{
    for (uint8_t i = 0; i < *count; i++) {
        if (list[i].member == member) {
            return &list[i];
        }
    }
    if (*count == PARTIES) {
        return &list[PARTIES - 1]; /* no tree has so many: the comparison with it then fails */
    }
    list[*count] = (struct share){member, 0};
    return &list[(*count)++];
}

static void touch(struct zyd_inv *v, struct object *o)
{
    if (o->touched) {
        return;
    }
    if (v->object_count == v->object_cap) {
        v->object_cap = v->object_cap * 2 + 256;
        v->touched_objects = realloc(v->touched_objects, v->object_cap * sizeof *v->touched_objects);
        zyd_assert(v->touched_objects != NULL);
    }
    v->touched_objects[v->object_count++] = o;
    o->touched = true;
}

struct object *object_of(struct zyd_inv *v, const struct zyd_hash *id, uint16_t contract, struct place at)
{
    bool fresh;
    struct object *o = table_make(&v->objects, id, &fresh);
    if (fresh) {
        o->id = *id;
        o->contract = contract;
        o->programme = NOBODY;
    }
    o->last = at;
    touch(v, o);
    return o;
}

int64_t *sum_of(struct zyd_inv *v, const char *what, const void *a, size_t a_size, const void *b, size_t b_size)
{
    struct zyd_hash key;
    bool fresh;
    zyd_hash2(&key, what, a, a_size, b, b_size);
    return table_make(&v->sums, &key, &fresh);
}

void child_id(struct zyd_hash *out, const char *tag, const struct zyd_hash *parent, uint16_t n)
{
    uint8_t pre[64];
    size_t size = strlen(tag);
    zyd_assert(size + 34 <= sizeof pre);
    memcpy(pre, tag, size);
    memcpy(pre + size, parent->b, 32);
    zyd_put16(pre + size + 32, n);
    zyd_sha256(out, pre, size + 34);
}

/* ---- programmes: of genesis, or what governance added ---- */
static void read_pool(struct programme *p, struct zyd_rd *rd)
{
    zyd_rd_skip(rd); /* layers */
    uint32_t n = zyd_rd_array(rd, 16);
    for (uint32_t i = 0; i < n; i++) {
        p->ratio_ppm[i] = (uint32_t)zyd_rd_u64(rd, 1000000);
    }
    p->ratio_count = n;
}

static void read_subsidy(struct programme *p, struct zyd_rd *rd)
{
    zyd_rd_skip(rd); /* banks */
    uint32_t n = zyd_rd_array(rd, PARTIES);
    for (uint32_t i = 0; i < n && zyd_rd_array_of(rd, 2); i++) {
        p->cost[i].member = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
        p->cost[i].amount = zyd_rd_i64(rd, 0, 1000000);
    }
    p->cost_count = (uint8_t)n;
}

static void read_programme(struct programme *p)
{
    struct zyd_rd rd = zyd_rd_of(p->p.params);
    p->good = true;
    if (p->p.contract < P_GUARANTEE || p->p.contract > P_VOUCHER) {
        return;
    }
    uint32_t parts = zyd_rd_array(&rd, 8);
    p->slots = zyd_rd_bin(&rd, 4096);
    if (p->p.contract == P_GUARANTEE) {
        p->tree = zyd_rd_bin(&rd, 4096);
        for (uint32_t i = 2; i < parts; i++) { /* banks, labels, documents, and perhaps tiers */
            if (i == 5) {
                p->tiers = zyd_rd_bin(&rd, 4096);
            } else {
                zyd_rd_skip(&rd);
            }
        }
    } else if (p->p.contract == P_POOL) {
        read_pool(p, &rd);
    } else if (p->p.contract == P_SUBSIDY) {
        read_subsidy(p, &rd);
    }
    p->good = !rd.bad;
}

const struct programme *programme_of(struct zyd_inv *v, uint16_t id, const struct zyd_inv_source *records)
{
    struct zyd_record r;
    struct zyd_hash key;
    if (id == 0 || id > ZYD_PROGRAMMES_MAX) {
        return NULL;
    }
    struct programme *p = &v->programmes[id];
    if (!p->known) {
        const struct zyd_programme *g = zyd_genesis_programme(v->g, id);
        if (g != NULL) {
            p->p = *g;
            p->known = true;
        } else if (records != NULL) {
            zyd_programme_key(&key, id);
            if (records->get(records->ctx, &r, &key)) {
                p->bytes = malloc(r.value.size + 1);
                zyd_assert(p->bytes != NULL);
                memcpy(p->bytes, r.value.data, r.value.size);
                p->known = zyd_programme_decode(&p->p, zyd_span(p->bytes, r.value.size)) == ZYD_OK;
            }
        }
        if (p->known) {
            read_programme(p);
        }
    }
    return p->known && p->good ? p : NULL;
}

uint64_t slot_of(const struct programme *p, unsigned n)
{
    return (n + 1u) * 8u <= p->slots.size ? zyd_get64(p->slots.data + n * 8u) : 0;
}

/* ---- the whole ---- */
struct zyd_inv *zyd_inv_new(const struct zyd_genesis *genesis)
{
    struct zyd_inv *v = calloc(1, sizeof *v);
    if (v == NULL) {
        return NULL;
    }
    v->g = genesis;
    v->accounts.item_size = sizeof(struct account);
    v->objects.item_size = sizeof(struct object);
    v->loans.item_size = sizeof(struct loan);
    v->obligations.item_size = v->envelopes.item_size = 1; /* only whether there is one */
    v->pending.item_size = sizeof(struct pending);
    v->sums.item_size = sizeof(int64_t);
    (void)books_opening(v);
    return v;
}

void zyd_inv_free(struct zyd_inv *v)
{
    if (v == NULL) {
        return;
    }
    for (size_t i = 0; i < v->pending.cap; i++) {
        struct pending *p = v->pending.slots[i].item;
        free(p == NULL ? NULL : p->op);
    }
    for (size_t i = 0; i < v->loans.cap; i++) {
        struct loan *l = v->loans.slots[i].item;
        free(l == NULL ? NULL : l->periods);
    }
    for (size_t i = 0; i <= ZYD_PROGRAMMES_MAX; i++) {
        free(v->programmes[i].bytes);
    }
    struct table *all[] = {&v->accounts, &v->objects, &v->loans, &v->obligations, &v->envelopes, &v->pending, &v->sums};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        table_free(all[i]);
    }
    free(v->touched_accounts);
    free(v->touched_objects);
    free(v);
}

const struct zyd_inv_counts *zyd_inv_counts(const struct zyd_inv *v)
{
    return &v->counts;
}
