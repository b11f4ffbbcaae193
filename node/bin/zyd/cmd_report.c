/* zyd report county: what the programmes did for each county in a year, beside the tax figure that its authority attested.
 *
 *   contracts --drawdowns of the year--> loans, lent, guaranteed
 *   postings of the year --> compensated, recovered, paid by pools and returned to them, subsidised
 *   register --the record that stands--> tax
 *
 * A loan's county is what its guarantee says; a pool's loan and a subsidised one name the guarantee.
 *
 * All of it is the ledger of one height: it is read again when the ledger moved meanwhile. */
#include <stdio.h>
#include <stdlib.h>

#include <zyd/pool.h>
#include <zyd/register.h>
#include <zyd/subsidy.h>

#include "export.h"
#include "ops.h"

#define TRIES 6

struct county {
    uint32_t code; /* 0: the contract names none */
    uint64_t loans;
    int64_t lent, guaranteed, compensated, recovered, pool_compensated, pool_returned, subsidised, tax;
    bool has_tax;
};
struct job {
    struct client k;
    int32_t year;
    struct county *rows;
    size_t count;
    json_t *county_of, *pool_county_of; /* id of an object -> county; of a pool's loan */
};

static struct county *county(struct job *j, uint32_t code)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->rows[i].code == code) {
            return &j->rows[i];
        }
    }
    j->rows = realloc(j->rows, (j->count + 1) * sizeof *j->rows);
    zyd_assert(j->rows);
    j->rows[j->count] = (struct county){.code = code};
    return &j->rows[j->count++];
}

static bool in_year(const struct job *j, const char *date)
{
    int32_t d;
    return zyd_date_parse(&d, date) && d / 10000 == j->year;
}

/* Millionths of the guarantee side: from the programme's tree, or that of the contract's tier. */
static uint32_t rest_ppm(const struct zyd_programme *p, uint32_t tier)
{
    struct zyd_rd rd = zyd_rd_of(p->params);
    uint32_t parts = zyd_rd_array(&rd, 6);
    zyd_rd_skip(&rd);
    struct zyd_span tree = zyd_rd_bin(&rd, ZYD_GUARANTEE_NODES_MAX * ZYD_GUARANTEE_NODE_SIZE);
    const uint8_t *bank = tree.data;
    if (parts == 6 && tier > 0) {
        for (int i = 0; i < 3; i++) {
            zyd_rd_skip(&rd);
        }
        struct zyd_span tiers = zyd_rd_bin(&rd, 8192);
        size_t at = 2 + (tier - 1) * (ZYD_GUARANTEE_TIER_HEAD + tree.size) + ZYD_GUARANTEE_TIER_HEAD;
        bank = at + 4 <= tiers.size ? tiers.data + at : bank;
    }
    return rd.bad || tree.size < 4 ? 0 : 1000000u - zyd_get32(bank);
}

/* ALLOC of two: what is left over goes to the larger remainder, of two equal ones to the bank. */
static int64_t share_of(int64_t amount, uint32_t ppm)
{
    zyd_u128 product = (zyd_u128)(uint64_t)amount * ppm;
    uint32_t left = (uint32_t)(product % 1000000u);
    return (int64_t)(product / 1000000u) + (left > 500000u);
}

static int on_guarantee(struct job *j, const json_t *o)
{
    int rc = 0;
    size_t i;
    uint32_t code = (uint32_t)json_integer_value(json_object_get(o, "county"));
    const struct zyd_programme *p = client_programme(&j->k, json_text(o, "programme"));
    json_object_set_new(j->county_of, json_text(o, "id"), json_integer(code));
    if (json_fen(o, "drawn_fen") == 0 || !p) {
        return 0;
    }
    uint32_t rest = rest_ppm(p, (uint32_t)json_integer_value(json_object_get(o, "tier")));
    json_t *d, *page = http_get(j->k.c, &j->k.http, &rc, "/v1/contracts/%.64s", json_text(o, "id"));
    json_array_foreach(json_object_get(page, "drawdowns"), i, d)
    {
        if (in_year(j, json_text(d, "value_date"))) {
            struct county *c = county(j, code);
            int64_t principal = json_fen(d, "principal_fen");
            c->loans++;
            c->lent += principal;
            c->guaranteed += share_of(principal, rest);
        }
    }
    json_decref(page);
    return rc;
}

