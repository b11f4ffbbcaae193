#include "map.h"
#include <stdlib.h>

static size_t place(const struct audit_map *m, const struct zyd_hash *key)
{
    size_t i = zyd_get64(key->b) & (m->cap - 1);
    while (m->values[i] != NULL && !zyd_hash_eq(&m->keys[i], key)) {
        i = (i + 1) & (m->cap - 1);
    }
    return i;
}

void *audit_map_get(const struct audit_map *m, const struct zyd_hash *key)
{
    return m->cap == 0 ? NULL : m->values[place(m, key)];
}

void audit_map_put(struct audit_map *m, const struct zyd_hash *key, void *value)
{
    if (m->count * 2 >= m->cap) {
        struct audit_map old = *m;
        m->cap = old.cap == 0 ? 256 : old.cap * 2;
        m->keys = calloc(m->cap, sizeof *m->keys);
        m->values = calloc(m->cap, sizeof *m->values);
        zyd_assert(m->keys != NULL && m->values != NULL);
        for (size_t i = 0; i < old.cap; i++) {
            if (old.values[i] != NULL) {
                size_t to = place(m, &old.keys[i]);
                m->keys[to] = old.keys[i];
                m->values[to] = old.values[i];
            }
        }
        free(old.keys);
        free(old.values);
    }
    size_t i = place(m, key);
    m->count += m->values[i] == NULL;
    m->keys[i] = *key;
    m->values[i] = value;
}

void *audit_map_take(struct audit_map *m, const struct zyd_hash *key)
{
    size_t mask = m->cap - 1, i = m->cap == 0 ? 0 : place(m, key);
    void *value = m->cap == 0 ? NULL : m->values[i];
    if (value == NULL) {
        return NULL;
    }
    /* close the gap for those that stepped over it */
    for (size_t k = (i + 1) & mask; m->values[k] != NULL; k = (k + 1) & mask) {
        if (((k - zyd_get64(m->keys[k].b)) & mask) >= ((k - i) & mask)) {
            m->keys[i] = m->keys[k];
            m->values[i] = m->values[k];
            i = k;
        }
    }
    m->values[i] = NULL;
    m->count--;
    return value;
}

void audit_map_free(struct audit_map *m, void (*each)(void *value))
{
    for (size_t i = 0; i < m->cap; i++) {
        if (m->values[i] != NULL && each != NULL) {
            each(m->values[i]);
        }
    }
    free(m->keys);
    free(m->values);
    *m = (struct audit_map){.keys = NULL};
}
