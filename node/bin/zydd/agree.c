/* Before anything is signed: ledger, vote file and chain must tell one story (reliability.md 2.1, consensus.md 1.4).
 *
 *   the ledger has seen more records of the vote file than there are: it is an old one, put back
 *   a certificate in the ledger or the vote file carries our signature, above the floor, and the vote file lacks the vote: it
 * is older than what we did, and signing on could contradict it no block of the ledger reaches the floor: the ledger has lost
 * what was durable
 */
#include <stdlib.h>

#include <zyd/catalogue.h>

#include "zydd.h"

struct check {
    struct node *n;
    struct zyd_err *err;
    struct zyd_cert cert;
    struct zyd_cert just[ZYD_JUST_MAX];
};

static enum zyd_status older(struct zyd_err *err, const char *what, uint64_t number, const char *there)
{
    zyd_err_set(err, ZYD_ERR_VOTE_FILE,
                "the vote file is older than the ledger: %s %llu %s. It was restored or replaced; this node must not sign with "
                "this key any "
                "more. Put the right vote file back, or replace the node's identity",
                what, (unsigned long long)number, there);
    return ZYD_E_DAMAGED;
}

static enum zyd_status check_cert(struct check *c, const struct zyd_cert *cert)
{
    const struct node *n = c->n;
    if (cert->view <= zyd_votes_floor(n->votes) || (cert->bitmap >> n->me & 1) == 0 ||
        zyd_votes_has(n->votes, cert->type, cert->view, &cert->hash))
        return ZYD_OK;
    return older(c->err, "a certificate of view", cert->view, "has our vote, the file has not");
}

static enum zyd_status check_bytes(struct check *c, struct zyd_span bytes)
{
    if (bytes.size == 0)
        return ZYD_OK;
    struct zyd_rd rd = zyd_rd_of(bytes);
    zyd_cert_read(&rd, &c->cert);
    return zyd_rd_done(&rd) == ZYD_OK ? check_cert(c, &c->cert) : ZYD_E_DAMAGED;
}

static enum zyd_status check_block(struct check *c, const struct zyd_block_view *b)
{
    size_t count = 0;
    enum zyd_status st = check_bytes(c, b->nc);
    if (st == ZYD_OK && zyd_just_decode(c->just, &count, b->just) != ZYD_OK)
        st = ZYD_E_DAMAGED;
    for (size_t i = 0; i < count && st == ZYD_OK; i++)
        st = check_cert(c, &c->just[i]);
    return st;
}

/* Final blocks whose view is above the floor: the newest few. */
static enum zyd_status check_final(struct check *c, const struct zyd_header *head)
{
    struct zyd_kv kv = zyd_store_kv(c->n->store);
    uint64_t floor = zyd_votes_floor(c->n->votes);
    for (uint64_t height = head->height; height > 0; height--) {
        struct zyd_span value, finality;
        struct zyd_block_view b;
        struct zyd_finality f;
        enum zyd_status st = kv.block(kv.ctx, &value, &finality, height);
        if (st == ZYD_OK)
            st = zyd_block_decode(&b, value);
        if (st == ZYD_OK && b.header.view <= floor)
            return ZYD_OK;
        if (st == ZYD_OK)
            st = check_block(c, &b);
        if (st == ZYD_OK && finality.size > 0)
            st = zyd_finality_decode(&f, finality) == ZYD_OK ? check_cert(c, &f.fc) : ZYD_E_DAMAGED;
        if (st != ZYD_OK)
            return st;
    }
    return ZYD_OK;
}

static enum zyd_status give_vote(void *ctx, struct zyd_span vote)
{
    return zyd_replica_restore_vote(((struct check *)ctx)->n->replica, vote);
}

static enum zyd_status give_cert(void *ctx, struct zyd_span cert)
{
    struct check *c = ctx;
    enum zyd_status st = check_bytes(c, cert);
    return st == ZYD_OK ? zyd_replica_restore_cert(c->n->replica, cert) : st;
}

static enum zyd_status give_block(void *ctx, struct zyd_span value)
{
    struct check *c = ctx;
    struct zyd_block_view b;
    enum zyd_status st = zyd_block_decode(&b, value) == ZYD_OK ? check_block(c, &b) : ZYD_E_DAMAGED;
    return st == ZYD_OK ? zyd_replica_restore_block(c->n->replica, value) : st;
}

static enum zyd_status top_view(void *ctx, struct zyd_span value)
{
    uint64_t *top = ctx;
    struct zyd_block_view b;
    if (zyd_block_decode(&b, value) != ZYD_OK)
        return ZYD_E_DAMAGED;
    *top = b.header.view > *top ? b.header.view : *top;
    return ZYD_OK;
}

/* The floor is the view of a final block, and each is put before it is final.  It may be a CARRIER above the newest DATA block,
 * which has no finality record of its own. */
static enum zyd_status check_floor(struct node *n, struct zyd_err *err, const struct zyd_header *head, uint64_t floor)
{
    uint64_t top = head->view;
    if (floor <= top || floor <= zyd_store_rebuilt_floor(n->store))
        return ZYD_OK;
    enum zyd_status st = zyd_store_unfinal(n->store, err, head->height, top_view, &top);
    if (st != ZYD_OK || floor <= top)
        return st;
    zyd_err_set(
        err, ZYD_ERR_STORE_DAMAGED,
        "the ledger ends at view %llu (height %llu), the vote file says that view %llu was final: the ledger has lost blocks. "
        "Run zydd --rebuild-ledger: it sets this ledger aside and fetches it anew from the other members",
        (unsigned long long)top, (unsigned long long)head->height, (unsigned long long)floor);
    return ZYD_E_DAMAGED;
}

enum zyd_status zydd_restore(struct node *n, struct zyd_err *err)
{
    static struct check c; /* large */
    static struct zyd_replica_status status;
    uint64_t floor = zyd_votes_floor(n->votes);
    c.n = n;
    c.err = err;
    zyd_replica_status(n->replica, &status);
    if (zyd_votes_seq(n->votes) < zyd_store_votes_seq(n->store))
        return older(err, "the ledger has seen its record", zyd_store_votes_seq(n->store), "which is not there");
    enum zyd_status st = check_floor(n, err, &status.head, floor);
    if (st == ZYD_OK)
        st = check_final(&c, &status.head);
    if (st == ZYD_OK)
        st = zyd_replica_restore_floor(n->replica, floor);
    if (st == ZYD_OK)
        st = zyd_votes_each(n->votes, err, give_vote, give_cert, &c);
    if (st == ZYD_OK)
        st = zyd_store_unfinal(n->store, err, status.head.height, give_block, &c);
    if (st != ZYD_OK && err->code == 0)
        zyd_err_set(err, ZYD_ERR_STORE_DAMAGED, "ledger %s/ledger: what was not final yet cannot be taken up: %s",
                    n->config.data_dir, zyd_status_text(st));
    return st;
}
