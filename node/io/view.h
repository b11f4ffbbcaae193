/* view.h: what the API reads: indices over final blocks, rebuilt from the store at every start, never read by execution.
 *
 *   block value --envelopes, sys, outcomes--> tx (one an outcome), env, block
 *               --write set-----------------> records: objects, claims, breakers; obligations, accounts, pending operations
 *
 * One thread applies blocks; others read under zyd_view_lock.  Pointers handed out are valid while the lock is held.
 * Outcomes and operations stay in the blocks: a tx says where.  A tx is one outcome; an op_id may have several (an
 * operation booked again in another envelope); zyd_view_tx gives the one that took effect, else the newest.
 */
#ifndef ZYD_IO_VIEW_H
#define ZYD_IO_VIEW_H

#include <zyd/host.h>
#include <zyd/io.h>
#include <zyd/product.h>

#define ZYD_VIEW_NONE UINT32_MAX

struct zyd_view_tx {
    struct zyd_hash op_id;
    uint64_t height, log_index;
    uint32_t env;      /* index in zyd_view_env_at, or NONE: a SYS operation of the block's SYS section */
    uint32_t op_index; /* in its envelope; of a fired deadline: of the operation that fired it; in the SYS section */
    uint32_t op_at, outcome_at; /* offsets of the length-prefixed bytes in sections 6 and (7 or 8); op_at NONE: no operation */
    uint32_t outcome_index; /* in its outcome tree */
    uint32_t code, object; /* object: index, or NONE */
    uint32_t next;         /* next tx of the object, or NONE */
    uint32_t older;        /* another tx with this op_id, or NONE */
    uint64_t seq;
    uint32_t fuel;
    uint16_t contract, event, programme, member; /* member 0xffff: SYS */
    uint16_t postings;
    uint8_t deadline;
    bool sys;
};
struct zyd_view_env {
    struct zyd_hash env_id;
    uint64_t height;
    uint32_t index, first_tx, tx_count, op_count; /* index: in the block */
    uint32_t done, refused, waiting;
};
struct zyd_view_block {
    uint64_t height, view, time_ms;
    struct zyd_hash hash;
    uint32_t env_count, op_count, refused, sys_count, size, first_env, first_tx;
    uint16_t proposer;
};
struct zyd_view_record { /* newest value of a record of a contract, or of an object's deadlines */
    struct zyd_hash key;
    uint8_t *value;
    uint32_t size, object; /* object: whose own record it is, or NONE */
    uint16_t owner;
    uint64_t seq, first_height, last_height;
};
struct zyd_view_object {
    struct zyd_hash id, record_key;
    uint32_t record; /* or NONE while only refused operations named it */
    uint32_t first_tx, last_tx, tx_count;
    uint32_t first_obligation; /* list by next, or NONE */
    uint64_t made_height, log_index; /* log_index: of the newest operation that took effect on it */
    uint16_t contract, programme, member;
    char client_ref[ZYD_CLIENT_REF_MAX + 1];
    uint8_t kind, state; /* guarantee: enum zyd_guarantee_state, or 0 */
    uint16_t bank;       /* guarantee contract: or 0xffff */
    int64_t principal;
};
struct zyd_view_obligation {
    struct zyd_obligation o;
    uint64_t seq, made_height, last_height;
    uint32_t next;
};
struct zyd_view_pending {
    struct zyd_hash op_id, completed_by; /* completed_by: zeros while not done */
    uint8_t *op_bytes;                   /* ours */
    struct zyd_op op;                    /* into op_bytes */
    struct zyd_pending p;                /* p.op is op.bytes */
    uint64_t made_height, last_height;
};
struct zyd_view_account {
    struct zyd_hash key;
    struct zyd_account a;
};
struct zyd_view_proposal { /* its state stands in the record of zyd_proposal_key */
    struct zyd_hash id;
    uint64_t made_height;
};
struct zyd_view_programme { /* of genesis or governance */
    uint64_t parties;   /* members (bits) that the parameters name: tree leaves, trustee, who pays ... and its banks */
    uint64_t fixed;     /* the same without the banks */
    uint32_t rest_ppm, cap_ppm;
    bool guarantee;
    uint32_t contracts, by_state[64];
    int64_t principal;
};

struct zyd_view;
/* Where block values come from: the store, or (tests) memory.  malloc'd copies. */
struct zyd_view_source {
    void *ctx;
    enum zyd_status (*block)(void *ctx, uint64_t height, uint8_t **value, size_t *size, uint8_t **finality,
                             size_t *finality_size);
};
struct zyd_view *zyd_view_make(const struct zyd_genesis *g, const struct zyd_view_source *source);
void zyd_view_free(struct zyd_view *v);
/* The final block of height() + 1.  ZYD_OK; ZYD_E_INVALID (another height: nothing changed); after any other error the view
 * is unusable: the block was not what a replica makes. */
