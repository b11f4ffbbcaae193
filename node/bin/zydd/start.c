/* From configuration to a node that stands, and down again. */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include <zyd/catalogue.h>
#include <zyd/consortium.h>

#include "zydd.h"

#ifndef ZYD_VERSION
#define ZYD_VERSION "0.1.0"
#endif
#define PATH_CAP (ZYD_CONFIG_TEXT_MAX + 128)
#define PEER_LANE (8u << 20)
#define SUBMIT_LANE (32u << 20)
#define QUERY_LANE (1u << 20)
#define PLUGIN_SIZE_MAX (256u << 10)

static void hex(char out[65], const struct zyd_hash *h)
{
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", h->b[i]);
}

enum zyd_status zydd_genesis(struct node *n, struct zyd_err *err)
{
    struct zyd_hash hash;
    const char *why = "";
    char want[65], have[65];
    uint64_t approvals;
    size_t size;
    enum zyd_status st = zyd_consortium_load(&n->genesis_body, &size, &hash, &approvals, err, n->config.consortium);
    if (st != ZYD_OK)
        return st == ZYD_E_DAMAGED || st == ZYD_E_STORE ? ZYD_E_INVALID : st; /* it is no store of ours */
    hex(want, &n->config.genesis_hash);
    hex(have, &hash);
    if (!zyd_hash_eq(&hash, &n->config.genesis_hash)) {
        zyd_err_set(err, ZYD_ERR_GENESIS_HASH,
                    "%s has the genesis hash %s, [node] genesis_hash says %s; this node joins no other consortium",
                    n->config.consortium, have, want);
        return ZYD_E_FOREIGN;
    }
    if (zyd_genesis_decode(&n->genesis, &why, zyd_span(n->genesis_body, size)) != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_FILE_FORMAT, "%s: %s", n->config.consortium, why);
        return ZYD_E_INVALID;
    }
    for (uint16_t i = 0; i < n->genesis.member_count; i++)
        if ((approvals >> i & 1) == 0) {
            zyd_err_set(err, ZYD_ERR_APPROVAL_MISSING, "%s: the approval of member %.*s is missing", n->config.consortium,
                        (int)n->genesis.members[i].code.size, (const char *)n->genesis.members[i].code.data);
            return ZYD_E_INVALID;
        }
    int member = zyd_genesis_member_by_code(&n->genesis, zyd_span(n->config.name, strlen(n->config.name)));
    int validator = member < 0 ? -1 : zyd_genesis_validator_of(&n->genesis, (uint16_t)member);
    if (validator < 0) {
        zyd_err_set(err, ZYD_ERR_CONFIG, "%s: [node] name = %s: %s", n->config.path, n->config.name,
                    member < 0 ? "no such member in the consortium file"
                               : "this member runs no validator in the consortium file");
        return ZYD_E_INVALID;
    }
    n->member = (uint16_t)member;
    n->me = (uint8_t)validator;
    for (uint32_t i = 0; i < n->config.peer_count; i++) {
        const char *code = n->config.peers[i].code;
        if (zyd_genesis_member_by_code(&n->genesis, zyd_span(code, strlen(code))) < 0) {
            zyd_err_set(err, ZYD_ERR_CONFIG, "%s: [peer \"%s\"]: no such member in the consortium file", n->config.path, code);
            return ZYD_E_INVALID;
        }
    }
    return ZYD_OK;
}

/* ---- keys ---- */

static enum zyd_status key_open(struct zyd_key *out, struct zyd_err *err, const struct node *n, const char *path,
                                uint8_t purpose, const char *passphrase)
{
    enum zyd_status st = zyd_key_load(out, err, path, passphrase);
    if (st != ZYD_OK)
        return st == ZYD_E_DAMAGED ? ZYD_E_INVALID : st; /* a key file is no store */
    const struct zyd_member *m = &n->genesis.members[n->member];
    for (uint8_t i = 0; i < m->key_count; i++)
        if (m->keys[i].purpose == purpose && out->purpose == purpose && memcmp(m->keys[i].pk.b, out->pk.b, 32) == 0)
            return ZYD_OK;
    zyd_err_set(err, ZYD_ERR_KEY_WRONG, "%s is not a %s key that the genesis names for %s", path, zyd_key_purpose_text(purpose),
                n->config.name);
    return ZYD_E_INVALID;
}

