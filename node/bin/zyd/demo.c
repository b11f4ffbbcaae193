/* zyd demo year: what four back offices would do with a portfolio of loans in a year, through the same API and envelopes as
 * theirs.
 *
 * The bank's applications are on the ledger already (zyd batch submit).  Every step reads the contracts' state from the ledger,
 * makes one operation a contract, and sends them in envelopes signed by exactly the institutions that the event needs. */
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/date.h>

#include "demo.h"
#include "devnet.h"
#include "export.h"

#define CHUNK 100u         /* operations an envelope, which may spend 25 million fuel: a drawdown costs about 150,000 */
#define DEFAULT_PERCENT 9u /* of the loans are not repaid */

struct loan {
    struct zyd_hash id;
    char ref[ZYD_CLIENT_REF_MAX + 1];
    const struct zyd_programme *programme;
    bool nfgf, lgov; /* who else has a share in the programme */
    char state[20];
    uint64_t seq;
    int64_t amount, principal, interest, claim;
    int32_t term, overdue, maturity;
};
struct demo {
    const struct cli *c;
    struct client k;
    struct loan *loans;
    size_t count;
    int32_t today, first;
    unsigned operations, refused;
    uint32_t codes[64];
    unsigned code_counts[64], code_kinds;
    struct story story;
};
/* One operation of a step: false when the loan takes no part.  Fills event arguments and who signs ("BANK,GUAR"; the first
 * acts).
 */
struct plan {
    struct zyd_pair pairs[6];
    size_t count;
    char text[6][80];
    char signers[48];
};
typedef bool step_fn(struct demo *d, const struct loan *l, struct plan *p);

static void put(struct plan *p, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));
static void put(struct plan *p, const char *name, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(p->text[p->count], sizeof p->text[0], format, args);
    va_end(args);
    p->pairs[p->count] = (struct zyd_pair){name, p->text[p->count]};
    p->count++;
}

static void put_fen(struct plan *p, const char *name, int64_t fen)
{
    char yuan[32];
    zyd_yuan_text(yuan, fen, false);
    put(p, name, "%s", yuan);
}

static bool in_state(const struct loan *l, const char *state)
{
    return strcmp(l->state, state) == 0;
}

/* Does this borrower repay?  Decided by the contract's id, so that a second run decides the same; the story's loan goes bad. */
static bool defaults(const struct loan *l)
{
    return l->programme->settlement != 0 || ((unsigned)l->id.b[0] << 8 | l->id.b[1]) % 100u < DEFAULT_PERCENT;
}

/* ---- reading the portfolio ---- */

static int32_t date_of(const json_t *o, const char *key)
{
    int32_t date = 0;
    return zyd_date_parse(&date, json_text(o, key)) ? date : 0;
}

static int load(struct demo *d)
{
    int rc = 0;
    json_t *list = list_all(&d->k, &rc, "/v1/contracts?contract=guarantee"), *o;
    size_t i;
    if (!list) {
        return rc;
    }
    d->loans = realloc(d->loans, (json_array_size(list) + 1) * sizeof *d->loans);
    zyd_assert(d->loans);
    d->count = 0;
    json_array_foreach(list, i, o)
    {
        struct loan *l = &d->loans[d->count];
        memset(l, 0, sizeof *l);
        l->programme = client_programme(&d->k, json_text(o, "programme"));
        if (!l->programme || !cli_unhex(l->id.b, json_text(o, "id"))) {
            continue;
        }
        char *params = NULL;
        struct zyd_err err;
        snprintf(l->ref, sizeof l->ref, "%s", json_text(o, "client_ref"));
        snprintf(l->state, sizeof l->state, "%s", json_text(o, "state"));
        l->seq = (uint64_t)json_fen(o, "seq");
        l->amount = json_fen(o, "amount_fen");
        l->principal = json_fen(o, "principal_fen");
        l->interest = json_fen(o, "interest_fen");
        l->claim = json_fen(o, "claim_fen");
        l->term = (int32_t)json_fen(o, "term_days");
        l->overdue = date_of(o, "overdue");
        /* the programmes are few: remember by pointer */
        static const struct zyd_programme *known;
        static bool nfgf, lgov;
        if (known != l->programme && zyd_params_show(&params, &err, "guarantee", l->programme->params, d->k.g) == ZYD_OK) {
            known = l->programme;
            nfgf = strstr(params, "NFGF ") != NULL;
            lgov = strstr(params, "LGOV ") != NULL;
        }
        free(params);
        l->nfgf = nfgf;
        l->lgov = lgov;
        d->count++;
    }
    json_decref(list);
    return 0;
}

