/* rederive_line.c: what an operation should have posted, row by row: member, label, both accounts in full, obligation. */
#include "rederive_nets.h"
#include <stdio.h>

static void copy_account(re_account out, const char *text)
{
    size_t n = strlen(text);
    n = n < ZYD_ACCOUNT_MAX ? n : ZYD_ACCOUNT_MAX;
    memcpy(out, text, n);
    memset(out + n, 0, sizeof(re_account) - n);
}

static struct re_line *append(struct re_lines *l, enum re_kind kind, uint16_t member, uint16_t label, const char *dr,
                              const char *cr)
{
    if (l->count == RE_LINES) {
        return NULL; /* a call posts no more than half of it */
    }
    struct re_line *x = &l->line[l->count++];
    *x = (struct re_line){.member = member, .label = label, .kind = kind};
    copy_account(x->dr, dr);
    copy_account(x->cr, cr);
    return x;
}

struct re_line *re_line_add(struct re_lines *l, enum re_kind kind, uint16_t member, uint16_t label, const char *dr,
                            const char *cr, int64_t amount, const struct zyd_hash *about)
{
    struct re_line *x = amount == 0 ? NULL : append(l, kind, member, label, dr, cr);
    if (x != NULL) {
        x->right = amount;
        x->about = about == NULL ? x->about : *about;
    }
    return x;
}

static bool matches(const struct re_line *x, const struct zyd_posting *p)
{
    return x->member == p->member && x->label == p->label && strcmp(x->dr, p->dr) == 0 && strcmp(x->cr, p->cr) == 0 &&
           (zyd_hash_is_zero(&x->about) || zyd_hash_eq(&x->about, &p->obligation));
}

void re_lines_compare(struct re *re, const struct audit_step *s, struct re_lines *l, enum re_kind other)
{
    size_t at = 0; /* rows mostly come in the order in which they are expected */
    for (uint32_t i = 0; i < s->o->posting_count; i++) {
        const struct zyd_posting *p = &s->o->postings[i];
        size_t n = 0;
        while (n < l->count && !matches(&l->line[(at + n) % l->count], p)) {
            n++;
        }
        struct re_line *x = n < l->count ? &l->line[(at + n) % l->count] : append(l, other, p->member, p->label, p->dr, p->cr);
        at = x == NULL ? 0 : (size_t)(x - l->line) + 1;
        if (x != NULL) {
            x->booked += p->amount.fen;
        }
    }
    for (size_t i = 0; i < l->count; i++) {
        const struct re_line *x = &l->line[i];
        re->compared++;
        if (x->booked != x->right) {
            re_find(re, s, x->kind, x->member, 0, 0, x->booked, x->right, "%s / %s", x->dr, x->cr);
        }
    }
}

void re_account_of(re_account out, const struct re *re, const char *code, uint16_t member)
{
    const struct zyd_genesis *g = re->genesis;
    const struct zyd_span *name = member < g->member_count ? &g->members[member].code : NULL;
    snprintf(out, sizeof(re_account), "%.4s.%.*s", code, name == NULL ? 0 : (int)(name->size & 31),
             name == NULL ? "" : (const char *)name->data);
}
