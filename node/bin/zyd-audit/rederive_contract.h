/* rederive_contract.h: guarantee contracts as the auditor keeps them (rederive_guarantee.c, rederive_loan.c,
 * rederive_claim.c, rederive_tree.c). */
#ifndef ZYD_AUDIT_REDERIVE_CONTRACT_H
#define ZYD_AUDIT_REDERIVE_CONTRACT_H

#include "rederive.h"
#include <zyd/guarantee.h>

struct gu_node { /* of the share tree, depth first */
    uint64_t ppm;
    uint16_t member;
    uint8_t children;
    size_t next; /* past it and all below it */
};
struct gu_tree {
    struct gu_node nodes[ZYD_GUARANTEE_NODES_MAX];
    size_t node_count;
    int64_t most;  /* of a tier: highest amount, and grade; 0: any */
    uint8_t grade;
};
struct gu_terms { /* a programme */
    struct re_terms t;
    struct gu_tree tree, tiers[ZYD_GUARANTEE_TIERS_MAX];
    size_t tier_count;
    uint16_t grades; /* register programme of the borrowers' grades; 0: none */
    int32_t year; /* of S and used (ruling 14) */
    zyd_u128 s;
    int64_t used;
};
struct gu_repaid { /* principal */
    int32_t date;
    int64_t amount;
};
struct gu_segment { /* what a fee was charged on */
    int32_t from, to;
    int64_t amount;
};
struct gu_drawdown {
    uint32_t number, rate_ppm;
    int32_t value_date, maturity, settled_to;
    int64_t principal, balance, interest, fee; /* interest booked and unpaid; fee charged and not earned */
    struct gu_repaid *repaid;
    size_t repaid_count, repaid_settled; /* of the first, interest has been settled */
    struct gu_segment charged[1 + ZYD_GUARANTEE_EXTENSIONS_MAX];
    size_t charged_count;
};
struct gu_party {
    uint16_t member;
    int64_t borne, recovered, open;
};
struct gu_claim { /* after APPROVE */
    int64_t total, bank_part, rest, compensated, overflow, cost_carried, overdue_open, interest_open;
    struct gu_party parties[ZYD_GUARANTEE_LEAVES_MAX + 1]; /* leaves depth first, then the bank */
    size_t party_count;
};
struct gu_contract {
    struct gu_terms *terms;
    const struct gu_tree *tree; /* of the tier that OFFER chose */
    struct zyd_hash borrower;   /* SHA-256 of the argument */
    uint16_t bank;
    uint64_t fee_ppm;
    bool is_overdue, claimed, approved, shifted, late, opening;
    bool issued, ended; /* the letter; released, rejected, lapsed, cancelled */
    int32_t overdue;
    int64_t claim, disputed;
    struct gu_drawdown *d;
    size_t d_count;
    struct gu_claim *after;    /* NULL: not approved */
    struct gu_segment *spells; /* overdue and cured; amount is not used */
    size_t spell_count;
    /* what REVERSE may take back: the contract before the last such event, and what that posted */
    struct gu_contract *before;
    struct re_note note;
    int32_t s_year;
    zyd_u128 s_added;
};

static inline uint64_t gu_param(const struct gu_contract *c, enum zyd_guarantee_param which)
{
    return c->terms->t.slots[which];
}
static inline uint16_t gu_member(const struct gu_contract *c, enum zyd_guarantee_param which)
{
    return (uint16_t)gu_param(c, which);
}
int64_t gu_principal(const struct gu_contract *c); /* still owed, all drawdowns */
int64_t gu_interest_open(const struct gu_contract *c);

/* ---- rederive_tree.c ---- */
bool gu_tree_read(struct gu_tree *t, struct zyd_span nodes);
size_t gu_leaves(const struct gu_tree *t, uint16_t members[ZYD_GUARANTEE_LEAVES_MAX]); /* of the guarantee side, depth first */
bool gu_has_leaf(const struct gu_tree *t, uint16_t member);
/* Level 1 of total: the bank's part, *rest the other; the increments over what memory holds (NULL: nothing). */
void gu_level1(int64_t *bank, int64_t *rest, const struct gu_tree *t, int64_t total, int64_t bank_before, int64_t rest_before);
/* The leaves' increments that bring them to their shares of rest; memory NULL: from nothing. */
void gu_split(int64_t out[ZYD_GUARANTEE_LEAVES_MAX], const struct gu_tree *t, int64_t rest, const int64_t *memory);
/* Fee on amount x the ppm along the path of each leaf of a member, each leaf rounded by itself (ruling 3). */
int64_t gu_leaf_fee(const struct gu_tree *t, uint16_t member, int64_t amount, uint64_t ppm, int32_t days, uint32_t basis);
void gu_memo(struct re_rows *rows, const struct gu_tree *t, int64_t before, int64_t after, uint16_t label);

/* ---- rederive_claim.c ---- */
void gu_claim_event(struct re *re, struct gu_contract *c, const struct audit_step *s);
void gu_approve(struct re *re, struct gu_contract *c, const struct audit_step *s, int64_t stated); /* stated -1: SILENCE */
void gu_resolve(struct re *re, struct gu_contract *c, const struct audit_step *s);
void gu_recover(struct re *re, struct gu_contract *c, const struct audit_step *s);
void gu_write_off(struct re *re, struct gu_contract *c, const struct audit_step *s);
void gu_opening_claim(struct gu_contract *c, struct zyd_rd *borne);
void gu_period(struct gu_terms *t, int32_t date); /* S and used start anew with the year */

/* ---- rederive_loan.c ---- */
struct gu_drawdown *gu_drawdown_of(const struct gu_contract *c, uint64_t number); /* or NULL */
struct gu_drawdown *gu_draw(struct re_rows *rows, struct gu_contract *c, const struct audit_step *s, struct gu_drawdown one);
void gu_disburse(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd);
void gu_repay(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd);
void gu_int_settle(struct re *re, struct gu_contract *c, const struct audit_step *s);
void gu_overdue(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd); /* rd NULL: SYS */
void gu_extend(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd);
void gu_cure(struct re *re, struct gu_contract *c, const struct audit_step *s, struct zyd_rd *rd);
void gu_release(struct re *re, struct gu_contract *c, const struct audit_step *s);
void gu_nothing(struct re *re, const struct audit_step *s); /* an event that books nothing */
void gu_earn_fees(struct re_rows *rows, struct gu_contract *c);
bool gu_window_over(const struct gu_contract *c, int32_t date);
void gu_release_rows(struct re_rows *rows, struct gu_contract *c);

#endif