/* ---- sending ---- */

static void note(struct demo *d, uint32_t code)
{
    unsigned i = 0;
    while (i < d->code_kinds && d->codes[i] != code) {
        i++;
    }
    if (i == d->code_kinds && i < 64) {
        d->codes[d->code_kinds] = code;
        d->code_counts[d->code_kinds++] = 0;
    }
    if (i < 64) {
        d->code_counts[i]++;
    }
}

static int send_ops(struct demo *d, struct oplist *ops, const char *signers, unsigned *done, unsigned *refused)
{
    uint8_t *bytes = NULL;
    size_t size = 0, i;
    struct zyd_hash env_id;
    int64_t wall = 0;
    json_t *answer = NULL, *o;
    int rc = demo_signers(&d->k, signers);
    rc = rc ? rc : client_wall(&d->k, &wall);
    rc = rc ? rc : client_envelope(&d->k, &bytes, &size, &env_id, ops, wall + 4 * 60 * 1000, false);
    rc = rc ? rc : client_send(&d->k, &answer, bytes, size, 60);
    json_array_foreach(json_object_get(answer, "operations"), i, o)
    {
        bool ok = strcmp(json_text(o, "result"), "done") == 0;
        *done += ok;
        *refused += !ok;
        if (!ok) {
            note(d, code_number(json_text(o, "code")));
        }
    }
    json_decref(answer);
    free(bytes);
    oplist_free(ops);
    return rc;
}

static void print_step(const struct demo *d, const char *name, unsigned done, unsigned refused, int64_t ms)
{
    if (done + refused) {
        cli_say(d->c,
                TR(d->c, "  %04d-%02d-%02d  %-10s 完成 %5u  拒绝 %3u  %lld.%lld 秒",
                   "  %04d-%02d-%02d  %-10s done %5u  refused %3u  %lld.%lld s"),
                d->today / 10000, d->today / 100 % 100, d->today % 100, name, done, refused, (long long)(ms / 1000),
                (long long)(ms % 1000 / 100));
    }
}

/* One event over all loans that take part, grouped by who signs. */
static int step(struct demo *d, const char *event, step_fn *fn)
{
    struct intent *in = calloc(1, sizeof *in);
    char groups[8][48];
    size_t group_count = 0;
    unsigned done = 0, refused = 0;
    int64_t start = zyd_clock_mono_ms();
    int rc = load(d);
    zyd_assert(in);
    for (size_t i = 0; rc == 0 && i < d->count; i++) { /* which groups there are */
        struct plan p = {0};
        size_t g = 0;
        if (fn(d, &d->loans[i], &p)) {
            while (g < group_count && strcmp(groups[g], p.signers) != 0) {
                g++;
            }
            if (g == group_count && group_count < 8) {
                snprintf(groups[group_count++], sizeof groups[0], "%s", p.signers);
            }
        }
    }
    for (size_t g = 0; rc == 0 && g < group_count; g++) {
        struct oplist ops = {0};
        char actor[16];
        snprintf(actor, sizeof actor, "%.*s", (int)strcspn(groups[g], ","), groups[g]);
        for (size_t i = 0; rc == 0 && i < d->count; i++) {
            struct plan p = {0};
            struct zyd_op op;
            if (!fn(d, &d->loans[i], &p) || strcmp(groups[g], p.signers) != 0) {
                continue;
            }
            *in = (struct intent){.event = zyd_event_by_name(&zyd_product_guarantee, event),
                                  .programme = d->loans[i].programme,
                                  .has_object = true,
                                  .object = d->loans[i].id,
                                  .seq = d->loans[i].seq,
                                  .member = (uint16_t)client_member(&d->k, actor)};
            rc = intent_args(&d->k, in, p.pairs, p.count);
            intent_op(&op, in);
            oplist_add(&ops, &op);
            if (ops.count == CHUNK && rc == 0) {
                rc = send_ops(d, &ops, groups[g], &done, &refused);
            }
        }
        if (rc == 0 && ops.count) {
            rc = send_ops(d, &ops, groups[g], &done, &refused);
        }
        oplist_free(&ops);
    }
    free(in);
    d->operations += done + refused;
    d->refused += refused;
    print_step(d, event, done, refused, zyd_clock_mono_ms() - start);
    return rc ? rc : cli_interrupted ? ZYD_EXIT_INTERRUPTED : 0;
}