enum zyd_status ZYD_MUST_USE zyd_view_apply(struct zyd_view *v, struct zyd_span block);
void zyd_view_lock(struct zyd_view *v);
void zyd_view_unlock(struct zyd_view *v);

/* All below: with the lock held. */
uint64_t zyd_view_height(const struct zyd_view *v);
uint64_t zyd_view_time_ms(const struct zyd_view *v); /* of the newest block; genesis at height 0 */
/* Genesis, and with it the programmes and plugins that governance added; what was returned stays good while the view lives. */
const struct zyd_genesis *zyd_view_genesis(const struct zyd_view *v);
/* Copy of the image of a plugin that governance added, malloc'd; NULL: genesis named it, or there is none. */
uint8_t *zyd_view_image(const struct zyd_view *v, uint16_t contract, size_t *size);
/* In order of making, or NULL. */
const struct zyd_view_proposal *zyd_view_proposal_at(const struct zyd_view *v, uint32_t index);
uint16_t zyd_view_guarantee(const struct zyd_view *v); /* contract number, or 0 */
const struct zyd_product *zyd_view_product(const struct zyd_view *v, uint16_t contract); /* by the plugin's name, or NULL */
const struct zyd_view_tx *zyd_view_tx(const struct zyd_view *v, const struct zyd_hash *op_id);
const struct zyd_view_tx *zyd_view_tx_at(const struct zyd_view *v, uint32_t index); /* or NULL */
uint32_t zyd_view_tx_index(const struct zyd_view *v, const struct zyd_view_tx *tx);
const struct zyd_view_env *zyd_view_env(const struct zyd_view *v, const struct zyd_hash *env_id);
const struct zyd_view_env *zyd_view_env_at(const struct zyd_view *v, uint32_t index);
const struct zyd_view_block *zyd_view_block(const struct zyd_view *v, uint64_t height); /* 1.. or NULL */
const struct zyd_view_object *zyd_view_object(const struct zyd_view *v, const struct zyd_hash *id);
const struct zyd_view_object *zyd_view_object_at(const struct zyd_view *v, uint32_t index); /* in order of making, or NULL */
const struct zyd_view_record *zyd_view_record(const struct zyd_view *v, const struct zyd_hash *key);
const struct zyd_view_record *zyd_view_record_at(const struct zyd_view *v, uint32_t index);
const struct zyd_view_obligation *zyd_view_obligation(const struct zyd_view *v, const struct zyd_hash *id);
const struct zyd_view_obligation *zyd_view_obligation_at(const struct zyd_view *v, uint32_t index);
const struct zyd_view_pending *zyd_view_pending(const struct zyd_view *v, const struct zyd_hash *op_id);
const struct zyd_view_pending *zyd_view_pending_at(const struct zyd_view *v, uint32_t index);
const struct zyd_view_account *zyd_view_account_at(const struct zyd_view *v, uint32_t index);
const struct zyd_view_programme *zyd_view_programme(const struct zyd_view *v, uint16_t id); /* or NULL */
/* Members that are parties of an object (domain.md 3.0.11): who made it, and by its product those that its record and its
 * programme name. */
uint64_t zyd_view_parties(const struct zyd_view *v, const struct zyd_view_object *o);
/* Operations final so far: by result 0 done, 1 refused, 2 waiting; SYS ones apart. */
struct zyd_view_counts {
    uint64_t ops[3], sys, sys_failed, txs;
};
struct zyd_view_counts zyd_view_counts(const struct zyd_view *v);

/* Without the lock: reads the block of height from the source.  Free with zyd_view_fetched_free. */
struct zyd_view_fetched {
    uint8_t *value, *finality;
    size_t size, finality_size;
    struct zyd_block_view b;
};
enum zyd_status ZYD_MUST_USE zyd_view_fetch(struct zyd_view *v, struct zyd_view_fetched *out, uint64_t height);
void zyd_view_fetched_free(struct zyd_view_fetched *f);
/* An outcome of a fetched block, decoded.  Arrays live in it. */
struct zyd_view_outcome {
    struct zyd_outcome o;
    struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
    struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
    uint32_t warnings[64];
};
enum zyd_status ZYD_MUST_USE zyd_view_outcome_read(struct zyd_view_outcome *out, struct zyd_op *op, bool *has_op,
                                                   const struct zyd_view_fetched *f, const struct zyd_view_tx *tx);

#endif
