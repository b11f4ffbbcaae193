/* Goal: no bytes on the wire make the server crash, hang, answer twice, or take one message's body for the next request.
 * Method: plain sockets against the real server: doubled and false lengths, oversize, traversal, encodings, pipelining,
 * half-sent requests beside good ones, many connections; the public JSON suite through our loader; request targets through our
 * parser; every problem that comes back says written and retry. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>
#include <zyd/api.h>

#include "node/io/api_impl.h"
#include "tests/lib/consortium.h"
#include "tests/lib/http_client.h"

#define TOKEN "some-token-0123456789"

static struct zyd_test_consortium cons;
static struct zyd_api *api;
static uint16_t port;
static char dir[64], tokens_path[80], socket_path[80];
static struct zyd_key maker;

/* Nobody takes anything: what this test asks for never gets that far, or waits. */
static bool swallow(void *ctx, uint64_t ticket, struct zyd_span bytes)
{
    (void)ctx, (void)ticket, (void)bytes;
    return true;
}
static int64_t wall(void *ctx)
{
    (void)ctx;
    return 1767600000000;
}
static void set_clock(void *ctx, int64_t ms)
{
    (void)ctx, (void)ms;
}

static int setup(void **state)
{
    struct zyd_err err = {0};
    struct zyd_hash h;
    char hex[65], list[128];
    (void)state;
    zyd_test_consortium_plan(&cons, 4, 5);
    cons.g.plugin_count = 1;
    cons.g.plugins[0] = (struct zyd_plugin_ref){.contract = 1, .name = zyd_span("template", 8)};
    zyd_sha256(&cons.g.plugins[0].hash, "template", 8);
    cons.g.programme_count = 1;
    cons.g.programmes[0] = (struct zyd_programme){.id = 1,
                                                  .contract = 1,
                                                  .code = zyd_span("IOU", 3),
                                                  .name_zh = zyd_span("IOU", 3),
                                                  .name_en = zyd_span("IOU", 3),
                                                  .pending_days = 10,
                                                  .params = zyd_span("\x90", 1)};
    zyd_test_consortium_seal(&cons);
    snprintf(dir, sizeof dir, "/tmp/zyd-raw-%d", (int)getpid());
    mkdir(dir, 0700);
    snprintf(tokens_path, sizeof tokens_path, "%s/tokens", dir);
    snprintf(socket_path, sizeof socket_path, "%s/api.sock", dir);
    zyd_sha256(&h, TOKEN, strlen(TOKEN));
    sodium_bin2hex(hex, sizeof hex, h.b, 32);
    FILE *f = fopen(tokens_path, "w");
    fprintf(f, "maker all %s\n", hex);
    fclose(f);
    maker.purpose = ZYD_KEY_MAKER;
    maker.pk = cons.g.members[0].keys[2].pk;
    memcpy(maker.sk, cons.sk[0][2], ZYD_SK_SIZE);
    snprintf(list, sizeof list, "127.0.0.1:0, unix:%s", socket_path);
    struct zyd_api_config config = {.genesis = &cons.g, .data_dir = dir, .name = "raw", .version = "0", .listen = list,
                                    .tokens = tokens_path, .open_reads = true, .maker = &maker};
    const struct zyd_api_calls calls = {NULL, swallow, swallow, wall, set_clock, NULL};
    if (zyd_api_start(&api, &err, &config, &calls, 0) != ZYD_OK) {
        fail_msg("%s", err.text);
    }
    port = zyd_api_port(api);
    return 0;
}

static int teardown(void **state)
{
    char path[128];
    (void)state;
    zyd_api_stop(api);
    snprintf(path, sizeof path, "%s/api.journal", dir);
    unlink(path);
    unlink(tokens_path);
    assert_int_equal(rmdir(dir), 0); /* the socket is gone, too */
    return 0;
}

static bool is_problem(const struct zyd_http_answer *a)
{
    return strstr(zyd_http_header_of(a, "Content-Type"), "application/problem+json") != NULL;
}

