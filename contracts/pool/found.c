/* found.c: the pool itself (domain.md 3.2: CREATE, FUND, RESUME, WIND_UP) and OPENING (D21). */
#include "pool.h"

/* CREATE: - -> OPEN by every contributor and TRUSTEE (DRAFT: the operation waits for them).  Input: the account that the
 * trustee confirms by its signature. */
void event_create(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    uint8_t key[64], old[CT_ID_SIZE];
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 34);
    ct_rd_end(&rd);
    layers_check(p);
    if (p->trustee == CT_NO_MEMBER || param(p, ZYD_PP_DEPT) == CT_NO_MEMBER || is_bank(p, p->trustee)) {
        ct_fail(E_LAYERS); /* nobody to hold the money, nobody to judge, or a bank that would pay itself */
    }
    uint32_t size = key_of(key, ZYD_POOL_KEY_POOL, p->call->programme, 2, 0);
    if (ct_get(p->call->contract, key, size, old, sizeof old) >= 0) {
        ct_fail(CC_DUP_KEY);
    }
    sign_contributors(p);
    sign(p, p->trustee);
    signed_end(p);
    memset(&p->pool, 0, sizeof p->pool);
    memset(p->layer, 0, sizeof p->layer);
    memcpy(p->pool_id, p->call->object, CT_ID_SIZE);
    p->pool.kind = ZYD_POOL_KIND_POOL;
    p->pool.state = ZYD_PS_DRAFT;
    p->pool.layer_count = (uint8_t)p->layer_count;
    p->pool.programme = p->call->programme;
    p->pool.created = p->call->date;
    pool_become(p, ZYD_PS_OPEN);
    pool_store(p);
    ct_put(key, size, p->pool_id, CT_ID_SIZE);
}

/* The argument `layer`: its name. */
static uint32_t arg_layer(const struct pl *p, struct ct_rd *rd)
{
    uint32_t size;
    const uint8_t *text = ct_rd_bin(rd, &size, ZYD_POOL_NAME_MAX);
    for (uint32_t i = 0; i < p->layer_count; i++) {
        if (memcmp(p->terms[i].name, text, size) == 0 && p->terms[i].name[size] == 0) {
            return i;
        }
    }
    ct_fail(E_LAYERS);
}

/* FUND: the contributor says what it has sent to which layer.  Inputs: layer, amount, bank reference.  Posts nothing: cash
 * counts when the trustee's bank has confirmed it. */
void event_fund(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    struct zyd_pool_funding f;
    uint32_t size;
    memset(&f, 0, sizeof f);
    ct_rd_array(&rd);
    uint32_t layer = arg_layer(p, &rd);
    f.amount = cc_arg_fen(&rd, 1);
    const uint8_t *ref = ct_rd_bin(&rd, &size, 35);
    ct_rd_end(&rd);
    if (size == 0) {
        ct_fail(CC_RANGE);
    }
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    sign(p, p->terms[layer].contributor);
    signed_end(p);
    f.kind = ZYD_POOL_KIND_FUNDING;
    f.state = ZYD_PS_PENDING;
    f.layer = (uint8_t)layer;
    f.programme = p->call->programme;
    f.ref_size = (uint8_t)size;
    memcpy(f.ref, ref, size);
    ct_put(p->call->object, CT_ID_SIZE, &f, sizeof f);
}

/* FUND_CONFIRM: TRUSTEE signs the notice (camt.054) of its bank.  Inputs: amount and reference of the notice; 2002 unless they
 * match what the contributor said. */
void event_fund_confirm(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    struct zyd_pool_funding f;
    uint32_t size;
    ct_rd_array(&rd);
    int64_t amount = cc_arg_fen(&rd, 1);
    const uint8_t *ref = ct_rd_bin(&rd, &size, 35);
    ct_rd_end(&rd);
    if (ct_get(p->call->contract, p->call->object, CT_ID_SIZE, &p->o, sizeof p->o) != (int64_t)sizeof f) {
        ct_fail(CC_BAD_STATE);
    }
    memcpy(&f, &p->o, sizeof f);
    if (f.kind != ZYD_POOL_KIND_FUNDING || f.state != ZYD_PS_PENDING) {
        ct_fail(CC_BAD_STATE);
    }
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (amount != f.amount || size != f.ref_size || memcmp(ref, f.ref, size) != 0) {
        ct_fail(E_FUND_UNCONFIRMED);
    }
    struct zyd_pool_layer *l = &p->layer[f.layer];
    if (amount > CC_FEN_MAX - l->funded || amount > CC_FEN_MAX - cash(p)) {
        ct_fail(CC_RANGE);
    }
    sign(p, p->trustee);
    signed_end(p);
    char account[CT_ACCOUNT_SIZE];
    layer_account(account, p, f.layer);
    cc_post(p->trustee, ZYD_PL_FUND, "1001", account, amount, 0);
    f.state = ZYD_PS_CONFIRMED;
    ct_put(p->call->object, CT_ID_SIZE, &f, sizeof f);
    l->balance += amount;
    l->funded += amount;
    cash_came(p);
    pool_store(p);
}

