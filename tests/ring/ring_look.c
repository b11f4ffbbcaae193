/* What the disks hold: read after the processes have ended, with the store's own reader for blocks and by hand for votes. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "node/io/store/slots.h"
#include "ring.h"

static const char *const codes[RING_NODES] = {"BANK", "GUAR", "REG", "NFGF"};

static void *more(void *items, size_t count, size_t *cap, size_t size)
{
    if (count < *cap) {
        return items;
    }
    *cap = *cap == 0 ? 1024 : *cap * 2;
    items = realloc(items, *cap * size);
    zyd_assert(items != NULL);
    return items;
}

static void add_vote(struct ring_vote **votes, size_t *count, size_t *cap, struct ring_vote v)
{
    *votes = more(*votes, *count, cap, sizeof **votes);
    (*votes)[(*count)++] = v;
}

/* ---- blocks ---- */

static void add_cert(struct ring_look *l, const struct zyd_cert *c)
{
    for (uint8_t i = 0; i < RING_NODES; i++) {
        if ((c->bitmap >> i & 1) != 0) {
            add_vote(&l->votes, &l->vote_count, &l->vote_cap, (struct ring_vote){i, c->type, c->view, c->hash});
        }
    }
}

static void add_kind(struct ring_look *l, uint16_t contract, uint16_t event, uint64_t fuel)
{
    unsigned i = 0;
    while (i < l->kind_count && (l->kinds[i].contract != contract || l->kinds[i].event != event)) {
        i++;
    }
    if (i == sizeof l->kinds / sizeof l->kinds[0]) {
        return;
    }
    l->kind_count += i == l->kind_count;
    struct ring_kind *k = &l->kinds[i];
    k->contract = contract;
    k->event = event;
    k->count++;
    k->fuel += fuel;
    k->fuel_max = fuel > k->fuel_max ? fuel : k->fuel_max;
}

/* The outcomes of env, or (NULL) of the SYS section. */
static void look_outcomes(struct ring_look *l, struct zyd_rd *rd, const struct zyd_env *env)
{
    static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64], left = env ? env->op_count : UINT32_MAX;
    size_t pos = 0;
    while (rd->pos < rd->size && left > 0) {
        struct zyd_outcome o;
        struct zyd_op op = {0};
        struct zyd_span one = zyd_rx_block(rd, rd->size);
        if (rd->bad || zyd_outcome_decode(&o, postings, events, warnings, one) != ZYD_OK ||
            (o.due_ms == 0 && (!env || !zyd_env_next_op(&op, env, &pos)))) {
            ring_die("an outcome in a stored block does not decode");
        }
        l->fuel += o.fuel;
        if (o.due_ms != 0) {
            l->sys++;
            add_kind(l, o.contract, (uint16_t)(100 + o.deadline), o.fuel);
        } else {
            add_kind(l, op.contract, op.event, o.fuel);
            left--;
        }
    }
}

static void look_envelopes(struct ring_look *l, struct zyd_span bytes, struct zyd_span outcomes, uint64_t height)
{
    struct zyd_rd rd = zyd_rd_of(bytes), out = zyd_rd_of(outcomes);
    while (rd.pos < rd.size) {
        struct zyd_env env;
        struct zyd_span one = zyd_rx_block(&rd, ZYD_ENV_SIZE_MAX);
        if (rd.bad || zyd_env_decode(&env, one) != ZYD_OK) {
            ring_die("an envelope in a stored block does not decode");
        }
        l->seen = more(l->seen, l->seen_count, &l->seen_cap, sizeof *l->seen);
        l->seen[l->seen_count++] = (struct ring_seen){env.env_id, height};
        l->envelopes++;
        l->ops += env.op_count;
        l->evidence += env.class_ == ZYD_ENV_EVIDENCE;
        look_outcomes(l, &out, &env);
    }
    l->env_bytes += bytes.size;
    l->outcome_bytes += outcomes.size;
}