static void check_problem(const struct zyd_http_answer *a)
{
    static const char *const texts[] = {"type", "title", "code", "name", "detail", "remedy", "retry", "request_id"};
    if (!is_problem(a) || !json_is_object(a->json)) {
        fail_msg("not a problem: %s%s", a->head, a->body);
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        const char *t = json_string_value(json_object_get(a->json, texts[i]));
        if (!t || !t[0]) {
            fail_msg("no %s in %s", texts[i], a->body);
        }
    }
    assert_non_null(json_object_get(a->json, "written"));
    assert_int_equal(json_integer_value(json_object_get(a->json, "status")), a->status);
}

/* Sends bytes on a fresh connection and reads the first answer. */
static struct zyd_http_answer raw(const char *bytes, size_t size, int *fd)
{
    struct zyd_http_answer a;
    *fd = zyd_http_connect(port);
    zyd_http_write(*fd, bytes, size);
    if (!zyd_http_read(*fd, &a)) {
        memset(&a, 0, sizeof a);
    }
    return a;
}

#define AUTH "Authorization: Bearer " TOKEN "\r\n"
#define HOST "Host: localhost\r\n"
#define JSON "Content-Type: application/json\r\n"

static void a_message_whose_length_is_in_doubt_closes_the_connection(void **state)
{
    (void)state;
    static const char next[] = "GET /v1/version HTTP/1.1\r\n" HOST "\r\n";
    static const char *const cases[] = {
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 2\r\nContent-Length: 200\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: identity\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: +2\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 2x\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: -1\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 99999999999999999999999\r\n\r\n{}",
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: \r\n\r\n{}",
        "GET /v1/version HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
        "GET /v1/version HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        "GET /v1/version HTTP/1.1\r\n" HOST HOST "\r\n",
        "GET /v1/contracts HTTP/1.1\r\n" HOST AUTH AUTH "\r\n",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[1024];
        int fd, n = snprintf(bytes, sizeof bytes, "%s%s", cases[i], next);
        struct zyd_http_answer a = raw(bytes, (size_t)n, &fd);
        if (a.status != 0 && (a.status < 400 || a.status > 499)) {
            fail_msg("case %zu: status %d: %s", i, a.status, a.body);
        }
        if (a.status != 0 && is_problem(&a)) {
            check_problem(&a);
        }
        char more[2048] = "";
        size_t size = 0;
        for (ssize_t got; size < sizeof more - 1 && (got = read(fd, more + size, sizeof more - 1 - size)) > 0;) {
            size += (size_t)got;
        }
        /* the end; the library may say its own refusal twice, but what follows is never taken for a request */
        if (size == sizeof more - 1 || strstr(more, "HTTP/1.1 200") || (a.body && strstr(a.body, "HTTP/1.1 200"))) {
            fail_msg("case %zu: the connection went on: %s", i, more);
        }
        zyd_http_answer_free(&a);
        close(fd);
    }
}

