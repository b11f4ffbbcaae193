/* The forger: a member that sends well-formed lies with right signatures of its own, or wrong ones
 * of others.  What it does in a view depends on the view alone, so that all others see the same lie
 * and may make a quorum of it. */
#include "world.h"
#include <stdlib.h>

#define PROPOSAL_MAX ZYD_BFT_MSG_MAX

/* As the network would deliver it from this member: without a second pass through the liar. */
static void raw(struct sim *s, const struct node *from, uint8_t to, struct zyd_span bytes)
{
    s->result->byzantine_acts++;
    link_send(s, &(struct node){.index = from->index, .validator = from->validator, .byz = HONEST},
              to, bytes);
}

/* A finalization vote that everybody else is said to have cast as well: their signatures are noise.
 */
static void votes_of_others(struct sim *s, struct node *from, uint8_t to,
                            const struct zyd_vote *mine)
{
    for (uint8_t i = 0; i < s->n; i++) {
        uint8_t msg[1 + ZYD_VOTE_SIZE] = {ZYD_MSG_VOTE};
        struct zyd_vote v = *mine;
        if (i != from->validator && i != to) {
            v.signer = i;
            v.sig.b[i % 32] ^= 1;
            zyd_vote_encode(msg + 1, &v);
            raw(s, from, to, zyd_span(msg, sizeof msg));
        }
    }
}

/* A certificate of our vote alone; in some views our signature stands for a quorum of signers. */
static void certificate_of_one(struct sim *s, struct node *from, uint8_t to,
                               const struct zyd_vote *mine)
{
    uint8_t msg[1 + ZYD_CERT_SIZE_MAX] = {ZYD_MSG_CERT};
    struct zyd_cert c = {.type = mine->type,
                         .epoch = mine->epoch,
                         .view = mine->view,
                         .height = mine->height,
                         .hash = mine->hash};
    unsigned signers = mine->view % 4 < 2 ? 1 : zyd_quorum_q(s->n);
    for (unsigned i = 0; i < signers; i++) {
        c.bitmap |= UINT64_C(1) << (signers == 1 ? from->validator : i);
        c.sigs[i] = mine->sig;
    }
    struct zyd_wr wr = zyd_wr_of(msg + 1, sizeof msg - 1);
    zyd_cert_encode(&wr, &c);
    raw(s, from, to, zyd_span(msg, 1 + wr.size));
}

struct proposal {
    struct zyd_header header;
    struct zyd_cert just[ZYD_JUST_MAX];
    size_t count;
    struct zyd_vote vote;
};

static bool read_proposal(struct proposal *p, struct zyd_span bytes)
{
    struct zyd_rd rd = zyd_rd_of(bytes);
    (void)zyd_rx_u8(&rd);
    if (zyd_header_decode(&p->header, zyd_rx_span(&rd, ZYD_HEADER_SIZE)) != ZYD_OK) {
        return false;
    }
    p->count = zyd_rx_u8(&rd);
    for (size_t i = 0; i < p->count && i < ZYD_JUST_MAX; i++) {
        zyd_cert_read(&rd, &p->just[i]);
    }
    return zyd_vote_decode(&p->vote, zyd_rx_span(&rd, ZYD_VOTE_SIZE)) == ZYD_OK &&
           zyd_rd_done(&rd) == ZYD_OK;
}

static void send_proposal(struct sim *s, struct node *from, uint8_t to, struct proposal *p)
{
    uint8_t *msg = sim_alloc(PROPOSAL_MAX), pre[ZYD_VOTE_PREIMAGE_SIZE], vote[ZYD_VOTE_SIZE];
    struct zyd_sig_ops ops = sim_sig(s, from);
    struct zyd_wr wr = zyd_wr_of(msg, PROPOSAL_MAX);
    zyd_just_root(&p->header.just_root, p->just, p->count);
    zyd_header_hash(&p->vote.hash, &p->header);
    p->vote.height = p->header.height;
    zyd_vote_preimage(pre, &s->genesis.hash, &p->vote);
    ops.sign(ops.ctx, &p->vote.sig, pre, sizeof pre);
    zyd_vote_encode(vote, &p->vote);
    zyd_wx_u8(&wr, ZYD_MSG_PROPOSAL);
    uint8_t header[ZYD_HEADER_SIZE];
    zyd_header_encode(header, &p->header);
    zyd_wx_bytes(&wr, header, sizeof header);
    zyd_wx_u8(&wr, (uint8_t)p->count);
    for (size_t i = 0; i < p->count; i++) {
        zyd_cert_encode(&wr, &p->just[i]);
    }
    zyd_wx_bytes(&wr, vote, sizeof vote);
    zyd_assert(!wr.full);
    raw(s, from, to, zyd_wr_span(&wr));
    free(msg);
}

/* Returns false when the true proposal is not to be sent. */
static bool proposal(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes)
{
    struct proposal *p = sim_alloc(sizeof *p);
    bool keep = true;
    if (!read_proposal(p, bytes) || p->vote.signer != from->validator) {
        free(p);
        return true;
    }
    switch (p->header.view / s->n % 7) {
    case 0: /* a justification that lacks its last certificate */
        keep = p->count == 0;
        p->count -= p->count > 0;
        break;
    case 1: /* does not follow the height of its parent */
        p->header.height++;
        keep = false;
        break;
    case 2: /* older than its parent */
        p->header.time_ms -= 3600000;
        keep = false;
        break;
    case 3: /* not what execution gives */
        p->header.state_root.b[0] ^= 1;
        keep = false;
        break;
    case 4: /* under the name of somebody who does not lead */
        p->header.proposer = (uint16_t)((p->header.proposer + 1) % s->n);
        keep = false;
        break;
    case 5: /* two good blocks for one view, to everybody */
        raw(s, from, to, bytes);
        p->header.time_ms++;
        keep = false;
        break;
    default:
        free(p);
        return true;
    }
    if (!keep) {
        send_proposal(s, from, to, p);
    }
    free(p);
    return keep;
}

/* Returns false when the message itself is not to be sent. */
bool forge_send(struct sim *s, struct node *from, uint8_t to, struct zyd_span bytes)
{
    struct zyd_vote v;
    if (bytes.size < 1) {
        return true;
    }
    if (bytes.data[0] == ZYD_MSG_PROPOSAL) {
        return proposal(s, from, to, bytes);
    }
    if (bytes.data[0] == ZYD_MSG_VOTE && bytes.size == 1 + ZYD_VOTE_SIZE &&
        zyd_vote_decode(&v, zyd_span(bytes.data + 1, ZYD_VOTE_SIZE)) == ZYD_OK &&
        v.signer == from->validator && v.type == ZYD_VOTE_F) {
        if (v.view % 2 == 0) {
            votes_of_others(s, from, to, &v);
        } else {
            certificate_of_one(s, from, to, &v);
        }
    }
    return true;
}
