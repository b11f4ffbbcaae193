/* view_impl.h: what view.c and view_apply.c share. */
#ifndef ZYD_IO_VIEW_IMPL_H
#define ZYD_IO_VIEW_IMPL_H

#include <pthread.h>

#include "view.h"
#include "view_index.h"

#define ZYD_VIEW_TABLE(type, name)                                                                                     \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        uint32_t count, cap;                                                                                           \
        struct zyd_index by_key;                                                                                       \
    } name

/* Genesis with what governance added.  Readers hold g without the lock, so an older one stays until the view goes. */
struct zyd_view_genesis {
    struct zyd_view_genesis *older;
    struct zyd_genesis g;
    uint8_t record[ZYD_RECORD_VALUE_MAX]; /* what was added: g points into it */
};

struct zyd_view {
    const struct zyd_genesis *g;
    struct zyd_view_genesis *extended; /* the newest, or NULL */
    struct zyd_view_source source;
    pthread_rwlock_t lock;
    uint64_t height, time_ms;
    uint16_t guarantee; /* contract number, or 0 */
    ZYD_VIEW_TABLE(struct zyd_view_tx, txs);
    ZYD_VIEW_TABLE(struct zyd_view_env, envs);
    ZYD_VIEW_TABLE(struct zyd_view_block, blocks); /* by height: items[height - 1] */
    ZYD_VIEW_TABLE(struct zyd_view_record, records);
    ZYD_VIEW_TABLE(struct zyd_view_object, objects);
    struct zyd_index objects_by_record;
    ZYD_VIEW_TABLE(struct zyd_view_obligation, obligations);
    ZYD_VIEW_TABLE(struct zyd_view_pending, pendings);
    ZYD_VIEW_TABLE(struct zyd_view_account, accounts);
    ZYD_VIEW_TABLE(struct zyd_view_proposal, proposals);
    struct zyd_view_programme programmes[ZYD_PROGRAMMES_MAX];
    struct zyd_view_counts counts;
    /* scratch of one apply */
    uint32_t *touched; /* records changed in this block */
    uint32_t touched_count, touched_cap;
    struct zyd_view_outcome outcome;
};

/* A programme or plugin record: joins g unless it is there. */
enum zyd_status zyd_view_add_programme(struct zyd_view *v, struct zyd_span record);
void zyd_view_add_plugin(struct zyd_view *v, const struct zyd_hash *key, struct zyd_span record);

/* A new zeroed element at the end of a table, its index in *at. */
#define zyd_view_push(table, at)                                                                                       \
    ((table).items = zyd_index_grow((table).items, (table).count, &(table).cap, sizeof *(table).items),                \
     memset(&(table).items[(table).count], 0, sizeof *(table).items), *(at) = (table).count++,                         \
     &(table).items[*(at)])

#endif
