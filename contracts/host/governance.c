/* governance.c: what the members decide on the ledger: programmes, calendars, rates, plugins.
 *
 *   proposed --APPROVE, fewer than the quorum--> open --APPROVE, quorum--> done | failed (it no
 * longer fits)
 *                                                 |-- REVOKE --> revoked     |-- 30 days --> nobody
 * can approve it any more
 *
 * Not the pending operations of pending.c: those wait for all of at most 16 named signers and fit
 * one record; a decision is taken by any quorum of at most 64 members, and a plugin's image is 64
 * records long.
 *
 * The voters are all members that hold an officer's key, auditors excepted; the quorum is that of
 * consensus.md 1.2 over their number, so that any two decisions share a member outside every third
 * that may be at fault.  All signers of an envelope that may vote have voted; where genesis says so
 * (ZYD_GENESIS_DUAL) those of whom a maker and a checker signed it. */
#include "impl.h"

#define PROPOSAL_MS (UINT64_C(30) * 86400000u)
#define PLUGIN_HEAD 4u

enum state { OPEN = 1, DONE = 2, REVOKED = 3, FAILED = 4 };

static size_t name_of(uint8_t name[4 + ZYD_HASH_SIZE], const struct zyd_hash *id)
{
    memcpy(name, "prop", 4);
    memcpy(name + 4, id->b, ZYD_HASH_SIZE);
    return 4 + ZYD_HASH_SIZE;
}

void zyd_proposal_key(struct zyd_hash *out, const struct zyd_hash *id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(name, name_of(name, id)));
}

enum zyd_status zyd_proposal_decode(struct zyd_proposal *out, struct zyd_span value)
{
    struct zyd_rd rd = zyd_rd_of(value);
    memset(out, 0, sizeof *out);
    out->state = zyd_rx_u8(&rd);
    out->event = zyd_rx_u16(&rd);
    out->proposer = zyd_rx_u16(&rd);
    out->approvals = zyd_rx_u64(&rd);
    out->expires_ms = zyd_rx_u64(&rd);
    out->code = zyd_rx_u32(&rd);
    out->args = zyd_rx_block(&rd, ZYD_RECORD_VALUE_MAX);
    return zyd_rd_done(&rd) == ZYD_OK && out->state >= OPEN && out->state <= FAILED
               ? ZYD_OK
               : ZYD_E_MALFORMED;
}

static enum zyd_status read(struct zyd_host *h, struct zyd_proposal *out, uint64_t *seq,
                            const struct zyd_hash *id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    struct zyd_hash key;
    struct zyd_record record;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, name_of(name, id));
    enum zyd_status status = zyd_host_read(h, &record, &key);
    if (status != ZYD_OK) {
        return status;
    }
    *seq = record.seq;
    if (zyd_proposal_decode(out, record.value) != ZYD_OK) {
        h->fault = ZYD_E_DAMAGED;
        return h->fault;
    }
    return ZYD_OK;
}

static uint32_t write(struct zyd_host *h, const struct zyd_proposal *p, uint64_t seq,
                      const struct zyd_hash *id)
{
    uint8_t name[4 + ZYD_HASH_SIZE];
    struct zyd_hash key;
    struct zyd_wr wr = zyd_wr_of(h->scratch, sizeof h->scratch);
    zyd_wx_u8(&wr, p->state);
    zyd_wx_u16(&wr, p->event);
    zyd_wx_u16(&wr, p->proposer);
    zyd_wx_u64(&wr, p->approvals);
    zyd_wx_u64(&wr, p->expires_ms);
    zyd_wx_u32(&wr, p->code);
    zyd_wx_block(&wr, p->args);
    if (wr.full) {
        return ZYD_CODE_LIMIT;
    }
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, name_of(name, id));
    return zyd_host_write(h, &key, ZYD_CONTRACT_HOST, ZYD_REC_PROPOSAL, 0, seq, zyd_wr_span(&wr));
}

static uint32_t bits(uint64_t set)
{
    uint32_t n = 0;
    for (; set != 0; set &= set - 1) {
        n++;
    }
    return n;
}

static bool decided(const struct zyd_host *h, uint64_t approvals)
{
    return bits(approvals) >= zyd_quorum_q(bits(zyd_genesis_voters(h->genesis)));
}

