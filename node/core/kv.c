#include <zyd/kv.h>

static enum zyd_status no_get(void *ctx, uint64_t *index, struct zyd_span *leaf, const struct zyd_hash *key)
{
    (void)ctx, (void)index, (void)leaf, (void)key;
    return ZYD_E_NOT_FOUND;
}

static enum zyd_status no_below(void *ctx, struct zyd_hash *out, const struct zyd_hash *key)
{
    (void)ctx, (void)out, (void)key;
    return ZYD_E_NOT_FOUND;
}

static enum zyd_status no_at(void *ctx, struct zyd_span *leaf, uint64_t index)
{
    (void)ctx, (void)leaf, (void)index;
    return ZYD_E_NOT_FOUND;
}

static enum zyd_status no_block(void *ctx, struct zyd_span *value, struct zyd_span *finality, uint64_t height)
{
    (void)ctx, (void)value, (void)finality, (void)height;
    return ZYD_E_NOT_FOUND;
}

struct zyd_kv zyd_kv_empty(void)
{
    return (struct zyd_kv){NULL, no_get, no_below, no_at, no_block};
}