static enum zyd_status keys(struct node *n, struct zyd_err *err)
{
    char passphrase[1024] = "";
    const struct zyd_config *c = &n->config;
    enum zyd_status st = ZYD_OK;
    if (c->key_passphrase_file[0] != 0)
        st = zyd_secret_read(passphrase, sizeof passphrase, err, c->key_passphrase_file);
    if (st == ZYD_OK)
        st = key_open(&n->node_key, err, n, c->key_node, ZYD_KEY_NODE, passphrase);
    if (st == ZYD_OK && memcmp(n->node_key.pk.b, zyd_genesis_validator_pk(&n->genesis, n->me)->b, 32) != 0) {
        zyd_err_set(err, ZYD_ERR_KEY_WRONG, "%s is not the node key that votes for %s", c->key_node, c->name);
        st = ZYD_E_INVALID;
    }
    if (st == ZYD_OK)
        st = key_open(&n->link_key, err, n, c->key_link, ZYD_KEY_LINK, passphrase);
    n->have_maker = c->key_maker[0] != 0;
    n->have_checker = c->key_checker[0] != 0;
    if (st == ZYD_OK && n->have_maker)
        st = key_open(&n->maker, err, n, c->key_maker, ZYD_KEY_MAKER, passphrase);
    if (st == ZYD_OK && n->have_checker)
        st = key_open(&n->checker, err, n, c->key_checker, ZYD_KEY_CHECKER, passphrase);
    sodium_memzero(passphrase, sizeof passphrase);
    return st;
}

/* ---- store and replica ---- */

static bool sig_verify(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx;
    return zyd_sig_verify(pk, msg, size, sig);
}
static void sig_sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    zyd_sig_sign(sig, ((struct node *)ctx)->node_key.sk, msg, size);
}

static enum zyd_status stores(struct node *n, struct zyd_err *err)
{
    char path[PATH_CAP];
    snprintf(path, sizeof path, "%s/votes", n->config.data_dir);
    enum zyd_status st = zyd_votes_open(&n->votes, err, path, &n->genesis.hash);
    if (st != ZYD_OK)
        return st;
    snprintf(path, sizeof path, "%s/ledger", n->config.data_dir);
    st = zyd_store_open(&n->store, err, path, &n->genesis.hash, false, 0);
    if (st == ZYD_E_NOT_FOUND) {
        zyd_err_set(err, ZYD_ERR_STORE_DAMAGED,
                    "ledger %s is missing; zydd --rebuild-ledger makes an empty one, to be fetched from the "
                    "other members",
                    path);
        st = ZYD_E_DAMAGED;
    }
    return st;
}

/* The file that genesis names, by the contract's name or by its hash. */
static enum zyd_status plugin_read(struct node *n, struct zyd_err *err, size_t *size_out, char path[PATH_CAP], uint16_t i)
{
    const struct zyd_plugin_ref *ref = &n->genesis.plugins[i];
    char name[65];
    struct zyd_hash hash;
    size_t size;
    hex(name, &ref->hash);
    snprintf(path, PATH_CAP, "%s/%.*s.elf", n->config.plugins, (int)ref->name.size, (const char *)ref->name.data);
    enum zyd_status st = zyd_file_read(&n->plugins[i], &size, err, path, PLUGIN_SIZE_MAX);
    if (st == ZYD_E_NOT_FOUND) {
        snprintf(path, PATH_CAP, "%s/%s.elf", n->config.plugins, name);
        st = zyd_file_read(&n->plugins[i], &size, err, path, PLUGIN_SIZE_MAX);
    }
    if (st != ZYD_OK) {
        err->code = ZYD_ERR_PLUGIN;
        return ZYD_E_INVALID;
    }
    zyd_sha256(&hash, n->plugins[i], size);
    if (!zyd_hash_eq(&hash, &ref->hash)) {
        zyd_err_set(err, ZYD_ERR_PLUGIN, "%s is not the file that the genesis names: its SHA-256 must be %s", path, name);
        return ZYD_E_INVALID;
    }
    *size_out = size;
    return ZYD_OK;
}

