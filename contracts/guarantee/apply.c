/* apply.c: from the application to the guarantee letter (domain.md 3.1: APPLY, DD_DONE, OFFER, FILE_RE, ISSUE, REJECT,
 * CANCEL, LAPSE). */
#include "guarantee.h"

bool is_bank(const struct gu *g, uint16_t member)
{
    for (uint32_t i = 0; i < g->bank_count; i++) {
        if (cc_u16(g->banks + 2 * i) == member) {
            return true;
        }
    }
    return false;
}

/* The argument `borrower`: a firm's code of 18 characters or a person's pseudonym of 32 bytes, else 9105. */
void arg_borrower(struct gu *g, struct ct_rd *rd)
{
    g->o.h.borrower_kind = cc_arg_borrower(g->o.h.borrower, rd);
}

void object_new(struct gu *g, uint16_t bank)
{
    memset(&g->o.h, 0, sizeof g->o.h);
    g->o.h.kind = ZYD_GUARANTEE_KIND_CONTRACT;
    g->o.h.programme = g->call->programme;
    g->o.h.bank = bank;
    g->o.h.applied = g->call->date;
    g->o.h.fee_ppm = (uint32_t)param(g, ZYD_GP_FEE_PPM);
}

void programme_open(const struct gu *g)
{
    int32_t from = (int32_t)param(g, ZYD_GP_OPEN_FROM), until = (int32_t)param(g, ZYD_GP_OPEN_UNTIL);
    if (g->call->date < from || (until != 0 && g->call->date > until)) {
        ct_fail(E_PROGRAMME_CLOSED);
    }
    cc_tree_check(&g->tree);
    breaker_open(g);
}

/* APPLY: new -> APPLIED by BANK.  Inputs: borrower, amount, term in days, purpose, place, consent. */
void event_apply(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    object_new(g, g->call->member);
    programme_open(g);
    arg_borrower(g, &rd);
    g->o.h.amount = cc_arg_fen(&rd, 1);
    g->o.h.term_days = (uint32_t)ct_rd_u64(&rd, 36600);
    cc_arg_text(&rd, 1, 60);                                          /* purpose */
    g->o.h.county = ct_rd_nil(&rd) ? 0 : (uint32_t)ct_rd_u64(&rd, 999999);
    ct_rd_id(&rd);                                                 /* consent */
    ct_rd_end(&rd);
    if (g->o.h.term_days == 0) {
        ct_fail(E_RANGE);
    }
    if (g->o.h.term_days > param(g, ZYD_GP_TERM_MAX)) {
        ct_fail(E_OVER_LIMIT);
    }
    if (!is_bank(g, g->call->member)) {
        ct_fail(E_SIGNER_MISSING);
    }
    sign(g, g->o.h.bank);
    signed_end(g);
    g->o.h.state = ZYD_GS_APPLIED;
    object_store(g);
    deadline_after_workdays(g, ZYD_GD_LAPSE, ZYD_GP_DD_WD);
}

/* DD_DONE: APPLIED -> DD by BANK and GUAR; BANK alone when `batch`.  Inputs: report of each, opinion. */
void event_dd_done(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_APPLIED, ZYD_GS_APPLIED);
    bool batch = param(g, ZYD_GP_BATCH) != 0;
    ct_rd_id(&rd);
    if (!ct_rd_nil(&rd)) {
        ct_rd_id(&rd);
    } else if (!batch) {
        ct_fail(E_RANGE); /* the guarantor signs, so its report must be named */
    }
    if (!ct_rd_nil(&rd)) {
        cc_arg_text(&rd, 1, 200);
    }
    ct_rd_end(&rd);
    sign(g, g->o.h.bank);
    sign(g, batch ? CT_NO_MEMBER : param_member(g, ZYD_GP_GUAR));
    signed_end(g);
    g->o.h.state = ZYD_GS_DD;
    object_store(g);
    deadline_after_workdays(g, ZYD_GD_LAPSE, ZYD_GP_OFFER_WD);
}

static void household_key(uint8_t key[34], const struct gu *g)
{
    key[0] = ZYD_GUARANTEE_KEY_HOUSEHOLD;
    key[1] = (uint8_t)param(g, ZYD_GP_CLASS);
    memcpy(key + 2, g->o.h.borrower, 32);
}

