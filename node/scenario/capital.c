/* capital.c: amounts in financial Chinese numerals, as bank bills are written (正确填写票据和结算凭证的基本规定). */
#include <stdio.h>
#include <string.h>

#include <zyd/product.h>

struct text {
    char *at;
    size_t size;
    bool any, zero; /* a figure stands; zeros follow it that are not written yet */
};

static void put(struct text *t, const char *word)
{
    size_t n = strlen(word);
    zyd_assert(t->size + n < ZYD_CAPITAL_SIZE);
    memcpy(t->at + t->size, word, n + 1);
    t->size += n;
}

/* One figure and its unit.  A run of zeros is one 零, and only once a figure follows it. */
static void figure(struct text *t, int d, const char *unit)
{
    static const char *const figures[] = {"零", "壹", "贰", "叁", "肆", "伍", "陆", "柒", "捌", "玖"};
    if (d == 0) {
        t->zero = t->any;
        return;
    }
    if (t->zero) {
        put(t, "零");
    }
    put(t, figures[d]);
    put(t, unit);
    t->any = true;
    t->zero = false;
}

/* Four figures; group is said when one of them is not zero. */
static void four(struct text *t, int64_t n, const char *group)
{
    figure(t, (int)(n / 1000 % 10), "仟");
    figure(t, (int)(n / 100 % 10), "佰");
    figure(t, (int)(n / 10 % 10), "拾");
    figure(t, (int)(n % 10), "");
    if (n % 10000 != 0) {
        put(t, group);
    }
}

bool zyd_yuan_capital(char out[ZYD_CAPITAL_SIZE], int64_t fen)
{
    struct text t = {.at = out};
    out[0] = '\0';
    if (fen < 0 || fen > ZYD_MONEY_MAX) {
        return false;
    }
    int64_t yuan = fen / 100, above = yuan / 100000000;
    four(&t, above / 10000 % 10000, "万"); /* of 亿: 万亿 is 万 here and 亿 once, after all of them */
    four(&t, above % 10000, "");
    if (above != 0) {
        put(&t, "亿");
    }
    four(&t, yuan / 10000 % 10000, "万");
    four(&t, yuan % 10000, "");
    if (yuan != 0) {
        put(&t, "元");
    }
    if (fen == 0) {
        put(&t, "零元");
    }
    figure(&t, (int)(fen / 10 % 10), "角");
    figure(&t, (int)(fen % 10), "分");
    if (fen % 10 == 0) {
        put(&t, "整"); /* after 角 it is free; written, nothing can be added behind it */
    }
    return true;
}
