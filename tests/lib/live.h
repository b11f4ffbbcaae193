/* tests/lib/live.h: one replica, alone in its consortium of one validator, run by a thread in real time: what zydd is without
 * disk and network.  Several listeners (an API each, for members of their own) may sit on it.
 *
 *   static struct zyd_live l;                      (large: keep it static)
 *   zyd_live_plan(&l, "BANK,GUAR,REG,NFGF,COUNTY");   members with these codes; member 0 is the validator
 *   zyd_live_programme(&l, 1, "NAT2080", "preset=NAT2080;banks=BANK;batch=true");
 *   zyd_live_start(&l, PLUGIN_DIR "/guarantee.elf");
 *   zyd_live_listen(&l, &hooks);                   any time; is told all blocks from the first on, the newest perhaps twice
 *   zyd_live_stop(&l);
 */
#ifndef ZYD_TESTS_LIVE_H
#define ZYD_TESTS_LIVE_H

#include <pthread.h>

#include "tests/lib/consortium.h"
#include <zyd/product.h>
#include <zyd/replica.h>

struct zyd_live_hooks {
    void *ctx;
    void (*commit)(void *ctx, const struct zyd_header *h, struct zyd_span block, struct zyd_span finality);
    void (*reply)(void *ctx, uint64_t ticket, enum zyd_status status, struct zyd_span bytes);
};
#define ZYD_LIVE_LISTENERS 8u
struct zyd_live_event;
struct zyd_live {
    struct zyd_test_consortium c;
    char codes[256];
    uint8_t params[16][ZYD_PROGRAMME_PARAMS_MAX];
    char programme_codes[16][16];
    struct {
        uint8_t *elf;
        size_t size;
    } images[ZYD_PLUGINS_MAX];
    void *mem;
    size_t mem_size;
    struct zyd_replica *replica;
    struct zyd_kv_map *kv;
    pthread_t thread;
    /* hooks are called with hook_lock alone: they may take locks under which submit is called */
    pthread_mutex_t lock, hook_lock;
    pthread_cond_t cond;
    bool running;
    int64_t wall_offset; /* added to the real clock */
    struct zyd_live_event *first, *last;
    struct zyd_live_hooks hooks[ZYD_LIVE_LISTENERS];
    uint32_t hook_count;
    /* what tests may look at, with the lock */
    uint64_t submits, height;
    bool deaf;   /* SUBMIT and QUERY are refused: the inbox is full */
    bool frozen; /* SUBMITs are dropped after they are taken: a crash between answer and booking */
};
void zyd_live_plan(struct zyd_live *l, const char *codes);
/* Another contract beside the guarantee, in ascending order; its image stands in the directory of the guarantee's. */
void zyd_live_plugin(struct zyd_live *l, uint16_t contract, const char *name);
/* params: name=value;name=value as zyd_product_params_encode takes them. */
struct zyd_programme *zyd_live_programme(struct zyd_live *l, uint16_t id, const char *code, const char *params);
struct zyd_programme *zyd_live_programme_of(struct zyd_live *l, const struct zyd_product *product, uint16_t id,
                                            const char *code, const char *params);
void zyd_live_start(struct zyd_live *l, const char *elf);
void zyd_live_stop(struct zyd_live *l);
/* Returns the listener's number, which comes back in the tickets: it may use 56 bits of them. */
uint32_t zyd_live_listen(struct zyd_live *l, const struct zyd_live_hooks *hooks);
void zyd_live_unlisten(struct zyd_live *l, uint32_t listener);
bool zyd_live_submit(struct zyd_live *l, uint32_t listener, uint64_t ticket, struct zyd_span bytes);
/* Waits until something was submitted since `submits` was last 0 (frozen or not). */
void zyd_live_await_submit(struct zyd_live *l);
bool zyd_live_query(struct zyd_live *l, uint32_t listener, uint64_t ticket, struct zyd_span bytes);
int64_t zyd_live_wall(struct zyd_live *l);
void zyd_live_clock(struct zyd_live *l, int64_t wall_ms);

#endif
