/* guarantee_args.c: arguments of an event <-> name=value text. */
#include <stdio.h>

#include "schema_impl.h"

#define LIST_MAX 32u
typedef const struct zyd_guarantee_members members_t;

static uint32_t list_count(const char *list, char separator)
{
    struct zyd_span one;
    uint32_t n = 0;
    while (zyd_schema_element(&one, &list, separator)) {
        n += one.size > 0;
    }
    return n;
}

/* A copy of a span with a NUL; empty when it does not fit, which no valid value is. */
static const char *copy(char *out, size_t cap, struct zyd_span s)
{
    size_t n = s.size < cap ? s.size : 0;
    memcpy(out, s.data, n);
    out[n] = 0;
    return out;
}

static const char *encode_ids(struct zyd_wr *wr, const char *text)
{
    struct zyd_span one;
    struct zyd_hash h;
    zyd_wr_array(wr, list_count(text, ','));
    while (zyd_schema_element(&one, &text, ',')) {
        if (one.size > 0 && !zyd_schema_hash(&h, (const char *)one.data, one.size)) {
            return "64 hex digits or sha256:TEXT are expected, separated by commas";
        }
        if (one.size > 0) {
            zyd_wr_hash(wr, &h);
        }
    }
    return NULL;
}

/* MEMBER=YUAN, ... */
static const char *encode_fens(struct zyd_wr *wr, const char *text, members_t *members)
{
    struct zyd_span one, part;
    zyd_wr_array(wr, list_count(text, ','));
    while (zyd_schema_element(&one, &text, ',')) {
        char item[64], code[32], yuan[40];
        const char *list = copy(item, sizeof item, one);
        int member = -1;
        int64_t fen = 0;
        if (one.size == 0) {
            continue;
        }
        if (zyd_schema_element(&part, &list, '=')) {
            member = members->index(members->ctx, copy(code, sizeof code, part));
        }
        if (member < 0 || !zyd_schema_element(&part, &list, '=') ||
            !zyd_yuan_parse(&fen, copy(yuan, sizeof yuan, part))) {
            return "MEMBER=YUAN is expected, separated by commas (no commas in amounts)";
        }
        zyd_wr_array(wr, 2);
        zyd_wr_u64(wr, (uint64_t)member);
        zyd_wr_u64(wr, (uint64_t)fen);
    }
    return NULL;
}

/* MEMBER DR CR YUAN; ... */
static const char *encode_postings(struct zyd_wr *wr, const char *text, members_t *members)
{
    struct zyd_span one;
    zyd_wr_array(wr, list_count(text, ';'));
    while (zyd_schema_element(&one, &text, ';')) {
        char row[160], code[16], dr[48], cr[48], yuan[40];
        int member;
        int64_t fen;
        if (one.size == 0) {
            continue;
        }
        if (sscanf(copy(row, sizeof row, one), "%15s %47s %47s %39s", code, dr, cr, yuan) != 4 ||
            (member = members->index(members->ctx, code)) < 0 || !zyd_yuan_parse(&fen, yuan)) {
            return "MEMBER DEBIT CREDIT YUAN is expected, separated by semicolons";
        }
        zyd_wr_array(wr, 4);
        zyd_wr_u64(wr, (uint64_t)member);
        zyd_wr_str(wr, dr, strlen(dr));
        zyd_wr_str(wr, cr, strlen(cr));
        zyd_wr_u64(wr, (uint64_t)fen);
    }
    return NULL;
}

static const char *encode_borrower(struct zyd_wr *wr, const char *text)
{
    struct zyd_hash h;
    size_t size = strlen(text);
    if (size == 18) { /* its check character is the contract's to judge: 9105 */
        zyd_wr_str(wr, text, size);
    } else if (size == 64 && zyd_schema_hash(&h, text, size)) {
        zyd_wr_hash(wr, &h);
    } else {
        return "18 characters of USCC or 64 hex digits of a pseudonym are expected";
    }
    return NULL;
}

