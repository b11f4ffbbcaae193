/* The view: its tables and how they are read.  view_apply.c fills them. */
#include <stddef.h>
#include <stdlib.h>

#include <zyd/codec.h>
#include <zyd/guarantee.h>

#include "view_impl.h"

static uint64_t bit(uint64_t member)
{
    return member < ZYD_MEMBERS_MAX ? UINT64_C(1) << member : 0;
}

/* Parties and cap of a guarantee programme, from its parameters (zyd/guarantee.h). */
static void read_programme(struct zyd_view_programme *out, const struct zyd_programme *p)
{
    static const enum zyd_guarantee_param members[] = {ZYD_GP_GUAR, ZYD_GP_REG, ZYD_GP_NFGF, ZYD_GP_FIRST_PAYER,
                                                       ZYD_GP_COLLECTOR};
    struct zyd_rd rd = zyd_rd_of(p->params);
    zyd_rd_array_of(&rd, 5);
    struct zyd_span slots = zyd_rd_bin(&rd, ZYD_GUARANTEE_PARAM_COUNT * 8u);
    struct zyd_span tree = zyd_rd_bin(&rd, ZYD_GUARANTEE_NODES_MAX * ZYD_GUARANTEE_NODE_SIZE);
    struct zyd_span banks = zyd_rd_bin(&rd, ZYD_GUARANTEE_BANKS_MAX * 2u);
    if (rd.bad || slots.size != ZYD_GUARANTEE_PARAM_COUNT * 8u || tree.size < 2 * ZYD_GUARANTEE_NODE_SIZE) {
        return;
    }
    out->guarantee = true;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        out->fixed |= bit(zyd_get64(slots.data + 8 * (size_t)members[i]));
    }
    for (size_t i = 0; i + ZYD_GUARANTEE_NODE_SIZE <= tree.size; i += ZYD_GUARANTEE_NODE_SIZE) {
        out->fixed |= bit(zyd_get16(tree.data + i + 4));
    }
    out->parties = out->fixed;
    for (size_t i = 0; i + 2 <= banks.size; i += 2) {
        out->parties |= bit(zyd_get16(banks.data + i));
    }
    out->rest_ppm = zyd_get32(tree.data + ZYD_GUARANTEE_NODE_SIZE);
    out->cap_ppm = (uint32_t)zyd_get64(slots.data + 8 * (size_t)ZYD_GP_CAP_PPM);
}

static void name_members(struct zyd_view *v, struct zyd_view_programme *out, const struct zyd_programme *p)
{
    if (v->guarantee != 0 && p->contract == v->guarantee) {
        read_programme(out, p);
    } else {
        zyd_product_members(zyd_view_product(v, p->contract), p->params, &out->fixed, &out->parties);
    }
}

static void open_side(struct zyd_view *v, const struct zyd_opening *o, struct zyd_span code, bool debit)
{
    struct zyd_hash key;
    uint32_t at;
    zyd_account_key(&key, o->member, o->programme, code);
    at = zyd_index_find(&v->accounts.by_key, v->accounts.items, &key);
    if (at == ZYD_VIEW_NONE) {
        struct zyd_view_account *a = zyd_view_push(v->accounts, &at);
        a->key = key;
        a->a.member = o->member;
        a->a.programme = o->programme;
        memcpy(a->a.code, code.data, code.size <= ZYD_ACCOUNT_MAX ? code.size : ZYD_ACCOUNT_MAX);
        zyd_index_add(&v->accounts.by_key, v->accounts.items, at);
    }
    struct zyd_account *a = &v->accounts.items[at].a;
    *(debit ? &a->debits : &a->credits) += (zyd_u128)(uint64_t)o->amount.fen;
    a->entry_count++;
}

struct zyd_view *zyd_view_make(const struct zyd_genesis *g, const struct zyd_view_source *source)
{
    struct zyd_view *v = calloc(1, sizeof *v);
    pthread_rwlockattr_t attr;
    if (!v) {
        return NULL;
    }
    v->g = g;
    v->source = *source;
    v->time_ms = g->created_ms;
    pthread_rwlockattr_init(&attr);
    /* readers come without pause: the thread that applies blocks must not starve */
    pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&v->lock, &attr);
    pthread_rwlockattr_destroy(&attr);
