/* Goal: the deployed contracts in the real host, answering line by line, so that models in another language can be held
 * against them.
 * Method: tests/lib/ledger_fixture.h and the plugins as nodes run them.  tests/model/run_random.py speaks to it.  IDs,
 * arguments and parameters are in hex, "-" is nothing; lists are divided by commas.
 *
 *   ledger MEMBERS                       forgets the one before                                (no answer, as all up to start)
 *   member INDEX CODE ROLE               role: enum zyd_role
 *   plugin CONTRACT NAME
 *   programme ID CONTRACT CODE SETTLEMENT PARAMS
 *   start                                -> ok
 *   block MS                             one block; -> outcomes of its SYS calls
 *   op CONTRACT EVENT PROGRAMME MEMBER OBJECT REF SIGNERS ARGS, in a block of its own
 *                                        -> outcomes: fired deadlines, then the operation's own
 *   record CONTRACT KEY                  -> value          balance MEMBER PROGRAMME ACCOUNT -> debits less credits
 *   obligation ID                        -> debtor creditor amount state gross programme
 *
 * Outcomes: one line, each ended by ';':
 *   CODE EVENT DEADLINE OBJECT SEQ ~WARNING ... |MEMBER PROGRAMME LABEL DR CR FEN OBLIGATION ... @ID DEBTOR CREDITOR FEN STATE
 *   GROSS ... (each obligation that a posting names), then "!" when a refused operation changed a record.
 */
#include "tests/lib/ledger_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static struct zyd_fixture *f;

static size_t hex(uint8_t *to, size_t cap, const char *text)
{
    size_t size = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    zyd_assert(size <= cap);
    for (size_t i = 0; i < size; i++) {
        unsigned v;
        zyd_assert(sscanf(text + 2 * i, "%2x", &v) == 1);
        to[i] = (uint8_t)v;
    }
    return size;
}

static void put_hex(const void *data, size_t size)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++) {
        printf("%02x", p[i]);
    }
    if (size == 0) {
        putchar('-');
    }
}

static unsigned long number(const char *text)
{
    return strtoul(text, NULL, 10);
}

static void put_obligation(const struct zyd_hash *id)
{
    struct zyd_obligation o;
    if (!zyd_fixture_obligation(f, &o, id)) {
        return; /* an instruction of a cycle */
    }
    printf(" @");
    put_hex(id, sizeof *id);
    printf(" %u %u %lld %u %u", o.debtor, o.creditor, (long long)o.amount.fen, o.state, o.gross);
}

static void put_outcome(void)
{
    const struct zyd_outcome *o = &f->outcome;
    printf("%u %u %u ", o->code, o->event, o->deadline);
    put_hex(&o->object, o->has_object ? sizeof o->object : 0);
    printf(" %llu", (unsigned long long)o->seq);
    for (uint32_t i = 0; i < o->warning_count; i++) {
        printf(" ~%u", o->warnings[i]);
    }
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_posting *p = &o->postings[i];
        printf(" |%u %u %u %s %s %lld ", p->member, p->programme, p->label, p->dr, p->cr, (long long)p->amount.fen);
        put_hex(&p->obligation, zyd_hash_is_zero(&p->obligation) ? 0 : sizeof p->obligation);
    }
    for (uint32_t i = 0; i < o->posting_count; i++) {
        const struct zyd_hash *id = &o->postings[i].obligation;
        bool seen = zyd_hash_is_zero(id);
        for (uint32_t k = 0; k < i && !seen; k++) {
            seen = zyd_hash_eq(id, &o->postings[k].obligation);
        }
        if (!seen) {
            put_obligation(id);
        }
    }
}

static void do_op(char **w)
{
    static uint8_t args[65536];
    struct zyd_hash object;
    struct zyd_fixture_op op = {.contract = (uint16_t)number(w[1]), .event = (uint16_t)number(w[2]),
                                .programme = (uint16_t)number(w[3]), .member = (uint16_t)number(w[4]),
                                .expect_seq = UINT64_MAX};
    if (hex(object.b, sizeof object, w[5]) != 0) {
        op.object = &object;
    } else {
        op.ref = w[6];
    }
    for (char *p = w[7]; *p != 0 && *p != '-'; p += *p == ',') {
        op.signers[op.signer_count++] = (uint16_t)strtoul(p, &p, 10);
    }
    op.args = zyd_span(args, hex(args, sizeof args, w[8]));
    if (f->overlay != NULL) {
        zyd_fixture_end(f); /* what was due is in its own block: a refusal must leave the root as it is */
    }
    struct zyd_hash before = f->root;
    uint32_t sys = zyd_fixture_block(f, f->time_ms + 1);
    uint32_t code = zyd_fixture_run(f, &op);
    zyd_fixture_end(f);
    for (uint32_t i = 0; i < sys + f->last_count; i++) {
        zyd_assert(zyd_fixture_outcome(f, i));
        put_outcome();
        if (sys + f->last_count == 1 && code != 0 && code != 9114 && !zyd_hash_eq(&before, &f->root)) {
            printf(" !");
        }
        putchar(';');
    }
    putchar('\n');
}

