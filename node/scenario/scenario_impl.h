/* scenario_impl.h: a parsed scenario, between its parser and its runner. */
#ifndef ZYD_SCENARIO_IMPL_H
#define ZYD_SCENARIO_IMPL_H

#include <zyd/scenario.h>

#define WORDS_MAX 64u
#define LABELS_MAX 512u

struct step {
    unsigned line;
    size_t count;
    char **words; /* words[count] is NULL; of one allocation each */
};
struct borrower {
    const char *label, *id;
};
struct zyd_scenario {
    struct zyd_scenario_plan plan;
    struct borrower borrowers[16];
    size_t borrower_count;
    struct step *steps; /* what is left after the plan: date, do, expect, check, alloc */
    size_t step_count, step_cap;
    char **kept; /* every allocation of words */
    size_t kept_count, kept_cap;
};

/* Digits alone -> a number; false: anything else. */
bool scenario_number(uint64_t *out, const char *text);
/* "16:30" -> minutes of the day; -1: no time. */
int scenario_minutes(const char *text);

/* scenario_check.c: statements `alloc`, `check`.  NULL when it holds, else what is wrong (static text or in why). */
struct alloc_memory {
    char name[32];
    size_t count;
    int64_t weights[16], paid[16];
};
struct checker {
    struct alloc_memory allocs[16];
    size_t alloc_count;
};
const char *scenario_check(struct checker *c, char why[ZYD_SCENARIO_WHY], const struct zyd_scenario_plan *plan,
                           const struct step *step);
/* Is the day a working day of the plan's calendar? */
bool scenario_working(const struct zyd_scenario_plan *plan, int32_t day);

/* ---- a run: scenario_run.c (steps), scenario_do.c (operations), scenario_expect.c (expectations) ---- */
#define ROWS_MAX 4096u
#define ACCOUNTS_MAX 512u

struct row {
    uint16_t member, label, programme;
    char dr[ZYD_ACCOUNT_MAX + 1], cr[ZYD_ACCOUNT_MAX + 1];
    int64_t fen;
    struct zyd_hash obligation;
    uint64_t due_ms; /* of the SYS operation that made it; 0: an operation of members */
    unsigned outcome;
};
struct label {
    char name[40];
    struct zyd_hash id;
    size_t programme; /* index in the plan */
};
struct account {
    uint16_t member;
    char code[ZYD_ACCOUNT_MAX + 1];
};
#define NO_PROGRAMME SIZE_MAX
struct run {
    const struct zyd_scenario *s;
    const struct zyd_scenario_backend *b;
    struct zyd_scenario_report *report;
    const struct zyd_genesis *g;
    const struct step *step, *action; /* the running statement; the last date or do */
    struct label objects[LABELS_MAX], obligations[LABELS_MAX * 4], operations[LABELS_MAX];
    size_t object_count, obligation_count, operation_count;
    struct row rows[ROWS_MAX]; /* all postings; those from `next` on wait for an `expect posting` */
    size_t row_count, next;
    unsigned outcome_count;
    struct account accounts[ACCOUNTS_MAX];
    size_t account_count;
    uint32_t code; /* of the last do; settled when it is expected or the action ends */
    bool code_open;
    bool in_turn;         /* the last do was countersigned */
    unsigned sys_count;   /* automatic steps of the last action */
    struct zyd_hash root; /* over all records after it; zeros: not known */
    uint32_t warnings[256];
    size_t warning_count;
    struct checker checker;
    char *why;
    enum zyd_status status;
};

/* One check: counted, told to the report. */
void scn_tell(struct run *r, const struct step *step, bool ok, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The file itself is wrong: the run ends. */
void scn_wrong(struct run *r, const char *what);
/* The backend failed: the run ends with its status. */
void scn_backend(struct run *r, enum zyd_status s);
uint16_t scn_member_of(struct run *r, const char *code);
const char *scn_member_text(const struct run *r, char out[13], uint16_t member); /* "?": no such member */
struct label *scn_find_label(struct label *labels, size_t count, const char *name);
bool scn_add_label(struct label *labels, size_t *count, size_t max, const char *name, const struct zyd_hash *id,
                   size_t programme);
/* Index in the plan: by code (wrong when there is none), by number (NO_PROGRAMME). */
size_t scn_programme_of(struct run *r, const char *code);
size_t scn_programme_index(const struct run *r, uint16_t number);
/* The product that a posting's label is of. */
const struct zyd_product *scn_product_of(const struct run *r, uint16_t programme);
uint16_t scn_contract(const struct run *r, size_t programme);
/* Account codes and stage rows with ".BORR" -> ".9143...".  out is large enough for any line. */
void scn_substitute(const struct run *r, char *out, size_t cap, const char *in);
void scn_row_text(const struct run *r, char out[200], const struct row *row);
void scn_end_action(struct run *r);
/* Debits less credits: the ledger's, or over the postings of some labels alone; of a programme or (NO_PROGRAMME) all. */
zyd_i128 scn_balance(struct run *r, const char *labels, size_t programme, uint16_t member, const char *code);
void scn_expect(struct run *r);
void scn_do(struct run *r);
void scn_govern(struct run *r);
/* scenario_cycle.c: what a settlement cycle came to.  "PROGRAMME#N" is the id of the programme's N-th cycle in hex,
 * "PROGRAMME#N/MEMBER" the hash of the member's statement as it stands, "PROGRAMME#N/K" the EndToEndId of payment K.  The
 * length of ref used; 0: wrong. */
size_t scn_cycle_ref(struct run *r, char out[72], const char *ref);
void scn_expect_cycle(struct run *r);

#endif