static uint64_t votes_of(const struct zyd_host *h, const struct signers *s)
{
    uint64_t votes = s->members & zyd_genesis_voters(h->genesis);
    for (uint8_t i = 0; i < s->count && (h->genesis->flags & ZYD_GENESIS_DUAL) != 0; i++) {
        if (!zyd_host_both_officers(h, s, s->member[i])) {
            votes &= ~(UINT64_C(1) << s->member[i]);
        }
    }
    return votes;
}

/* ---- the four kinds: does it fit the state, and if enact, write it ---- */

static uint32_t programme(struct zyd_host *h, struct zyd_span args, bool enact)
{
    struct zyd_programme p;
    if (zyd_programme_decode(&p, args) != ZYD_OK) {
        return ZYD_CODE_RANGE;
    }
    uint32_t code = zyd_host_programme_fit(h, &p);
    return code != 0 || !enact ? code : zyd_host_programme_add(h, &p);
}

static uint32_t calendar(struct zyd_host *h, struct zyd_span args, bool enact)
{
    struct zyd_calendar_year year = {0};
    struct zyd_calendar whole;
    struct zyd_rd rd = zyd_rd_of(args);
    (void)zyd_rd_array_of(&rd, 3);
    uint16_t number = (uint16_t)zyd_rd_u64(&rd, UINT16_MAX);
    year.year = (uint16_t)zyd_rd_u64(&rd, 9999);
    struct zyd_span days = zyd_rd_bin(&rd, sizeof year.days);
    if (zyd_rd_done(&rd) != ZYD_OK || days.size != sizeof year.days) {
        return ZYD_CODE_RANGE;
    }
    memcpy(year.days, days.data, sizeof year.days);
    uint32_t code = zyd_host_calendar_fit(h, &whole, number, &year);
    return code != 0 || !enact ? code : zyd_host_calendar_put(h, number, &whole);
}

static uint32_t rate(struct zyd_host *h, struct zyd_span args, bool enact)
{
    struct zyd_rd rd = zyd_rd_of(args);
    (void)zyd_rd_array_of(&rd, 3);
    struct zyd_span name = zyd_rd_str(&rd, 1, ZYD_CODE_MAX);
    int32_t date = (int32_t)zyd_rd_u64(&rd, 99991231);
    uint32_t ppm = (uint32_t)zyd_rd_u64(&rd, UINT32_MAX);
    if (zyd_rd_done(&rd) != ZYD_OK) {
        return ZYD_CODE_RANGE;
    }
    uint32_t code = zyd_host_rate_fit(h, name, date, ppm);
    return code != 0 || !enact ? code : zyd_host_rate_add(h, name, date, ppm);
}

/* Head of a PLUGIN's arguments; the fourth is the image in the operation, its size in the
 * proposal's record. */
static bool plugin_head(struct zyd_plugin_ref *ref, struct zyd_rd *rd, struct zyd_span args)
{
    *rd = zyd_rd_of(args);
    (void)zyd_rd_array_of(rd, PLUGIN_HEAD);
    ref->contract = (uint16_t)zyd_rd_u64(rd, UINT16_MAX);
    ref->name = zyd_rd_str(rd, 1, 32);
    zyd_rd_hash(rd, &ref->hash);
    return !rd->bad;
}

/* What an image costs to hash, to check and to keep, beside a call. */
static bool image_fuel(const struct zyd_host *h, struct result *r, size_t size)
{
    uint64_t parts = (size + ZYD_RECORD_VALUE_MAX - 1) / ZYD_RECORD_VALUE_MAX;
    uint64_t cost =
        parts * (TARIFF_READ + TARIFF_WRITE) + size * (TARIFF_SHA256_BYTE + 2 * TARIFF_WRITE_BYTE);
    if (cost > h->genesis->fuel_call) {
        return false;
    }
    r->fuel += cost;
    return true;
}

static uint32_t enact(struct zyd_host *h, struct result *r, const struct zyd_proposal *p,
                      struct zyd_span elf)
{
    struct zyd_plugin_ref ref;
    struct zyd_rd rd;
    uint32_t code;
    switch (p->event) {
    case ZYD_HOST_PROGRAMME:
        return programme(h, p->args, true);
    case ZYD_HOST_CALENDAR:
        return calendar(h, p->args, true);
    case ZYD_HOST_RATE:
        return rate(h, p->args, true);
    default:
        break;
    }
    bool good = plugin_head(&ref, &rd, p->args);
    uint32_t size = (uint32_t)zyd_rd_u64(&rd, ZYD_PLUGIN_SIZE_MAX);
    zyd_assert(good && zyd_rd_done(&rd) == ZYD_OK);
    code = zyd_host_plugin_fit(h, &ref);
    if (code != 0) {
        return code;
    }
    if (elf.size == 0) {
        if (!image_fuel(h, r, size)) {
            return ZYD_CODE_FUEL;
        }
        if (!zyd_host_image_staged(h, &elf, p->proposer, &r->object, size)) {
            return ZYD_CODE_BAD_STATE; /* its proposer proposed another image since */
        }
    }
    return zyd_host_plugin_add(h, &ref, elf);
}

