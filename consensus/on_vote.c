/* Votes into ballots, ballots into certificates, contradictions into evidence. */
#include "bft_internal.h"

enum { ACCUSE_NN = 0, ACCUSE_FF = 1, ACCUSE_NF = 2, ACCUSE_XF = 3 };

bool zyd_bft_vote_valid(struct zyd_bft *b, const struct zyd_vote *vote)
{
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    if (vote->signer >= b->n) {
        return false;
    }
    zyd_vote_preimage(preimage, &b->cfg.chain_id, vote);
    return b->cached_sig.verify(b->cached_sig.ctx, &b->cfg.pks[vote->signer], preimage, sizeof preimage, &vote->sig);
}

static bool same_message(const struct zyd_bft_ballot *ballot, const struct zyd_vote *vote)
{
    return ballot->height[vote->signer] == vote->height && zyd_hash_eq(&ballot->hash[vote->signer], &vote->hash);
}

static bool holds(const struct zyd_bft_ballot *ballot, uint8_t signer)
{
    return (ballot->bits >> signer & 1) != 0;
}

void zyd_bft_ballot_add(struct zyd_bft *b, struct zyd_bft_slot *slot, const struct zyd_vote *vote)
{
    struct zyd_bft_ballot *ballot = &slot->ballot[vote->type - 1];
    ballot->bits |= UINT64_C(1) << vote->signer;
    ballot->height[vote->signer] = vote->height;
    ballot->hash[vote->signer] = vote->hash;
    ballot->sig[vote->signer] = vote->sig;
    if (vote->type != ZYD_VOTE_X && vote->height > b->peers[vote->signer].vote_height) {
        b->peers[vote->signer].vote_height = vote->height;
    }
}

/* consensus.md 1.9: compare messages, not signatures; both signatures were checked.  Once a signer, view and kind. */
static void accuse(struct zyd_bft *b, struct zyd_bft_slot *slot, unsigned kind, uint8_t type_a,
                   const struct zyd_vote *second)
{
    uint8_t signer = second->signer;
    const struct zyd_bft_ballot *ballot = &slot->ballot[type_a - 1];
    if ((slot->accused[kind] >> signer & 1) != 0) {
        return;
    }
    slot->accused[kind] |= UINT64_C(1) << signer;
    b->evidence++;
    struct zyd_bft_out *out = zyd_bft_emit(b, ZYD_BFT_OUT_EVIDENCE);
    if (out == NULL) {
        return;
    }
    out->view = slot->view;
    out->peer = signer;
    out->votes[0] = (struct zyd_vote){.type = type_a, .epoch = b->cfg.epoch, .view = slot->view,
                                      .height = ballot->height[signer], .hash = ballot->hash[signer],
                                      .signer = signer, .sig = ballot->sig[signer]};
    out->votes[1] = *second;
    static const char *const names[] = {"N/N", "F/F", "N/F", "X/F"};
    zyd_bft_trace(b, "evidence %s n%u v%u", names[kind], (uint64_t)signer, slot->view);
}

static void accuse_across_types(struct zyd_bft *b, struct zyd_bft_slot *slot, const struct zyd_vote *vote)
{
    const struct zyd_bft_ballot *n = &slot->ballot[ZYD_VOTE_N - 1];
    const struct zyd_bft_ballot *x = &slot->ballot[ZYD_VOTE_X - 1];
    const struct zyd_bft_ballot *f = &slot->ballot[ZYD_VOTE_F - 1];
    uint8_t s = vote->signer;
    if (vote->type == ZYD_VOTE_N && holds(f, s) && !same_message(f, vote)) {
        accuse(b, slot, ACCUSE_NF, ZYD_VOTE_F, vote);
    } else if (vote->type == ZYD_VOTE_F && holds(n, s) && !same_message(n, vote)) {
        accuse(b, slot, ACCUSE_NF, ZYD_VOTE_N, vote);
    }
    if (vote->type == ZYD_VOTE_X && holds(f, s)) {
        accuse(b, slot, ACCUSE_XF, ZYD_VOTE_F, vote);
    } else if (vote->type == ZYD_VOTE_F && holds(x, s)) {
        accuse(b, slot, ACCUSE_XF, ZYD_VOTE_X, vote);
    }
}

/* consensus.md 1.4, amnesia: a valid vote by our own key that we do not have.  Quarantine comes with a later version;
 * until then signing stops. */
static void check_own_key(struct zyd_bft *b, const struct zyd_vote *vote, bool checked)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, vote->view);
    const struct zyd_bft_own *own = slot == NULL ? NULL : &slot->own[vote->type - 1];
    if (own != NULL && own->have && own->height == vote->height && zyd_hash_eq(&own->hash, &vote->hash)) {
        return;
    }
    if (!b->stopped && (checked || zyd_bft_vote_valid(b, vote))) {
        zyd_bft_alarm(b, ZYD_ALARM_OWN_KEY, vote->view);
    }
}

