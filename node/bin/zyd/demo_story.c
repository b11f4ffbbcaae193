/* The year of the four products beside the guarantee, told as a table: a risk pool is founded, funded and pays a claim; a loan
 * is subsidised; a voucher is issued, split, passed on, discounted and matures.  One guaranteed loan is of a programme whose
 * obligations are netted.  demo.c calls each day's acts between its own steps; demo_cycle.c settles what is to be netted. */
#include <stdio.h>
#include <stdlib.h>

#include "demo.h"
#include "export.h"

#define FARM "91430100MA4TEXT00G" /* a borrower that no portfolio has */

struct act {
    int day; /* month * 100 + day; 0: the first day */
    const char *programme, *event, *object, *signers, *words; /* in words @MMDD and @today stand for dates of the year */
};
static const struct act acts[] = {
    /* (b) the county and the re-guarantor fund a risk pool 7:3, and a bank registers a loan with it */
    {0, "POOL", "CREATE", "POOL-1", "GUAR,LGOV,REG", "account=6225880000000001"},
    {0, "POOL", "FUND", "POOL-1-F1", "LGOV", "layer=COUNTY amount=700000.00 bank_ref=IN-1"},
    {0, "POOL", "FUND_CONFIRM", "POOL-1-F1", "GUAR", "amount=700000.00 bank_ref=IN-1"},
    {0, "POOL", "FUND", "POOL-1-F2", "REG", "layer=REGUAR amount=300000.00 bank_ref=IN-2"},
    {0, "POOL", "FUND_CONFIRM", "POOL-1-F2", "GUAR", "amount=300000.00 bank_ref=IN-2"},
    {0, "POOL", "ENROL", "POOL-1-W1", "LGOV", "borrower=" FARM " loan_class=1 valid_until=@1231"},
    {0, "POOL", "REGISTER_LOAN", "POOL-1-L1", "BANK",
     "borrower=" FARM " loan=sha256:pool-loan-1 loan_class=1 principal=1200000.00 rate_ppm=4.35% drawn_on=@today "
     "maturity=@1220"},
    /* (c) a service loan at 3 %, one point of it paid by the county */
    {0, "SUBSIDY", "ENROL", "SUB-1", "BANK,LGOV",
     "borrower=" FARM " household=sha256:farm loan=sha256:service-loan-1 amount=1000000.00 value_date=@today maturity=@1220 "
     "rate_ppm=3.00% lpr_ppm=3.00%"},
    /* (a) a guaranteed loan of a programme that settles by netting; demo.c's steps take it through the year */
    {0, "AHNET", "APPLY", "AHNET-1", "BANK",
     "borrower=" FARM " amount=600000.00 term_days=170 purpose=seed county=430121 consent=sha256:consent"},
    /* (d) the bank gives the leading firm a line; the firm owes its cooperative a million */
    {220, "VOUCHER", "LINE", "LINE-1", "BANK", "core=CORE limit=2000000.00 until=@1231"},
    {320, "SUBSIDY", "SETTLE", "SUB-1", "BANK,LGOV", "to=@0320 interest=6166.67 paid=6166.67 statement=sha256:statement-1"},
    {620, "VOUCHER", "ISSUE", "VOU-1", "CORE",
     "supplier=COOP face=1000000.00 due=@1120 invoices=\"sha256:invoice-1=1000000.00\""},
    {620, "VOUCHER", "ACCEPT", "VOU-1", "COOP", ""},
    {620, "VOUCHER", "SPLIT", "VOU-1", "COOP", "faces=600000.00,400000.00"},
    {620, "VOUCHER", "TRANSFER", "VOU-1/1", "COOP,SEED", "payee=SEED trade=sha256:delivery-1"},
    /* 92 days at 3.65 % on a basis of 360: 600,000 x 0.0365 x 92 / 360 */
    {820, "VOUCHER", "DISCOUNT", "VOU-1/0", "COOP,BANK",
     "bank=BANK rate_ppm=3.65% registration=01234567890123456789 cost=5596.67"},
    /* the pool's loan goes bad; the pool bears half of it, and half of what comes back refills it */
    {820, "POOL", "STATUS", "POOL-1-L1", "BANK", "what=NPL since=@0820"},
    {820, "POOL", "FILE", "POOL-1-L1", "BANK", "principal=1200000.00"},
    {820, "POOL", "DEPT_OK", "POOL-1-L1", "LGOV", "base=1200000.00"},
    {820, "POOL", "REVIEW_OK", "POOL-1-L1", "GUAR", "base=1200000.00 pay=600000.00"},
    {920, "POOL", "RECOVER", "POOL-1-L1", "BANK", "gross=200000.00 cost=2000.00 bank_ref=REC-1"},
};