/* The image of a PLUGIN: whole, of its hash, and one that the machine takes.  The head is encoded
 * into out with the image's size in place of its bytes. */
static uint32_t check_plugin(struct zyd_host *h, struct result *r, struct zyd_wr *out,
                             struct zyd_span *elf, struct zyd_span args)
{
    struct zyd_plugin_ref ref;
    struct zyd_rd rd;
    struct zyd_hash hash;
    bool good = plugin_head(&ref, &rd, args);
    *elf = zyd_rd_bin(&rd, ZYD_PLUGIN_SIZE_MAX);
    if (!good || zyd_rd_done(&rd) != ZYD_OK || elf->size == 0) {
        return ZYD_CODE_RANGE;
    }
    uint32_t code = zyd_host_plugin_fit(h, &ref);
    if (code != 0) {
        return code;
    }
    if (!image_fuel(h, r, elf->size)) {
        return ZYD_CODE_FUEL;
    }
    zyd_sha256(&hash, elf->data, elf->size);
    if (!zyd_hash_eq(&hash, &ref.hash) || !zyd_host_image_fit(h, *elf)) {
        return ZYD_CODE_BAD_PLUGIN;
    }
    zyd_wr_array(out, PLUGIN_HEAD);
    zyd_wr_u64(out, ref.contract);
    zyd_wr_str(out, (const char *)ref.name.data, ref.name.size);
    zyd_wr_hash(out, &ref.hash);
    zyd_wr_u64(out, elf->size);
    zyd_assert(!out->full);
    return 0;
}

static uint32_t check(struct zyd_host *h, struct result *r, struct zyd_proposal *p,
                      struct zyd_wr *head, struct zyd_span *elf)
{
    switch (p->event) {
    case ZYD_HOST_PROGRAMME:
        return programme(h, p->args, false);
    case ZYD_HOST_CALENDAR:
        return calendar(h, p->args, false);
    case ZYD_HOST_RATE:
        return rate(h, p->args, false);
    default:
        break;
    }
    uint32_t code = check_plugin(h, r, head, elf, p->args);
    p->args = zyd_wr_span(head);
    return code;
}

/* ---- the operations ---- */

/* Code 0, or why not; what it writes is in the journal. */
static uint32_t decide(struct zyd_host *h, struct result *r, struct zyd_proposal *p,
                       struct zyd_span elf)
{
    if (!decided(h, p->approvals)) {
        return p->event == ZYD_HOST_PLUGIN && elf.size != 0
                   ? zyd_host_image_stage(h, p->proposer, &r->object, elf)
                   : 0;
    }
    p->state = DONE;
    return enact(h, r, p, elf);
}

static void propose(struct zyd_host *h, struct result *r, const struct zyd_op *op,
                    const struct signers *signers)
{
    struct zyd_proposal p = {
        .state = OPEN, .event = op->event, .proposer = op->member, .args = op->args};
    struct zyd_proposal old;
    struct zyd_span elf = zyd_span(NULL, 0);
    uint8_t head[96];
    struct zyd_wr wr = zyd_wr_of(head, sizeof head);
    uint64_t seq = 0;
    if (op->has_object || op->client_ref.size == 0 || op->programme != 0) {
        r->code = ZYD_CODE_RANGE;
        return;
    }
    r->has_object = true;
    zyd_host_op_object(&r->object, op);
    if (read(h, &old, &seq, &r->object) == ZYD_OK) {
        r->code = ZYD_CODE_DUP_KEY;
        r->seq = seq;
        return;
    }
    p.approvals = votes_of(h, signers);
    p.expires_ms = h->block->time_ms + PROPOSAL_MS;
    r->code = check(h, r, &p, &wr, &elf);
    if (r->code == 0 && (p.approvals >> op->member & 1) == 0) {
        r->code = ZYD_CODE_SIGNER_MISSING; /* an auditor proposes nothing */
    }
    r->code = r->code != 0 ? r->code : decide(h, r, &p, elf);
    r->code = r->code != 0 ? r->code : write(h, &p, 1, &r->object);
    r->commit = r->code == 0;
    r->seq = r->code == 0 ? 1 : 0;
}