static void what_is_too_big_is_said_to_be(void **state)
{
    (void)state;
    int fd;
    char *big = malloc(3u << 20);
    memset(big, 'a', 3u << 20);
    struct zyd_http_answer a =
        raw("POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 2097153\r\n\r\n",
            strlen("POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 2097153\r\n\r\n"), &fd);
    assert_int_equal(a.status, 413);
    check_problem(&a);
    assert_true(zyd_http_closed(fd));
    zyd_http_answer_free(&a);
    close(fd);
    /* the same without saying so before */
    static const char chunked[] =
        "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Transfer-Encoding: chunked\r\n\r\n210000\r\n";
    fd = zyd_http_connect(port);
    zyd_http_write(fd, chunked, sizeof chunked - 1);
    zyd_http_write(fd, big, 0x210000);
    zyd_http_write(fd, "\r\n0\r\n\r\n", 7);
    assert_true(zyd_http_read(fd, &a));
    assert_int_equal(a.status, 413);
    check_problem(&a);
    assert_true(zyd_http_closed(fd));
    zyd_http_answer_free(&a);
    close(fd);
    /* headers */
    char *head = malloc(80000);
    int n = snprintf(head, 80000, "GET /v1/version HTTP/1.1\r\n" HOST "X-A: %.*s\r\n\r\n", 60000, big);
    a = raw(head, (size_t)n, &fd);
    assert_true(a.status == 431 || a.status == 413 || a.status == 0);
    zyd_http_answer_free(&a);
    close(fd);
    n = snprintf(head, 80000, "GET /v1/version HTTP/1.1\r\n" HOST "X-A: %.*s\r\n\r\n", 20000, big);
    a = raw(head, (size_t)n, &fd);
    assert_int_equal(a.status, 431);
    zyd_http_answer_free(&a);
    close(fd);
    n = snprintf(head, 80000, "GET /v1/%.*s HTTP/1.1\r\n" HOST "\r\n", 5000, big);
    a = raw(head, (size_t)n, &fd);
    assert_int_equal(a.status, 414);
    check_problem(&a);
    zyd_http_answer_free(&a);
    close(fd);
    /* JSON that is deep rather than long */
    memset(big, '[', 1u << 20);
    a = zyd_http_call(port, TOKEN, "POST", "/v1/contracts", JSON, big, 1u << 20);
    assert_int_equal(a.status, 400);
    check_problem(&a);
    zyd_http_answer_free(&a);
    free(head);
    free(big);
}

static void targets_outside_the_table_are_not_found_or_refused(void **state)
{
    (void)state;
    static const struct {
        const char *target;
        int status;
    } cases[] = {{"/", 404},
                 {"/v1", 404},
                 {"/v2/version", 404},
                 {"/v1/version/", 400},
                 {"//v1/version", 400},
                 {"/v1//version", 400},
                 {"/v1/../v1/version", 400},
                 {"/v1/%2e%2e/etc/passwd", 400},
                 {"/v1/..%2f..%2fetc/passwd", 400},
                 {"/v1/version%00", 400},
                 {"/v1/version%0a", 400},
                 {"/v1/version%", 400},
                 {"/v1/version%4", 400},
                 {"/v1/version%zz", 400},
                 {"/v1/%ff", 400},
                 {"/v1/%c0%af", 400},
                 {"/v1/version?a=1&a=2", 400},
                 {"/v1/version?=1", 400},
                 {"/v1/version?a=%00", 400},
                 {"/v1/version?x=%e4%b8%ad", 200},
                 {"/v1/vers%69on", 200},
                 {"/v1/contracts/zz", 404},
                 {"/v1/contracts/0000000000000000000000000000000000000000000000000000000000000000", 404},
                 {"/metrics", 404},
                 {"/v1/blocks/0", 404},
                 {"/v1/blocks/18446744073709551615", 404},
                 {"/v1/blocks/-1", 404},
                 {"/v1/blocks/01", 404},
                 {"/v1/blocks?limit=0", 400},
                 {"/v1/blocks?limit=x", 400},
                 {"/v1/blocks?after=99999999999999999999999", 400},
                 {"/v1/plugins/../../../etc/passwd", 400},
                 {"/v1/plugins/etc", 404},
                 {"/v1/frames?from=1", 404},
                 {"/v1/records/proof", 404},
                 {"/v1/records/proof?kind=account&member=NOPE&code=1", 400},
                 {"/v1/pending?object=1", 400},
                 {"/v1/contracts/a/b/c/d/e/f/g/h/i", 400},
                 {"/v1/contracts/\xe4\xb8\xad", 400}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zyd_http_answer a = zyd_http_call(port, NULL, "GET", cases[i].target, "", NULL, 0);
        if (a.status != cases[i].status) {
            fail_msg("%s: %d, not %d: %s", cases[i].target, a.status, cases[i].status, a.body ? a.body : "");
        }
        if (a.status >= 400) {
            check_problem(&a);
        }
        zyd_http_answer_free(&a);
    }
    struct zyd_http_answer a = zyd_http_call(port, TOKEN, "DELETE", "/v1/contracts", "", NULL, 0);
    assert_int_equal(a.status, 405);
    assert_string_equal(zyd_http_header_of(&a, "Allow"), "POST, GET");
    check_problem(&a);
    zyd_http_answer_free(&a);
    a = zyd_http_call(port, NULL, "HEAD", "/v1/nothing", "", NULL, 0);
    assert_int_equal(a.status, 404);
    free(a.head);
    free(a.body);
    /* a page that a browser rebound to us */
    int fd;
    static const char rebound[] = "GET /v1/contracts HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    a = raw(rebound, sizeof rebound - 1, &fd);
    assert_int_equal(a.status, 421);
    zyd_http_answer_free(&a);
    close(fd);
}