/* Ruling 10: what the borrower's contracts of the class still commit; ended ones leave the list. */
static int64_t household_committed(struct household *out, const struct gu *g)
{
    uint8_t key[34];
    struct object other;
    uint32_t kept = 0;
    int64_t sum = 0;
    household_key(key, g);
    if (ct_get(g->call->contract, key, sizeof key, out, sizeof *out) < 0) {
        out->h.count = out->h.zero = 0;
    }
    for (uint32_t i = 0; i < out->h.count; i++) {
        ct_get(g->call->contract, out->ids[i], CT_ID_SIZE, &other, sizeof other);
        if (other.h.state == ZYD_GS_RELEASED || other.h.state >= ZYD_GS_REJECTED) {
            continue;
        }
        sum += other.h.amount - (other.h.drawn - other.h.principal);
        if (kept != i) {
            memcpy(out->ids[kept], out->ids[i], CT_ID_SIZE);
        }
        kept++;
    }
    out->h.count = kept;
    return sum;
}

static void household_add(struct household *list, const struct gu *g)
{
    uint8_t key[34];
    memcpy(list->ids[list->h.count++], g->call->object, CT_ID_SIZE);
    household_key(key, g);
    ct_put(key, sizeof key, list, (uint32_t)sizeof list->h + list->h.count * CT_ID_SIZE);
}

/* A contract that REVERSE brings back to life: an OFFER may have dropped it from the list meanwhile. */
void household_again(const struct gu *g)
{
    struct household list;
    household_committed(&list, g);
    for (uint32_t i = 0; i < list.h.count; i++) {
        if (memcmp(list.ids[i], g->call->object, CT_ID_SIZE) == 0) {
            return;
        }
    }
    if (list.h.count == ZYD_GUARANTEE_HOUSEHOLD_MAX) {
        ct_fail(E_HOUSEHOLD_CAP);
    }
    household_add(&list, g);
}

void limits(struct household *list, struct gu *g, int64_t amount)
{
    if (household_committed(list, g) + amount > (int64_t)param(g, ZYD_GP_HOUSEHOLD_CAP) ||
        list->h.count == ZYD_GUARANTEE_HOUSEHOLD_MAX) {
        ct_fail(E_HOUSEHOLD_CAP);
    }
    exposure_offer(g, amount); /* 1104, 1105 */
    if (bank_ppm(g) < param(g, ZYD_GP_MIN_BANK_SHARE)) {
        ct_fail(E_BANK_SHARE_LOW);
    }
}

void commit(struct household *list, struct gu *g, int64_t amount)
{
    household_add(list, g);
    g->o.h.amount = amount;
    exposure_open(g, amount);
}

/* OFFER: DD -> OFFERED by GUAR, and REG above `auto_limit`.  Inputs: amount, fee rate, tree. */
void event_offer(struct gu *g)
{
    struct household list;
    uint8_t hash[CT_ID_SIZE];
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_DD, ZYD_GS_DD);
    breaker_open(g);
    int64_t amount = cc_arg_fen(&rd, 1);
    tier_choose(g, amount);
    if (!ct_rd_nil(&rd)) {
        g->o.h.fee_ppm = (uint32_t)ct_rd_u64(&rd, param(g, ZYD_GP_FEE_PPM));
    }
    if (!ct_rd_nil(&rd)) { /* the tree that the guarantor means: its order is a term of the contract (E2) */
        const uint8_t *id = ct_rd_id(&rd);
        ct_sha256(hash, g->tree.p, (uint32_t)(g->tree.end - g->tree.p));
        if (memcmp(hash, id, CT_ID_SIZE) != 0) {
            ct_fail(E_SHARE_SUM);
        }
    }
    ct_rd_end(&rd);
    if (amount > g->o.h.amount) {
        ct_fail(E_OVER_LIMIT); /* ruling 9 */
    }
    limits(&list, g, amount);
    sign(g, param_member(g, ZYD_GP_GUAR));
    sign(g, amount > (int64_t)param(g, ZYD_GP_AUTO_LIMIT) ? param_member(g, ZYD_GP_REG) : CT_NO_MEMBER);
    signed_end(g);
    commit(&list, g, amount);
    g->o.h.state = ZYD_GS_OFFERED;
    object_store(g);
    deadline_after_workdays(g, ZYD_GD_LAPSE, ZYD_GP_ISSUE_WD);
}

/* Which of REG and NFGF have a share, so that they must file (ruling 11). */
static uint16_t filer(const struct gu *g, enum zyd_guarantee_param which)
{
    uint16_t member = param_member(g, which);
    return cc_tree_has(&g->tree, member) ? member : CT_NO_MEMBER;
}

