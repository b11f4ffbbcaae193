/* The workload of all five products (zyd-sim --products): members, programmes, random events.
 *
 *   products.c       the consortium; envelopes of a client; what became final; invariants of node/invariant after each block
 *   draw.c           one random event: of which product, on which object, legal as far as the records say, or on purpose not
 *   draw_credit.c    guarantee and pool; draw_aid.c subsidy and voucher; draw_cycle.c the settlement cycle and PAID
 *
 * A draw reads the records that stand behind the newest final block (model.c) and writes an operation as name=value text.
 */
#ifndef ZYD_SIM_PRODUCTS_H
#define ZYD_SIM_PRODUCTS_H

#include "world.h"
#include <stdio.h>
#include <stdlib.h>
#include <zyd/date.h>
#include <zyd/host.h>
#include <zyd/invariant.h>
#include <zyd/product.h>

/* Members in order; the first n are the validators. */
enum { BANK, GUAR, REG, NFGF, BANK2, CITY, PFIN, TRUSTEE, DEPT, CORE, S1, S2, AUD, PRODUCT_MEMBERS };
/* Programmes. */
enum { G_NAT = 1, P_LAYERS, S_POINT, V_STD, C_NET, G_TWO, P_SHARED, S_LOCAL, S_FEE, PROGRAMMES_END };
#define DRAFT_TEXT 1600u
#define THINGS_MAX 512u /* of one product that are looked after */
#define OWED_MAX 4096u

struct draft {
    const struct zyd_product *product; /* NULL: the host's PAID, COUNTERSIGN, DECLINE */
    uint16_t event, programme, member;
    bool has_object;
    struct zyd_hash object;
    uint64_t seq;
    char text[DRAFT_TEXT];
};
struct thing {
    struct zyd_hash id;
    uint16_t programme;
    uint8_t client; /* whose envelope names it, plus one; 0: free */
};
struct sent { /* operation i of a client's envelope */
    uint16_t contract, event, programme;
    bool makes;
    struct zyd_hash object;
};
struct products {
    struct thing things[6][THINGS_MAX];
    size_t count[6];
    struct zyd_hash owed[OWED_MAX]; /* obligations that were made */
    size_t owed_count;
    struct zyd_hash waiting[64]; /* operations that wait for countersigners */
    size_t waiting_count;
    struct sent sent[CLIENTS_MAX][LOANS_MAX];
    uint64_t serial;
    char last_loan[400]; /* ENROL's arguments, for another programme on the same loan */
    uint16_t last_bank;
    struct zyd_inv *inv;
};

/* ---- model.c: records behind the newest final block ---- */
bool model_find(const struct model *m, struct zyd_record *out, const struct zyd_hash *key);

/* ---- draw.c ---- */
/* False: nothing fits just now. */
bool draw(struct sim *s, struct draft *d, uint8_t client);
#define TEXT(d, ...) snprintf((d)->text, DRAFT_TEXT, __VA_ARGS__)
/* Value of the record of a contract under a name, copied into out; the rest of out is zero.  Its size, 0: none. */
size_t record_of(struct sim *s, void *out, size_t cap, uint16_t contract, const void *name, size_t size);
int32_t today_of(const struct sim *s);
bool chance(struct sim *s, uint32_t percent);
int64_t between(struct sim *s, int64_t lo, int64_t hi);
void hex_of(char out[65], const uint8_t id[32]);
/* op=... of the last event of the object that REVERSE can take back, by its note; false: none. */
bool reverse_args(struct sim *s, struct draft *d, const struct zyd_hash *object, bool opposite);
bool guarantee_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd);
bool pool_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd);
bool subsidy_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd);
bool voucher_draw(struct sim *s, struct draft *d, const struct thing *t, bool odd);
bool cycle_draw(struct sim *s, struct draft *d);
bool paid_draw(struct sim *s, struct draft *d);
bool waiting_draw(struct sim *s, struct draft *d);

#endif