/* The open proposal that an operation names. */
static uint32_t open_proposal(struct zyd_host *h, struct zyd_proposal *p, uint64_t *seq,
                              const struct zyd_op *op)
{
    if (!op->has_object || op->expect_seq != 0 || op->programme != 0 || op->args.size != 1 ||
        op->args.data[0] != 0x90) {
        return ZYD_CODE_RANGE;
    }
    if (read(h, p, seq, &op->object) != ZYD_OK) {
        return ZYD_CODE_UNKNOWN_OBJECT;
    }
    if (p->state != OPEN) {
        return ZYD_CODE_BAD_STATE;
    }
    return h->block->time_ms > p->expires_ms ? ZYD_CODE_DEADLINE : 0;
}

static void approve(struct zyd_host *h, struct result *r, const struct zyd_op *op,
                    const struct signers *signers)
{
    struct zyd_proposal p;
    uint8_t args[ZYD_RECORD_VALUE_MAX];
    uint64_t seq = 0, votes = votes_of(h, signers);
    r->code = open_proposal(h, &p, &seq, op);
    if (r->code == 0 && (votes >> op->member & 1) == 0) {
        r->code = ZYD_CODE_SIGNER_MISSING;
    } else if (r->code == 0 && (p.approvals >> op->member & 1) != 0) {
        r->code = ZYD_CODE_DUP_KEY;
    }
    r->has_object = r->code != ZYD_CODE_RANGE && r->code != ZYD_CODE_UNKNOWN_OBJECT;
    r->object = op->object;
    r->seq = seq;
    if (r->code != 0 || h->fault != ZYD_OK) {
        return;
    }
    memcpy(args, p.args.data, p.args.size);
    p.args = zyd_span(args, p.args.size);
    p.approvals |= votes;
    r->code = decide(h, r, &p, zyd_span(NULL, 0));
    if (r->code != 0) { /* it fitted when it was proposed: the world went on without it */
        zyd_host_reset(h);
        p.state = FAILED;
        p.code = r->code;
    }
    r->seq = seq + 1;
    uint32_t bad = write(h, &p, seq + 1, &op->object);
    zyd_assert(bad == 0);
    r->commit = true;
}

static void revoke(struct zyd_host *h, struct result *r, const struct zyd_op *op, const struct signers *signers)
{
    struct zyd_proposal p;
    uint64_t seq = 0;
    r->code = open_proposal(h, &p, &seq, op);
    if (r->code == 0 && (p.proposer != op->member || (votes_of(h, signers) >> op->member & 1) == 0)) {
        r->code = ZYD_CODE_SIGNER_MISSING;
    }
    r->has_object = r->code != ZYD_CODE_RANGE && r->code != ZYD_CODE_UNKNOWN_OBJECT;
    r->object = op->object;
    r->seq = seq;
    if (r->code != 0 || h->fault != ZYD_OK) {
        return;
    }
    uint8_t args[ZYD_RECORD_VALUE_MAX];
    memcpy(args, p.args.data, p.args.size);
    p.args = zyd_span(args, p.args.size);
    p.state = REVOKED;
    r->seq = seq + 1;
    r->code = write(h, &p, seq + 1, &op->object);
    r->commit = r->code == 0;
}

void zyd_host_govern(struct zyd_host *h, struct result *r, const struct zyd_op *op,
                     const struct signers *signers)
{
    struct call *c = &h->call;
    memset(c, 0, sizeof *c);
    c->member = op->member;
    c->time_ms = h->block->time_ms;
    c->date = zyd_date_of_ms((int64_t)h->block->time_ms);
    c->op_id = op->op_id;
    r->fuel += 6 * TARIFF_READ + 6 * TARIFF_WRITE;
    switch (op->event) {
    case ZYD_HOST_APPROVE:
        approve(h, r, op, signers);
        return;
    case ZYD_HOST_REVOKE:
        revoke(h, r, op, signers);
        return;
    default:
        r->fuel += op->event == ZYD_HOST_PLUGIN ? 0 : 2 * TARIFF_WRITE_BYTE * op->args.size;
        propose(h, r, op, signers);
    }
}