static enum zyd_status plugin(struct node *n, struct zyd_err *err, uint16_t i)
{
    char path[PATH_CAP];
    const char *why = "";
    size_t size;
    enum zyd_status st = plugin_read(n, err, &size, path, i);
    if (st != ZYD_OK)
        return st;
    if (zyd_replica_plugin(n->replica, &why, zyd_span(n->plugins[i], size)) != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_PLUGIN, "%s: %s", path, why);
        return ZYD_E_INVALID;
    }
    return ZYD_OK;
}

static enum zyd_status replica(struct node *n, struct zyd_err *err)
{
    struct zyd_replica_config config = {.genesis = &n->genesis,
                                        .kv = zyd_store_kv(n->store),
                                        .sig = {n, sig_verify, sig_sign},
                                        .me_member = n->member,
                                        .me = n->me};
    struct zyd_checkpoint checkpoint;
    bool have;
    const char *why = "";
    randombytes_buf(&config.seed, sizeof config.seed);
    zyd_replica_limits_node(&config.limits);
    n->replica_mem_size = zyd_replica_footprint(&config);
    n->replica_mem = zyd_pages_map(n->replica_mem_size);
    if (n->replica_mem == NULL) {
        zyd_err_set(err, ZYD_ERR_CONFIG, "this machine gives no %zu MiB of address space", n->replica_mem_size >> 20);
        return ZYD_E_INVALID;
    }
    n->replica = zyd_replica_init(n->replica_mem, &config);
    for (uint16_t i = 0; i < n->genesis.plugin_count; i++) {
        enum zyd_status st = plugin(n, err, i);
        if (st != ZYD_OK)
            return st;
    }
    enum zyd_status st = zyd_store_checkpoint(n->store, err, &have, &checkpoint);
    if (st != ZYD_OK)
        return st;
    int64_t began = zyd_clock_mono_ms();
    st = zyd_replica_load(n->replica, &why, have ? &checkpoint : NULL);
    if (st != ZYD_OK) {
        const struct zyd_err *kv = zyd_store_kv_error(n->store);
        zyd_err_set(
            err, st == ZYD_E_FOREIGN ? ZYD_ERR_STORE_FOREIGN : ZYD_ERR_STORE_DAMAGED,
            "ledger %s/ledger: %s%s%.200s; zydd --rebuild-ledger sets it aside and fetches it anew from the other members",
            n->config.data_dir, why, kv->code != 0 ? ": " : "", kv->code != 0 ? kv->text : "");
        return st == ZYD_E_STORE || st == ZYD_E_FULL ? ZYD_E_DAMAGED : st;
    }
    st = zydd_restore(n, err);
    static struct zyd_replica_status status;
    zyd_replica_status(n->replica, &status);
    if (st == ZYD_OK)
        zyd_log(ZYD_LOG_INFO, "loaded", "height=%llu floor=%llu checkpoint=%llu ms=%lld",
                (unsigned long long)status.head.height, (unsigned long long)zyd_votes_floor(n->votes),
                (unsigned long long)(have ? checkpoint.height : 0), (long long)(zyd_clock_mono_ms() - began));
    return st;
}

/* ---- threads and surfaces ---- */

static bool queues(struct node *n)
{
    size_t lanes[ZYD_VALIDATORS_MAX + 2];
    for (size_t i = 0; i < ZYD_VALIDATORS_MAX; i++)
        lanes[i] = PEER_LANE;
    lanes[LANE_OWN] = 0;
    n->urgent = zyd_queue_make(sizeof(struct note), lanes, LANE_OWN + 1);
    lanes[LANE_SUBMIT] = SUBMIT_LANE;
    lanes[LANE_QUERY] = QUERY_LANE;
    n->bulk = zyd_queue_make(sizeof(struct note), lanes, LANE_QUERY + 1);
    return n->urgent != NULL && n->bulk != NULL;
}