#define INDEX(table, type, key) zyd_index_init(&v->table.by_key, sizeof(type), offsetof(type, key))
    INDEX(txs, struct zyd_view_tx, op_id);
    INDEX(envs, struct zyd_view_env, env_id);
    INDEX(records, struct zyd_view_record, key);
    INDEX(objects, struct zyd_view_object, id);
    INDEX(obligations, struct zyd_view_obligation, o.id);
    INDEX(pendings, struct zyd_view_pending, op_id);
    INDEX(accounts, struct zyd_view_account, key);
    INDEX(proposals, struct zyd_view_proposal, id);
#undef INDEX
    zyd_index_init(&v->objects_by_record, sizeof(struct zyd_view_object), offsetof(struct zyd_view_object, record_key));
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        if (g->plugins[i].name.size == 9 && memcmp(g->plugins[i].name.data, "guarantee", 9) == 0) {
            v->guarantee = g->plugins[i].contract;
        }
    }
    for (uint16_t i = 0; i < g->programme_count; i++) {
        name_members(v, &v->programmes[i], &g->programmes[i]);
    }
    for (uint16_t i = 0; i < g->opening_count; i++) { /* genesis has no block value: its postings stand here only */
        open_side(v, &g->openings[i], g->openings[i].dr, true);
        open_side(v, &g->openings[i], g->openings[i].cr, false);
    }
    return v;
}

static struct zyd_view_genesis *extend(struct zyd_view *v, struct zyd_span record)
{
    struct zyd_view_genesis *e = malloc(sizeof *e);
    zyd_assert(e != NULL && record.size <= sizeof e->record);
    e->older = v->extended;
    e->g = *v->g;
    memcpy(e->record, record.data, record.size);
    v->extended = e;
    return e;
}

enum zyd_status zyd_view_add_programme(struct zyd_view *v, struct zyd_span record)
{
    struct zyd_programme p;
    if (zyd_programme_decode(&p, record) != ZYD_OK) {
        return ZYD_E_MALFORMED;
    }
    if (zyd_genesis_programme(v->g, p.id) != NULL || v->g->programme_count == ZYD_PROGRAMMES_MAX) {
        return ZYD_OK;
    }
    struct zyd_view_genesis *e = extend(v, record);
    uint16_t at = e->g.programme_count++;
    enum zyd_status s = zyd_programme_decode(&e->g.programmes[at], zyd_span(e->record, record.size));
    name_members(v, &v->programmes[at], &e->g.programmes[at]);
    v->g = &e->g;
    return s;
}

void zyd_view_add_plugin(struct zyd_view *v, const struct zyd_hash *key, struct zyd_span record)
{
    struct zyd_plugin_ref ref;
    struct zyd_hash own;
    uint32_t size;
    if (zyd_plugin_decode(&ref, &size, record) != ZYD_OK) { /* a part of an image; its key would be another in any case */
        return;
    }
    zyd_plugin_key(&own, ref.contract);
    if (!zyd_hash_eq(&own, key) || v->g->plugin_count == ZYD_PLUGINS_MAX) {
        return;
    }
    struct zyd_view_genesis *e = extend(v, record);
    bool head = zyd_plugin_decode(&e->g.plugins[e->g.plugin_count++], &size, zyd_span(e->record, record.size)) == ZYD_OK;
    zyd_assert(head);
    v->g = &e->g;
}

uint8_t *zyd_view_image(const struct zyd_view *v, uint16_t contract, size_t *size)
{
    struct zyd_plugin_ref ref;
    struct zyd_hash key;
    uint32_t whole = 0;
    zyd_plugin_key(&key, contract);
    const struct zyd_view_record *r = zyd_view_record(v, &key);
    if (r == NULL || zyd_plugin_decode(&ref, &whole, zyd_span(r->value, r->size)) != ZYD_OK) {
        return NULL;
    }
    uint8_t *out = malloc(whole);
    zyd_assert(out != NULL);
    *size = 0;
    for (uint16_t part = 0; *size < whole; part++) {
        zyd_plugin_part_key(&key, contract, part);
        r = zyd_view_record(v, &key);
        if (r == NULL || r->size == 0 || r->size > whole - *size) {
            free(out);
            return NULL;
        }
        memcpy(out + *size, r->value, r->size);
        *size += r->size;
    }
    return out;
}

