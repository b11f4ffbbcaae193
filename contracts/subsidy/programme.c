/* programme.c: PROGRAMME: the department suspends, resumes or closes the programme (domain.md 3.3, programme states).
 *
 * DRAFT is the time before open_from, EXHAUSTED follows from the budget; neither is decided here. */
#include "subsidy.h"

/* PROGRAMME: makes a minute, by DEPT.  Inputs: state, reason. */
void event_programme(struct su *s)
{
    struct ct_rd rd = ct_args(s->call);
    struct zyd_subsidy_minute m;
    struct zyd_subsidy_budget b;
    ct_rd_array(&rd);
    uint32_t state = (uint32_t)ct_rd_u64(&rd, ZYD_SB_CLOSED);
    cc_arg_text(&rd, 1, 60);
    ct_rd_end(&rd);
    if (state != ZYD_SB_OPEN && state != ZYD_SB_SUSPENDED && state != ZYD_SB_CLOSED) {
        ct_fail(CC_RANGE);
    }
    budget_load(&b, s);
    uint8_t was = b.state;
    bool open = was == ZYD_SB_OPEN || was == ZYD_SB_EXHAUSTED;
    if (was == ZYD_SB_CLOSED || state == was || (open && state == ZYD_SB_OPEN)) {
        ct_fail(CC_BAD_STATE);
    }
    cc_sign(&s->who, (uint16_t)param(s, ZYD_SP_DEPT));
    cc_signed_end(&s->who);
    b.state = (uint8_t)state;
    budget_store(&b, s);
    m = (struct zyd_subsidy_minute){ZYD_SUBSIDY_KIND_MINUTE, ZYD_SS_MINUTE, was, b.state, s->call->date};
    ct_put(s->call->object, CT_ID_SIZE, &m, sizeof m);
}
