/* Command table, options, help, suggestions. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <zyd/crypto.h>

#include "cli.h"

volatile int cli_interrupted;

static const struct command *const tables[] = {key_commands,      consortium_commands, devnet_commands, cluster_commands,
                                               contract_commands, batch_commands,      ledger_commands, demo_commands,
                                               programme_commands, statement_commands, reconcile_commands, edge_commands,
                                               list_commands,     report_commands};
#define TABLE_COUNT (sizeof tables / sizeof tables[0])

static const struct option global_options[] = {
    {"output", 'o', "table|json", "输出格式", "output format"},
    {"lang", 0, "zh-CN|en", "语言（默认取自环境）", "language (default: the environment's)"},
    {"node", 0, "URL", "节点接口：http://主机:端口 或 unix:/路径", "API of a node: http://host:port or unix:/path"},
    {"token-file", 0, "FILE", "令牌文件", "file with the bearer token"},
    {"as", 0, "CODE", "以哪家机构的身份（开发网）", "act as this institution (devnet)"},
    {"dir", 0, "DIR", "开发网目录", "directory of the devnet"},
    {"consortium", 0, "FILE", "联盟文件（默认取自开发网或节点）", "consortium file (default: the devnet's or the node's)"},
    {"key", 0, "FILE", "签名密钥文件（可重复）", "key file to sign with (may be repeated)"},
    {"passphrase-file", 0, "FILE", "口令文件，- 为标准输入", "file with the passphrase, - for stdin"},
    {"timeout", 0, "SECONDS", "连接与应答时限，默认 10", "limit of one request, default 10"},
    {"wait", 0, "SECONDS", "等待最终确认的时限，默认 30；0 不等", "limit of waiting for finality, default 30; 0: do not wait"},
    {"plain", 0, NULL, "每行一条，不重绘（脚本、读屏）", "one record a line, no redrawing (scripts, screen readers)"},
    {"quiet", 'q', NULL, "只输出结果", "results only"},
    {"yes", 0, NULL, "不再询问", "do not ask"},
    {"help", 'h', NULL, "帮助", "help"},
    {NULL, 0, NULL, NULL, NULL}};

/* ---- suggestions ---- */

static size_t distance(const char *a, const char *b)
{
    size_t la = strlen(a), lb = strlen(b), row[64];
    if (la > 40 || lb > 40) {
        return 99;
    }
    for (size_t k = 0; k <= lb; k++) {
        row[k] = k;
    }
    for (size_t i = 1; i <= la; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t k = 1; k <= lb; k++) {
            size_t up = row[k], best = diagonal + (a[i - 1] != b[k - 1]);
            best = up + 1 < best ? up + 1 : best;
            best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
            diagonal = up;
            row[k] = best;
        }
    }
    return row[lb];
}

