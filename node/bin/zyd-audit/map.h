/* map.h: a map from 32 bytes to a pointer; the values are the caller's. */
#ifndef ZYD_AUDIT_MAP_H
#define ZYD_AUDIT_MAP_H

#include <zyd/base.h>
#include <zyd/codec.h>

struct audit_map { /* all zero: empty */
    struct zyd_hash *keys;
    void **values; /* NULL: free */
    size_t count, cap;
};
void *audit_map_get(const struct audit_map *m, const struct zyd_hash *key); /* or NULL */
void audit_map_put(struct audit_map *m, const struct zyd_hash *key, void *value);
void *audit_map_take(struct audit_map *m, const struct zyd_hash *key); /* what stood there, or NULL; now nothing does */
void audit_map_free(struct audit_map *m, void (*each)(void *value)); /* each may be NULL */

#endif
