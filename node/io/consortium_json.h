/* Shared by the files of consortium.json: bounded readers that name the place of an error, and the parsed file. */
#ifndef CONSORTIUM_JSON_H
#define CONSORTIUM_JSON_H

#include <jansson.h>
#include <zyd/consortium.h>

#define ZYD_CONSORTIUM_FORMAT "zyd-consortium-1"
#define ZYD_JOIN_FORMAT "zyd-join-1"
#define ZYD_APPROVAL_FORMAT "zyd-approval-1"

struct zyd_consortium {
    json_t *root;
    uint8_t *body;               /* what genesis points into */
    struct zyd_genesis *genesis; /* NULL: a draft */
};

enum zyd_status zyd_cj_fail(struct zyd_err *err, const char *where, const char *what);
enum zyd_status zyd_cj_text(json_t **out, struct zyd_err *err, struct zyd_span text);
/* o is an object and has no members but the allowed ones. */
enum zyd_status zyd_cj_members(const json_t *o, struct zyd_err *err, const char *where, const char *const *allowed);
/* Text without control characters; missing is allowed when min is 0. */
enum zyd_status zyd_cj_str(struct zyd_span *out, struct zyd_err *err, const json_t *o, const char *where, const char *key,
                           size_t min, size_t max);
enum zyd_status zyd_cj_int(int64_t *out, struct zyd_err *err, const json_t *o, const char *where, const char *key, int64_t min,
                           int64_t max, const int64_t *missing);
enum zyd_status zyd_cj_hex(uint8_t *out, size_t size, struct zyd_err *err, const json_t *o, const char *where, const char *key);
/* One institution, as in consortium.json and in a join request; spans point into o. */
enum zyd_status zyd_cj_member(struct zyd_member *m, struct zyd_err *err, const json_t *o, const char *where);

/* Arrays, integers, texts, booleans and null as canonical MessagePack, and back (rd.bad for what has no such form). */
enum zyd_status zyd_cj_plain(struct zyd_wr *wr, struct zyd_err *err, const json_t *v, unsigned depth);
json_t *zyd_cj_plain_show(struct zyd_rd *rd, unsigned depth);
/* A text, integer, boolean, or list of them, as the schema takes it; malloc'd, NULL when it is something else. */
char *zyd_cj_value_text(const json_t *v);

#endif
