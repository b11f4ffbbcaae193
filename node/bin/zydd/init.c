/* Once in a node's life: the data directory.  And when a ledger is damaged: another one beside the same vote file. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zyd/catalogue.h>

#include "zydd.h"

#define PATH_CAP (ZYD_CONFIG_TEXT_MAX + 64)

enum zyd_status zydd_init(struct node *n, struct zyd_err *err)
{
    char votes[PATH_CAP], ledger[PATH_CAP];
    struct zyd_store *store;
    snprintf(votes, sizeof votes, "%s/votes", n->config.data_dir);
    snprintf(ledger, sizeof ledger, "%s/ledger", n->config.data_dir);
    if (mkdir(n->config.data_dir, 0700) != 0 && errno != EEXIST) {
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%s: %s", n->config.data_dir, strerror(errno));
        return ZYD_E_IO;
    }
    if (access(votes, F_OK) == 0 || access(ledger, F_OK) == 0) {
        zyd_err_set(err, ZYD_ERR_FILE_EXISTS,
                    "%s holds a node already; --init makes a new one only where there is none. A vote file is never made anew "
                    "for a key "
                    "that has signed",
                    n->config.data_dir);
        return ZYD_E_EXISTS;
    }
    enum zyd_status st = zyd_store_open(&store, err, ledger, &n->genesis.hash, true, 0);
    if (st != ZYD_OK)
        return st;
    zyd_store_close(store);
    /* Last: a directory without a vote file is refused, so a torn init is seen. */
    return zyd_votes_create(err, votes, &n->genesis.hash);
}

enum zyd_status zydd_rebuild(struct node *n, struct zyd_err *err)
{
    char votes[PATH_CAP], ledger[PATH_CAP], aside[PATH_CAP];
    struct zyd_votes *v;
    struct zyd_store *store;
    snprintf(votes, sizeof votes, "%s/votes", n->config.data_dir);
    snprintf(ledger, sizeof ledger, "%s/ledger", n->config.data_dir);
    enum zyd_status st = zyd_votes_open(&v, err, votes, &n->genesis.hash);
    if (st != ZYD_OK)
        return st; /* without its votes a node must not come back */
    for (unsigned i = 1; i < 1000; i++) {
        snprintf(aside, sizeof aside, "%s/ledger.aside-%u", n->config.data_dir, i);
        if (access(aside, F_OK) != 0)
            break;
    }
    if (rename(ledger, aside) != 0 && errno != ENOENT) {
        zyd_err_set(err, ZYD_ERR_FILE_WRITE, "%s: %s", ledger, strerror(errno));
        st = ZYD_E_IO;
    }
    if (st == ZYD_OK)
        st = zyd_store_open(&store, err, ledger, &n->genesis.hash, true, zyd_votes_floor(v));
    if (st == ZYD_OK) {
        zyd_store_close(store);
        printf("the old ledger is in %s; the next start fetches it anew from the other members\n", aside);
    }
    zyd_votes_close(v);
    return st;
}