static void bodies_are_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        int status;
        const char *code;
    } cases[] = {
        {"", 400, "E8006"},
        {"null", 400, "E8006"},
        {"[]", 400, "E8006"},
        {"{", 400, "E8006"},
        {"{} x", 400, "E8006"},
        {"{\"programme\":\"IOU\",\"programme\":\"IOU\"}", 400, "E8006"},
        {"{\"a\":\"\\u0000\"}", 400, "E8006"},
        {"{}", 400, "E8017"},
        {"{\"programme\":1}", 422, "E8018"},
        {"{\"programme\":\"NO\",\"event\":\"1\"}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"colour\":1}", 400, "E8016"},
        {"{\"programme\":\"IOU\",\"event\":\"1\"}", 400, "E8013"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"\"}", 400, "E8013"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"0123456789012345678901234567890123456\"}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"\xe4\xb8\xad\"}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"APPLY\",\"client_ref\":\"r\"}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"r\",\"args\":{}}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"r\",\"args\":[1.5]}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"r\",\"args\":[[[[[[[[[[1]]]]]]]]]]}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"r\",\"args\":[],\"may_wait\":1}", 422, "E8018"},
        {"{\"programme\":\"IOU\",\"event\":\"1\",\"client_ref\":\"r\",\"contract\":\"guarantee\",\"args\":[]}", 422, "E8018"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct zyd_http_answer a =
            zyd_http_call(port, TOKEN, "POST", "/v1/contracts", JSON, cases[i].body, strlen(cases[i].body));
        const char *code = a.json ? json_string_value(json_object_get(a.json, "code")) : NULL;
        if (a.status != cases[i].status || !code || strcmp(code, cases[i].code) != 0) {
            fail_msg("%s: %d %s", cases[i].body, a.status, a.body);
        }
        check_problem(&a);
        zyd_http_answer_free(&a);
    }
    struct zyd_http_answer a = zyd_http_call(port, TOKEN, "POST", "/v1/contracts", "Content-Type: text/plain\r\n", "{}", 2);
    assert_int_equal(a.status, 415);
    check_problem(&a);
    zyd_http_answer_free(&a);
    a = zyd_http_call(port, TOKEN, "POST", "/v1/envelopes", "Content-Type: application/octet-stream\r\n", "{}", 2);
    assert_int_equal(a.status, 422);
    check_problem(&a);
    zyd_http_answer_free(&a);
    a = zyd_http_call(port, TOKEN, "POST", "/v1/dev/clock", JSON, "{\"to\":\"2026-01-01\"}", 19);
    assert_int_equal(a.status, 403); /* a maker is no operator */
    zyd_http_answer_free(&a);
    a = zyd_http_call(port, TOKEN, "POST", "/v1/contracts", JSON "Idempotency-Key: 0123456789012345678901234567890123456\r\n",
                      "{}", 2);
    assert_int_equal(a.status, 422);
    check_problem(&a);
    zyd_http_answer_free(&a);
}

