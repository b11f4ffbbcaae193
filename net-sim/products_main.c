/* zyd-sim --products: random events of all five products, world after world until there were enough, and what came of them. */
#include "products_main.h"
#include <stdio.h>
#include <time.h>
#include <zyd/product.h>

#define WORLD_EVENTS 25000u /* then faults end, everybody catches up, and the auditor's replay looks at it all */
#define SCAN_EVERY 64u      /* blocks */
#define OPS 48u             /* most operations of an envelope */

bool image_read(struct zyd_span *out, uint8_t mem[IMAGE_MAX], const char *path)
{
    FILE *f = fopen(path, "rb");
    size_t size = f == NULL ? 0 : fread(mem, 1, IMAGE_MAX, f);
    if (f != NULL) {
        fclose(f);
    }
    if (size == 0) {
        fprintf(stderr, "zyd-sim: %s: the contract image cannot be read; build it (target plugins) or name it with --plugin\n",
                path);
    }
    *out = zyd_span(mem, size);
    return size > 0;
}

bool products_plugins(struct zyd_sim_options *o, const char *beside)
{
    static uint8_t images[5][IMAGE_MAX];
    for (unsigned i = 0; i < 5; i++) {
        char path[4200];
        snprintf(path, sizeof path, "%.4000s", beside);
        char *slash = strrchr(path, '/');
        snprintf(slash == NULL ? path : slash + 1, 64, "%s.elf", zyd_product_by_number((uint16_t)(i + 1))->name);
        if (!image_read(&o->plugins[i], images[i], path)) {
            return false;
        }
    }
    return true;
}

static void tell_events(const struct zyd_inv_counts *c)
{
    for (uint16_t k = 1; k < ZYD_INV_PRODUCTS; k++) {
        const struct zyd_product *p = zyd_product_by_number(k);
        printf("%-9s", p->name);
        for (size_t e = 0; e < p->event_count; e++) {
            uint16_t n = p->events[e].number;
            if (n < ZYD_INV_EVENTS && c->done[k][n] > 0) {
                printf(" %s %llu", p->events[e].name, (unsigned long long)c->done[k][n]);
            }
        }
        printf(" · SYS %llu\n", (unsigned long long)c->sys[k]);
    }
    printf("host      PAID %llu COUNTERSIGN and other %llu · SYS %llu\n", (unsigned long long)c->done[0][4],
           (unsigned long long)(c->done[0][1] + c->done[0][2] + c->done[0][3]), (unsigned long long)c->sys[0]);
    printf("refused  ");
    for (unsigned i = 0; i < ZYD_INV_CODES; i++) {
        if (c->codes[i] > 0) {
            printf(" %u:%u", i, c->codes[i]);
        }
    }
    printf("\nchecked  ");
    for (unsigned i = 1; i <= ZYD_INV_COUNT; i++) {
        printf(" I%u %llu", i, (unsigned long long)c->checks[i]);
    }
    putchar('\n');
}

double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int products_run(const struct zyd_sim_options *base, const struct products_args *a)
{
    static struct zyd_inv_counts counts;
    struct zyd_sim_result sum = {0};
    double started = now_s();
    uint64_t events = 0, worlds = 0;
    int verdict = 0;
    memset(&counts, 0, sizeof counts);
    while (events < a->events && verdict == 0) {
        struct zyd_sim_result r;
        struct zyd_sim_options o = *base;
        uint64_t left = a->events - events;
        o.products = true;
        o.seed = a->seed + worlds;
        o.replicas = o.replicas == 0 ? 4 : o.replicas;
        o.clients = o.clients == 0 ? 4 : o.clients;
        o.crypto = o.crypto == ZYD_SIM_CRYPTO_DRAWN ? ZYD_SIM_CRYPTO_STUB : o.crypto;
        o.loans = o.loans == 0 ? OPS : o.loans;
        o.until_ms = o.until_ms == 0 ? 600000 : o.until_ms;
        o.product_events = left < WORLD_EVENTS ? left : WORLD_EVENTS;
        o.scan_every = SCAN_EVERY;
        o.counts = &counts;
        (void)zyd_sim_run(&r, &o);
        worlds++;
        events += r.invariant_events;
        sum.blocks += r.blocks;
        sum.crashes += r.crashes;
        sum.partitions += r.partitions;
        sum.virtual_ms += r.virtual_ms;
        sum.messages += r.messages;
        sum.lost += r.lost;
        if (r.verdict != ZYD_SIM_PASS || r.invariant_events == 0) {
            verdict = r.verdict == ZYD_SIM_PASS ? ZYD_SIM_LIVENESS : (int)r.verdict;
            printf("%s --products --events %llu --seed %llu%s --trace -      # %s\n", a->self,
                   (unsigned long long)o.product_events, (unsigned long long)o.seed, a->same, r.why);
        }
    }
    tell_events(&counts);
    double spent = now_s() - started;
    printf(
        "worlds %llu · events %llu (done %llu, refused %llu) · postings %llu · blocks %llu · crashes %llu · partitions %llu · "
        "messages %llu lost %llu · invariant checks %llu · full scans %llu · violations %d · sim %.0f s · %.1f s\n",
        (unsigned long long)worlds, (unsigned long long)(counts.events + counts.refused), (unsigned long long)counts.events,
        (unsigned long long)counts.refused, (unsigned long long)counts.postings, (unsigned long long)sum.blocks,
        (unsigned long long)sum.crashes, (unsigned long long)sum.partitions, (unsigned long long)sum.messages,
        (unsigned long long)sum.lost, (unsigned long long)zyd_inv_checks(&counts), (unsigned long long)counts.scans,
        verdict != 0, (double)sum.virtual_ms / 1000, spent);
    return verdict;
}
