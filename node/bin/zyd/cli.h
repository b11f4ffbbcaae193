/* The frame of the command line: what every command gets and uses.
 *
 *   argv -> frame.c (table, options, help) -> a command's run(cli) -> out.c (tables, JSON, errors, progress)
 *                                                   |-> http.c (a node)   |-> sign.c (keys, envelopes)
 *
 * A run function returns an exit code (enum zyd_exit).  Errors are printed where they happen, once, through cli_fail.
 */
#ifndef CLI_H
#define CLI_H

#include <jansson.h>
#include <zyd/catalogue.h>
#include <zyd/consortium.h>
#include <zyd/io.h>

#define CLI_VERSION "0.1.0"
#define CLI_POS_MAX 4096u /* files on one command line: shell globs */
#define CLI_OPTS_MAX 64u
#define CLI_PATH_MAX 1024u

struct cli;
struct option {
    const char *name;  /* long name without dashes */
    char letter;       /* short form, or 0 */
    const char *value; /* placeholder; NULL: a flag */
    const char *zh, *en;
};
struct command {
    const char *noun, *verb; /* verb "" for one-word commands */
    const char *mark;        /* "online" or "local" */
    const char *args;        /* after the name in the usage line */
    const char *zh, *en;
    const char *examples;         /* lines */
    const struct option *options; /* ended by name NULL; may be NULL */
    unsigned pos_min, pos_max;
    int (*run)(struct cli *c);
};

struct cli {
    enum zyd_lang lang;
    bool json, plain, quiet, yes;
    bool tty_err, tty_out;
    long timeout_s, wait_s; /* wait_s -1: do not wait */
    const char *node, *token_file, *as, *dir, *consortium;
    const struct command *command;
    const char *pos[CLI_POS_MAX];
    size_t pos_count;
    struct {
        const char *name, *value;
    } opts[CLI_OPTS_MAX];
    size_t opt_count;
};

#define TR(c, zh_text, en_text) ((c)->lang == ZYD_LANG_ZH ? (zh_text) : (en_text))

/* ---- frame.c ---- */
int cli_run(int argc, char **argv);
/* Value of an option, "" for a flag given; NULL when absent.  nth: which occurrence, from 0. */
const char *cli_opt(const struct cli *c, const char *name);
const char *cli_opt_nth(const struct cli *c, const char *name, size_t nth);
/* The name in names (ended by NULL) nearest to text, or NULL when none is near. */
const char *cli_nearest(const char *text, const char *const *names);
/* Whole non-negative number of an option, or fallback; false and an error when malformed. */
bool cli_number(const struct cli *c, const char *name, long fallback, long min, long max, long *out);
extern volatile int cli_interrupted; /* set by SIGINT */

/* ---- tables of commands, one a file, each ended by an entry without a noun ---- */
extern const struct command key_commands[], consortium_commands[], devnet_commands[], cluster_commands[], contract_commands[],
    batch_commands[], ledger_commands[], demo_commands[], programme_commands[], statement_commands[],
    reconcile_commands[], edge_commands[], list_commands[], report_commands[];

/* ---- out.c ---- */
/* Prints the catalogue's sentence, the detail and the remedy on stderr (JSON with -o json); returns the exit code. */
int cli_fail(const struct cli *c, uint32_t code, const char *format, ...) __attribute__((format(printf, 3, 4)));
int cli_fail_err(const struct cli *c, const struct zyd_err *err);
/* A line for people on stderr unless -q. */
void cli_say(const struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct column {
    const char *key; /* member of each row object */
    const char *zh, *en;
    /* 't' text, 'r' right-aligned, 'h' a hash cut to 12 digits; of integer fen: 'f' in yuan, 'c' in 大写 without its sign,
     * 'm' both */
    char kind;
};
/* Rows (a JSON array of objects) as a table or, with -o json, as JSON.  columns ended by key NULL. */
void cli_table(const struct cli *c, const json_t *rows, const struct column *columns);
/* One object as "name  value" lines or JSON. */
void cli_object(const struct cli *c, const json_t *object, const struct column *columns);
void cli_json(const json_t *value);
int cli_width(const char *text); /* East-Asian columns of UTF-8 */
void cli_pad(FILE *f, const char *text, int width, bool right);
struct progress {
    const struct cli *c;
    const char *label;
    uint64_t total, done;
    int64_t start_ms, shown_ms;
};
void progress_start(struct progress *p, const struct cli *c, const char *label, uint64_t total);
void progress_step(struct progress *p, uint64_t done);
void progress_end(struct progress *p);

/* ---- files.c ---- */
bool cli_path(char out[CLI_PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Directories up to and including path, mode 0700. */
enum zyd_status cli_mkdirs(struct zyd_err *err, const char *path);
/* Writes text to path, or to stdout when path is NULL or "-"; refuses to overwrite unless force. */
int cli_write(const struct cli *c, const char *path, const char *text, size_t size, unsigned mode, bool force);
/* Reads a whole file ("-": stdin), NUL-terminated; malloc'd. NULL after printing. */
char *cli_read(const struct cli *c, const char *path, size_t *size, size_t max);
bool cli_exists(const char *path);
/* A file or directory and all in it; true when nothing is left.  Links are removed, not followed. */
bool cli_remove_tree(const char *path);
/* Program beside this one, else on PATH; false when there is none. */
bool cli_find_program(char out[CLI_PATH_MAX], const char *name);
/* Default state directory of the devnet. */
void cli_devnet_dir(const struct cli *c, char out[CLI_PATH_MAX]);
/* Hex of 32 bytes and back. */
void cli_hex(char out[65], const uint8_t b[32]);
bool cli_unhex(uint8_t out[32], const char *text);
/* A key by file; the passphrase comes from --passphrase-file or is empty. */
int cli_key_load(const struct cli *c, struct zyd_key *out, const char *path);

#endif