const char *cli_nearest(const char *text, const char *const *names)
{
    const char *best = NULL;
    size_t least = strlen(text) / 3 + 2; /* a typo, not another word */
    for (size_t i = 0; names[i]; i++) {
        size_t d = distance(text, names[i]);
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

/* ---- options ---- */

static const struct option *find_option(const struct option *list, const char *name, size_t size, char letter)
{
    for (; list && list->name; list++) {
        if (letter ? list->letter == letter : strlen(list->name) == size && strncmp(list->name, name, size) == 0) {
            return list;
        }
    }
    return NULL;
}

const char *cli_opt_nth(const struct cli *c, const char *name, size_t nth)
{
    for (size_t i = 0; i < c->opt_count; i++) {
        if (strcmp(c->opts[i].name, name) == 0 && nth-- == 0) {
            return c->opts[i].value;
        }
    }
    return NULL;
}

const char *cli_opt(const struct cli *c, const char *name)
{
    return cli_opt_nth(c, name, 0);
}

bool cli_number(const struct cli *c, const char *name, long fallback, long min, long max, long *out)
{
    const char *text = cli_opt(c, name);
    char *end = NULL;
    *out = fallback;
    if (!text) {
        return true;
    }
    long v = strtol(text, &end, 10);
    if (!*text || *end || v < min || v > max) {
        cli_fail(c, ZYD_ERR_USAGE, "--%s %s: %ld .. %ld", name, text, min, max);
        return false;
    }
    *out = v;
    return true;
}

/* ---- help ---- */

static void print_options(const struct cli *c, const struct option *o)
{
    for (; o && o->name; o++) {
        char left[80];
        snprintf(left, sizeof left, "  %c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
                 o->letter ? "," : " ", o->name, o->value ? " " : "", o->value ? o->value : "");
        printf("%-34s %s\n", left, TR(c, o->zh, o->en));
    }
}

static void help_command(const struct cli *c, const struct command *m)
{
    printf("%s\n", TR(c, "示例", "Examples"));
    for (const char *p = m->examples; *p;) {
        size_t n = strcspn(p, "\n");
        printf("  %.*s\n", (int)n, p);
        p += n + (p[n] == '\n');
    }
    printf("\n%s\n  zyd %s%s%s %s   [%s]\n  %s\n", TR(c, "用法", "Usage"), m->noun, *m->verb ? " " : "", m->verb, m->args,
           m->mark, TR(c, m->zh, m->en));
    if (m->options) {
        printf("\n%s\n", TR(c, "选项", "Options"));
        print_options(c, m->options);
    }
    printf("\n%s\n", TR(c, "通用选项", "Options of every command"));
    print_options(c, global_options);
}

static void help_all(const struct cli *c, const char *noun)
{
    if (!noun) {
        printf("%s\n\n%s\n  zyd devnet up\n  zyd cluster status\n  zyd batch check loans.csv\n\n%s\n",
               TR(c, "zyd：政银担联盟结算节点的命令行", "zyd: the command line of the settlement node"),
               TR(c, "从这里开始", "Start here"), TR(c, "命令（加 --help 看示例）", "Commands (add --help for examples)"));
    }
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        for (const struct command *m = tables[t]; m->noun; m++) {
            if (!noun || strcmp(noun, m->noun) == 0) {
                char left[80];
                snprintf(left, sizeof left, "  zyd %s %s", m->noun, m->verb);
                printf("%-28s [%s]%*s %s\n", left, m->mark, (int)(7 - strlen(m->mark)), "", TR(c, m->zh, m->en));
            }
        }
    }
    if (!noun) {
        printf("  zyd help [noun [verb]]\n  zyd version\n\n%s\n", TR(c, "通用选项", "Options of every command"));
        print_options(c, global_options);
    }
}

/* ---- dispatch ---- */

static const struct command *find_command(const char *noun, const char *verb, bool *noun_known)
{
    *noun_known = false;
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        for (const struct command *m = tables[t]; m->noun; m++) {
            if (strcmp(m->noun, noun) == 0) {
                *noun_known = true;
                if (strcmp(m->verb, verb ? verb : "") == 0) {
                    return m;
                }
            }
        }
    }
    return NULL;
}

static int unknown_command(const struct cli *c, const char *noun, const char *verb, bool noun_known)
{
    const char *names[128];
    size_t n = 0;
    for (size_t t = 0; t < TABLE_COUNT; t++) {
        for (const struct command *m = tables[t]; m->noun && n < 127; m++) {
            if (!noun_known || strcmp(m->noun, noun) == 0) {
                names[n++] = noun_known ? m->verb : m->noun;
            }
        }
    }
    names[n] = NULL;
    if (noun_known && !verb) {
        help_all(c, noun);
        return ZYD_EXIT_USAGE;
    }
    const char *near = cli_nearest(noun_known ? verb : noun, names);
    if (near) {
        return cli_fail(c, ZYD_ERR_USAGE,
                        TR(c, "没有命令 zyd %s%s%s；是不是 zyd %s%s%s？", "no command zyd %s%s%s; did you mean zyd %s%s%s?"),
                        noun, noun_known ? " " : "", noun_known ? verb : "", noun_known ? noun : near, noun_known ? " " : "",
                        noun_known ? near : "");
    }
    return cli_fail(c, ZYD_ERR_USAGE, TR(c, "没有命令 zyd %s%s%s；见 zyd help", "no command zyd %s%s%s; see zyd help"), noun,
                    verb ? " " : "", verb ? verb : "");
}

