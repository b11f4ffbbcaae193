/* Business sums over the final state (domain.md 3.0.9 I1 to I3): they need no trust in how the state came about. */
#include "audit.h"
#include <stdlib.h>
#include <zyd/state.h>

#define ROWS 512u
#define ROWS_BYTES (ROWS * (12u + ZYD_LEAF_SIZE_MAX))

struct sums {
    const struct zyd_genesis *genesis;
    struct audit_result *result;
    zyd_u128 debits, credits, open;
    /* what a is owed by b (1141.b in a's books) and what a owes b (2141.b), net, in fen */
    zyd_i128 owed[ZYD_MEMBERS_MAX][ZYD_MEMBERS_MAX], owes[ZYD_MEMBERS_MAX][ZYD_MEMBERS_MAX];
    bool bad;
};

static void add_account(struct sums *s, struct zyd_span value)
{
    struct zyd_account a;
    if (zyd_account_decode(&a, value) != ZYD_OK || a.member >= s->genesis->member_count) {
        s->bad = true;
        return;
    }
    zyd_i128 net = (zyd_i128)a.debits - (zyd_i128)a.credits;
    s->result->accounts++;
    s->result->sums[a.member].net += net;
    s->debits += a.debits;
    s->credits += a.credits;
    bool due_from = strncmp(a.code, "1141.", 5) == 0, due_to = strncmp(a.code, "2141.", 5) == 0;
    if (!due_from && !due_to) {
        return;
    }
    int other = zyd_genesis_member_by_code(s->genesis, zyd_span(a.code + 5, strlen(a.code + 5)));
    if (other < 0) {
        s->bad = true;
    } else if (due_from) {
        s->owed[a.member][other] += net;
        s->result->sums[a.member].is_owed += net;
    } else {
        s->owes[a.member][other] -= net;
        s->result->sums[a.member].owes -= net;
    }
}

static void add_obligation(struct sums *s, struct zyd_span value)
{
    struct zyd_obligation o;
    if (zyd_obligation_decode(&o, value) != ZYD_OK) {
        s->bad = true;
    } else if (o.state >= 1 && o.state <= 3) { /* created, locked, instructed */
        s->open += (uint64_t)o.amount.fen;
    }
}

static void add_rows(struct sums *s, struct zyd_span rows)
{
    struct zyd_rd rd = zyd_rd_of(rows);
    while (rd.pos < rd.size && !s->bad) {
        zyd_rx_u64(&rd);
        struct zyd_span leaf = zyd_rx_block(&rd, ZYD_LEAF_SIZE_MAX);
        struct zyd_record r;
        if (rd.bad || zyd_leaf_decode(&r, leaf) != ZYD_OK) {
            s->bad = true;
            return;
        }
        s->result->records++;
        if (r.owner == 0 && r.kind == ZYD_REC_ACCOUNT) {
            add_account(s, r.value);
        } else if (r.owner == 0 && r.kind == ZYD_REC_OBLIGATION) {
            add_obligation(s, r.value);
        }
    }
}

static const char *judge(const struct sums *s, const struct zyd_header *head)
{
    if (s->bad) {
        return "a record of the final state is not well formed";
    }
    if (s->debits != s->credits || s->debits != head->debits || s->credits != head->credits) {
        return "the accounts do not add up to the control totals of the last header";
    }
    if (s->open != head->open_obligations) {
        return "the open obligations do not add up to the last header";
    }
    for (uint16_t a = 0; a < s->genesis->member_count; a++) {
        if (s->result->sums[a].net != 0) {
            return "the accounts of a member do not sum to zero";
        }
        for (uint16_t b = 0; b < s->genesis->member_count; b++) {
            if (s->owed[a][b] != s->owes[b][a]) {
                return "what one member is owed (1141) is not what the other owes (2141)";
            }
        }
    }
    return NULL;
}

const char *audit_books(struct audit_result *r, const struct audit_bundle *b, struct zyd_replay *replay)
{
    struct zyd_state *state = zyd_replay_state(replay);
    struct sums *s = calloc(1, sizeof *s);
    uint8_t *rows = malloc(ROWS_BYTES);
    zyd_assert(s != NULL && rows != NULL);
    s->genesis = &b->genesis;
    s->result = r;
    /* the replay never took a checkpoint, so the rows of one are all records */
    bool more = zyd_state_checkpoint_begin(state);
    while (more) {
        struct zyd_wr wr = zyd_wr_of(rows, ROWS_BYTES);
        more = zyd_state_checkpoint_next(state, &wr, ROWS);
        add_rows(s, zyd_wr_span(&wr));
    }
    const char *rule = r->records != zyd_state_size(state) ? "not every record could be read" : judge(s, &r->head);
    free(rows);
    free(s);
    return rule;
}
