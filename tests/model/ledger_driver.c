/* Goal: the deployed contracts in the real host, answering line by line, so that models in another language can be held
 * against them.
 * Method: tests/lib/ledger_fixture.h and the plugins as nodes run them.  tests/model/run_random.py speaks to it.  IDs,
 * arguments and parameters are in hex, "-" is nothing; lists are divided by commas.  A process lives through any number of
 * ledgers; envelopes carry no real signatures (the host takes who signed from them, and trusts the gate before it).
 *
 *   ledger MEMBERS                       forgets the one before                                (no answer, as all up to start)
 *   member INDEX CODE ROLE               role: enum zyd_role
 *   plugin CONTRACT NAME
 *   programme ID CONTRACT CODE SETTLEMENT PARAMS
 *   start                                -> ok
 *   block MS                             one block; -> outcomes of its SYS calls
 *   op BEFORE AFTER CONTRACT EVENT PROGRAMME MEMBER OBJECT REF SIGNERS SEQ ARGS
 *                                        a block at BEFORE (0: none), the operation in a block of its own, and unless it was
 *                                        refused a block at AFTER; -> outcomes of the first block / of the second: fired
 *                                        deadlines, then the operation's own / of the third.  SEQ "-": the object's own
 *   records CONTRACT KEY,KEY...          -> a value a key, divided by spaces
 *   balance MEMBER PROGRAMME ACCOUNT     -> debits less credits; of many, divided by spaces
 *
 * Outcomes: one line, each ended by ';':
 *   CODE EVENT DEADLINE OBJECT ~WARNING ... |MEMBER PROGRAMME LABEL DR CR FEN OBLIGATION ... @ID DEBTOR CREDITOR FEN STATE
 *   GROSS PROGRAMME ... (each obligation that a posting names) =OP_ID (of an operation), then "!" when a refused operation
 *   changed the state's root.
 */
#include "tests/lib/ledger_fixture.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

/* Whether a key is a good one takes longer than a whole history: asked once for each of the consortium's keys (linked with
 * --wrap). */
bool __real_zyd_pk_enrollable(const struct zyd_pk *pk);
bool __wrap_zyd_pk_enrollable(const struct zyd_pk *pk);
bool __wrap_zyd_pk_enrollable(const struct zyd_pk *pk)
{
    static struct zyd_pk good[4 * ZYD_MEMBERS_MAX];
    static size_t count;
    for (size_t i = 0; i < count; i++) {
        if (memcmp(&good[i], pk, sizeof *pk) == 0) {
            return true;
        }
    }
    if (!__real_zyd_pk_enrollable(pk)) {
        return false;
    }
    zyd_assert(count < sizeof good / sizeof good[0]);
    good[count++] = *pk;
    return true;
}

static struct zyd_fixture *f;

static char answer_bytes[1u << 22];
static size_t answered;

static void put_char(char c)
{
    zyd_assert(answered < sizeof answer_bytes);
    answer_bytes[answered++] = c;
}

static void put_text(const char *text)
{
    while (*text != 0) {
        put_char(*text++);
    }
}

static void put_number(int64_t v)
{
    char digits[24];
    size_t n = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do {
        digits[n++] = (char)('0' + u % 10);
        u /= 10;
    } while (u > 0);
    if (v < 0) {
        put_char('-');
    }
    while (n > 0) {
        put_char(digits[--n]);
    }
}

static void put_hex(const void *data, size_t size)
{
    const uint8_t *p = data;
    for (size_t i = 0; i < size; i++) {
        put_char("0123456789abcdef"[p[i] >> 4]);
        put_char("0123456789abcdef"[p[i] & 15]);
    }
    if (size == 0) {
        put_char('-');
    }
}

static void say(void)
{
    put_char('\n');
    zyd_assert(fwrite(answer_bytes, 1, answered, stdout) == answered);
    answered = 0;
}