const struct zyd_view_proposal *zyd_view_proposal_at(const struct zyd_view *v, uint32_t index)
{
    return index < v->proposals.count ? &v->proposals.items[index] : NULL;
}

void zyd_view_free(struct zyd_view *v)
{
    if (!v) {
        return;
    }
    for (uint32_t i = 0; i < v->records.count; i++) {
        free(v->records.items[i].value);
    }
    for (uint32_t i = 0; i < v->pendings.count; i++) {
        free(v->pendings.items[i].op_bytes);
    }
#define DROP(table)                                                                                                    \
    free(v->table.items);                                                                                              \
    zyd_index_free(&v->table.by_key)
    DROP(txs);
    DROP(envs);
    DROP(blocks);
    DROP(records);
    DROP(objects);
    DROP(obligations);
    DROP(pendings);
    DROP(accounts);
    DROP(proposals);
#undef DROP
    zyd_index_free(&v->objects_by_record);
    for (struct zyd_view_genesis *e = v->extended, *older; e != NULL; e = older) {
        older = e->older;
        free(e);
    }
    free(v->touched);
    pthread_rwlock_destroy(&v->lock);
    free(v);
}

void zyd_view_lock(struct zyd_view *v)
{
    zyd_assert(pthread_rwlock_rdlock(&v->lock) == 0);
}

void zyd_view_unlock(struct zyd_view *v)
{
    zyd_assert(pthread_rwlock_unlock(&v->lock) == 0);
}

uint64_t zyd_view_height(const struct zyd_view *v)
{
    return v->height;
}

uint64_t zyd_view_time_ms(const struct zyd_view *v)
{
    return v->time_ms;
}

const struct zyd_genesis *zyd_view_genesis(const struct zyd_view *v)
{
    return v->g;
}

const struct zyd_product *zyd_view_product(const struct zyd_view *v, uint16_t contract)
{
    for (uint16_t i = 0; i < v->g->plugin_count; i++) {
        if (v->g->plugins[i].contract == contract) {
            return zyd_product_of(v->g->plugins[i].name);
        }
    }
    return NULL;
}

uint16_t zyd_view_guarantee(const struct zyd_view *v)
{
    return v->guarantee;
}

#define BY_KEY(table, key) zyd_index_find(&v->table.by_key, v->table.items, key)
#define AT(table, index) ((index) < v->table.count ? &v->table.items[index] : NULL)

/* Of several outcomes of one operation, the one that took effect; else the newest. */
const struct zyd_view_tx *zyd_view_tx(const struct zyd_view *v, const struct zyd_hash *op_id)
{
    uint32_t at = BY_KEY(txs, op_id);
    for (uint32_t i = at; i != ZYD_VIEW_NONE; i = v->txs.items[i].older) {
        if (v->txs.items[i].code == 0) {
            return &v->txs.items[i];
        }
    }
    return AT(txs, at);
}

const struct zyd_view_tx *zyd_view_tx_at(const struct zyd_view *v, uint32_t index)
{
    return AT(txs, index);
}

uint32_t zyd_view_tx_index(const struct zyd_view *v, const struct zyd_view_tx *tx)
{
    return (uint32_t)(tx - v->txs.items);
}

const struct zyd_view_env *zyd_view_env(const struct zyd_view *v, const struct zyd_hash *env_id)
{
    return AT(envs, BY_KEY(envs, env_id));
}

const struct zyd_view_env *zyd_view_env_at(const struct zyd_view *v, uint32_t index)
{
    return AT(envs, index);
}

const struct zyd_view_block *zyd_view_block(const struct zyd_view *v, uint64_t height)
{
    return height >= 1 && height <= v->blocks.count ? &v->blocks.items[height - 1] : NULL;
}

const struct zyd_view_object *zyd_view_object(const struct zyd_view *v, const struct zyd_hash *id)
{
    return AT(objects, BY_KEY(objects, id));
}

const struct zyd_view_object *zyd_view_object_at(const struct zyd_view *v, uint32_t index)
{
    return AT(objects, index);
}

const struct zyd_view_record *zyd_view_record(const struct zyd_view *v, const struct zyd_hash *key)
{
    return AT(records, BY_KEY(records, key));
}