static const char *encode_one(struct zyd_wr *wr, const struct zyd_guarantee_arg *a, bool integer_fen, const char *text,
                              members_t *members)
{
    struct zyd_hash h;
    const char *bad;
    uint64_t v;
    switch (a->type) {
    case ZYD_GT_STR:
        if (strlen(text) < a->min || strlen(text) > a->max) {
            return "the text is too short or too long";
        }
        zyd_wr_str(wr, text, strlen(text));
        return NULL;
    case ZYD_GT_BORROWER:
        return encode_borrower(wr, text);
    case ZYD_GT_ID:
        if (!zyd_schema_hash(&h, text, strlen(text))) {
            return "64 hex digits or sha256:TEXT are expected";
        }
        zyd_wr_hash(wr, &h);
        return NULL;
    case ZYD_GT_IDS:
    case ZYD_GT_FENS:
    case ZYD_GT_POSTINGS:
        if (list_count(text, a->type == ZYD_GT_POSTINGS ? ';' : ',') > a->max) {
            return "too many";
        }
        if (a->type != ZYD_GT_IDS && members == NULL) {
            return "the members of the consortium are needed";
        }
        return a->type == ZYD_GT_IDS    ? encode_ids(wr, text)
               : a->type == ZYD_GT_FENS ? encode_fens(wr, text, members)
                                        : encode_postings(wr, text, members);
    case ZYD_GT_FEN:
    case ZYD_GT_DATE:
    case ZYD_GT_PPM:
    case ZYD_GT_U64:
    case ZYD_GT_BOOL:
    case ZYD_GT_MEMBER:
    case ZYD_GT_BASIS:
    case ZYD_GT_MONTHS:
    case ZYD_GT_SETTLE:
    case ZYD_GT_COVER:
    case ZYD_GT_SILENCE:
    case ZYD_GT_PERIOD:
    case ZYD_GT_OVERFLOW:
    case ZYD_GT_RECOVERY:
    case ZYD_GT_STATE:
        bad = zyd_schema_number(&v, a->type, integer_fen, text, a->min, a->max, members);
        if (bad == NULL) {
            zyd_wr_u64(wr, v);
        }
        return bad;
    }
    return "unknown type";
}

static const struct zyd_pair *find(bool *integer_fen, const struct zyd_guarantee_arg *a, const struct zyd_pair *pairs,
                                   size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (zyd_schema_named(pairs[i].name, a->name, a->type, integer_fen)) {
            return &pairs[i];
        }
    }
    return NULL;
}

enum zyd_status zyd_guarantee_args_encode(struct zyd_wr *wr, char why[ZYD_GUARANTEE_WHY],
                                          const struct zyd_guarantee_event_info *event, const struct zyd_pair *pairs,
                                          size_t count, const struct zyd_guarantee_members *members)
{
    bool integer_fen, given[UINT8_MAX] = {false};
    why[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < event->arg_count &&
               !zyd_schema_named(pairs[i].name, event->args[k].name, event->args[k].type, &integer_fen)) {
            k++;
        }
        if (k == event->arg_count || given[k]) {
            return zyd_schema_fail(why, pairs[i].name, k == event->arg_count ? "the event has no such argument" : "given twice");
        }
        given[k] = true; /* amount and amount_fen are one argument */
    }
    zyd_wr_array(wr, event->arg_count);
    for (size_t k = 0; k < event->arg_count; k++) {
        const struct zyd_guarantee_arg *a = &event->args[k];
        const struct zyd_pair *p = find(&integer_fen, a, pairs, count);
        if (p == NULL && a->required) {
            return zyd_schema_fail(why, a->name, "missing");
        }
        if (p == NULL && a->type == ZYD_GT_IDS) {
            zyd_wr_array(wr, 0); /* no documents is a list of none */
        } else if (p == NULL) {
            zyd_wr_nil(wr);
        } else {
            const char *bad = encode_one(wr, a, integer_fen, p->value, members);
            if (bad != NULL) {
                return zyd_schema_fail(why, p->name, bad);
            }
        }
    }
    return wr->full ? ZYD_E_FULL : ZYD_OK;
}

/* ---- back ---- */

struct text {
    char data[4096];
    size_t size;
};

static void add(struct text *t, const char *s, size_t size)
{
    size_t n = size < sizeof t->data - 1 - t->size ? size : sizeof t->data - 1 - t->size;
    if (n > 0) { /* a failed read has no bytes at all */
        memcpy(t->data + t->size, s, n);
    }
    t->size += n;
    t->data[t->size] = 0;
}