static void look_block(struct ring_look *l, struct zyd_span value, struct zyd_span finality)
{
    static struct zyd_cert certs[ZYD_JUST_MAX], cert;
    struct zyd_block_view b;
    struct zyd_finality f;
    size_t count = 0;
    if (zyd_block_decode(&b, value) != ZYD_OK || zyd_just_decode(certs, &count, b.just) != ZYD_OK) {
        ring_die("a stored block does not decode");
    }
    for (size_t i = 0; i < count; i++) {
        add_cert(l, &certs[i]);
    }
    if (b.nc.size > 0) {
        struct zyd_rd rd = zyd_rd_of(b.nc);
        zyd_cert_read(&rd, &cert);
        add_cert(l, &cert);
    }
    if (finality.size > 0 && zyd_finality_decode(&f, finality) == ZYD_OK) {
        add_cert(l, &f.fc);
    }
    struct zyd_rd rd = zyd_rd_of(b.sys);
    look_outcomes(l, &rd, NULL);
    l->outcome_bytes += b.sys.size;
    look_envelopes(l, b.envelopes, b.outcomes, b.header.height);
    rd = zyd_rd_of(b.writes);
    while (rd.pos < rd.size && !rd.bad) {
        (void)zyd_rx_u64(&rd);
        (void)zyd_rx_block(&rd, rd.size);
        l->writes++;
    }
    l->block_bytes += value.size;
    l->write_bytes += b.writes.size;
    l->height = b.header.height;
    l->hashes = more(l->hashes, (size_t)l->height, &l->hash_cap, sizeof *l->hashes);
    zyd_header_hash(&l->hashes[l->height], &b.header);
    l->head_hash = l->hashes[l->height];
    l->state_root = b.header.state_root;
    l->blocks++;
}

static int seen_order(const void *a, const void *b)
{
    const struct ring_seen *x = a, *y = b;
    int c = zyd_hash_cmp(&x->env_id, &y->env_id);
    return c != 0 ? c : (x->height > y->height) - (x->height < y->height);
}

void ring_look(struct ring_look *out, const struct ring *r, unsigned node)
{
    char path[RING_PATH];
    struct zyd_store *s;
    struct zyd_err err;
    memset(out, 0, sizeof *out);
    if (snprintf(path, sizeof path, "%s/%s/data/ledger", r->dir, codes[node]) >= (int)sizeof path) {
        ring_die("a path is too long");
    }
    if (zyd_store_open(&s, &err, path, &r->genesis->hash, false, 0) != ZYD_OK) {
        ring_die("%s: %s", path, err.text);
    }
    for (uint64_t height = 1;; height++) {
        uint8_t *value, *finality;
        size_t size, finality_size;
        enum zyd_status st = zyd_store_block(s, &err, height, &value, &size, &finality, &finality_size);
        if (st == ZYD_E_NOT_FOUND) {
            break;
        }
        if (st != ZYD_OK) {
            ring_die("%s: %s", path, err.text);
        }
        look_block(out, zyd_span(value, size), zyd_span(finality, finality_size));
        free(value);
        free(finality);
    }
    zyd_store_close(s);
    if (out->seen_count > 0) {
        qsort(out->seen, out->seen_count, sizeof *out->seen, seen_order);
    }
}

void ring_look_free(struct ring_look *l)
{
    free(l->hashes);
    free(l->seen);
    free(l->votes);
    memset(l, 0, sizeof *l);
}

/* ---- votes ---- */

struct collect {
    struct ring_vote **votes;
    size_t *count, *cap;
    uint8_t node;
};