static int bad_option(const struct cli *c, const char *text)
{
    const char *names[64];
    size_t n = 0;
    for (const struct option *o = c->command ? c->command->options : NULL; o && o->name && n < 40; o++) {
        names[n++] = o->name;
    }
    for (const struct option *o = global_options; o->name && n < 63; o++) {
        names[n++] = o->name;
    }
    names[n] = NULL;
    const char *near = cli_nearest(text + strspn(text, "-"), names);
    return cli_fail(c, ZYD_ERR_USAGE,
                    near ? TR(c, "没有选项 %s；是不是 --%s？", "no option %s; did you mean --%s?")
                         : TR(c, "没有选项 %s%s", "no option %s%s"),
                    text, near ? near : "");
}

/* One argument that starts with '-': adds it to the options; *i moves over a separate value. */
static int take_option(struct cli *c, int argc, char **argv, int *i)
{
    const char *arg = argv[*i], *name = arg + 1, *value = NULL;
    const struct option *o;
    if (arg[1] == '-') {
        name = arg + 2;
        size_t size = strcspn(name, "=");
        o = find_option(c->command ? c->command->options : NULL, name, size, 0);
        o = o ? o : find_option(global_options, name, size, 0);
        value = name[size] == '=' ? name + size + 1 : NULL;
    } else {
        o = find_option(c->command ? c->command->options : NULL, NULL, 0, name[0]);
        o = o ? o : find_option(global_options, NULL, 0, name[0]);
        value = name[1] ? name + 1 : NULL;
    }
    if (!o || (!o->value && value)) {
        return bad_option(c, arg);
    }
    if (o->value && !value) {
        if (*i + 1 >= argc) {
            return cli_fail(c, ZYD_ERR_USAGE, TR(c, "--%s 需要一个值：%s", "--%s needs a value: %s"), o->name, o->value);
        }
        value = argv[++*i];
    }
    if (c->opt_count == CLI_OPTS_MAX) {
        return cli_fail(c, ZYD_ERR_USAGE, TR(c, "选项过多", "too many options"));
    }
    c->opts[c->opt_count].name = o->name;
    c->opts[c->opt_count++].value = value ? value : "";
    return 0;
}

static int apply_globals(struct cli *c)
{
    const char *v = cli_opt(c, "output"), *lang = cli_opt(c, "lang");
    if (lang) {
        enum zyd_lang a = zyd_lang_choose(lang, ZYD_LANG_ZH), b = zyd_lang_choose(lang, ZYD_LANG_EN);
        if (a != b) {
            return cli_fail(c, ZYD_ERR_USAGE, "--lang %s: zh-CN | en", lang);
        }
        c->lang = a;
    }
    if (v && strcmp(v, "json") != 0 && strcmp(v, "table") != 0) {
        return cli_fail(c, ZYD_ERR_USAGE, "-o %s: table | json", v);
    }
    c->json = v && strcmp(v, "json") == 0;
    c->plain = cli_opt(c, "plain") != NULL;
    c->quiet = cli_opt(c, "quiet") != NULL;
    c->yes = cli_opt(c, "yes") != NULL;
    c->node = cli_opt(c, "node") ? cli_opt(c, "node") : getenv("ZYD_NODE");
    c->token_file = cli_opt(c, "token-file") ? cli_opt(c, "token-file") : getenv("ZYD_TOKEN_FILE");
    c->as = cli_opt(c, "as");
    c->dir = cli_opt(c, "dir") ? cli_opt(c, "dir") : getenv("ZYD_DEVNET_DIR");
    c->consortium = cli_opt(c, "consortium") ? cli_opt(c, "consortium") : getenv("ZYD_CONSORTIUM");
    if (!cli_number(c, "timeout", 10, 1, 3600, &c->timeout_s) || !cli_number(c, "wait", 30, 0, 86400, &c->wait_s)) {
        return ZYD_EXIT_USAGE;
    }
    return 0;
}

static void on_interrupt(int signal_number)
{
    (void)signal_number;
    cli_interrupted++;
    if (cli_interrupted > 2) {
        _exit(ZYD_EXIT_INTERRUPTED);
    }
}

static enum zyd_lang environment_lang(void)
{
    const char *const names[] = {"ZYD_LANG", "LC_ALL", "LC_MESSAGES", "LANG"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *v = getenv(names[i]);
        if (v && *v) {
            return zyd_lang_choose(v, ZYD_LANG_EN);
        }
    }
    return ZYD_LANG_EN;
}