const struct zyd_view_record *zyd_view_record_at(const struct zyd_view *v, uint32_t index)
{
    return AT(records, index);
}

const struct zyd_view_obligation *zyd_view_obligation(const struct zyd_view *v, const struct zyd_hash *id)
{
    return AT(obligations, BY_KEY(obligations, id));
}

const struct zyd_view_obligation *zyd_view_obligation_at(const struct zyd_view *v, uint32_t index)
{
    return AT(obligations, index);
}

const struct zyd_view_pending *zyd_view_pending(const struct zyd_view *v, const struct zyd_hash *op_id)
{
    return AT(pendings, BY_KEY(pendings, op_id));
}

const struct zyd_view_pending *zyd_view_pending_at(const struct zyd_view *v, uint32_t index)
{
    return AT(pendings, index);
}

const struct zyd_view_account *zyd_view_account_at(const struct zyd_view *v, uint32_t index)
{
    return AT(accounts, index);
}

const struct zyd_view_programme *zyd_view_programme(const struct zyd_view *v, uint16_t id)
{
    const struct zyd_programme *p = zyd_genesis_programme(v->g, id);
    return p ? &v->programmes[p - v->g->programmes] : NULL;
}

uint64_t zyd_view_parties(const struct zyd_view *v, const struct zyd_view_object *o)
{
    const struct zyd_view_programme *p = zyd_view_programme(v, o->programme);
    const struct zyd_view_record *r = zyd_view_record_at(v, o->record);
    uint64_t parties = bit(o->member) | bit(o->bank);
    if (p && p->guarantee) { /* a minute of BREAKER_RESET concerns every bank of the programme */
        parties |= o->kind == ZYD_GUARANTEE_KIND_RESET ? p->parties : p->fixed;
    } else if (p && r) {
        parties |= zyd_object_parties(zyd_view_product(v, o->contract), zyd_span(r->value, r->size), p->fixed, p->parties);
    }
    uint16_t members = v->g->member_count;
    return members < 64 ? parties & ((UINT64_C(1) << members) - 1) : parties;
}

struct zyd_view_counts zyd_view_counts(const struct zyd_view *v)
{
    struct zyd_view_counts c = v->counts;
    c.txs = v->txs.count;
    return c;
}

/* ---- blocks, from the source ---- */

enum zyd_status zyd_view_fetch(struct zyd_view *v, struct zyd_view_fetched *out, uint64_t height)
{
    memset(out, 0, sizeof *out);
    enum zyd_status s = v->source.block(v->source.ctx, height, &out->value, &out->size, &out->finality, &out->finality_size);
    if (s == ZYD_OK) {
        s = zyd_block_decode(&out->b, zyd_span(out->value, out->size));
        if (s != ZYD_OK || out->b.header.height != height) {
            zyd_view_fetched_free(out);
            return ZYD_E_DAMAGED;
        }
    }
    return s;
}

void zyd_view_fetched_free(struct zyd_view_fetched *f)
{
    free(f->value);
    free(f->finality);
    memset(f, 0, sizeof *f);
}

enum zyd_status zyd_view_outcome_read(struct zyd_view_outcome *out, struct zyd_op *op, bool *has_op,
                                      const struct zyd_view_fetched *f, const struct zyd_view_tx *tx)
{
    struct zyd_span section = tx->env == ZYD_VIEW_NONE ? f->b.sys : f->b.outcomes;
    struct zyd_rd rd = zyd_rd_of(section);
    *has_op = false;
    rd.pos = tx->outcome_at <= section.size ? tx->outcome_at : section.size;
    struct zyd_span bytes = zyd_rx_block(&rd, section.size);
    if (rd.bad || zyd_outcome_decode(&out->o, out->postings, out->events, out->warnings, bytes) != ZYD_OK) {
        return ZYD_E_DAMAGED;
    }
    if (tx->op_at != ZYD_VIEW_NONE) {
        rd = zyd_rd_of(f->b.envelopes);
        rd.pos = tx->op_at <= rd.size ? tx->op_at : rd.size;
        bytes = zyd_rx_block(&rd, rd.size);
        if (rd.bad || zyd_op_decode(op, bytes) != ZYD_OK) {
            return ZYD_E_DAMAGED;
        }
        *has_op = true;
    }
    return ZYD_OK;
}