static enum zyd_status each_record(void *ctx, enum slot_type type, struct zyd_span payload)
{
    struct collect *c = ctx;
    static struct zyd_cert cert;
    struct zyd_vote v;
    if (type == SLOT_VOTE) {
        if (zyd_vote_decode(&v, payload) != ZYD_OK) {
            return ZYD_E_DAMAGED;
        }
        add_vote(c->votes, c->count, c->cap, (struct ring_vote){c->node, v.type, v.view, v.hash});
    } else if (type == SLOT_CERT) {
        struct zyd_rd rd = zyd_rd_of(payload);
        zyd_cert_read(&rd, &cert);
        for (uint8_t i = 0; i < RING_NODES; i++) {
            if ((cert.bitmap >> i & 1) != 0) {
                add_vote(c->votes, c->count, c->cap, (struct ring_vote){i, cert.type, cert.view, cert.hash});
            }
        }
    }
    return ZYD_OK;
}

static int name_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}
static int is_segment(const struct dirent *d)
{
    return strncmp(d->d_name, "votes-", 6) == 0;
}

void ring_look_votes(struct ring_vote **votes, size_t *count, size_t *cap, const struct ring *r, unsigned node)
{
    struct collect c = {votes, count, cap, (uint8_t)node};
    struct dirent **names;
    char dir[RING_PATH], path[RING_PATH + 256];
    snprintf(dir, sizeof dir, "%.400s/%s/data/votes", r->dir, codes[node]);
    int n = scandir(dir, &names, is_segment, name_order);
    for (int i = 0; i < n; i++) {
        struct segment_header h;
        struct segment_scan scan;
        struct zyd_err err;
        uint8_t *bytes;
        size_t size;
        snprintf(path, sizeof path, "%s/%s", dir, names[i]->d_name);
        if (zyd_file_read(&bytes, &size, &err, path, SEGMENT_SIZE) != ZYD_OK) {
            ring_die("%s", err.text);
        }
        /* A segment that was being made when its process died has no header yet. */
        if (size == SEGMENT_SIZE && zyd_segment_header_decode(&h, bytes) == ZYD_OK) {
            if (zyd_segment_scan(&scan, bytes, &h, i == n - 1, each_record, &c) != ZYD_OK) {
                ring_die("%s: damaged", path);
            }
        } else if (i != n - 1) {
            ring_die("%s: no segment", path);
        }
        free(bytes);
        free(names[i]);
    }
    if (n > 0) {
        free(names);
    }
}

static int vote_order(const void *a, const void *b)
{
    const struct ring_vote *x = a, *y = b;
    if (x->node != y->node || x->view != y->view) {
        return x->node != y->node ? (int)x->node - (int)y->node : (x->view > y->view) - (x->view < y->view);
    }
    return x->type != y->type ? (int)x->type - (int)y->type : zyd_hash_cmp(&x->hash, &y->hash);
}

size_t ring_conflicts(struct ring_vote *votes, size_t count)
{
    size_t found = 0;
    if (count > 0) {
        qsort(votes, count, sizeof *votes, vote_order);
        size_t kept = 1; /* the same vote stands in many places */
        for (size_t i = 1; i < count; i++) {
            if (vote_order(&votes[i], &votes[kept - 1]) != 0) {
                votes[kept++] = votes[i];
            }
        }
        count = kept;
    }
    for (size_t i = 0; i < count; i++) { /* the votes of one key in one view stand together: N, X, F */
        for (size_t j = i + 1; j < count && votes[j].node == votes[i].node && votes[j].view == votes[i].view; j++) {
            const struct ring_vote *a = &votes[i], *b = &votes[j];
            bool same = zyd_hash_eq(&a->hash, &b->hash);
            bool n_n = a->type == b->type && !same, f_x = a->type == ZYD_VOTE_X && b->type == ZYD_VOTE_F;
            bool n_f = a->type == ZYD_VOTE_N && b->type == ZYD_VOTE_F && !same;
            if (n_n || f_x || n_f) {
                printf("CONFLICT: %s signed types %u and %u in view %llu\n", codes[a->node], a->type, b->type,
                       (unsigned long long)a->view);
                found++;
            }
        }
    }
    return found;
}