/* Debtor and creditor confirm what is open between them, except reasons in `keep` and what a cycle nets. */
static int settle(struct demo *d, const char *keep)
{
    unsigned done = 0, refused = 0, pairs = 0;
    int64_t start = zyd_clock_mono_ms();
    char pair[64][32];
    int rc = 0;
    json_t *list = list_all(&d->k, &rc, "/v1/obligations?state=CREATED"), *o;
    size_t i;
    json_array_foreach(list, i, o)
    {
        char text[32];
        unsigned p = 0;
        snprintf(text, sizeof text, "%s,%s", json_text(o, "debtor"), json_text(o, "creditor"));
        while (p < pairs && strcmp(pair[p], text) != 0) {
            p++;
        }
        if (p == pairs && pairs < 64) {
            memcpy(pair[pairs++], text, sizeof text);
        }
    }
    for (unsigned p = 0; rc == 0 && p < pairs; p++) {
        struct oplist ops = {0};
        json_array_foreach(list, i, o)
        {
            char text[32], ref[36];
            uint8_t args[64];
            if (rc || !json_is_true(json_object_get(o, "gross")) || strcmp(json_text(o, "reason"), keep) == 0) {
                continue;
            }
            snprintf(text, sizeof text, "%s,%s", json_text(o, "debtor"), json_text(o, "creditor"));
            if (strcmp(text, pair[p]) != 0) {
                continue;
            }
            struct zyd_op op = {.event = ZYD_HOST_PAID, .has_object = true, .expect_seq = (uint64_t)json_fen(o, "seq")};
            op.member = (uint16_t)client_member(&d->k, json_text(o, "debtor"));
            (void)cli_unhex(op.object.b, json_text(o, "id"));
            snprintf(ref, sizeof ref, "%d-%.12s", d->today, json_text(o, "id"));
            struct zyd_wr wr = zyd_wr_of(args, sizeof args);
            zyd_wr_array(&wr, 1);
            zyd_wr_str(&wr, ref, strlen(ref));
            op.args = zyd_wr_span(&wr);
            oplist_add(&ops, &op);
            if (ops.count == CHUNK) {
                rc = send_ops(d, &ops, pair[p], &done, &refused);
            }
        }
        if (rc == 0 && ops.count) {
            rc = send_ops(d, &ops, pair[p], &done, &refused);
        }
        oplist_free(&ops);
    }
    json_decref(list);
    d->operations += done + refused;
    d->refused += refused;
    print_step(d, "PAID", done, refused, zyd_clock_mono_ms() - start);
    return rc;
}

/* ---- the steps ---- */

static bool dd_done(struct demo *d, const struct loan *l, struct plan *p)
{
    (void)d;
    put(p, "bank_report", "sha256:dd-bank-%s", l->ref);
    put(p, "guar_report", "sha256:dd-guar-%s", l->ref);
    snprintf(p->signers, sizeof p->signers, "BANK,GUAR");
    return in_state(l, "APPLIED");
}

static bool offer(struct demo *d, const struct loan *l, struct plan *p)
{
    (void)d;
    put_fen(p, "amount", l->amount);
    snprintf(p->signers, sizeof p->signers, l->amount > 500000000 ? "GUAR,REG" : "GUAR");
    return in_state(l, "DD");
}

static bool filing(struct demo *d, const struct loan *l, struct plan *p)
{
    (void)d;
    put(p, "filing", "sha256:filing-%s", l->ref);
    snprintf(p->signers, sizeof p->signers, l->nfgf ? "REG,NFGF" : "REG");
    return in_state(l, "OFFERED");
}

