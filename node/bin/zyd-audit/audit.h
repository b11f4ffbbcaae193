/* zyd-audit: its own parts.  bundle.c reads files, check.c runs the checks, sums.c adds up the final state, report.c writes. */
#ifndef ZYD_AUDIT_H
#define ZYD_AUDIT_H

#include <stdio.h>
#include <zyd/genesis.h>
#include <zyd/replica.h>
#include <zyd/verify.h>

enum { EXIT_VERIFIED = 0, EXIT_USAGE = 2, EXIT_BAD_LEDGER = 8, EXIT_COULD_NOT = 9 };

/* A file in memory; mapped when it is a segment. */
struct file {
    uint8_t *data;
    size_t size;
    bool mapped;
};
struct segment_file {
    char name[64];
    struct file file;
    struct zyd_segment segment;
};
struct plugin_file {
    char name[80];
    struct file file;
};
struct bundle {
    char dir[3072];
    struct file genesis_file;
    struct zyd_genesis genesis;
    struct plugin_file plugins[ZYD_PLUGINS_MAX];
    size_t plugin_count;
    struct segment_file *segments; /* ascending first_height */
    size_t segment_count;
    uint64_t first_height, last_height;
};
/* What kept us from checking (exit 9), or what the files already contradict (exit 8): text in why. */
int bundle_open(struct bundle *b, char *why, size_t why_size, const char *dir, const struct zyd_hash *genesis_hash);
void bundle_close(struct bundle *b);
int file_read(struct file *out, char *why, size_t why_size, const char *path, size_t size_max, bool map);
void file_free(struct file *f);
bool hex_read(struct zyd_hash *out, const char *text);
void hex_write(char out[65], const struct zyd_hash *h);

enum check_state { CHECK_NOT_DONE = 0, CHECK_DONE, CHECK_FAILED };
struct member_sum {
    zyd_i128 net;             /* debits - credits over all accounts: must be 0 */
    zyd_i128 owes, is_owed;   /* 2141.* and 1141.* */
};
struct result {
    enum check_state check[ZYD_CHECK_COUNT];
    bool failed;
    struct zyd_fault fault; /* the first, when failed */
    char fault_text[256];   /* more than the rule, when there is more to say */
    uint64_t blocks, entries, operations, envelope_signatures, certificate_signatures, records, accounts;
    struct zyd_header head;
    struct member_sum sums[ZYD_MEMBERS_MAX];
    double seconds;
};
struct run_options {
    unsigned jobs;
    bool progress;
};
void audit_run(struct result *out, struct bundle *b, const struct run_options *options);
/* Business sums over the final state; returns NULL or the rule broken (text static), height of the fault is the head's. */
const char *audit_sums(struct result *out, const struct bundle *b, struct zyd_replay *replay);

void report_text(FILE *to, const struct result *r, const struct bundle *b);
int report_json(FILE *to, const struct result *r, const struct bundle *b, const char *could_not);

#endif