/* ---- doing ---- */

int demo_signers(struct client *k, const char *signers)
{
    char list[64], *save = NULL;
    int rc = 0;
    memset(k->signers, 0, sizeof k->signers);
    k->signer_count = 0;
    snprintf(list, sizeof list, "%s", signers);
    for (char *code = strtok_r(list, ",", &save); code && rc == 0; code = strtok_r(NULL, ",", &save)) {
        rc = client_add_devnet_signer(k, code);
    }
    return rc;
}

/* Words with the dates filled in; cut at blanks that stand outside of quotes. */
static size_t pairs_from(struct zyd_pair *pairs, char *buffer, size_t cap, const struct story *s, const char *words)
{
    size_t n = 0, count = 0;
    for (const char *w = words; *w && n + 16 < cap;) {
        char *name = buffer + n;
        bool quoted = false;
        for (; *w && (quoted || *w != ' ') && n + 16 < cap; w++) {
            if (*w == '"') {
                quoted = !quoted;
            } else if (strncmp(w, "@today", 6) == 0) {
                n += (size_t)snprintf(buffer + n, cap - n, "%d", s->today);
                w += 5;
            } else if (*w == '@') {
                n += (size_t)snprintf(buffer + n, cap - n, "%d", s->year * 10000 + atoi((char[]){w[1], w[2], w[3], w[4], 0}));
                w += 4;
            } else {
                buffer[n++] = *w;
            }
        }
        buffer[n++] = '\0';
        char *eq = strchr(name, '=');
        zyd_assert(eq && count < PAIRS_MAX);
        *eq = '\0';
        pairs[count++] = (struct zyd_pair){name, eq + 1};
        w += *w == ' ';
    }
    return count;
}

static void face_of(char out[32], const json_t *contract)
{
    const json_t *fields = json_object_get(contract, "fields");
    out[0] = '\0';
    if (json_object_get(fields, "face_fen")) {
        zyd_yuan_text(out, json_fen(fields, "face_fen"), false);
    }
}

/* Object of the text, and its number now; the face of a voucher. */
static int find(struct story *s, struct intent *in, char face[32], const char *object)
{
    char ref[80], hex[65];
    int rc = 0;
    snprintf(ref, sizeof ref, "%.*s", (int)strcspn(object, "/"), object);
    json_t *o = contract_find(s->k, &rc, ref);
    rc = o ? intent_object(s->k, in, o) : rc;
    face_of(face, o);
    json_decref(o);
    if (rc == 0 && strchr(object, '/')) {
        struct zyd_hash parent = in->object, child;
        uint16_t number = (uint16_t)atoi(strchr(object, '/') + 1);
        zyd_assert(zyd_child_id(&child, client_product(s->k, in->programme), &parent, number));
        cli_hex(hex, child.b);
        o = contract_find(s->k, &rc, hex);
        rc = o ? intent_object(s->k, in, o) : rc;
        face_of(face, o);
        json_decref(o);
    }
    return rc;
}