/* Bytes of the record that a list shows; 0: none. */
static size_t value_of(uint8_t *out, size_t cap, const json_t *o)
{
    const char *hex = json_text(o, "value");
    size_t n = 0;
    for (unsigned byte; n < cap && sscanf(hex + 2 * n, "%2x", &byte) == 1; n++) {
        out[n] = (uint8_t)byte;
    }
    return n;
}

/* A subsidy belongs to the county of the guarantee that it names. */
static int on_subsidy(struct job *j, const json_t *o, const struct zyd_programme *p)
{
    uint8_t bytes[sizeof(struct zyd_subsidy_enrolment)], name[33] = {ZYD_SUBSIDY_KEY_LOAN};
    struct zyd_subsidy_enrolment e;
    struct zyd_subsidy_loan loan;
    char hex[65];
    if (value_of(bytes, sizeof bytes, o) != sizeof e || bytes[0] != ZYD_SUBSIDY_KIND_ENROLMENT) {
        return 0;
    }
    memcpy(&e, bytes, sizeof e);
    memcpy(name + 1, e.loan, 32);
    struct client_record *r = calloc(1, sizeof *r);
    zyd_assert(r);
    int rc = client_record_named(&j->k, r, p->contract, name, sizeof name);
    json_t *code = NULL;
    if (rc == 0 && r->size >= sizeof loan) {
        memcpy(&loan, r->value, sizeof loan);
        cli_hex(hex, loan.guarantee);
        code = loan.linked ? json_object_get(j->county_of, hex) : NULL;
    }
    json_object_set(j->county_of, json_text(o, "id"), code ? code : json_integer(0));
    free(r);
    return rc;
}

/* A pool's loan belongs to the county of the guarantee that it names. */
static void on_pool(struct job *j, const json_t *o)
{
    uint8_t bytes[sizeof(struct zyd_pool_loan)];
    struct zyd_pool_loan loan;
    char hex[65];
    if (value_of(bytes, sizeof bytes, o) == sizeof loan && bytes[0] == ZYD_POOL_KIND_LOAN) {
        memcpy(&loan, bytes, sizeof loan);
        cli_hex(hex, loan.guarantee);
        json_t *code = json_object_get(j->county_of, hex);
        json_object_set(j->pool_county_of, json_text(o, "id"), code);
        if (!code) {
            json_object_set_new(j->pool_county_of, json_text(o, "id"), json_integer(0));
        }
    }
}

static void on_register(struct job *j, const json_t *o)
{
    uint8_t bytes[sizeof(struct zyd_register_record)];
    struct zyd_register_record r;
    if (value_of(bytes, sizeof bytes, o) == sizeof r) {
        memcpy(&r, bytes, sizeof r);
        if (r.kind == ZYD_REGISTER_KIND_TAX && r.state == ZYD_RS_STANDS && r.year == j->year) {
            struct county *c = county(j, r.county);
            c->tax += r.value; /* of several authorities, where a programme each has one */
            c->has_tax = true;
        }
    }
}

static int read_objects(struct job *j, const json_t *all)
{
    int rc = 0;
    size_t i;
    const json_t *o;
    for (int pass = 0; pass < 2; pass++) { /* a subsidy and a pool's loan look for their guarantee */
        json_array_foreach(all, i, o)
        {
            const struct zyd_product *product = zyd_product_by_name(json_text(o, "contract"));
            const struct zyd_programme *p = client_programme(&j->k, json_text(o, "programme"));
            if (rc || cli_interrupted || json_integer_value(json_object_get(o, "seq")) == 0 || !p) {
                continue;
            }
            if (pass == 0 && product == &zyd_product_guarantee && strcmp(json_text(o, "kind"), "contract") == 0) {
                rc = on_guarantee(j, o);
            } else if (pass == 0 && product == &zyd_product_register) {
                on_register(j, o);
            } else if (pass == 1 && product == &zyd_product_subsidy) {
                rc = on_subsidy(j, o, p);
            } else if (pass == 1 && product == &zyd_product_pool) {
                on_pool(j, o);
            }
        }
    }
    return rc;
}

static bool is(const json_t *p, const char *key, const char *text)
{
    return strcmp(json_text(p, key), text) == 0;
}

static bool begins(const json_t *p, const char *key, const char *text)
{
    return strncmp(json_text(p, key), text, strlen(text)) == 0;
}