static void do_block(char **w)
{
    uint32_t n = zyd_fixture_block(f, strtoull(w[1], NULL, 10));
    for (uint32_t i = 0; i < n; i++) {
        zyd_assert(zyd_fixture_outcome(f, i));
        put_outcome();
        putchar(';');
    }
    putchar('\n');
    zyd_fixture_end(f);
}

static void do_programme(char **w)
{
    static uint8_t params[4096];
    struct zyd_programme *p = zyd_fixture_programme(f, (uint16_t)number(w[1]), (uint16_t)number(w[2]), w[3],
                                                    zyd_span(params, hex(params, sizeof params, w[5])));
    p->dual = 0;
    p->settlement = (uint16_t)number(w[4]);
}

static void do_record(char **w)
{
    struct zyd_hash id, key;
    hex(id.b, sizeof id, w[2]);
    zyd_contract_object_key(&key, (uint16_t)number(w[1]), &id);
    struct zyd_span value = zyd_fixture_get(f, NULL, &key);
    put_hex(value.data, value.size);
    putchar('\n');
}

static void do_ledger(char **w)
{
    if (f != NULL) {
        if (f->overlay != NULL) {
            zyd_fixture_end(f);
        }
        zyd_fixture_free(f);
    }
    f = zyd_fixture_new((uint32_t)number(w[1]));
    f->limits = (struct zyd_state_limits){.records_max = 1u << 14, .recent_bytes = 16u << 20, .overlay_bytes = 4u << 20,
                                          .due_max = 1u << 12};
}

static void do_plugin(char **w)
{
    char path[1024];
    snprintf(path, sizeof path, ZYD_PLUGIN_DIR "/%s.elf", w[2]);
    zyd_fixture_plugin(f, (uint16_t)number(w[1]), w[2], path);
}

static void answer(char **w)
{
    if (strcmp(w[0], "op") == 0) {
        do_op(w);
    } else if (strcmp(w[0], "block") == 0) {
        do_block(w);
    } else if (strcmp(w[0], "record") == 0) {
        do_record(w);
    } else if (strcmp(w[0], "balance") == 0) {
        printf("%lld\n", (long long)zyd_fixture_balance(f, (uint16_t)number(w[1]), (uint16_t)number(w[2]), w[3]));
    } else if (strcmp(w[0], "obligation") == 0) {
        struct zyd_obligation o;
        struct zyd_hash id;
        hex(id.b, sizeof id, w[1]);
        zyd_assert(zyd_fixture_obligation(f, &o, &id));
        printf("%u %u %lld %u %u %u\n", o.debtor, o.creditor, (long long)o.amount.fen, o.state, o.gross, o.programme);
    } else if (strcmp(w[0], "ledger") == 0) {
        do_ledger(w);
    } else if (strcmp(w[0], "member") == 0) {
        zyd_fixture_member(f, (uint16_t)number(w[1]), w[2], (enum zyd_role)number(w[3]));
    } else if (strcmp(w[0], "plugin") == 0) {
        do_plugin(w);
    } else if (strcmp(w[0], "programme") == 0) {
        do_programme(w);
    } else if (strcmp(w[0], "start") == 0) {
        zyd_fixture_start(f);
        puts("ok");
    } else {
        zyd_panic(__FILE__, __LINE__, w[0]);
    }
}

int main(void)
{
    static char line[1u << 18];
    while (fgets(line, sizeof line, stdin) != NULL) {
        char *w[16];
        size_t n = 0;
        for (char *p = strtok(line, " \n"); p != NULL && n < 16; p = strtok(NULL, " \n")) {
            w[n++] = p;
        }
        if (n > 0) {
            answer(w);
            fflush(stdout);
        }
    }
    return 0;
}