/* Words before the command is known must be found first, since options differ by command. */
static void find_words(struct cli *c, int argc, char **argv, const char **noun, const char **verb)
{
    *noun = *verb = NULL;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            const struct option *o = argv[i][1] == '-' ? find_option(global_options, argv[i] + 2, strcspn(argv[i] + 2, "="), 0)
                                                       : find_option(global_options, NULL, 0, argv[i][1]);
            bool joined = argv[i][1] == '-' ? strchr(argv[i], '=') != NULL : argv[i][2] != '\0';
            i += o && o->value && !joined;
            continue;
        }
        if (!*noun) {
            *noun = argv[i];
        } else {
            *verb = argv[i];
            break;
        }
    }
    (void)c;
}

static int run_words(struct cli *c, int argc, char **argv, const char *noun, const char *verb)
{
    bool known, ended = false;
    unsigned words = 0, own = 2;
    c->command = find_command(noun, verb, &known);
    if (!c->command && (c->command = find_command(noun, "", &known)) != NULL) {
        own = 1;
    }
    for (int i = 1; i < argc; i++) {
        if (!ended && strcmp(argv[i], "--") == 0) {
            ended = true;
        } else if (!ended && argv[i][0] == '-' && argv[i][1]) {
            int rc = take_option(c, argc, argv, &i);
            if (rc) {
                return rc;
            }
        } else if (words++ >= own) {
            if (c->pos_count == CLI_POS_MAX) {
                return cli_fail(c, ZYD_ERR_USAGE, TR(c, "参数过多", "too many arguments"));
            }
            c->pos[c->pos_count++] = argv[i];
        }
    }
    int rc = apply_globals(c);
    if (rc) {
        return rc;
    }
    if (!c->command) {
        if (cli_opt(c, "help") && known) {
            help_all(c, noun);
            return 0;
        }
        return unknown_command(c, noun, verb, known);
    }
    if (cli_opt(c, "help")) {
        help_command(c, c->command);
        return 0;
    }
    if (c->pos_count < c->command->pos_min || c->pos_count > c->command->pos_max) {
        return cli_fail(c, ZYD_ERR_USAGE, TR(c, "用法：zyd %s %s %s", "usage: zyd %s %s %s"), c->command->noun, c->command->verb,
                        c->command->args);
    }
    return c->command->run(c);
}

int cli_run(int argc, char **argv)
{
    static struct cli cli;
    struct cli *c = &cli;
    const char *noun, *verb;
    c->lang = environment_lang();
    c->timeout_s = 10;
    c->tty_err = isatty(2) == 1;
    c->tty_out = isatty(1) == 1;
    struct sigaction sa = {.sa_handler = on_interrupt};
    sigaction(SIGINT, &sa, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (zyd_crypto_self_test() != ZYD_OK) {
        return cli_fail(c, ZYD_ERR_BUG, TR(c, "密码库自检失败", "the crypto library fails its self-test"));
    }
    find_words(c, argc, argv, &noun, &verb);
    if (noun && strcmp(noun, "help") != 0 && strcmp(noun, "version") != 0) {
        return run_words(c, argc, argv, noun, verb);
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-' && argv[i][1]) {
            int rc = strcmp(argv[i], "--version") == 0 ? 0 : take_option(c, argc, argv, &i);
            if (rc) {
                return rc;
            }
            noun = strcmp(argv[i], "--version") == 0 ? "version" : noun;
        }
    }
    int rc = apply_globals(c);
    if (rc) {
        return rc;
    }
    if (noun && strcmp(noun, "version") == 0) {
        if (c->json) {
            json_t *v = json_pack("{s:s}", "version", CLI_VERSION);
            cli_json(v);
            json_decref(v);
        } else {
            puts("zyd " CLI_VERSION);
        }
        return 0;
    }
    if (verb) { /* zyd help noun [verb] */
        bool known;
        const char *second = NULL;
        for (int i = 1; i + 1 < argc; i++) {
            second = strcmp(argv[i], verb) == 0 ? argv[i + 1] : second;
        }
        const struct command *m = find_command(verb, second, &known);
        if (m) {
            help_command(c, m);
        } else if (known) {
            help_all(c, verb);
        } else {
            return unknown_command(c, verb, second, false);
        }
        return 0;
    }
    help_all(c, NULL);
    return noun || cli_opt(c, "help") ? 0 : ZYD_EXIT_USAGE;
}