/* +1 when the posting is dr / cr (by their beginnings), -1 when it is its mirror (a reversal), else 0. */
static int64_t sign_of(const json_t *p, const char *dr, const char *cr)
{
    return begins(p, "dr", dr) && begins(p, "cr", cr) ? 1 : begins(p, "dr", cr) && begins(p, "cr", dr) ? -1 : 0;
}

/* A pool's layers pay the bank (3001/2141); what recoveries bring them and what is demanded back, the bank owes (1141/3009). */
static void on_pool_posting(struct job *j, const json_t *p, const json_t *code)
{
    struct county *c = county(j, (uint32_t)json_integer_value(code));
    int64_t fen = json_fen(p, "amount_fen");
    c->pool_compensated += sign_of(p, "3001.", "2141.") * fen;
    c->pool_returned += sign_of(p, "1141.", "3009") * fen;
}

static void read_postings(struct job *j, const json_t *all)
{
    size_t i;
    const json_t *p;
    json_array_foreach(all, i, p)
    {
        const json_t *code = json_object_get(j->county_of, json_text(p, "object"));
        const json_t *pools = json_object_get(j->pool_county_of, json_text(p, "object"));
        if ((!code && !pools) || !in_year(j, json_text(p, "date"))) {
            continue;
        }
        if (pools) {
            on_pool_posting(j, p, pools);
            continue;
        }
        struct county *c = county(j, (uint32_t)json_integer_value(code));
        int64_t fen = json_fen(p, "amount_fen");
        if (is(p, "label", "CLAIM_OK")) {
            c->compensated += sign_of(p, "1135", "2141.") * fen;
        } else if (is(p, "label", "RECOV")) {
            c->recovered += (sign_of(p, "1001", "2171") - sign_of(p, "2171", "1001.COST")) * fen;
        } else if (begins(p, "dr", "5031") || begins(p, "cr", "5031")) { /* subsidies, and what comes back of them */
            c->subsidised += begins(p, "dr", "5031") ? fen : -fen;
        }
    }
}

static int by_code(const void *a, const void *b)
{
    const struct county *x = a, *y = b;
    return x->code < y->code ? -1 : x->code > y->code;
}

static void put_fen(json_t *o, const char *name, int64_t fen)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)fen);
    json_object_set_new(o, name, json_string(text));
}

static const struct column columns[] = {{"county", "区县", "COUNTY", 't'},
                                        {"loans", "笔数", "LOANS", 'r'},
                                        {"lent_fen", "放款", "LENT", 'f'},
                                        {"guaranteed_fen", "担保责任", "GUARANTEED", 'f'},
                                        {"compensated_fen", "代偿", "COMPENSATED", 'f'},
                                        {"recovered_fen", "净追回", "RECOVERED", 'f'},
                                        {"pool_compensated_fen", "资金池补偿", "BY POOLS", 'f'},
                                        {"pool_returned_fen", "返还资金池", "TO POOLS", 'f'},
                                        {"subsidised_fen", "补贴", "SUBSIDISED", 'f'},
                                        {"tax_fen", "税收", "TAX", 'f'},
                                        {0}};

static json_t *rows_json(const struct job *j)
{
    json_t *rows = json_array();
    for (size_t i = 0; i < j->count; i++) {
        const struct county *c = &j->rows[i];
        char code[16] = "";
        snprintf(code, sizeof code, "%.0u", c->code); /* "" for a contract that names none */
        json_t *o = json_pack("{s:s,s:I}", "county", code, "loans", (json_int_t)c->loans);
        put_fen(o, "lent_fen", c->lent);
        put_fen(o, "guaranteed_fen", c->guaranteed);
        put_fen(o, "compensated_fen", c->compensated);
        put_fen(o, "recovered_fen", c->recovered);
        put_fen(o, "pool_compensated_fen", c->pool_compensated);
        put_fen(o, "pool_returned_fen", c->pool_returned);
        put_fen(o, "subsidised_fen", c->subsidised);
        if (c->has_tax) {
            put_fen(o, "tax_fen", c->tax);
        }
        json_array_append_new(rows, o);
    }
    return rows;
}

