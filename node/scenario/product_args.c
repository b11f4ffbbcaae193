/* product_args.c: values of every type <-> text, and the arguments of an event. */
#include <stdio.h>

#include "product_impl.h"

typedef const struct zyd_members members_t;

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

/* ---- lists: of one column "A,B", of two "A=B, C=D", of more "A B C; D E F" ---- */

static char row_separator(const struct zyd_field *f)
{
    return f->column_count > 2 ? ';' : ',';
}

static char column_separator(const struct zyd_field *f)
{
    return f->column_count > 2 ? ' ' : f->column_count == 2 ? '=' : 0;
}

/* The next column of a row, without blanks around it. */
static struct zyd_span next_column(const char **row, char separator, bool last)
{
    struct zyd_span one = {0};
    while (**row == ' ') {
        (*row)++;
    }
    if (last) {
        one = zyd_span(*row, strlen(*row));
        *row += one.size;
    } else {
        const char *rest = *row;
        zyd_schema_element(&one, &rest, separator);
        *row = rest == NULL ? *row + strlen(*row) : rest;
    }
    while (one.size > 0 && one.data[one.size - 1] == ' ') {
        one.size--;
    }
    return one;
}

static const char *write_row(struct zyd_wr *wr, const struct zyd_field *f, const char *row, members_t *members)
{
    if (f->column_count > 1) {
        zyd_wr_array(wr, f->column_count);
    }
    for (uint8_t k = 0; k < f->column_count; k++) {
        char text[256];
        struct zyd_span one = next_column(&row, column_separator(f), k + 1 == f->column_count);
        const char *bad = one.size == 0 ? "a row has too few columns"
                                        : zyd_schema_write(wr, &f->columns[k], false, copy(text, sizeof text, one), members);
        if (bad != NULL) {
            return bad;
        }
    }
    return NULL;
}

static const char *write_list(struct zyd_wr *wr, const struct zyd_field *f, const char *text, members_t *members)
{
    struct zyd_span one;
    uint32_t count = list_count(text, row_separator(f));
    if (count < f->min || count > f->max || count > ZYD_LIST_MAX) {
        return count < f->min ? "too few" : "too many";
    }
    zyd_wr_array(wr, count);
    while (zyd_schema_element(&one, &text, row_separator(f))) {
        char row[400];
        const char *bad = one.size == 0 ? NULL : write_row(wr, f, copy(row, sizeof row, one), members);
        if (bad != NULL) {
            return bad;
        }
    }
    return NULL;
}

/* ---- single values ---- */

static const char *write_borrower(struct zyd_wr *wr, const char *text)
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

const char *zyd_schema_write(struct zyd_wr *wr, const struct zyd_field *f, bool integer_fen, const char *text,
                             const struct zyd_members *members)
{
    struct zyd_hash h;
    const char *bad;
    uint64_t v;
    switch (f->type) {
    case ZYD_FIELD_STR:
        if (strlen(text) < f->min || strlen(text) > f->max) {
            return "the text is too short or too long";
        }
        zyd_wr_str(wr, text, strlen(text));
        return NULL;
    case ZYD_FIELD_BORROWER:
        return write_borrower(wr, text);
    case ZYD_FIELD_ID:
        if (!zyd_schema_hash(&h, text, strlen(text))) {
            return "64 hex digits or sha256:TEXT are expected";
        }
        zyd_wr_hash(wr, &h);
        return NULL;
    case ZYD_FIELD_LIST:
        return write_list(wr, f, text, members);
    case ZYD_FIELD_FEN:
    case ZYD_FIELD_DATE:
    case ZYD_FIELD_PPM:
    case ZYD_FIELD_U64:
    case ZYD_FIELD_BOOL:
    case ZYD_FIELD_MEMBER:
    case ZYD_FIELD_MONTHS:
    case ZYD_FIELD_WORD:
        bad = zyd_schema_number(&v, f, integer_fen, text, members);
        if (bad == NULL) {
            zyd_wr_u64(wr, v);
        }
        return bad;
    }
    return "unknown type";
}

void zyd_schema_write_none(struct zyd_wr *wr, const struct zyd_field *f)
{
    if (f->type == ZYD_FIELD_LIST && f->column_count == 1) {
        zyd_wr_array(wr, 0); /* no documents is a list of none */
    } else {
        zyd_wr_nil(wr);
    }
}

static const struct zyd_pair *find(bool *integer_fen, const struct zyd_field *f, const struct zyd_pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (zyd_schema_named(pairs[i].name, f, integer_fen)) {
            return &pairs[i];
        }
    }
    return NULL;
}

enum zyd_status zyd_args_encode(struct zyd_wr *wr, char why[ZYD_WHY], const struct zyd_event *event,
                                const struct zyd_pair *pairs, size_t count, const struct zyd_members *members)
{
    bool integer_fen, given[UINT8_MAX] = {false};
    why[0] = 0;
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < event->arg_count && !zyd_schema_named(pairs[i].name, &event->args[k], &integer_fen)) {
            k++;
        }
        if (k == event->arg_count || given[k]) {
            return zyd_schema_fail(why, pairs[i].name,
                                   k == event->arg_count ? "the event has no such argument"
                                                         : "given twice");
        }
        given[k] = true; /* amount and amount_fen are one argument */
    }
    zyd_wr_array(wr, event->arg_count);
    for (size_t k = 0; k < event->arg_count; k++) {
        const struct zyd_field *f = &event->args[k];
        const struct zyd_pair *p = find(&integer_fen, f, pairs, count);
        if (p == NULL && f->required) {
            return zyd_schema_fail(why, f->name, "missing");
        }
        if (p == NULL) {
            zyd_schema_write_none(wr, f);
            continue;
        }
        const char *bad = zyd_schema_write(wr, f, integer_fen, p->value, members);
        if (bad != NULL) {
            return zyd_schema_fail(why, p->name, bad);
        }
    }
    return wr->full ? ZYD_E_FULL : ZYD_OK;
}