static bool issue(struct demo *d, const struct loan *l, struct plan *p)
{
    int32_t until = zyd_date_add(d->today, 60);
    put(p, "letter", "sha256:letter-%s", l->ref);
    put(p, "valid_until", "%d", until);
    snprintf(p->signers, sizeof p->signers, l->lgov ? "GUAR,BANK,LGOV" : "GUAR,BANK");
    return in_state(l, "OFFERED");
}

static const int maturities[] = {220, 320, 420, 620, 920, 1220}; /* days of the year on which the bank collects */

static int32_t maturity_of(const struct demo *d, const struct loan *l)
{
    int32_t best = 0;
    for (size_t i = 0; i < sizeof maturities / sizeof maturities[0]; i++) {
        int32_t m = d->first / 10000 * 10000 + maturities[i];
        if (zyd_days_between(d->first, m) <= l->term && zyd_days_between(d->first, m) > 0) {
            best = m;
        }
    }
    return best;
}

static bool disburse(struct demo *d, const struct loan *l, struct plan *p)
{
    int32_t m = maturity_of(d, l);
    put(p, "drawdown", "1");
    put_fen(p, "amount", l->amount);
    put(p, "value_date", "%d", d->today);
    put(p, "maturity", "%d", m);
    put(p, "rate_ppm", "%d", 36000 + l->id.b[2] % 20 * 500);
    snprintf(p->signers, sizeof p->signers, "BANK");
    return in_state(l, "ISSUED") && m > d->today;
}

/* On a maturity day: all that is owed.  Else the interest booked so far, and from some borrowers a third of the principal. */
static bool repay(struct demo *d, const struct loan *l, struct plan *p)
{
    bool last = maturity_of(d, l) == d->today;
    int64_t pay = l->interest;
    if (last) {
        pay += l->principal;
    } else if (d->today % 10000 == 620 && l->id.b[3] % 4 == 0) {
        pay += l->principal / 3;
    }
    put(p, "drawdown", "1");
    put(p, "value_date", "%d", d->today);
    put_fen(p, "amount", pay);
    snprintf(p->signers, sizeof p->signers, "BANK");
    return in_state(l, "ACTIVE") && pay > 0 && !(last && defaults(l));
}

static bool claim(struct demo *d, const struct loan *l, struct plan *p)
{
    put_fen(p, "principal", l->principal);
    put_fen(p, "interest", l->interest);
    put(p, "evidence", "sha256:notice-%.16s,sha256:loan-contract", l->ref);
    snprintf(p->signers, sizeof p->signers, "BANK");
    return in_state(l, "OVERDUE") && l->overdue && zyd_days_between(l->overdue, d->today) >= 60;
}

static bool approve(struct demo *d, const struct loan *l, struct plan *p)
{
    (void)d;
    put_fen(p, "amount", l->claim);
    snprintf(p->signers, sizeof p->signers, l->claim <= 300000000 ? "GUAR" : l->nfgf ? "GUAR,REG,NFGF" : "GUAR,REG");
    return in_state(l, "CLAIMED");
}

static bool recover(struct demo *d, const struct loan *l, struct plan *p)
{
    put_fen(p, "gross", l->claim / 5);
    put_fen(p, "cost", l->claim / 500 < 4000000 ? l->claim / 500 : 4000000);
    put(p, "bank_ref", "REC-%d-%.16s", d->today, l->ref);
    snprintf(p->signers, sizeof p->signers, "GUAR");
    return (in_state(l, "COMPENSATED") || in_state(l, "RECOVERING")) && l->claim > 0 &&
           (l->programme->settlement != 0 || l->id.b[4] % 2 == 0);
}

/* ---- the year ---- */

static int to_date(struct demo *d, int month_day)
{
    d->today = d->first / 10000 * 10000 + month_day;
    int64_t ms = zyd_ms_of_date(d->today) + 9 * 3600 * 1000, wall = 0;
    int rc = client_wall(&d->k, &wall);
    return rc || wall >= ms ? rc : devnet_clock_to(d->c, &d->k.devnet, ms);
}

/* What the other products do on this day. */
static int others(struct demo *d, int month_day)
{
    d->story.today = d->today;
    return story_day(&d->story, month_day);
}

static int net(struct demo *d)
{
    d->story.today = d->today;
    return story_cycle(&d->story);
}