/* County and number of loans, then each amount as fen and as yuan; a figure that nobody attested is empty. */
static int write_csv(const struct cli *c, const json_t *rows, int32_t year, const char *path)
{
    char *text = NULL;
    size_t size = 0, i;
    const json_t *o;
    FILE *f = open_memstream(&text, &size);
    zyd_assert(f);
    fputs("\xef\xbb\xbfyear,county,loans", f);
    for (size_t k = 2; columns[k].key; k++) {
        fprintf(f, ",%s,%.*s_yuan", columns[k].key, (int)(strlen(columns[k].key) - 4), columns[k].key);
    }
    fputs("\r\n", f);
    json_array_foreach(rows, i, o)
    {
        fprintf(f, "%d,%s,%lld", year, json_text(o, "county"), (long long)json_integer_value(json_object_get(o, "loans")));
        for (size_t k = 2; columns[k].key; k++) {
            bool there = json_object_get(o, columns[k].key) != NULL;
            int64_t fen = json_fen(o, columns[k].key);
            char yuan[32] = "";
            zyd_yuan_text(yuan, fen < 0 ? -fen : fen, false);
            if (there) {
                fprintf(f, ",%lld,%s%s", (long long)fen, fen < 0 ? "-" : "", yuan);
            } else {
                fputs(",,", f);
            }
        }
        fputs("\r\n", f);
    }
    fclose(f);
    int rc = cli_write(c, path, text, size, 0644, false);
    free(text);
    return rc;
}

static int64_t height_now(struct job *j, int *rc)
{
    json_t *head = http_get(j->k.c, &j->k.http, rc, "/v1/blocks/latest");
    int64_t height = json_fen(head, "height");
    json_decref(head);
    return height;
}

static int read_ledger(struct job *j, int64_t *height)
{
    int rc = 0;
    for (int i = 0; rc == 0 && i < TRIES; i++) {
        *height = height_now(j, &rc);
        j->count = 0;
        json_object_clear(j->county_of);
        json_object_clear(j->pool_county_of);
        json_t *objects = rc ? NULL : list_all(&j->k, &rc, "/v1/contracts");
        json_t *postings = rc ? NULL : list_all(&j->k, &rc, "/v1/postings");
        rc = rc ? rc : read_objects(j, objects);
        if (rc == 0) {
            read_postings(j, postings);
        }
        json_decref(objects);
        json_decref(postings);
        if (rc || height_now(j, &rc) == *height) {
            return rc;
        }
    }
    return rc ? rc : cli_fail(j->k.c, ZYD_ERR_LEDGER_MOVED, "%d x, %lld", TRIES, (long long)*height);
}

static int run_county(struct cli *c)
{
    struct job j = {.count = 0};
    long year = 0;
    int64_t height = 0;
    if (!cli_opt(c, "year")) {
        return cli_fail(c, ZYD_ERR_USAGE, "--year Y");
    }
    if (!cli_number(c, "year", 0, 1994, 9999, &year)) {
        return ZYD_EXIT_USAGE;
    }
    j.year = (int32_t)year;
    int rc = client_open(&j.k, c, CLIENT_NODE | CLIENT_GENESIS);
    if (rc) {
        return rc;
    }
    j.county_of = json_object();
    j.pool_county_of = json_object();
    rc = read_ledger(&j, &height);
    if (rc == 0) {
        if (j.count > 0) {
            qsort(j.rows, j.count, sizeof *j.rows, by_code);
        }
        json_t *rows = rows_json(&j);
        if (cli_opt(c, "csv")) {
            rc = write_csv(c, rows, j.year, cli_opt(c, "csv"));
        } else {
            cli_table(c, rows, columns);
        }
        json_decref(rows);
        cli_say(c,
                TR(c, "%ld 年，高度 %lld；贴息和资金池补偿只在其贷款由本账本担保时归入区县",
                   "%ld, at height %lld; a subsidy or a pool's compensation belongs to a county where its "
                   "loan is guaranteed on this ledger"),
                year, (long long)height);
    }
    json_decref(j.county_of);
    json_decref(j.pool_county_of);
    free(j.rows);
    client_close(&j.k);
    return rc;
}

static const struct option county_options[] = {
    {"year", 0, "Y", "年度", "year"}, {"csv", 0, "FILE", "写入 CSV 文件", "write a CSV file"}, {0}};
const struct command report_commands[] = {{"report", "county", "online", "--year Y [--csv FILE]",
                                           "区县年度报表：贷款、担保、代偿、追回、资金池、补贴、税收",
                                           "a year by county: loans, guarantees, claims, recoveries, pools, subsidies, tax",
                                           "zyd report county --year 2025 --csv county.csv", county_options, 0, 0, run_county},
                                          {0}};
