/* rederive_loans.h: what the members told of subsidised loans, as the auditor keeps it (rederive_subsidy.c, rederive_settle.c,
 * rederive_days.c). */
#ifndef ZYD_AUDIT_REDERIVE_LOANS_H
#define ZYD_AUDIT_REDERIVE_LOANS_H

#include "rederive.h"
#include <zyd/subsidy.h>

struct su_terms { /* a programme */
    struct re_terms t;
    struct {
        uint16_t member;
        int64_t ppm;
    } payers[ZYD_SUBSIDY_PAYERS_MAX];
    size_t payer_count;
    bool suspended, closed;
    int64_t reserved, paid, back; /* the budget */
};
struct su_enrolment;
struct su_point { /* from date on */
    int32_t date;
    uint32_t rate_ppm, lpr_ppm;
    int64_t balance;
};
struct su_period {
    int32_t from, to;
    int64_t interest, given; /* certified; by all levels and from elsewhere */
};
struct su_loan {
    uint16_t bank;
    bool linked;
    struct zyd_hash guarantee;
    uint32_t drawdown;
    int64_t amount;
    int32_t value_date, maturity, extended, overdue, paid_off, settled_to;
    uint32_t day, months, basis, fee_ppm;
    int64_t fee, fee_given;
    struct su_point *points; /* by date */
    size_t point_count;
    struct su_period *periods;
    size_t period_count;
    struct su_enrolment *class_[8]; /* interest COUNTY .. CENTRAL, fee COUNTY .. CENTRAL */
};
struct su_house { /* a household in one level and family: in the order of ENROL */
    struct su_enrolment **list;
    size_t count;
};
struct su_enrolment {
    struct zyd_hash object, purpose_key;
    bool has_purpose;
    struct su_terms *terms;
    struct su_loan *loan;
    struct su_house *house;
    int32_t from, until, settled_to;
    int32_t asks_until;        /* it stands in the household's way before that day */
    bool stopped, closed, clawed_back, fee_changed, finished;
    int64_t eligible, reserved;
    struct su_before *before; /* what REVERSE may take back; NULL: nothing */
    struct {
        int64_t paid, clawed, fee_back;
    } parts[ZYD_SUBSIDY_PAYERS_MAX];
};

static inline uint64_t su_param(const struct su_enrolment *e, enum zyd_subsidy_param which)
{
    return e->terms->t.slots[which];
}
static inline bool su_is_fee(const struct su_enrolment *e)
{
    return su_param(e, ZYD_SP_KIND) == ZYD_SK_FEE_SHARE;
}
static inline size_t su_class(const struct su_enrolment *e)
{
    return (size_t)(su_is_fee(e) ? 4 : 0) + ((su_param(e, ZYD_SP_LEVEL) - 1) & 3u);
}

/* ---- rederive_days.c: day by day ---- */
const struct su_point *su_point_on(const struct su_loan *l, int32_t date);
int64_t su_interest(const struct su_loan *l, int32_t from, int32_t to);
/* Which limits to leave away, to find out which of them a wrong amount passed over. */
enum { SU_NO_HOUSEHOLD = 1, SU_NO_LOAN_CAP = 2, SU_NO_STACKING = 4 };
int64_t su_eligible(const struct su_enrolment *e, int32_t date, unsigned without);
/* Subsidy of days from..to by the programme's kind, before the limits of interest and budget. */
int64_t su_days_subsidy(const struct su_enrolment *e, int32_t from, int32_t to, unsigned without);
int64_t su_most(const struct su_enrolment *e); /* the reservation */
int64_t su_room(const struct su_house *h, int32_t date, int64_t cap); /* of a household, for one who comes last */
int64_t su_fee(const struct su_enrolment *e, int64_t principal, int32_t until);

/* ---- rederive_settle.c ---- */
static inline uint64_t su_optional_u64(struct zyd_rd *rd, uint64_t otherwise)
{
    return zyd_rd_nil(rd) ? otherwise : zyd_rd_u64(rd, UINT64_MAX);
}
void su_find(struct re *re, const struct audit_step *s, const struct su_enrolment *e, enum re_kind kind, int32_t from,
             int32_t to, int64_t booked, int64_t right, const char *detail); /* the bank is named; amounts -1: none */
void su_release_reserve(struct su_enrolment *e);
void su_settle(struct re *re, const struct audit_step *s, struct su_enrolment *e);
void su_clawback(struct re *re, struct su_enrolment *e, const struct audit_step *s);
void su_reinstate(struct re *re, struct su_enrolment *e, const struct audit_step *s);
void su_fee_change(struct re *re, struct su_enrolment *e, const struct audit_step *s);

#endif
