#include "tests/lib/sim_chain.h"
#include <stdio.h>
#include <stdlib.h>
#include <zyd/bundle.h>

static void on_genesis(void *ctx, const struct zyd_genesis *g, const struct zyd_header *header, const struct zyd_sim_keys *keys)
{
    struct zyd_sim_ledger *l = ctx;
    const char *why = "";
    l->body = malloc(g->body.size);
    zyd_assert(l->body != NULL);
    memcpy(l->body, g->body.data, g->body.size);
    enum zyd_status st = zyd_genesis_decode(&l->genesis, &why, zyd_span(l->body, g->body.size));
    zyd_assert(st == ZYD_OK);
    l->genesis_header = *header;
    l->keys = *keys;
}

static void on_block(void *ctx, struct zyd_span value, struct zyd_span finality)
{
    struct zyd_sim_ledger *l = ctx;
    struct zyd_block_view v;
    enum zyd_status st = zyd_block_decode(&v, value);
    zyd_assert(st == ZYD_OK);
    v.writes = zyd_span(NULL, 0);
    if (l->count == l->cap) {
        l->cap = l->cap * 2 + 64;
        l->blocks = realloc(l->blocks, l->cap * sizeof *l->blocks);
        zyd_assert(l->blocks != NULL);
    }
    uint8_t *mem = malloc(value.size + finality.size);
    zyd_assert(mem != NULL);
    struct zyd_wr wr = zyd_wr_of(mem, value.size);
    zyd_block_encode(&wr, &v);
    zyd_assert(!wr.full);
    memcpy(mem + wr.size, finality.data, finality.size);
    l->blocks[l->count++] = (struct zyd_sim_block){zyd_wr_span(&wr), zyd_span(mem + wr.size, finality.size)};
}

struct zyd_sim_ledger *zyd_sim_ledger_make(const struct zyd_sim_ledger_options *options)
{
    struct zyd_sim_ledger *l = calloc(1, sizeof *l);
    struct zyd_err err = {0};
    uint8_t *elf;
    size_t size;
    zyd_assert(l != NULL);
    if (zyd_file_read(&elf, &size, &err, options->plugin, 1u << 20) != ZYD_OK) {
        fprintf(stderr, "%s\n", err.text);
        zyd_assert(false);
    }
    l->plugin = zyd_span(elf, size);
    struct zyd_sim_chain chain = {l, on_genesis, on_block};
    struct zyd_sim_options o = {.seed = options->seed,
                                .replicas = 4,
                                .clients = options->clients,
                                .loans = options->loans,
                                .blocks = options->blocks,
                                .until_ms = options->until_ms == 0 ? 6000 : options->until_ms,
                                .crypto = ZYD_SIM_CRYPTO_MEMO,
                                .plugin = l->plugin,
                                .chain = &chain};
    struct zyd_sim_result r;
    enum zyd_status st = zyd_sim_run(&r, &o);
    if (st != ZYD_OK || r.verdict != ZYD_SIM_PASS) {
        fprintf(stderr, "the simulation went wrong: %s\n", r.why);
        zyd_assert(false);
    }
    l->operations = r.operations;
    return l;
}

void zyd_sim_ledger_free(struct zyd_sim_ledger *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < l->count; i++) {
        free((void *)(uintptr_t)l->blocks[i].value.data);
    }
    free(l->blocks);
    free(l->body);
    free((void *)(uintptr_t)l->plugin.data);
    free(l);
}

void zyd_sim_ledger_write(const struct zyd_sim_ledger *l, const char *dir, size_t segment_bytes)
{
    struct zyd_bundle *b = NULL;
    struct zyd_err err = {0};
    struct zyd_bundle_options o = {
        .dir = dir, .g = &l->genesis, .tool = "tests", .created_ms = INT64_C(1767571200000), .segment_bytes = segment_bytes};
    enum zyd_status st = zyd_bundle_create(&b, &err, &o);
    st = st != ZYD_OK ? st : zyd_bundle_plugin(b, &err, l->plugin);
    for (size_t i = 0; st == ZYD_OK && i < l->count; i++) {
        struct zyd_block_view v;
        st = zyd_block_decode(&v, l->blocks[i].value);
        st = st != ZYD_OK ? st : zyd_bundle_block(b, &err, &v, l->blocks[i].finality);
    }
    st = st != ZYD_OK ? st : zyd_bundle_finish(b, &err);
    if (st != ZYD_OK) {
        fprintf(stderr, "%s\n", err.text);
        zyd_assert(false);
    }
    zyd_bundle_free(b);
}
