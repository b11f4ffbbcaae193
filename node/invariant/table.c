/* Open addressing; keys are hashes already. */
#include "impl.h"

static size_t place_of(const struct table *t, const struct zyd_hash *key)
{
    size_t i = (size_t)zyd_get64(key->b) & (t->cap - 1);
    while (t->slots[i].item != NULL && !zyd_hash_eq(&t->slots[i].key, key)) {
        i = (i + 1) & (t->cap - 1);
    }
    return i;
}

void *table_get(const struct table *t, const struct zyd_hash *key)
{
    return t->cap == 0 ? NULL : t->slots[place_of(t, key)].item;
}

static void grow(struct table *t)
{
    struct table bigger = *t;
    bigger.cap = t->cap == 0 ? 1024 : t->cap * 2;
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    zyd_assert(bigger.slots != NULL);
    for (size_t i = 0; i < t->cap; i++) {
        if (t->slots[i].item != NULL) {
            bigger.slots[place_of(&bigger, &t->slots[i].key)] = t->slots[i];
        }
    }
    free(t->slots);
    *t = bigger;
}

void *table_make(struct table *t, const struct zyd_hash *key, bool *fresh)
{
    if (t->count * 2 >= t->cap) {
        grow(t);
    }
    struct slot *s = &t->slots[place_of(t, key)];
    *fresh = s->item == NULL;
    if (*fresh) {
        s->key = *key;
        s->item = calloc(1, t->item_size);
        zyd_assert(s->item != NULL);
        t->count++;
    }
    return s->item;
}

void table_free(struct table *t)
{
    for (size_t i = 0; i < t->cap; i++) {
        free(t->slots[i].item);
    }
    free(t->slots);
}