static void both_languages_are_spoken(void **state)
{
    (void)state;
    struct zyd_http_answer a = zyd_http_call(port, NULL, "GET", "/v1/nothing", "Accept-Language: en\r\n", NULL, 0);
    assert_string_equal(zyd_http_header_of(&a, "Content-Language"), "en");
    assert_true((uint8_t)json_string_value(json_object_get(a.json, "title"))[0] < 0x80);
    zyd_http_answer_free(&a);
    a = zyd_http_call(port, NULL, "GET", "/v1/nothing", "", NULL, 0);
    assert_string_equal(zyd_http_header_of(&a, "Content-Language"), "zh-CN");
    assert_true((uint8_t)json_string_value(json_object_get(a.json, "title"))[0] > 0x80);
    zyd_http_answer_free(&a);
    a = zyd_http_call(port, NULL, "GET", "/v1/nothing?lang=both", "", NULL, 0);
    assert_non_null(json_object_get(a.json, "title_zh"));
    assert_non_null(json_object_get(a.json, "title_en"));
    zyd_http_answer_free(&a);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    (void)state;
    static const char two[] =
        "GET /v1/version HTTP/1.1\r\n" HOST "\r\nPOST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON
        "Content-Length: 2\r\n\r\n{}GET /v1/nothing HTTP/1.1\r\n" HOST "\r\nGET /livez HTTP/1.1\r\n" HOST "\r\n";
    static const int expect[] = {200, 400, 404, 200};
    struct zyd_http_answer a;
    int fd = zyd_http_connect(port);
    zyd_http_write(fd, two, sizeof two - 1);
    for (size_t i = 0; i < 4; i++) {
        if (!zyd_http_read(fd, &a)) {
            fail_msg("no answer %zu", i);
        }
        assert_int_equal(a.status, expect[i]);
        zyd_http_answer_free(&a);
    }
    close(fd);
    fd = zyd_http_connect_unix(socket_path); /* and on the other listener, where any Host will do */
    static const char one[] = "GET /v1/version HTTP/1.1\r\nHost: api.sock\r\n\r\n";
    zyd_http_write(fd, one, sizeof one - 1);
    assert_true(zyd_http_read(fd, &a));
    assert_int_equal(a.status, 200);
    zyd_http_answer_free(&a);
    close(fd);
}

static void slow_clients_do_not_hold_the_others(void **state)
{
    (void)state;
    enum { SLOW = 200 };
    static const char half[] = "POST /v1/contracts HTTP/1.1\r\n" HOST AUTH JSON "Content-Length: 1000\r\n\r\n{";
    static const char start[] = "GET /v1/ver";
    int fds[SLOW];
    for (int i = 0; i < SLOW; i++) {
        fds[i] = zyd_http_connect(port);
        zyd_http_write(fds[i], i % 2 ? half : start, i % 2 ? sizeof half - 1 : sizeof start - 1);
    }
    for (int i = 0; i < 50; i++) {
        struct zyd_http_answer a = zyd_http_call(port, NULL, "GET", "/v1/version", "", NULL, 0);
        assert_int_equal(a.status, 200);
        zyd_http_answer_free(&a);
    }
    assert_true(zyd_http_closed(fds[0])); /* the server drops the silent ones by itself */
    assert_true(zyd_http_closed(fds[1]));
    for (int i = 0; i < SLOW; i++) {
        close(fds[i]);
    }
}

/* ---- parsers alone ---- */