static void add_member(struct text *t, uint64_t member, members_t *members)
{
    char code[13] = "?";
    if (members == NULL || !members->code(members->ctx, code, (uint16_t)member)) {
        snprintf(code, sizeof code, "#%u", (unsigned)(uint16_t)member);
    }
    add(t, code, strlen(code));
}

static void add_yuan(struct text *t, uint64_t fen)
{
    char yuan[32];
    zyd_yuan_text(yuan, (int64_t)fen, false);
    add(t, yuan, strlen(yuan));
}

/* nil, 18 characters or 32 bytes: a string's first byte is 0xb2, a binary's 0xc4. */
static void show_bytes(struct text *t, struct zyd_rd *rd, enum zyd_guarantee_type type)
{
    char hex[65];
    struct zyd_span s;
    struct zyd_hash h;
    bool binary = rd->pos < rd->size && rd->data[rd->pos] == 0xc4;
    if (type == ZYD_GT_STR || (type == ZYD_GT_BORROWER && !binary)) {
        s = zyd_rd_str(rd, 1, 255);
        add(t, (const char *)s.data, s.size);
        return;
    }
    zyd_rd_hash(rd, &h);
    zyd_schema_hex(hex, h.b, 32);
    add(t, hex, 64);
}

static void show_list(struct text *t, struct zyd_rd *rd, enum zyd_guarantee_type type, members_t *members)
{
    uint32_t n = zyd_rd_array(rd, LIST_MAX);
    for (uint32_t i = 0; i < n && !rd->bad; i++) {
        add(t, type == ZYD_GT_POSTINGS ? "; " : ",", i == 0 ? 0 : type == ZYD_GT_POSTINGS ? 2 : 1);
        if (type == ZYD_GT_IDS) {
            show_bytes(t, rd, ZYD_GT_ID);
        } else if (type == ZYD_GT_FENS) {
            zyd_rd_array_of(rd, 2);
            add_member(t, zyd_rd_u64(rd, UINT16_MAX), members);
            add(t, "=", 1);
            add_yuan(t, zyd_rd_u64(rd, (uint64_t)ZYD_MONEY_MAX));
        } else {
            zyd_rd_array_of(rd, 4);
            add_member(t, zyd_rd_u64(rd, UINT16_MAX), members);
            for (int k = 0; k < 2; k++) {
                struct zyd_span code = zyd_rd_str(rd, 1, 40);
                add(t, " ", 1);
                add(t, (const char *)code.data, code.size);
            }
            add(t, " ", 1);
            add_yuan(t, zyd_rd_u64(rd, (uint64_t)ZYD_MONEY_MAX));
        }
    }
}

enum zyd_status zyd_guarantee_args_decode(zyd_guarantee_emit *emit, void *ctx,
                                          const struct zyd_guarantee_event_info *event, struct zyd_span args,
                                          const struct zyd_guarantee_members *members)
{
    struct zyd_rd rd = zyd_rd_of(args);
    char name[64], number[64];
    zyd_rd_array_of(&rd, event->arg_count);
    for (size_t k = 0; k < event->arg_count && !rd.bad; k++) {
        const struct zyd_guarantee_arg *a = &event->args[k];
        struct text t = {.size = 0};
        t.data[0] = 0;
        snprintf(name, sizeof name, "%s%s", a->name, a->type == ZYD_GT_FEN ? "_fen" : "");
        if (zyd_rd_nil(&rd)) {
            continue;
        }
        if (a->type == ZYD_GT_STR || a->type == ZYD_GT_ID || a->type == ZYD_GT_BORROWER) {
            show_bytes(&t, &rd, a->type);
        } else if (a->type == ZYD_GT_IDS || a->type == ZYD_GT_FENS || a->type == ZYD_GT_POSTINGS) {
            show_list(&t, &rd, a->type, members);
        } else {
            zyd_schema_number_text(number, a->type, zyd_rd_u64(&rd, UINT64_MAX), members);
            add(&t, number, strlen(number));
        }
        if (!rd.bad) {
            emit(ctx, name, t.data);
        }
    }
    return zyd_rd_done(&rd);
}