static void accuse_all(struct zyd_bft *b, struct zyd_bft_slot *slot, const struct zyd_vote *vote)
{
    const struct zyd_bft_ballot *ballot = &slot->ballot[vote->type - 1];
    accuse_across_types(b, slot, vote);
    if (holds(ballot, vote->signer) && !same_message(ballot, vote)) {
        accuse(b, slot, vote->type == ZYD_VOTE_N ? ACCUSE_NN : ACCUSE_FF, vote->type, vote);
    }
}

/* A certificate shows votes that may never have been sent to us: each signature in it was verified. */
void zyd_bft_accuse_cert(struct zyd_bft *b, const struct zyd_cert *cert)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, cert->view);
    uint32_t at = 0;
    for (uint8_t i = 0; i < b->n; i++) {
        if ((cert->bitmap >> i & 1) == 0) {
            continue;
        }
        struct zyd_vote vote = {.type = cert->type, .epoch = cert->epoch, .view = cert->view, .height = cert->height,
                                .hash = cert->hash, .signer = i, .sig = cert->sigs[at++]};
        if (i == b->cfg.me) {
            if (cert->view > b->floor && cert->view + ZYD_BFT_WINDOW > b->view) {
                check_own_key(b, &vote, true);
            }
        } else if (slot != NULL) {
            accuse_all(b, slot, &vote);
        }
    }
}

/* checked: the signature was verified by the caller. */
void zyd_bft_on_vote(struct zyd_bft *b, const struct zyd_vote *vote, bool checked)
{
    /* consensus.md 1.5: floor < v <= view + 1, else drop; certificates may jump further. */
    if (vote->epoch != b->cfg.epoch || vote->signer >= b->n || vote->view <= b->head.view || vote->view > b->view + 1 ||
        vote->view + ZYD_BFT_WINDOW <= b->view) {
        b->dropped++;
        return;
    }
    if (vote->signer == b->cfg.me) {
        check_own_key(b, vote, checked);
        return;
    }
    struct zyd_bft_slot *slot = zyd_bft_slot_make(b, vote->view);
    if (slot == NULL) {
        b->dropped++;
        return;
    }
    struct zyd_bft_ballot *ballot = &slot->ballot[vote->type - 1];
    if (holds(ballot, vote->signer) && same_message(ballot, vote)) {
        return;
    }
    if (!checked && !MUTANT(MUTANT_VOTE_SIG_UNCHECKED) && !zyd_bft_vote_valid(b, vote)) {
        b->dropped++;
        return;
    }
    b->peers[vote->signer].heard_ms = b->now_ms;
    accuse_all(b, slot, vote);
    if (holds(ballot, vote->signer)) {
        return; /* the first one is kept */
    }
    zyd_bft_ballot_add(b, slot, vote);
    b->again = true;
    zyd_bft_tally(b, vote->type, vote->view);
    /* consensus.md 1.5: X(v) by leader(v) and v == view -> nullify(v). */
    if (vote->type == ZYD_VOTE_X && vote->view == b->view && vote->signer == zyd_bft_leader(b, vote->view)) {
        zyd_bft_nullify(b, vote->view);
    }
}

static uint64_t agreeing(const struct zyd_bft *b, const struct zyd_bft_ballot *ballot, uint32_t like)
{
    uint64_t bits = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        if ((ballot->bits >> i & 1) != 0 &&
            ((ballot->height[i] == ballot->height[like] && zyd_hash_eq(&ballot->hash[i], &ballot->hash[like])) ||
             MUTANT(MUTANT_VOTE_HASH_MIXED))) {
            bits |= UINT64_C(1) << i;
        }
    }
    return bits;
}

static uint32_t ones(uint64_t bits)
{
    uint32_t count = 0;
    for (; bits != 0; bits &= bits - 1) {
        count++;
    }
    return count;
}

/* consensus.md 1.5: q equal -> form the certificate. */
void zyd_bft_tally(struct zyd_bft *b, uint8_t type, uint64_t view)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_at(b, view);
    if (slot == NULL || slot->have_cert[type - 1]) {
        return;
    }
    const struct zyd_bft_ballot *ballot = &slot->ballot[type - 1];
    if (ones(ballot->bits) < b->q) {
        return;
    }
    for (uint32_t like = 0; like < b->n; like++) {
        if ((ballot->bits >> like & 1) == 0) {
            continue;
        }
        uint64_t bits = agreeing(b, ballot, like);
        if (ones(bits) < b->q) {
            continue;
        }
        struct zyd_cert cert;
        size_t count = 0;
        memset(&cert, 0, sizeof cert);
        cert.type = type;
        cert.epoch = b->cfg.epoch;
        cert.view = view;
        cert.height = ballot->height[like];
        cert.hash = ballot->hash[like];
        cert.bitmap = bits;
        for (uint32_t i = 0; i < b->n; i++) {
            if ((bits >> i & 1) != 0) {
                cert.sigs[count++] = ballot->sig[i];
            }
        }
        zyd_bft_on_cert(b, &cert, true);
        return;
    }
}