/* The call's object must be the pool. */
static void on_pool(const struct pl *p)
{
    if (memcmp(p->pool_id, p->call->object, CT_ID_SIZE) != 0) {
        ct_fail(CC_BAD_STATE);
    }
}

/* RESUME: STOPPED -> OPEN by k of the contributors and DEPT.  Inputs: reason, the contributors that sign: named, so that the
 * operation can wait for exactly these. */
void event_resume(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    uint64_t named = 0, count = 0;
    on_pool(p);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    for (uint32_t n = ct_rd_array(&rd); n > 0; n--) {
        named |= UINT64_C(1) << ct_rd_u64(&rd, 63);
    }
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_STOPPED, ZYD_PS_STOPPED);
    for (uint32_t i = 0; i < p->layer_count; i++) {
        uint16_t contributor = p->terms[i].contributor;
        if (layer_new(p, i) && (named >> contributor & 1) != 0) {
            sign(p, contributor);
            count++;
        }
    }
    if (count < param(p, ZYD_PP_RESUME_K)) {
        ct_fail(E_RESUME_QUORUM);
    }
    sign(p, (uint16_t)param(p, ZYD_PP_DEPT));
    signed_end(p);
    pool_become(p, ZYD_PS_OPEN);
    pool_store(p);
}

/* WIND_UP: -> WINDING_UP -> CLOSED by all contributors and TRUSTEE.  Input: reason.  What is left goes back by contribution
 * weights minus draws. */
void event_wind_up(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    int64_t weights[LAYERS_MAX], back[LAYERS_MAX];
    on_pool(p);
    ct_rd_array(&rd);
    cc_arg_text(&rd, 1, 200);
    ct_rd_end(&rd);
    pool_in(p, ZYD_PS_OPEN, ZYD_PS_STOPPED);
    if (p->pool.open_claims != 0 || p->pool.pending != 0 || p->pool.shortage != 0) {
        ct_fail(E_OPEN_CLAIMS);
    }
    sign_contributors(p);
    sign(p, p->trustee);
    signed_end(p);
    int64_t left = cash(p);
    for (uint32_t i = 0; i < p->layer_count; i++) {
        weights[i] = p->layer[i].funded - p->layer[i].drawn;
        back[i] = 0;
    }
    if (left > 0) {
        cc_alloc(back, 0, left, weights, p->layer_count);
    }
    for (uint32_t i = 0; i < p->layer_count; i++) {
        char account[CT_ACCOUNT_SIZE], owed[CT_ACCOUNT_SIZE];
        uint16_t contributor = p->terms[i].contributor;
        layer_account(account, p, i);
        if (contributor == p->trustee) { /* outsiders funded it: they are owed it outside this ledger */
            cc_account_text(owed, "2101", p->terms[i].name);
            cc_post(p->trustee, ZYD_PL_WIND_UP, account, owed, back[i], 0);
        } else if (back[i] > 0) {
            cc_oblige_and_post(p->trustee, account, contributor, "4031", back[i], ZYD_PL_WIND_UP, gross(p));
            p->pool.returns_open++;
        }
        p->layer[i].balance -= back[i];
        p->layer[i].drawn += back[i];
    }
    cc_post(p->trustee, ZYD_PL_MEMO, "9002", "9001", p->pool.memo, 0);
    p->pool.memo = 0;
    pool_become(p, p->pool.returns_open > 0 ? ZYD_PS_WINDING_UP : ZYD_PS_WOUND_UP);
    pool_store(p);
}

/* A contributor has its money back. */
void sys_returned(struct pl *p)
{
    if (p->pool.returns_open > 0 && --p->pool.returns_open == 0) {
        pool_become(p, ZYD_PS_WOUND_UP);
    }
    pool_store(p);
}

/* OPENING (development consortium only, else 9111): rows in anybody's books that set a stage: [member, dr, cr, fen] each. */
void event_opening(struct pl *p)
{
    struct ct_rd rd = ct_args(p->call);
    if (!p->call->development) {
        ct_fail(CC_BAD_STATE);
    }
    ct_rd_array(&rd);
    sign(p, p->call->member);
    signed_end(p);
    for (uint32_t rows = ct_rd_array(&rd); rows > 0; rows--) {
        char code[2][CT_ACCOUNT_SIZE];
        ct_rd_array(&rd);
        uint16_t member = (uint16_t)ct_rd_u64(&rd, CT_NO_MEMBER);
        for (uint32_t k = 0; k < 2; k++) {
            uint32_t size;
            const uint8_t *text = ct_rd_bin(&rd, &size, CT_ACCOUNT_SIZE - 1);
            memcpy(code[k], text, size);
            code[k][size] = 0;
        }
        cc_post(member, ZYD_PL_OPENING, code[0], code[1], cc_arg_fen(&rd, 1), 0);
    }
    ct_rd_end(&rd);
    minute_store(p);
}
