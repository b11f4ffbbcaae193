/* One operation from words: the event's schema, the object on the ledger, and the way to the node. */
#ifndef OPS_H
#define OPS_H

#include "client.h"

#define PAIRS_MAX 64u

struct intent {
    const struct zyd_event *event;
    const struct zyd_programme *programme;
    uint16_t member;
    bool has_object;
    struct zyd_hash object;
    uint64_t seq;
    char ref[ZYD_CLIENT_REF_MAX + 1];
    uint8_t args[ZYD_OP_SIZE_MAX];
    size_t args_size;
};
/* The product of a programme's contract, by the contract's name in genesis; NULL: none that this build knows. */
const struct zyd_product *client_product(const struct client *k, const struct zyd_programme *programme);
/* "name=value" words into pairs; the words are cut in place into buffer. */
int pairs_of(const struct cli *c, struct zyd_pair *pairs, size_t *count, char *buffer, size_t cap, const char *const *words,
             size_t word_count);
/* Encodes the arguments; prints what is wrong. */
int intent_args(const struct client *k, struct intent *in, const struct zyd_pair *pairs, size_t count);
void intent_op(struct zyd_op *op, const struct intent *in);
/* The contract of the text: 64 hex digits or a client_ref; its JSON, or NULL after printing. */
json_t *contract_find(struct client *k, int *rc, const char *text);
/* Fills object, seq and programme from the contract's JSON. */
int intent_object(const struct client *k, struct intent *in, const json_t *contract);
/* Books it: signed here when there are keys, else by the node.  outcome: the element of `operations` with `height`; a "waiting"
 * one is a success.  Sends the same bytes again when an earlier run's outcome is unknown. */
int intent_run(struct client *k, const struct intent *in, json_t **outcome);
/* Asks the node, which signs: as intent_run without keys, but what the ledger refuses is an outcome, too ("refused", with its
 * code).  status "awaiting_checker" in an outcome: a draft of a `dual` programme, which is on no ledger yet. */
int intent_ask(struct client *k, const struct intent *in, json_t **outcome);
/* The same for any operation when there are keys. */
int op_run(struct client *k, const struct zyd_op *op, bool may_wait, json_t **outcome);
/* Prints what happened, and the contract's state with who is waited for. */
int outcome_print(struct client *k, const json_t *outcome, const char *contract_id, int64_t started_ms);
/* look.c: commands that only read. */
int look_list(struct cli *c);
int look_show(struct cli *c);
int look_history(struct cli *c);
int look_receipt(struct cli *c);
int look_wait(struct cli *c);
int look_recovery_list(struct cli *c);
/* cmd_statement.c: NAME_fen and NAME_capital; NAME and NAME_name; who receives. */
void statement_fen(json_t *o, const char *name, int64_t fen);
void statement_member(const struct client *k, json_t *o, const char *name, uint16_t member);
const char *statement_side(const struct cli *c, int64_t net);
void url_escape(char *out, size_t cap, const char *text);

#endif