/* ---- back ---- */

struct text {
    char data[8192];
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

/* nil, 18 characters or 32 bytes: a string's first byte is 0xb2, a binary's 0xc4. */
static void show_bytes(struct text *t, struct zyd_rd *rd, enum zyd_field_type type)
{
    char hex[65];
    struct zyd_span s;
    struct zyd_hash h;
    bool binary = rd->pos < rd->size && rd->data[rd->pos] == 0xc4;
    if (type == ZYD_FIELD_STR || (type == ZYD_FIELD_BORROWER && !binary)) {
        s = zyd_rd_str(rd, 1, 255);
        add(t, (const char *)s.data, s.size);
        return;
    }
    zyd_rd_hash(rd, &h);
    zyd_schema_hex(hex, h.b, 32);
    add(t, hex, 64);
}

/* A column of a list: amounts in yuan, a member that nobody knows as its number. */
static void show_column(struct text *t, struct zyd_rd *rd, const struct zyd_field *f, members_t *members)
{
    char number[64];
    if (!zyd_schema_is_number(f->type)) {
        show_bytes(t, rd, f->type);
        return;
    }
    uint64_t v = zyd_rd_u64(rd, f->max);
    if (f->type == ZYD_FIELD_FEN) {
        zyd_yuan_text(number, (int64_t)v, false);
    } else {
        zyd_schema_number_text(number, f, v, members);
        if (f->type == ZYD_FIELD_MEMBER && number[0] == 0) {
            snprintf(number, sizeof number, "#%u", (unsigned)(uint16_t)v);
        }
    }
    add(t, number, strlen(number));
}

static void show_list(struct text *t, struct zyd_rd *rd, const struct zyd_field *f, members_t *members)
{
    const char column = column_separator(f);
    uint32_t n = zyd_rd_array(rd, ZYD_LIST_MAX);
    for (uint32_t i = 0; i < n && !rd->bad; i++) {
        add(t, f->column_count > 2 ? "; " : ",", i == 0 ? 0 : f->column_count > 2 ? 2 : 1);
        if (f->column_count > 1) {
            zyd_rd_array_of(rd, f->column_count);
        }
        for (uint8_t k = 0; k < f->column_count && !rd->bad; k++) {
            add(t, &column, k > 0);
            show_column(t, rd, &f->columns[k], members);
        }
    }
}

void zyd_schema_tell_number(zyd_emit *emit, void *ctx, const struct zyd_field *f, uint64_t value,
                            const struct zyd_members *members)
{
    char name[64], number[64];
    snprintf(name, sizeof name, "%s%s", f->name, f->type == ZYD_FIELD_FEN ? "_fen" : "");
    zyd_schema_number_text(number, f, value, members);
    emit(ctx, name, number);
}

void zyd_schema_tell(zyd_emit *emit, void *ctx, struct zyd_rd *rd, const struct zyd_field *f,
                     const struct zyd_members *members)
{
    struct text t = {.size = 0};
    t.data[0] = 0;
    if (zyd_rd_nil(rd)) {
        return;
    }
    if (zyd_schema_is_number(f->type)) {
        uint64_t v = zyd_rd_u64(rd, UINT64_MAX);
        if (!rd->bad) {
            zyd_schema_tell_number(emit, ctx, f, v, members);
        }
        return;
    }
    if (f->type == ZYD_FIELD_LIST) {
        show_list(&t, rd, f, members);
    } else {
        show_bytes(&t, rd, f->type);
    }
    if (!rd->bad) {
        emit(ctx, f->name, t.data);
    }
}

void zyd_object_tell(const struct zyd_product *product, zyd_emit *emit, void *ctx, struct zyd_span value,
                     const struct zyd_members *members)
{
    size_t count = zyd_state_of(product, value) == NULL ? 0 : product->shown_count;
    for (size_t i = 0; i < count; i++) {
        const struct zyd_shown *s = &product->shown[i];
        char text[256];
        uint64_t v = 0;
        bool other = s->kind != 0 && value.data[0] != s->kind;
        if (other || (size_t)s->offset + s->size > value.size || s->size >= sizeof text / 2) {
            continue;
        }
        const uint8_t *p = value.data + s->offset;
        if (zyd_schema_is_number(s->field.type)) {
            for (size_t k = s->size; k > 0; k--) {
                v = v << 8 | p[k - 1];
            }
            zyd_schema_tell_number(emit, ctx, &s->field, v, members);
        } else if (s->field.type == ZYD_FIELD_ID) {
            zyd_schema_hex(text, p, s->size);
            emit(ctx, s->field.name, text);
        } else {
            memcpy(text, p, s->size);
            text[s->size] = 0;
            emit(ctx, s->field.name, text);
        }
    }
}

enum zyd_status zyd_args_decode(zyd_emit *emit, void *ctx, const struct zyd_event *event, struct zyd_span args,
                                const struct zyd_members *members)
{
    struct zyd_rd rd = zyd_rd_of(args);
    zyd_rd_array_of(&rd, event->arg_count);
    for (size_t k = 0; k < event->arg_count && !rd.bad; k++) {
        zyd_schema_tell(emit, ctx, &rd, &event->args[k], members);
    }
    return zyd_rd_done(&rd);
}
