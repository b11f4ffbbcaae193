/* zyd-audit: its own parts.
 *
 *   files.c     a bundle's folder: SHA256SUMS against what is there, every file mapped and hashed
 *   manifest.c  SHA256SUMS and manifest.json as bytes: two readers without files, so that they can be fuzzed
 *   bundle.c    genesis, approvals, plugins, manifest, segments: what stands before the first block
 *   check.c     the blocks: workers (history, quorum, entry) and replay
 *   books.c     business sums over the final state
 *   pass.c      every operation of the verified blocks, for checks that look at the business a second way
 *   rederive_*.c  subsidies, shares and fees by an arithmetic of their own; findings.c: what they found
 *   report.c    the verdict, for people and programs; findings_report.c: what was found
 *   receipt.c   one receipt alone; words.c: an operation in words
 *   main.c      arguments and exit codes
 *
 * Exit codes (surfaces.md 3.2): what contradicts itself is 8, what is missing, cut or newer than the tool is 9.
 */
#ifndef ZYD_AUDIT_H
#define ZYD_AUDIT_H

#include "findings.h"
#include <stdio.h>
#include <zyd/genesis.h>
#include <zyd/replica.h>
#include <zyd/verify.h>

#define AUDIT_VERSION "0.1.0"
#define AUDIT_NAME_MAX 95u
#define AUDIT_FILES_MAX 200000u

enum { EXIT_VERIFIED = 0, EXIT_USAGE = 2, EXIT_BAD_LEDGER = 8, EXIT_COULD_NOT = 9, EXIT_BUG = 70 };

/* ---- manifest.c ---- */
struct audit_sum {
    char name[AUDIT_NAME_MAX + 1]; /* inside the bundle: at most one folder, no dots in front */
    struct zyd_hash hash;
};
struct audit_sums {
    struct audit_sum *rows; /* ascending names */
    size_t count;
};
/* 0 or EXIT_COULD_NOT with why (static text) and the line from 1.  Free with audit_sums_free in any case. */
int audit_sums_read(struct audit_sums *out, const char **why, size_t *line, struct zyd_span text);
void audit_sums_free(struct audit_sums *s);

struct audit_manifest_segment {
    char name[AUDIT_NAME_MAX + 1];
    uint64_t first_height, last_height, bytes;
    struct zyd_hash hash;
};
struct audit_manifest_file {
    char name[AUDIT_NAME_MAX + 1];
    uint64_t bytes;
};
struct audit_manifest {
    struct zyd_hash genesis_hash;
    uint64_t first_height, last_height, log_size;
    struct audit_manifest_segment *segments; /* ascending, without holes, from first_height to last_height */
    size_t segment_count;
    struct audit_manifest_file *files;
    size_t file_count;
};
/* 0, EXIT_COULD_NOT (cut, newer, heights missing) or EXIT_BAD_LEDGER (not a manifest), with why. */
int audit_manifest_read(struct audit_manifest *out, char *why, size_t why_size, struct zyd_span text);
void audit_manifest_free(struct audit_manifest *m);

bool audit_hex_read(struct zyd_hash *out, const char *text); /* 64 digits and NUL */
void audit_hex_write(char out[65], const struct zyd_hash *h);

/* ---- files.c ---- */
struct audit_file {
    char name[AUDIT_NAME_MAX + 1];
    struct zyd_span bytes;
    bool mapped;
    struct zyd_hash hash;
    bool changed;                   /* its bytes do not have the hash in SHA256SUMS */
    struct zyd_segment *segment;    /* of segments/: opened, or NULL */
    enum zyd_status segment_status; /* what zyd_segment_open said */
    const char *segment_why;
};
struct audit_files {
    struct audit_file *rows; /* ascending names; not SHA256SUMS */
    size_t count;
};
/* Reads one file whole (malloc). 0 or EXIT_COULD_NOT. */
int audit_file_read(struct zyd_span *out, char *why, size_t why_size, const char *path, size_t size_max);
/* Everything that SHA256SUMS lists must be there and nothing else.  0 or EXIT_COULD_NOT. */
int audit_files_open(struct audit_files *out, char *why, size_t why_size, const char *dir, unsigned jobs);
void audit_files_close(struct audit_files *f);
struct audit_file *audit_files_find(const struct audit_files *f, const char *name); /* or NULL */