void sign_filers(struct gu *g)
{
    sign(g, filer(g, ZYD_GP_REG));
    sign(g, filer(g, ZYD_GP_NFGF));
}

void sign_fiscal(struct gu *g)
{
    char code[13];
    for (const uint8_t *p = g->tree.p; p < g->tree.end; p += CC_NODE_SIZE) {
        if (cc_node_member(p) < ZYD_GUARANTEE_NODE_BANK && ct_member(cc_node_member(p), code) == CC_ROLE_FISCAL) {
            sign(g, cc_node_member(p));
        }
    }
}

/* FILE_RE (ruling 11): APPLIED..ISSUED -> same by REG and NFGF where they are in the tree; `file_later_days` lets it follow. */
void event_file_re(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    uint16_t reg = filer(g, ZYD_GP_REG), nfgf = filer(g, ZYD_GP_NFGF);
    int32_t later = (int32_t)param(g, ZYD_GP_FILE_LATER_DAYS);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_APPLIED, later > 0 ? ZYD_GS_ACTIVE : ZYD_GS_ISSUED);
    if (g->o.h.flags & ZYD_GF_FILED || (reg == CT_NO_MEMBER && nfgf == CT_NO_MEMBER)) {
        ct_fail(E_BAD_STATE);
    }
    if (g->o.h.issued != 0 && zyd_days_between(g->o.h.issued, g->call->date) > later) {
        ct_fail(E_DEADLINE);
    }
    ct_rd_id(&rd);
    ct_rd_end(&rd);
    sign_filers(g);
    signed_end(g);
    g->o.h.flags |= ZYD_GF_FILED;
    object_store(g);
}

/* ISSUE: OFFERED -> ISSUED by ALL(BANK, GUAR) and every FISCAL leaf (ruling 12).  Inputs: letter, valid until. */
void event_issue(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_OFFERED, ZYD_GS_OFFERED);
    breaker_open(g);
    ct_rd_id(&rd);
    g->o.h.valid_until = cc_arg_date(&rd);
    ct_rd_end(&rd);
    if (g->o.h.valid_until < g->call->date) {
        ct_fail(E_BAD_DATE);
    }
    bool files = filer(g, ZYD_GP_REG) != CT_NO_MEMBER || filer(g, ZYD_GP_NFGF) != CT_NO_MEMBER;
    if (files && !(g->o.h.flags & ZYD_GF_FILED) && param(g, ZYD_GP_FILE_LATER_DAYS) == 0) {
        ct_fail(E_FILING_MISSING);
    }
    sign(g, g->o.h.bank);
    sign(g, param_member(g, ZYD_GP_GUAR));
    sign_fiscal(g);
    signed_end(g);
    g->o.h.issued = g->call->date;
    g->o.h.state = ZYD_GS_ISSUED;
    object_store(g);
    deadline_at(g, ZYD_GD_LAPSE, zyd_date_add(g->o.h.valid_until, 1));
}

static void end_unused(struct gu *g, uint8_t state)
{
    int64_t before = committed(g);
    g->o.h.state = state;
    exposure_move(g, before);
    object_store(g);
}

/* REJECT: APPLIED, DD -> REJECTED by GUAR (ruling 33).  Input: reason. */
void event_reject(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_APPLIED, ZYD_GS_DD);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    sign(g, param_member(g, ZYD_GP_GUAR));
    signed_end(g);
    end_unused(g, ZYD_GS_REJECTED);
    deadline_clear(g, ZYD_GD_LAPSE);
}

/* CANCEL: APPLIED..ISSUED -> CANCELLED by BANK and GUAR; no drawdown yet.  Input: reason. */
void event_cancel(struct gu *g)
{
    struct ct_rd rd = ct_args(g->call);
    ct_rd_array(&rd);
    state_in(g, ZYD_GS_APPLIED, ZYD_GS_ISSUED);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    sign(g, g->o.h.bank);
    sign(g, param_member(g, ZYD_GP_GUAR));
    signed_end(g);
    end_unused(g, ZYD_GS_CANCELLED);
    deadline_clear(g, ZYD_GD_LAPSE);
}

/* LAPSE: APPLIED..ISSUED -> LAPSED by SYS when a term passed without the next step (ruling 24). */
void sys_lapse(struct gu *g)
{
    state_in(g, ZYD_GS_APPLIED, ZYD_GS_ISSUED);
    end_unused(g, ZYD_GS_LAPSED);
}