static enum zyd_status net(struct node *n, struct zyd_err *err)
{
    struct zyd_net_config c = {.genesis = &n->genesis, .me_member = n->member, .listen = n->config.peer_listen};
    struct zyd_net_events events = zydd_net_events(n);
    memcpy(c.link_sk, n->link_key.sk, ZYD_SK_SIZE);
    for (uint32_t i = 0; i < n->config.peer_count; i++) {
        const char *code = n->config.peers[i].code;
        int member = zyd_genesis_member_by_code(&n->genesis, zyd_span(code, strlen(code)));
        c.address[member] = n->config.peers[i].address;
    }
    enum zyd_status st = zyd_net_start(&n->net, err, &c, &events);
    sodium_memzero(c.link_sk, sizeof c.link_sk);
    return st;
}

static enum zyd_status api(struct node *n, struct zyd_err *err)
{
    static struct zyd_replica_status status;
    const struct zyd_config *c = &n->config;
    struct zyd_api_config config = {.genesis = &n->genesis,
                                    .consortium_json = c->consortium,
                                    .data_dir = c->data_dir,
                                    .store = n->store,
                                    .name = c->name,
                                    .version = ZYD_VERSION,
                                    .me_member = n->member,
                                    .me = n->me,
                                    .listen = c->api_listen,
                                    .metrics_listen = c->metrics_listen[0] != 0 ? c->metrics_listen : NULL,
                                    .tokens = c->api_tokens[0] != 0 ? c->api_tokens : NULL,
                                    .open_reads = c->api_open_reads,
                                    .maker = n->have_maker ? &n->maker : NULL,
                                    .checker = n->have_checker ? &n->checker : NULL,
                                    .plugin_dir = c->plugins};
    struct zyd_api_calls calls = zydd_api_calls(n);
    zyd_replica_status(n->replica, &status);
    return zyd_api_start(&n->api, err, &config, &calls, status.head.height);
}

enum zyd_status zydd_check(struct node *n, struct zyd_err *err)
{
    char path[PATH_CAP];
    size_t size;
    enum zyd_status st = zydd_genesis(n, err);
    if (st == ZYD_OK)
        st = keys(n, err);
    for (uint16_t i = 0; i < n->genesis.plugin_count && st == ZYD_OK; i++)
        st = plugin_read(n, err, &size, path, i);
    return st;
}

int zydd_start(struct node *n, struct zyd_err *err)
{
    enum zyd_status st = zydd_genesis(n, err);
    if (st == ZYD_OK)
        st = keys(n, err);
    if (st == ZYD_OK)
        st = stores(n, err);
    if (st == ZYD_OK)
        st = replica(n, err);
    if (st == ZYD_OK) {
        zydd_clock_read(n);
        atomic_store(&n->votes_seq, zyd_votes_seq(n->votes));
        bool ok = queues(n) && zydd_writers_start(n) && zydd_verifiers_start(n);
        if (!ok) {
            zyd_err_set(err, ZYD_ERR_CONFIG, "no threads or memory for the node");
            st = ZYD_E_IO;
        }
    }
    if (st == ZYD_OK)
        st = net(n, err);
    if (st == ZYD_OK)
        st = api(n, err);
    return zydd_exit_code(st);
}

void zydd_stop(struct node *n)
{
    if (n->api != NULL)
        zyd_api_stop(n->api);
    atomic_store(&n->verifiers_stop, true); /* so that a full verifier does not keep the net waiting */
    zyd_net_stop(n->net);
    zydd_verifiers_stop(n);
    zydd_writers_stop(n);
    zyd_votes_close(n->votes);
    zyd_store_close(n->store);
    for (size_t i = 0; i < n->held_count; i++)
        free(n->held[i].bytes);
    free(n->held);
    free(n->pending);
    zyd_queue_free(n->urgent);
    zyd_queue_free(n->bulk);
    zyd_pages_unmap(n->replica_mem, n->replica_mem_size);
    for (size_t i = 0; i < ZYD_PLUGINS_MAX; i++)
        free(n->plugins[i]);
    free(n->genesis_body);
    zyd_key_wipe(&n->node_key);
    zyd_key_wipe(&n->link_key);
    zyd_key_wipe(&n->maker);
    zyd_key_wipe(&n->checker);
}