/* ---- the checks, in the order of the report ---- */
enum audit_row {
    ROW_FILES = 0, /* SHA256SUMS, manifest, sizes */
    ROW_GENESIS,   /* the body has the hash that was given */
    ROW_APPROVALS, /* consortium.json makes that body; proofs of possession, approvals of every member */
    ROW_PLUGINS,   /* images pinned by genesis */
    ROW_FRAME,     /* from here on as enum zyd_check */
    ROW_CHAIN,
    ROW_HISTORY,
    ROW_QUORUM,
    ROW_ENTRY,
    ROW_REPLAY,
    ROW_SUMS,
    ROW_INVARIANTS, /* I1 to I11 of domain.md 3.0.9, a second way (node/invariant) */
    ROW_REDERIVE,  /* subsidies, shares and fees computed a second way (rederive_*.c) */
    ROW_RECEIPTS,  /* checked one by one by `receipt` */
    ROW_SOURCES,   /* other members' exports */
    ROW_WITNESSES, /* cosigned checkpoints */
    ROW_COUNT
};
enum audit_state { AUDIT_NOT_DONE = 0, AUDIT_DONE, AUDIT_FAILED };
struct audit_fault {
    enum audit_row row;
    bool has_height, has_entry;
    uint64_t height, entry;        /* entry: log index */
    char file[AUDIT_NAME_MAX + 1]; /* or "" */
    char rule[512]; /* as much as a struct zyd_err says */
    uint8_t invariant; /* ROW_INVARIANTS: 1..11, whose books and which object, where one is to blame */
    bool has_member, has_object;
    uint16_t member;
    struct zyd_hash object;
};
struct audit_member_sum {
    zyd_i128 net;           /* debits - credits over all accounts: must be 0 */
    zyd_i128 owes, is_owed; /* 2141.* and 1141.* */
};
struct audit_result {
    int exit;
    char could_not[512];      /* with EXIT_COULD_NOT */
    struct audit_fault fault; /* the first, with EXIT_BAD_LEDGER */
    enum audit_state state[ROW_COUNT];
    char why[ROW_COUNT][320]; /* why not done, or more about what was done */
    /* of the blocks below the fault, or all */
    uint64_t blocks, envelopes, operations, envelope_signatures, certificate_signatures;
    uint64_t records, accounts;
    struct zyd_header head; /* of the last good block */
    bool have_head;
    struct audit_member_sum sums[ZYD_MEMBERS_MAX];
    struct audit_findings findings; /* of a ledger that passed everything before ROW_REDERIVE */
    uint64_t rederived;             /* amounts compared */
    double seconds;
};
/* The first fault stays: lower height first, then the order of the rows; one without height comes after all that have one. */
void audit_note(struct audit_result *r, const struct audit_fault *f);
void audit_could_not(struct audit_result *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- bundle.c ---- */
struct audit_bundle {
    const char *dir;
    struct audit_files files;
    struct zyd_genesis genesis;
    bool have_genesis;
    struct zyd_span plugins[ZYD_PLUGINS_MAX];
    size_t plugin_count;
    struct audit_manifest manifest;
};
/* Checks everything that stands before the blocks.  Go on to audit_run when r->exit is 0 or EXIT_BAD_LEDGER and it returned
 * true. */
bool audit_bundle_open(struct audit_bundle *b, struct audit_result *r, const char *dir, const struct zyd_hash *genesis_hash,
                       unsigned jobs);
void audit_bundle_close(struct audit_bundle *b);

/* ---- check.c, books.c ---- */
enum audit_progress { AUDIT_QUIET = 0, AUDIT_BAR, AUDIT_LINES };
struct audit_options {
    unsigned jobs;
    enum audit_progress progress;
    const struct zyd_sig_ops *sig; /* NULL: libsodium.  Tests remember verdicts; must be safe from jobs threads */
    uint64_t memory;               /* bytes for records at the first attempt; 0: by the size of the bundle */
};
void audit_run(struct audit_result *r, struct audit_bundle *b, const struct audit_options *options);
/* The fault of a broken invariant, which zyd_inv_block or zyd_inv_scan told. */
struct zyd_inv_fault;
void audit_note_invariant(struct audit_result *r, const struct zyd_inv_fault *f, const struct zyd_genesis *g, const char *file);
/* open, run, close: what verify does. */
void audit_verify(struct audit_result *r, struct audit_bundle *b, const char *dir, const struct zyd_hash *genesis_hash,
                  const struct audit_options *options);
/* Business sums over the final state: NULL or the rule broken (static text). */
const char *audit_books(struct audit_result *r, const struct audit_bundle *b, struct zyd_replay *replay);

/* ---- report.c ---- */
const char *audit_row_name(enum audit_row row);
void audit_report_text(FILE *to, const struct audit_result *r, const struct audit_bundle *b);
int audit_report_json(FILE *to, const struct audit_result *r, const struct audit_bundle *b); /* 0 or -1 */
/* Fen as yuan with thousands and two decimals. */
void audit_yuan(char out[64], zyd_i128 fen);
/* text and spaces up to width columns; a wide (East Asian) character takes two. */
void audit_pad(FILE *to, const char *text, int width);

/* ---- findings_report.c ---- */
struct json_t;
void audit_findings_text(FILE *to, const struct audit_result *r, const struct audit_bundle *b);
struct json_t *audit_findings_json(const struct audit_result *r, const struct audit_bundle *b);

/* ---- receipt.c, words.c ---- */
/* loan: file with the proof of a loan that the receipt's operation enrolled, or NULL. */
int audit_receipt(FILE *to, const char *file, const char *genesis_file, const struct zyd_hash *genesis_hash, const char *loan,
                  bool json);
/* loan.c: the loan of the proof in file, by name, when it stands in the list that op enrolled; else NULL, and why. */
int audit_loan(struct json_t **loan, char *why, size_t why_size, const struct zyd_genesis *g, const struct zyd_op *op,
               uint32_t code, const char *file);
/* An operation and its outcome by name, as a JSON object (owned by the caller); op NULL for SYS. */
struct json_t *audit_words(const struct zyd_genesis *g, const struct zyd_op *op, const struct zyd_outcome *o);

#endif
