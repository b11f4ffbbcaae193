/* params.c: parameters and layers of the programme (zyd/pool.h, "parameters of a programme"). */
#include "pool.h"

static void read_layers(struct pl *p, struct ct_rd *rd)
{
    p->layer_count = ct_rd_array(rd);
    if (p->layer_count > LAYERS_MAX) {
        ct_fail(CC_RANGE);
    }
    for (uint32_t i = 0; i < p->layer_count; i++) {
        struct layer_terms *t = &p->terms[i];
        uint32_t size;
        ct_rd_array(rd);
        const uint8_t *name = ct_rd_bin(rd, &size, ZYD_POOL_NAME_MAX);
        memset(t->name, 0, sizeof t->name);
        memcpy(t->name, name, size);
        t->contributor = (uint16_t)ct_rd_u64(rd, CT_NO_MEMBER);
        t->level = (uint32_t)ct_rd_u64(rd, LAYERS_MAX);
        t->ppm = (uint32_t)ct_rd_u64(rd, (uint64_t)CC_PPM);
    }
}

void params_open(struct pl *p)
{
    struct ct_rd rd = ct_params_rd(p->call);
    if (ct_rd_array(&rd) != 5) {
        ct_fail(CC_RANGE);
    }
    p->slots = cc_slots(&rd, ZYD_POOL_PARAM_COUNT);
    read_layers(p, &rd);
    p->ratio_count = ct_rd_array(&rd);
    if (p->ratio_count > ZYD_POOL_CLASSES_MAX) {
        ct_fail(CC_RANGE);
    }
    for (uint32_t i = 0; i < p->ratio_count; i++) {
        p->ratios[i] = (uint32_t)ct_rd_u64(&rd, (uint64_t)CC_PPM);
    }
    p->banks = 0;
    for (uint32_t n = ct_rd_array(&rd); n > 0; n--) {
        p->banks |= UINT64_C(1) << ct_rd_u64(&rd, 63);
    }
    p->document_count = ct_rd_array(&rd);
    p->trustee = (uint16_t)param(p, ZYD_PP_TRUSTEE);
}

uint64_t param(const struct pl *p, enum zyd_pool_param which)
{
    return cc_slot(p->slots, (uint32_t)which);
}

uint32_t layer_end(const struct pl *p, uint32_t first)
{
    uint32_t end = first + 1;
    while (end < p->layer_count && p->terms[end].level == p->terms[first].level) {
        end++;
    }
    return end;
}

void layer_account(char out[CT_ACCOUNT_SIZE], const struct pl *p, uint32_t i)
{
    cc_account_text(out, "3001", p->terms[i].name);
}

bool layer_new(const struct pl *p, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++) {
        if (p->terms[k].contributor == p->terms[i].contributor) {
            return false;
        }
    }
    return true;
}

static void name_check(const struct pl *p, uint32_t i)
{
    const char *name = p->terms[i].name;
    if (name[0] == 0) {
        ct_fail(E_LAYERS);
    }
    for (const char *c = name; *c != 0; c++) {
        if (!((*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_')) {
            ct_fail(E_LAYERS);
        }
    }
    for (uint32_t k = 0; k < i; k++) {
        if (memcmp(name, p->terms[k].name, LAYER_NAME_SIZE) == 0) {
            ct_fail(E_LAYERS); /* two layers on one account */
        }
    }
}

void layers_check(const struct pl *p)
{
    uint32_t level = 0;
    if (p->layer_count == 0) {
        ct_fail(E_LAYERS);
    }
    for (uint32_t first = 0; first < p->layer_count; first = layer_end(p, first), level++) {
        uint64_t sum = 0;
        for (uint32_t i = first; i < layer_end(p, first); i++) {
            if (p->terms[i].ppm == 0 || p->terms[i].contributor == CT_NO_MEMBER) {
                ct_fail(E_LAYERS);
            }
            sum += p->terms[i].ppm;
            name_check(p, i);
        }
        if (sum != CC_PPM || p->terms[first].level != level) {
            ct_fail(E_LAYERS);
        }
    }
}

uint32_t class_ratio(const struct pl *p, uint32_t loan_class)
{
    if (loan_class < 1 || loan_class > p->ratio_count) {
        ct_fail(CC_RANGE);
    }
    return p->ratios[loan_class - 1];
}

bool is_bank(const struct pl *p, uint16_t member)
{
    return member < 64 && (p->banks >> member & 1) != 0;
}
