#include "world.h"
#include <stdlib.h>

static bool before(const struct event *a, const struct event *b)
{
    return a->t != b->t ? a->t < b->t : a->number < b->number;
}

void heap_push(struct heap *h, struct event e)
{
    if (h->count == h->cap) {
        h->cap = h->cap == 0 ? 1024 : h->cap * 2;
        h->items = sim_grow(h->items, h->cap * sizeof *h->items);
    }
    e.number = h->next_number++;
    size_t i = h->count++;
    while (i > 0 && before(&e, &h->items[(i - 1) / 2])) {
        h->items[i] = h->items[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    h->items[i] = e;
}

bool heap_pop(struct heap *h, struct event *out)
{
    if (h->count == 0) {
        return false;
    }
    *out = h->items[0];
    struct event last = h->items[--h->count];
    size_t i = 0;
    for (;;) {
        size_t c = 2 * i + 1;
        if (c >= h->count) {
            break;
        }
        if (c + 1 < h->count && before(&h->items[c + 1], &h->items[c])) {
            c++;
        }
        if (!before(&h->items[c], &last)) {
            break;
        }
        h->items[i] = h->items[c];
        i = c;
    }
    if (h->count > 0) {
        h->items[i] = last;
    }
    return true;
}

void *sim_alloc(size_t size)
{
    void *p = calloc(1, size == 0 ? 1 : size);
    zyd_assert(p != NULL);
    return p;
}

void *sim_grow(void *p, size_t size)
{
    p = realloc(p, size);
    zyd_assert(p != NULL);
    return p;
}

uint8_t *sim_copy(const void *data, size_t size)
{
    uint8_t *p = sim_alloc(size);
    if (size > 0) {
        memcpy(p, data, size);
    }
    return p;
}