static void public_json_suite(void **state)
{
    (void)state;
    char path[600];
    const char *shared = getenv("ZYD_SHARED");
    struct dirent **list;
    unsigned yes = 0, no = 0;
    snprintf(path, sizeof path, "%s/vectors/json-test-suite/test_parsing", shared ? shared : ZYD_SOURCE_DIR "/../shared");
    int n = scandir(path, &list, NULL, alphasort);
    if (n < 0) {
        print_message("skipped: %s is absent\n", path);
        skip();
    }
    for (int i = 0; i < n; i++) {
        /* valid JSON that we refuse on purpose: a name twice, and texts with NUL */
        static const char *const ours[] = {"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
                                           "y_string_null_escape.json", "y_object_escaped_null_in_key.json"};
        const char *name = list[i]->d_name;
        char file[900];
        struct zyd_err err = {0};
        uint8_t *bytes = NULL;
        size_t size = 0;
        struct problem p = {.retry = -1};
        bool expected = name[0] == 'y';
        if (name[0] == 'y' || name[0] == 'n') {
            for (size_t k = 0; k < 4; k++) {
                expected &= strcmp(name, ours[k]) != 0;
            }
            snprintf(file, sizeof file, "%s/%s", path, name);
            assert_int_equal(zyd_file_read(&bytes, &size, &err, file, 1u << 20), ZYD_OK);
            json_t *v = zyd_json_read(&p, bytes, size);
            if ((v != NULL) != expected) {
                fail_msg("%s: %s", name, v ? "accepted" : p.detail);
            }
            assert_true(v || p.code == ZYD_ERR_MALFORMED);
            yes += expected;
            no += !expected;
            json_decref(v);
            free(bytes);
        }
        free(list[i]);
    }
    free(list);
    assert_true(yes > 80 && no > 150);
}

static void request_targets(void **state)
{
    (void)state;
    struct zyd_uri u;
    assert_int_equal(zyd_uri_parse(&u, "/v1/contracts/BA%2D1%20x?state=ACTIVE&q=a+b%26c&empty&e="), ZYD_OK);
    assert_int_equal(u.segment_count, 3);
    assert_string_equal(u.segments[2], "BA-1 x");
    assert_string_equal(zyd_uri_arg(&u, "q"), "a b&c");
    assert_string_equal(zyd_uri_arg(&u, "empty"), "");
    assert_null(zyd_uri_arg(&u, "nothing"));
    static const char good[] = "/v1/contracts/BA%2D1?state=ACTIVE&q=%e4%b8%ad";
    char copy[sizeof good];
    for (size_t cut = 0; cut < sizeof good; cut++) { /* every truncation, every bit: no crash, and pieces stay whole */
        memcpy(copy, good, sizeof good);
        copy[cut] = '\0';
        (void)zyd_uri_parse(&u, copy);
        for (int bit = 0; bit < 8; bit++) {
            memcpy(copy, good, sizeof good);
            copy[cut] = (char)(copy[cut] ^ 1 << bit);
            copy[sizeof good - 1] = '\0';
            if (zyd_uri_parse(&u, copy) == ZYD_OK) {
                for (uint32_t i = 0; i < u.segment_count; i++) {
                    assert_true(zyd_utf8_valid(zyd_span(u.segments[i], strlen(u.segments[i]))));
                }
            }
        }
    }
    bool minimal;
    assert_int_equal(zyd_prefer_parse(&minimal, "return=minimal, wait=10", 60), 10);
    assert_true(minimal);
    assert_int_equal(zyd_prefer_parse(&minimal, "wait=99999999999999", 60), 60);
    assert_false(minimal);
    assert_int_equal(zyd_prefer_parse(&minimal, NULL, 60), 0);
    uint64_t n;
    assert_true(zyd_decimal_parse(&n, "18446744073709551615", UINT64_MAX));
    assert_false(zyd_decimal_parse(&n, "18446744073709551616", UINT64_MAX));
    assert_false(zyd_decimal_parse(&n, "501", 500));
    assert_false(zyd_decimal_parse(&n, "00", 500));
}

static enum zyd_status load(const char *text)
{
    struct zyd_tokens *t;
    struct zyd_err err = {0};
    char path[128];
    snprintf(path, sizeof path, "%s/t", dir);
    FILE *f = fopen(path, "w");
    fputs(text, f);
    fclose(f);
    enum zyd_status s = zyd_tokens_load(&t, &err, path, &cons.g, 0);
    zyd_tokens_free(t);
    unlink(path);
    return s;
}

