/* zyd/consortium.h: consortium.json and the ceremony that makes it (surfaces.md 3.4).
 *
 *   key files --request--> *.join --+
 *   draft.json ---------------------+--assemble--> consortium.json --approve--> *.approval --finish--> consortium.json
 *
 * The genesis hash covers the canonical body that zyd_consortium_body makes, the one function that makes bytes from
 * JSON; proofs and approvals stand beside it.  A draft is a consortium.json without members.  JSON is read with
 * duplicates refused, unknown members refused, at most ZYD_CONSORTIUM_TEXT_MAX bytes.  Format: node/bin/zyd/README.md.
 * Functions that return text return malloc'd NUL-terminated JSON that the caller frees.
 */
#ifndef ZYD_CONSORTIUM_H
#define ZYD_CONSORTIUM_H

#include <zyd/genesis.h>
#include <zyd/io.h>

#define ZYD_CONSORTIUM_TEXT_MAX (4u << 20)
#define ZYD_FINGERPRINT_SIZE 72u /* 12 groups of 5 digits, single spaces, NUL */

struct zyd_consortium; /* a parsed file */

/* Checks shape, names and types; not yet proofs or approvals. */
enum zyd_status zyd_consortium_parse(struct zyd_consortium **out, struct zyd_err *err, struct zyd_span text);
enum zyd_status zyd_consortium_open(struct zyd_consortium **out, struct zyd_err *err, const char *path);
void zyd_consortium_free(struct zyd_consortium *c);
/* The decoded genesis (owned by c): parse made its body and decoded it again.  NULL for a draft without members. */
const struct zyd_genesis *zyd_consortium_genesis(const struct zyd_consortium *c);
/* Every key's proof of possession, of every member.  E8042 names member and key. */
enum zyd_status zyd_consortium_check_proofs(struct zyd_err *err, const struct zyd_consortium *c);
/* Approvals: bit i set when member i approved this very body.  A bad approval is E8045, an unknown member too. */
enum zyd_status zyd_consortium_approvals(uint64_t *bitmap, struct zyd_err *err, const struct zyd_consortium *c);
/* All approvals that a start needs: every member's. E8044 names the first that lacks. */
enum zyd_status zyd_consortium_complete(struct zyd_err *err, const struct zyd_consortium *c);

/* ---- ceremony ---- */
struct zyd_join { /* what an institution says of itself; NUL-terminated UTF-8 */
    const char *code, *uscc, *name_zh, *name_en;
    const char *address; /* "" when it runs no node */
    uint8_t role;
    bool validator;
};
/* keys: with secrets, in the order that becomes their index in signatures. */
enum zyd_status zyd_join_make(char **text, struct zyd_err *err, const struct zyd_join *join, const struct zyd_key *keys,
                              size_t key_count);
/* Checks one join request alone; code: where to copy its member code (ZYD_CODE_MAX + 1), or NULL. */
enum zyd_status zyd_join_check(struct zyd_err *err, char *code, struct zyd_span text);
/* A consortium.json from a draft and join requests, members sorted by role and code; checks everything. names: file names for
 * messages. */
enum zyd_status zyd_consortium_assemble(char **text, struct zyd_err *err, struct zyd_span draft, const struct zyd_span *joins,
                                        const char *const *names, size_t count);
/* Approval by the member that holds key (any of its keys in genesis). */
enum zyd_status zyd_approval_make(char **text, struct zyd_err *err, const struct zyd_consortium *c, const struct zyd_key *key);
/* Adds approvals (those already inside stay); refuses foreign, doubled or wrong ones. */
enum zyd_status zyd_consortium_finish(char **text, struct zyd_err *err, const struct zyd_consortium *c,
                                      const struct zyd_span *approvals, const char *const *names, size_t count);
/* Digits to read out over the phone, derived from the genesis hash. */
void zyd_fingerprint(char out[ZYD_FINGERPRINT_SIZE], const struct zyd_hash *hash);
/* The JSON of a genesis (members without proofs, no approvals): parsing it gives the same body. */
enum zyd_status zyd_consortium_show(char **text, struct zyd_err *err, const struct zyd_genesis *g);

/* ---- programme parameters ---- */
/* JSON text of a programme's parameters <-> the canonical MessagePack that its contract reads, by the contract's name.
 * JSON arrays are taken as they are (integers, strings, booleans, null, arrays); objects go through the contract's schema.
 * code_index: member index of a code, or -1. */
enum zyd_status zyd_params_encode(struct zyd_wr *wr, struct zyd_err *err, const char *contract, const char *json,
                                  const struct zyd_genesis *g);
enum zyd_status zyd_params_show(char **json, struct zyd_err *err, const char *contract, struct zyd_span params,
                                const struct zyd_genesis *g);

/* A programme alone: the JSON object as in consortium.json -> its canonical bytes (zyd_programme_decode).  g: members,
 * and the plugins by whose names its parameters are read. */
enum zyd_status zyd_programme_parse(struct zyd_wr *wr, struct zyd_err *err, const char *json, const struct zyd_genesis *g);

const char *zyd_role_text(uint8_t role);           /* "BANK" ..., never NULL */
int zyd_role_of(const char *text);                 /* or -1 */
const char *zyd_key_purpose_text(uint8_t purpose); /* "node" ..., never NULL */
int zyd_key_purpose_of(const char *text);          /* or -1 */
/* RFC 3339 with offset +08:00, milliseconds only when not 0; buffer of 32.  Parsing takes any offset. */
void zyd_rfc3339(char out[32], int64_t ms);
bool zyd_rfc3339_parse(int64_t *ms, const char *text);

#endif
