#include <zyd/base.h>

const char *zyd_status_text(enum zyd_status status)
{
    switch (status) {
#define X(name, value, text)                                                                       \
    case name:                                                                                     \
        return text;
        ZYD_STATUS_MAP(X)
#undef X
    }
    return "unknown status";
}

void zyd_arena_init(struct zyd_arena *arena, void *mem, size_t size)
{
    arena->base = mem;
    arena->size = size;
    arena->used = 0;
}

void *zyd_arena_take(struct zyd_arena *arena, size_t size)
{
    size_t need = (size + 15) & ~(size_t)15;
    if (need < size || need > arena->size - arena->used) {
        return NULL;
    }
    void *p = arena->base + arena->used;
    arena->used += need;
    memset(p, 0, need);
    return p;
}