static void token_files(void **state)
{
    (void)state;
#define HASH "0000000000000000000000000000000000000000000000000000000000000000"
    assert_int_equal(load(""), ZYD_OK);
    assert_int_equal(load("# nothing\n\n  \n"), ZYD_OK);
    assert_int_equal(load("auditor own " HASH " M01 # somebody\nmaker all " HASH), ZYD_OK);
    static const char *const bad[] = {
        "maker\n",        "maker all\n",           "chief all " HASH "\n",        "maker some " HASH "\n",
        "maker all 00\n", "maker all " HASH "0\n", "maker all " HASH " NOBODY\n", "maker all " HASH " M01 x\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(load(bad[i]), ZYD_E_INVALID);
    }
}

/* The journal: every cut of its file is taken or refused, never misread; a flipped bit in the middle is damage. */
static void journal_survives_every_cut(void **state)
{
    (void)state;
    char path[128];
    struct zyd_err err = {0};
    struct zyd_journal *j;
    struct zyd_hash keys[3];
    snprintf(path, sizeof path, "%s/j", dir);
    assert_int_equal(zyd_journal_open(&j, &err, path), ZYD_OK);
    for (uint8_t i = 0; i < 3; i++) {
        uint8_t bytes[40] = {i};
        struct zyd_journal_entry e = {.bytes = bytes, .size = 20 + i, .valid_until_ms = i};
        memset(keys[i].b, i + 1, 32);
        e.jkey = e.op_id = e.env_id = keys[i];
        zyd_journal_set(j, &e);
        uint8_t *record;
        size_t size;
        assert_int_equal(zyd_journal_encode(j, &err, &record, &size, &keys[i], 1), ZYD_OK);
        assert_int_equal(zyd_journal_append(j, &err, record, size), ZYD_OK);
        free(record);
    }
    zyd_journal_close(j);
    uint8_t *file;
    size_t size;
    assert_int_equal(zyd_file_read(&file, &size, &err, path, 1u << 20), ZYD_OK);
    for (size_t cut = 8; cut <= size; cut++) {
        assert_int_equal(zyd_file_write_atomic(&err, path, file, cut, 0600), ZYD_OK);
        assert_int_equal(zyd_journal_open(&j, &err, path), ZYD_OK);
        uint32_t whole = 0;
        for (; zyd_journal_at(j, whole); whole++) {
            assert_true(zyd_hash_eq(&zyd_journal_at(j, whole)->jkey, &keys[whole]));
            assert_int_equal(zyd_journal_at(j, whole)->bytes[0], whole);
        }
        assert_true(whole <= 3 && (cut < size || whole == 3));
        zyd_journal_close(j);
    }
    unsigned damaged = 0;
    for (size_t at = 0; at < size; at++) {
        file[at] ^= 4;
        assert_int_equal(zyd_file_write_atomic(&err, path, file, size, 0600), ZYD_OK);
        enum zyd_status s = zyd_journal_open(&j, &err, path);
        if (s == ZYD_OK) {
            for (uint32_t i = 0; zyd_journal_at(j, i); i++) {
                assert_true(zyd_hash_eq(&zyd_journal_at(j, i)->jkey, &keys[i]));
            }
            zyd_journal_close(j);
        } else {
            assert_int_equal(s, ZYD_E_DAMAGED);
            damaged++;
        }
        file[at] ^= 4;
    }
    assert_true(damaged > 200);
    free(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_whose_length_is_in_doubt_closes_the_connection),
        cmocka_unit_test(what_is_too_big_is_said_to_be),
        cmocka_unit_test(targets_outside_the_table_are_not_found_or_refused),
        cmocka_unit_test(bodies_are_read_strictly),
        cmocka_unit_test(both_languages_are_spoken),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(slow_clients_do_not_hold_the_others),
        cmocka_unit_test(public_json_suite),
        cmocka_unit_test(request_targets),
        cmocka_unit_test(token_files),
        cmocka_unit_test(journal_survives_every_cut),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