static int sign_up(struct demo *d)
{
    int rc = others(d, 0);
    rc = rc ? rc : step(d, "DD_DONE", dd_done);
    rc = rc ? rc : step(d, "OFFER", offer);
    rc = rc ? rc : step(d, "FILE_RE", filing);
    rc = rc ? rc : step(d, "ISSUE", issue);
    rc = rc ? rc : step(d, "DISBURSE", disburse);
    return rc ? rc : settle(d, "");
}

static int claims(struct demo *d)
{
    int rc = step(d, "CLAIM", claim);
    rc = rc ? rc : step(d, "APPROVE", approve);
    return rc ? rc : settle(d, "RECOV");
}

static int power(struct demo *d, bool on)
{
    const struct devnet_member *m = devnet_find(&d->k.devnet, "LGOV");
    if (!m || !m->node || cli_opt(d->c, "no-kill")) {
        return 0;
    }
    if (!on) {
        cli_say(d->c,
                TR(d->c, "  ── kill -9 %s：四个节点停一个，账本继续", "  -- kill -9 %s: one of four is down, the ledger goes on"),
                m->code);
        devnet_stop(&d->k.devnet, m, SIGKILL);
        return 0;
    }
    cli_say(d->c, TR(d->c, "  ── 重启 %s 并追上", "  -- %s is started again and catches up"), m->code);
    return devnet_heal(d->c, &d->k.devnet, m);
}

static int year(struct demo *d)
{
    int rc = sign_up(d);
    rc = rc ? rc : to_date(d, 220);
    rc = rc ? rc : others(d, 220);
    rc = rc ? rc : step(d, "REPAY", repay);
    rc = rc ? rc : to_date(d, 320);
    rc = rc ? rc : step(d, "REPAY", repay);
    rc = rc ? rc : others(d, 320);
    rc = rc ? rc : settle(d, "");
    rc = rc ? rc : to_date(d, 420);
    rc = rc ? rc : step(d, "REPAY", repay);
    rc = rc ? rc : to_date(d, 620);
    rc = rc ? rc : step(d, "REPAY", repay);
    rc = rc ? rc : others(d, 620);
    rc = rc ? rc : power(d, false);
    rc = rc ? rc : claims(d);
    rc = rc ? rc : to_date(d, 820);
    rc = rc ? rc : others(d, 820);
    rc = rc ? rc : claims(d);
    rc = rc ? rc : power(d, true);
    rc = rc ? rc : to_date(d, 920);
    rc = rc ? rc : step(d, "REPAY", repay);
    rc = rc ? rc : step(d, "RECOVER", recover);
    rc = rc ? rc : others(d, 920);
    rc = rc ? rc : settle(d, "");
    rc = rc ? rc : to_date(d, 1120);
    rc = rc ? rc : claims(d);
    rc = rc ? rc : net(d);
    rc = rc ? rc : to_date(d, 1220);
    rc = rc ? rc : step(d, "REPAY", repay);
    return rc ? rc : step(d, "RECOVER", recover);
}

static int print_programmes(struct demo *d)
{
    int rc = 0;
    json_t *list = list_all(&d->k, &rc, "/v1/programmes");
    static const struct column columns[] = {{"code", "项目", "PROGRAMME", 't'},
                                            {"contracts", "合同", "CONTRACTS", 'r'},
                                            {"principal_fen", "在保本金(元)", "PRINCIPAL", 'f'},
                                            {"cap_fen", "代偿上限(元)", "CAP", 'f'},
                                            {"used_fen", "已代偿(元)", "USED", 'f'},
                                            {"room_fen", "余量(元)", "ROOM", 'f'},
                                            {"breaker", "熔断", "BREAKER", 't'},
                                            {0}};
    if (list) {
        cli_table(d->c, list, columns);
    }
    json_decref(list);
    return rc;
}

