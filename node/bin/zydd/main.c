/* zydd: the node's daemon.  Arguments, signals, exit codes (surfaces.md 3.2, 3.3);
 * the rest is in the files that zydd.h names. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <zyd/catalogue.h>

#include "zydd.h"

#ifndef ZYD_VERSION
#define ZYD_VERSION "0.1.0"
#endif
const char *argp_program_version = "zydd " ZYD_VERSION;

enum mode { MODE_RUN, MODE_CHECK, MODE_PRINT, MODE_INIT, MODE_REBUILD };
struct arguments {
    const char *config;
    enum mode mode;
};
static const struct argp_option options[] = {
    {"config", 'c', "FILE", 0, "Configuration (default: /etc/zydd/node.conf)", 0},
    {"check-config", 'k', 0, 0, "Check the configuration and what it names, then end", 0},
    {"print-config", 'p', 0, 0, "Print the effective configuration, then end", 0},
    {"init", 'i', 0, 0, "Make the data directory and the vote file, once in a node's life, then end", 0},
    {"rebuild-ledger", 'r', 0, 0,
     "Set a damaged ledger aside and make an empty one, to be fetched from the others; the vote file stays", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *a = state->input;
    enum mode mode = MODE_RUN;
    switch (key) {
    case 'c':
        a->config = arg;
        return 0;
    case 'k':
        mode = MODE_CHECK;
        break;
    case 'p':
        mode = MODE_PRINT;
        break;
    case 'i':
        mode = MODE_INIT;
        break;
    case 'r':
        mode = MODE_REBUILD;
        break;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_usage(state);
        a->config = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
    if (a->mode != MODE_RUN && a->mode != mode)
        argp_error(state, "one of --check-config, --print-config, --init, --rebuild-ledger");
    a->mode = mode;
    return 0;
}

void zyd_panic(const char *file, int line, const char *what)
{
    zyd_log(ZYD_LOG_ERROR, "bug", "file=%s line=%d assertion=\"%s\" remedy=\"report it with this line\"", file, line, what);
    _exit(ZYD_EXIT_BUG);
}

void zydd_fatal(const struct zyd_err *err)
{
    zyd_log(ZYD_LOG_ERROR, "fatal", "code=E%u text=\"%s\"", err->code, err->text);
    _exit(ZYD_EXIT_BUG);
}

int zydd_exit_code(enum zyd_status status)
{
    if (status == ZYD_OK)
        return 0;
    if (status == ZYD_E_DAMAGED)
        return ZYD_EXIT_FAILED;
    return status == ZYD_E_STORE ? ZYD_EXIT_BUG : ZYD_EXIT_FILE;
}

static int refuse(const struct node *n, const struct zyd_err *err, int code)
{
    const struct zyd_catalogue_entry *e = zyd_catalogue_find(err->code);
    enum zyd_lang lang = strcmp(n->config.log_lang, "en") == 0 ? ZYD_LANG_EN : ZYD_LANG_ZH;
    zyd_log(ZYD_LOG_ERROR, "refused", "code=E%u what=\"%s\" text=\"%s\" remedy=\"%s\"", err->code,
            e == NULL ? "" : e->text[lang], err->text, e == NULL ? "" : e->fix[lang]);
    return code;
}

static int run(struct node *n, struct zyd_err *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL); /* before any thread: all inherit it */
    signal(SIGPIPE, SIG_IGN);
    int signal_fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    int code = zydd_start(n, err);
    if (code != 0) {
        code = refuse(n, err, code);
    } else {
        zydd_notify("READY=1");
        code = zydd_loop(n, signal_fd);
        zydd_notify("STOPPING=1");
    }
    zydd_stop(n);
    if (signal_fd >= 0)
        close(signal_fd);
    return code;
}

int main(int argc, char **argv)
{
    static struct node node;
    static const struct argp argp = {
        .options = options,
        .parser = parse,
        .args_doc = "[FILE]",
        .doc = "One member's node of a zyd consortium.\v"
               "Exit codes: 0 told to stop; 2 usage; 6 configuration or another genesis; 8 the own store does "
               "not verify; 70 a bug, or a failed write."};
    struct arguments a = {"/etc/zydd/node.conf", MODE_RUN};
    struct zyd_err err = {0};
    argp_err_exit_status = ZYD_EXIT_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &a);
    zyd_log_setup(ZYD_LOG_INFO, ZYD_LOG_AUTO, "zydd");
    if (zyd_config_load(&node.config, &err, a.config) != ZYD_OK) {
        fprintf(stderr, "zydd: %s\n", err.text);
        return ZYD_EXIT_FILE;
    }
    if (a.mode == MODE_PRINT) {
        char *text = zyd_config_print(&node.config);
        if (text != NULL)
            fputs(text, stdout);
        free(text);
        return text == NULL ? ZYD_EXIT_BUG : 0;
    }
    zyd_log_setup(node.config.log_level, node.config.log_format, node.config.name);
    if (zyd_crypto_self_test() != ZYD_OK) {
        zyd_err_set(&err, ZYD_ERR_STORE_FAILED, "the crypto library gives wrong answers on this machine; do not use it");
        return refuse(&node, &err, ZYD_EXIT_BUG);
    }
    if (a.mode == MODE_RUN)
        return run(&node, &err);
    enum zyd_status st = a.mode == MODE_CHECK ? zydd_check(&node, &err) : zydd_genesis(&node, &err);
    if (st == ZYD_OK && a.mode == MODE_INIT)
        st = zydd_init(&node, &err);
    if (st == ZYD_OK && a.mode == MODE_REBUILD)
        st = zydd_rebuild(&node, &err);
    if (st != ZYD_OK)
        fprintf(stderr, "zydd: E%u %s\n", err.code, err.text);
    else if (a.mode == MODE_CHECK)
        printf("%s: good; member %s, %u validators, keys and plugins are those of the genesis\n", a.config, node.config.name,
               node.genesis.validator_count);
    zydd_stop(&node);
    return zydd_exit_code(st);
}