/* The amount that an operation is about. */
static const char *amount_in(const struct zyd_pair *pairs, size_t count)
{
    static const char *const names[] = {"pay", "gross", "amount", "principal", "face", "limit", "interest", "base", "cost",
                                        "faces", NULL};
    for (size_t n = 0; names[n]; n++) {
        for (size_t i = 0; i < count; i++) {
            if (strcmp(pairs[i].name, names[n]) == 0) {
                return pairs[i].value;
            }
        }
    }
    return "";
}

static void note(struct story *s, const struct intent *in, const char *object, const char *signers, const char *amount)
{
    struct zyd_span code = in->programme->code;
    char date[16], yuan[32];
    int64_t fen;
    if (zyd_yuan_parse(&fen, amount)) {
        zyd_yuan_text(yuan, fen, true);
    } else {
        snprintf(yuan, sizeof yuan, "%s", amount); /* several */
    }
    snprintf(date, sizeof date, "%04d-%02d-%02d", s->today / 10000, s->today / 100 % 100, s->today % 100);
    json_array_append_new(s->done, json_pack("{s:s,s:s%,s:s,s:s,s:s,s:s,s:s}", "date", date, "programme", code.data, code.size,
                                             "event", in->event->name, "what", TR(s->c, in->event->zh, in->event->en), "object",
                                             object, "by", signers, "yuan", yuan));
}

int story_do(struct story *s, const char *programme, const char *event, const char *object, const char *signers,
             const char *words)
{
    struct intent *in = calloc(1, sizeof *in);
    struct zyd_pair pairs[PAIRS_MAX];
    struct zyd_op op;
    char buffer[1024], actor[ZYD_CODE_MAX + 1], face[32] = "";
    json_t *outcome = NULL;
    zyd_assert(in);
    size_t count = pairs_from(pairs, buffer, sizeof buffer, s, words);
    snprintf(actor, sizeof actor, "%.*s", (int)strcspn(signers, ","), signers);
    in->programme = client_programme(s->k, programme);
    in->event = zyd_event_by_name(client_product(s->k, in->programme), event);
    zyd_assert(in->event);
    in->member = (uint16_t)client_member(s->k, actor);
    snprintf(in->ref, sizeof in->ref, "%s", object);
    int rc = in->event->makes ? 0 : find(s, in, face, object);
    rc = rc ? rc : demo_signers(s->k, signers);
    rc = rc ? rc : intent_args(s->k, in, pairs, count);
    if (rc == 0) {
        intent_op(&op, in);
        rc = op_run(s->k, &op, false, &outcome);
    }
    if (rc == 0) {
        s->operations++;
        const char *amount = amount_in(pairs, count);
        note(s, in, object, signers, amount[0] ? amount : face);
    } else {
        cli_say(s->c, "%s %s %s (%s)", programme, event, object, signers);
    }
    json_decref(outcome);
    free(in);
    return rc;
}

static bool is_there(const struct story *s, const char *programme)
{
    const struct zyd_programme *p = client_programme(s->k, programme);
    bool firms = client_member(s->k, "CORE") >= 0 && client_member(s->k, "COOP") >= 0 && client_member(s->k, "SEED") >= 0;
    return p && (firms || strcmp(programme, "VOUCHER") != 0);
}

