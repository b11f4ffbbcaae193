/* Members that lie.  A twin is a second honest body with the same key and a disk of its own (link.c shows each to some of the
 * others): it equivocates in every way that an honest program can.  The others act here, on what an honest program sends. */
#include "world.h"
#include <stdlib.h>

static void sign_and_send(struct sim *s, struct node *from, uint8_t to, struct zyd_vote *v)
{
    uint8_t pre[ZYD_VOTE_PREIMAGE_SIZE], msg[1 + ZYD_VOTE_SIZE];
    struct zyd_sig_ops ops = sim_sig(s, from);
    zyd_vote_preimage(pre, &s->genesis.hash, v);
    ops.sign(ops.ctx, &v->sig, pre, sizeof pre);
    msg[0] = ZYD_MSG_VOTE;
    zyd_vote_encode(msg + 1, v);
    s->result->byzantine_acts++;
    for (uint8_t i = 0; i < s->node_count; i++) {
        if (s->nodes[i].up && s->nodes[i].validator == to && to != from->validator) {
            link_send(s, &(struct node){.index = from->index, .validator = from->validator, .byz = HONEST}, to,
                      zyd_span(msg, sizeof msg));
            return;
        }
    }
}

/* Votes for something else beside each true vote: another hash, a skip after a vote, a vote after a skip. */
static void double_vote(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes)
{
    struct zyd_vote v, other;
    if (bytes.size != 1 + ZYD_VOTE_SIZE || bytes.data[0] != ZYD_MSG_VOTE ||
        zyd_vote_decode(&v, zyd_span(bytes.data + 1, ZYD_VOTE_SIZE)) != ZYD_OK || v.signer != from->validator) {
        return;
    }
    other = v;
    switch (prng_below(&s->byz_chance, 4)) {
    case 0: /* skip as well */
        other.type = ZYD_VOTE_X;
        other.height = 0;
        memset(other.hash.b, 0, 32);
        break;
    case 1: /* finalize what is only voted for */
        if (v.type != ZYD_VOTE_N) {
            return;
        }
        other.type = ZYD_VOTE_F;
        break;
    case 2: /* for a block that is not there */
        if (v.type == ZYD_VOTE_X) {
            return;
        }
        other.hash.b[0] ^= 1;
        break;
    default: /* for a view to come */
        other.view += prng_below(&s->byz_chance, 3);
        break;
    }
    sign_and_send(s, from, to, &other);
}

bool byz_send(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes)
{
    switch (from->byz) {
    case MUTE: /* falls silent towards some, some of the time */
        if (((s->now / 2000) + to) % 3 != 0) {
            s->result->byzantine_acts++;
            return false;
        }
        return true;
    case DOUBLE_VOTER:
        double_vote(s, from, to, bytes);
        return true;
    case MANGLER:
        if (prng_ppm(&s->byz_chance, 100000) && bytes.size > 0) {
            uint8_t *copy = sim_copy(bytes.data, bytes.size);
            copy[prng_below(&s->byz_chance, bytes.size)] ^= (uint8_t)(1u << prng_below(&s->byz_chance, 8));
            size_t size = prng_ppm(&s->byz_chance, 300000) ? prng_below(&s->byz_chance, bytes.size + 1) : bytes.size;
            s->result->byzantine_acts++;
            link_send(s, &(struct node){.index = from->index, .validator = from->validator, .byz = HONEST}, to,
                      zyd_span(copy, size));
            free(copy);
            return false;
        }
        return true;
    case FORGER:
        return forge_send(s, from, to, bytes);
    case HONEST:
    case TWIN:
        break;
    }
    return true;
}