static uint8_t digit(char c)
{
    zyd_assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static size_t hex(uint8_t *to, size_t cap, const char *text)
{
    size_t size = strcmp(text, "-") == 0 ? 0 : strlen(text) / 2;
    zyd_assert(size <= cap);
    for (size_t i = 0; i < size; i++) {
        to[i] = (uint8_t)(digit(text[2 * i]) << 4 | digit(text[2 * i + 1]));
    }
    return size;
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
    const int64_t v[] = {o.debtor, o.creditor, o.amount.fen, o.state, o.gross, o.programme};
    put_text(" @");
    put_hex(id, sizeof *id);
    for (size_t i = 0; i < sizeof v / sizeof v[0]; i++) {
        put_char(' ');
        put_number(v[i]);
    }
}

static void put_posting(const struct zyd_posting *p)
{
    put_text(" |");
    put_number(p->member);
    put_char(' ');
    put_number(p->programme);
    put_char(' ');
    put_number(p->label);
    put_char(' ');
    put_text(p->dr);
    put_char(' ');
    put_text(p->cr);
    put_char(' ');
    put_number(p->amount.fen);
    put_char(' ');
    put_hex(&p->obligation, zyd_hash_is_zero(&p->obligation) ? 0 : sizeof p->obligation);
}

static void put_outcome(void)
{
    const struct zyd_outcome *o = &f->outcome;
    put_number(o->code);
    put_char(' ');
    put_number(o->event);
    put_char(' ');
    put_number(o->deadline);
    put_char(' ');
    put_hex(&o->object, o->has_object ? sizeof o->object : 0);
    for (uint32_t i = 0; i < o->warning_count; i++) {
        put_text(" ~");
        put_number(o->warnings[i]);
    }
    for (uint32_t i = 0; i < o->posting_count; i++) {
        put_posting(&o->postings[i]);
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

/* What is due at an instant, in as many blocks as the host needs: of one cycle that settles hundreds of obligations not all
 * are told in a block. */
static void run_block(uint64_t ms)
{
    bool more = true;
    for (uint64_t at = ms; more; at++) {
        struct zyd_due due;
        uint32_t n = zyd_fixture_block(f, at);
        for (uint32_t i = 0; i < n; i++) {
            zyd_assert(zyd_fixture_outcome(f, i));
            put_outcome();
            put_char(';');
        }
        more = n > 0 && zyd_overlay_due_next(f->overlay, &due, &f->block.sys_cursor, ms);
        zyd_fixture_end(f);
    }
}

static void do_op(char **w)
{
    static uint8_t args[65536];
    struct zyd_hash object;
    struct zyd_fixture_op op = {.contract = (uint16_t)number(w[3]), .event = (uint16_t)number(w[4]),
                                .programme = (uint16_t)number(w[5]), .member = (uint16_t)number(w[6]),
                                .expect_seq = w[10][0] == '-' ? UINT64_MAX : strtoull(w[10], NULL, 10)};
    if (hex(object.b, sizeof object, w[7]) != 0) {
        op.object = &object;
    } else {
        op.ref = w[8];
    }
    for (char *p = w[9]; *p != 0 && *p != '-'; p += *p == ',') {
        op.signers[op.signer_count++] = (uint16_t)strtoul(p, &p, 10);
    }
    op.args = zyd_span(args, hex(args, sizeof args, w[11]));
    uint64_t before_ms = strtoull(w[1], NULL, 10), after_ms = strtoull(w[2], NULL, 10);
    if (before_ms != 0) {
        run_block(before_ms); /* what was due is in its own block: a refusal must leave the root as it is */
    }
    put_char('/');
    struct zyd_hash before = f->root;
    uint32_t sys = zyd_fixture_block(f, f->time_ms + 1);
    uint32_t code = zyd_fixture_run(f, &op);
    zyd_fixture_end(f);
    for (uint32_t i = 0; i < sys + f->last_count; i++) {
        zyd_assert(zyd_fixture_outcome(f, i));
        put_outcome();
        if (i + 1 == sys + f->last_count) {
            put_text(" =");
            put_hex(&f->op_id, sizeof f->op_id);
        }
        if (sys + f->last_count == 1 && code != 0 && code != 9114 && !zyd_hash_eq(&before, &f->root)) {
            put_text(" !");
        }
        put_char(';');
    }
    put_char('/');
    if (code == 0) {
        run_block(after_ms);
    }
    say();
}

static void do_programme(char **w)
{
    static uint8_t params[4096];
    struct zyd_programme *p = zyd_fixture_programme(f, (uint16_t)number(w[1]), (uint16_t)number(w[2]), w[3],
                                                    zyd_span(params, hex(params, sizeof params, w[5])));
    p->dual = 0;
    p->settlement = (uint16_t)number(w[4]);
}

static void do_records(char **w)
{
    uint16_t contract = (uint16_t)number(w[1]);
    for (char *p = strtok(w[2], ","); p != NULL; p = strtok(NULL, ",")) {
        struct zyd_hash key;
        uint8_t name[ZYD_RECORD_KEY_MAX];
        size_t size = hex(name, sizeof name, p);
        zyd_record_key(&key, contract, zyd_span(name, size));
        struct zyd_span value = zyd_fixture_get(f, NULL, &key);
        put_hex(value.data, value.size);
        put_char(' ');
    }
    say();
}

static void do_balance(char **w, size_t n)
{
    for (size_t i = 1; i + 2 < n; i += 3) {
        put_number(zyd_fixture_balance(f, (uint16_t)number(w[i]), (uint16_t)number(w[i + 1]), w[i + 2]));
        put_char(' ');
    }
    say();
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
    f->unsigned_envelopes = true;
    f->limits = (struct zyd_state_limits){.records_max = 1u << 13, .recent_bytes = 4u << 20, .overlay_bytes = 2u << 20,
                                          .due_max = 1u << 11};
}

static void do_plugin(char **w)
{
    char path[1024];
    snprintf(path, sizeof path, ZYD_PLUGIN_DIR "/%s.elf", w[2]);
    zyd_fixture_plugin(f, (uint16_t)number(w[1]), w[2], path);
}

static void answer(char **w, size_t n)
{
    if (strcmp(w[0], "op") == 0) {
        do_op(w);
    } else if (strcmp(w[0], "block") == 0) {
        run_block(strtoull(w[1], NULL, 10));
        say();
    } else if (strcmp(w[0], "records") == 0) {
        do_records(w);
    } else if (strcmp(w[0], "balance") == 0) {
        do_balance(w, n);
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
        put_text("ok");
        say();
    } else {
        zyd_panic(__FILE__, __LINE__, w[0]);
    }
}

int main(void)
{
    static char line[1u << 18];
    static char *w[1024];
    mallopt(M_MMAP_THRESHOLD, 1 << 20); /* a ledger's large tables come as zero pages, and only what is touched costs */
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t n = 0, keep = strncmp(line, "records ", 8) == 0 ? 3 : 1024;
        char *save = NULL;
        for (char *p = strtok_r(line, " \n", &save); p != NULL && n < keep; p = strtok_r(NULL, " \n", &save)) {
            w[n++] = p;
        }
        if (n > 0) {
            answer(w, n);
            fflush(stdout);
        }
    }
    return 0;
}
