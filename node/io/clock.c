/* Two clocks: a monotonic one for timers, UTC for block time.  Only UTC can be moved, and only by a development node. */
#include <stdatomic.h>
#include <time.h>

#include <zyd/io.h>

static atomic_llong offset_ms;

static int64_t read_ms(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t zyd_clock_mono_ms(void)
{
    return read_ms(CLOCK_MONOTONIC);
}

int64_t zyd_clock_wall_ms(void)
{
    return read_ms(CLOCK_REALTIME) + atomic_load_explicit(&offset_ms, memory_order_relaxed);
}

void zyd_clock_offset_set(int64_t ms)
{
    atomic_store(&offset_ms, ms);
}

int64_t zyd_clock_offset(void)
{
    return atomic_load(&offset_ms);
}