int story_day(struct story *s, int month_day)
{
    int rc = 0;
    unsigned before = s->operations;
    int64_t start = zyd_clock_mono_ms();
    if (month_day == 0 && client_programme(s->k, "VOUCHER") && !is_there(s, "VOUCHER")) {
        cli_say(s->c, TR(s->c, "  没有凭证业务：开发网缺少成员（zyd devnet up --member CORE --member COOP --member SEED）",
                         "  no vouchers: members are missing (zyd devnet up --member CORE --member COOP --member SEED)"));
    }
    for (size_t i = 0; rc == 0 && i < sizeof acts / sizeof acts[0]; i++) {
        const struct act *a = &acts[i];
        if (a->day == month_day && is_there(s, a->programme)) {
            rc = story_do(s, a->programme, a->event, a->object, a->signers, a->words);
        }
        rc = rc ? rc : cli_interrupted ? ZYD_EXIT_INTERRUPTED : 0;
    }
    int64_t ms = zyd_clock_mono_ms() - start;
    if (s->operations > before) {
        cli_say(s->c,
                TR(s->c, "  %04d-%02d-%02d  资金池、贴息、凭证：%u 项操作  %lld.%lld 秒",
                   "  %04d-%02d-%02d  pool, subsidy, vouchers: %u operations  %lld.%lld s"),
                s->today / 10000, s->today / 100 % 100, s->today % 100, s->operations - before, (long long)(ms / 1000),
                (long long)(ms % 1000 / 100));
    }
    return rc;
}

/* ---- the summary ---- */

static int print_obligations(struct story *s)
{
    static const char *const programmes[] = {"POOL", "SUBSIDY", "VOUCHER", "AHNET"};
    static const struct column columns[] = {{"programme", "项目", "PROGRAMME", 't'}, {"reason", "事由", "REASON", 't'},
                                            {"debtor", "应付方", "DEBTOR", 't'},     {"creditor", "应收方", "CREDITOR", 't'},
                                            {"amount_fen", "金额(元)", "AMOUNT", 'f'}, {"how", "结算", "SETTLED BY", 't'},
                                            {"state", "状态", "STATE", 't'},         {0}};
    json_t *rows = json_array(), *o;
    size_t i;
    int rc = 0;
    for (size_t p = 0; rc == 0 && p < sizeof programmes / sizeof programmes[0]; p++) {
        json_t *list = NULL;
        if (is_there(s, programmes[p])) {
            char path[80];
            snprintf(path, sizeof path, "/v1/obligations?programme=%s", programmes[p]);
            list = list_all(s->k, &rc, path);
        }
        json_array_foreach(list, i, o)
        {
            bool gross = json_is_true(json_object_get(o, "gross"));
            if (s->c->lang == ZYD_LANG_ZH && json_text(o, "reason_zh")[0]) {
                json_object_set(o, "reason", json_object_get(o, "reason_zh"));
            }
            json_object_set_new(o, "how", json_string(gross ? TR(s->c, "逐笔", "payment") : TR(s->c, "轧差", "netting")));
            json_array_append(rows, o);
        }
        json_decref(list);
    }
    cli_table(s->c, rows, columns);
    json_decref(rows);
    return rc;
}

/* What the pool's layers got, gave and have: the refund is in again. */
static int print_layers(struct story *s)
{
    static const struct column columns[] = {{"account", "资金层", "LAYER", 't'},
                                            {"credits_fen", "出资与回补(元)", "FUNDED, REFILLED", 'f'},
                                            {"debits_fen", "支出(元)", "DRAWN", 'f'},
                                            {"balance_fen", "余额(元)", "LEFT", 'f'},
                                            {0}};
    int rc = 0;
    json_t *list = list_all(s->k, &rc, "/v1/balances?member=GUAR&programme=POOL&prefix=3001");
    if (list) {
        puts("");
        cli_table(s->c, list, columns);
    }
    json_decref(list);
    return rc;
}

int story_summary(struct story *s)
{
    static const struct column columns[] = {{"date", "日期", "DATE", 't'},      {"programme", "项目", "PROGRAMME", 't'},
                                            {"what", "业务", "WHAT", 't'},      {"object", "编号", "OBJECT", 't'},
                                            {"by", "签署方", "SIGNED BY", 't'}, {"yuan", "金额(元)", "AMOUNT", 'r'},
                                            {0}};
    puts("");
    cli_table(s->c, s->done, columns);
    puts("");
    int rc = print_obligations(s);
    rc = rc || !is_there(s, "POOL") ? rc : print_layers(s);
    if (s->cycle) {
        puts("");
        story_cycle_summary(s);
    }
    return rc;
}