/* What each institution owes and is owed. */
static int print_positions(struct demo *d)
{
    int rc = 0;
    json_t *list = list_all(&d->k, &rc, "/v1/obligations?state=CREATED"), *o, *rows = json_array();
    size_t i;
    for (uint16_t m = 0; rc == 0 && m < d->k.g->member_count; m++) {
        char code[ZYD_CODE_MAX + 1];
        int64_t owes = 0, owed = 0;
        client_code(&d->k, m, code);
        json_array_foreach(list, i, o)
        {
            owes += strcmp(json_text(o, "debtor"), code) == 0 ? json_fen(o, "amount_fen") : 0;
            owed += strcmp(json_text(o, "creditor"), code) == 0 ? json_fen(o, "amount_fen") : 0;
        }
        struct zyd_span name = d->c->lang == ZYD_LANG_ZH ? d->k.g->members[m].name_zh : d->k.g->members[m].name_en;
        json_array_append_new(rows, json_pack("{s:s,s:s%,s:I,s:I,s:I}", "member", code, "name", (const char *)name.data,
                                              name.size, "owes_fen", (json_int_t)owes, "owed_fen", (json_int_t)owed, "net_fen",
                                              (json_int_t)(owed - owes)));
    }
    static const struct column columns[] = {{"member", "成员", "MEMBER", 't'},     {"name", "机构", "INSTITUTION", 't'},
                                            {"owes_fen", "应付(元)", "OWES", 'f'}, {"owed_fen", "应收(元)", "IS OWED", 'f'},
                                            {"net_fen", "净额(元)", "NET", 'f'},   {0}};
    cli_table(d->c, rows, columns);
    json_decref(rows);
    json_decref(list);
    return rc;
}

static int run_year(struct cli *c)
{
    struct demo d = {.c = c};
    int64_t start = zyd_clock_mono_ms(), wall = 0;
    int rc = client_open(&d.k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    if (!d.k.on_devnet) {
        client_close(&d.k);
        return cli_fail(c, ZYD_ERR_NOT_DEVELOPMENT, TR(c, "只能在开发网运行", "on a devnet only"));
    }
    rc = client_wall(&d.k, &wall);
    d.today = d.first = zyd_date_of_ms(wall);
    d.story = (struct story){.c = c, .k = &d.k, .year = d.first / 10000, .done = json_array()};
    if (rc == 0 && d.first % 10000 > 215) {
        rc = cli_fail(c, ZYD_ERR_USAGE,
                      TR(c, "模拟年度需从 1 月开始：zyd devnet up --start 2026-01-05",
                         "the year starts in January: zyd devnet up --start 2026-01-05"));
    }
    rc = rc ? rc : year(&d);
    int64_t ms = zyd_clock_mono_ms() - start;
    d.operations += d.story.operations;
    if (rc == 0) {
        for (unsigned i = 0; i < d.code_kinds; i++) {
            char label[8];
            zyd_catalogue_label(label, d.codes[i]);
            cli_say(c, "  %s %u  %s", label, d.code_counts[i], zyd_catalogue_get(d.codes[i])->text[c->lang]);
        }
        cli_say(c,
                TR(c, "一年：%u 项操作，%u 项被账本拒绝，%lld.%lld 秒",
                   "one year: %u operations, %u refused by the ledger, %lld.%lld s"),
                d.operations, d.refused, (long long)(ms / 1000), (long long)(ms % 1000 / 100));
        rc = print_programmes(&d);
        puts("");
        if (rc == 0 && d.refused > 0) { /* every operation of the year is legal */
            rc = cli_fail(c, ZYD_ERR_BUG, TR(c, "账本拒绝了 %u 项操作", "the ledger refused %u operations"), d.refused);
        }
        rc = rc ? rc : print_positions(&d);
        rc = rc ? rc : story_summary(&d.story);
    }
    json_decref(d.story.done);
    json_decref(d.story.cycle);
    free(d.loans);
    client_close(&d.k);
    return rc;
}

static int run_positions(struct cli *c)
{
    struct demo d = {.c = c};
    int rc = client_open(&d.k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    rc = print_positions(&d);
    client_close(&d.k);
    return rc;
}

static const struct option year_options[] = {{"no-kill", 0, NULL, "途中不停节点", "do not kill a node on the way"}, {0}};
const struct command demo_commands[] = {{"demo", "year", "local", "", "在开发网上模拟一年：五个产品，从放款到轧差清算",
                                         "simulate a year of the five products on a devnet",
                                         "zyd demo year --dir /tmp/dn", year_options, 0, 0, run_year},
                                        {"position", "list", "online", "", "各机构应付与应收",
                                         "what each institution owes and is owed", "zyd position list", NULL, 0, 0,
                                         run_positions},
                                        {0}};
