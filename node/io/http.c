/* The HTTP server: libmicrohttpd behind our own limits (prototypes.md 1.5, ledger.md 2.8).
 *
 * What the library leaves to us: doubled Content-Length and Content-Length with Transfer-Encoding are refused and the
 * connection closed; the request target is read from the raw line (the library's own unescaping ends at %00); a body over its
 * limit is answered 413 and the connection closed; on TCP the Host must be a loopback name or an address, so that a page in a
 * browser cannot rebind its way in. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>
#include <sodium.h>

#include "api_impl.h"

#define IDLE_S 15u           /* of a connection */
#define BODY_MS 60000        /* a whole request must be here by then */
#define MEMORY (48u << 10)   /* of a connection: headers and buffers */

struct listener {
    struct zyd_api *api;
    struct MHD_Daemon *daemon;
    int fd;
    bool tcp, metrics;
    char path[108];
};
struct zyd_http {
    uint32_t count;
    uint16_t port[2]; /* of the first TCP listener: of the API, of metrics */
    struct listener items[ZYD_HTTP_LISTENERS_MAX];
};

int64_t zyd_api_now_ms(void)
{
    return zyd_clock_mono_ms();
}

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* 26 characters of Crockford's base 32: 48 bits of time, 80 of chance (a ULID). */
static void request_id(char out[27])
{
    static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    uint64_t t = (uint64_t)zyd_clock_wall_ms();
    uint8_t r[16];
    randombytes_buf(r, sizeof r);
    for (int i = 9; i >= 0; i--, t >>= 5) {
        out[i] = digits[t & 31];
    }
    for (int i = 0; i < 16; i++) {
        out[10 + i] = digits[r[i] & 31];
    }
    out[26] = '\0';
}

const char *zyd_http_header(const struct request *r, const char *name)
{
    return MHD_lookup_connection_value(r->conn, MHD_HEADER_KIND, name);
}

void zyd_http_suspend(struct request *r)
{
    MHD_suspend_connection(r->conn);
}

void zyd_http_resume(struct request *r)
{
    MHD_resume_connection(r->conn);
}

/* ---- the answer ---- */

static void count(struct request *r)
{
    struct zyd_api *a = r->api;
    size_t route = r->route ? (size_t)(r->route - zyd_api_route_at(0)) : 63u;
    atomic_fetch_add(&a->http_total, 1);
    atomic_fetch_add(&a->http_counts[route < 63 ? route : 63][r->http / 100 % 6], 1);
    atomic_fetch_add(&a->http_us[route < 63 ? route : 63], (uint_fast64_t)(now_us() - r->start_us));
}

static void add(struct MHD_Response *m, const char *name, const char *value)
{
    (void)MHD_add_response_header(m, name, value);
}

static ssize_t stream_read(void *ctx, uint64_t pos, char *to, size_t max)
{
    (void)pos;
    long n = zyd_api_stream_read(ctx, to, max);
    return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static enum MHD_Result send_answer(struct request *r)
{
    char height[24];
    size_t size = r->bytes_size;
    uint8_t *bytes = r->bytes;
    const char *type = r->type;
    r->bytes = NULL;
    if (r->json) {
        char *text = json_dumps(r->json, JSON_COMPACT);
        bytes = (uint8_t *)text;
        size = text ? strlen(text) : 0;
        type = r->problem.code != 0 ? "application/problem+json" : "application/json";
    }
    struct MHD_Response *m =
        r->stream ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 16384, stream_read, r->stream, zyd_api_stream_free)
                  : MHD_create_response_from_buffer(size, bytes, MHD_RESPMEM_MUST_FREE);
    if (!m) {
        free(bytes);
        return MHD_NO;
    }
    type = r->stream ? "text/event-stream" : type;
    zyd_view_lock(r->api->view);
    snprintf(height, sizeof height, "%llu", (unsigned long long)zyd_view_height(r->api->view));
    zyd_view_unlock(r->api->view);
    add(m, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    add(m, "Zyd-Height", height);
    add(m, "Zyd-Request-Id", r->id);
    add(m, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    add(m, "X-Content-Type-Options", "nosniff");
    if (r->problem.code != 0) {
        add(m, MHD_HTTP_HEADER_CONTENT_LANGUAGE, r->lang_both ? "zh-CN, en" : zyd_lang_tag(r->lang));
    }
    if (r->location[0]) {
        add(m, MHD_HTTP_HEADER_LOCATION, r->location);
    }
    if (r->link[0]) {
        add(m, MHD_HTTP_HEADER_LINK, r->link);
    }
    if (r->allow[0] && r->http == MHD_HTTP_METHOD_NOT_ALLOWED) {
        add(m, MHD_HTTP_HEADER_ALLOW, r->allow);
    }
    if (r->next_frame[0]) {
        add(m, "Zyd-Next", r->next_frame);
    }
    if (r->retry_after != 0) {
        char seconds[12];
        snprintf(seconds, sizeof seconds, "%u", r->retry_after);
        add(m, MHD_HTTP_HEADER_RETRY_AFTER, seconds);
    }
    if (r->http == MHD_HTTP_UNAUTHORIZED) {
        add(m, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Bearer");
    }
    if (r->close) {
        add(m, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    count(r);
    enum MHD_Result done = MHD_queue_response(r->conn, r->http, m);
    MHD_destroy_response(m);
    return done;
}

/* ---- reading the head ---- */

struct head {
    unsigned lengths, encodings, hosts, types, authorizations, keys;
    size_t bytes;
    const char *length, *encoding, *type, *authorization, *key;
    bool control;
};

static enum MHD_Result each_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct head *h = cls;
    (void)kind;
    value = value ? value : "";
    h->bytes += strlen(name) + strlen(value) + 4;
    for (const char *p = value; *p; p++) {
        h->control |= ((uint8_t)*p < 0x20 && *p != '\t') || *p == 0x7f;
    }
#define SEE(text, n, keep)                                                                                             \
    if (strcasecmp(name, text) == 0) {                                                                                 \
        h->n++;                                                                                                        \
        keep;                                                                                                          \
    }
    SEE("Content-Length", lengths, h->length = value)
    SEE("Transfer-Encoding", encodings, h->encoding = value)
    SEE("Host", hosts, (void)0)
    SEE("Content-Type", types, h->type = value)
    SEE("Authorization", authorizations, h->authorization = value)
    SEE("Idempotency-Key", keys, h->key = value)
#undef SEE
    return MHD_YES;
}

/* "name", "name:port", "1.2.3.4:port", "[::1]:port" with a loopback name or any address. */
static bool host_allowed(const char *host)
{
    char name[64];
    struct in_addr v4;
    struct in6_addr v6;
    size_t n = host[0] == '[' ? strcspn(host, "]") : strcspn(host, ":");
    const char *from = host[0] == '[' ? host + 1 : host;
    n -= host[0] == '[' && n > 0;
    if (n == 0 || n >= sizeof name) {
        return false;
    }
    memcpy(name, from, n);
    name[n] = '\0';
    return strcasecmp(name, "localhost") == 0 || inet_pton(AF_INET, name, &v4) == 1 || inet_pton(AF_INET6, name, &v6) == 1;
}

/* The limits of the message as HTTP; false with the problem set.
 * Those that leave the connection's framing in doubt close it. */
static bool check_head(struct request *r, const struct listener *l, struct head *h)
{
    MHD_get_connection_values(r->conn, MHD_HEADER_KIND, each_header, h);
    if (h->lengths > 1 || (h->lengths > 0 && h->encodings > 0) || h->encodings > 1 || h->control ||
        (h->encoding && strcasecmp(h->encoding, "chunked") != 0) ||
        (h->length && (h->length[0] == '\0' || h->length[strspn(h->length, "0123456789")] != '\0'))) {
        r->close = true;
        zyd_problem_set(
            &r->problem, ZYD_ERR_MALFORMED, "",
            "the message says in two ways, or wrongly, how long it is: one Content-Length or one Transfer-Encoding");
        return false;
    }
    if (h->hosts > 1 || h->types > 1 || h->authorizations > 1 || h->keys > 1) {
        r->close = true;
        zyd_problem_set(&r->problem, ZYD_ERR_MALFORMED, "", "a header that may stand once stands twice");
        return false;
    }
    if (h->bytes > ZYD_HTTP_HEADER_MAX) {
        r->close = true;
        r->problem.http = MHD_HTTP_REQUEST_HEADER_FIELDS_TOO_LARGE;
        zyd_problem_set(&r->problem, ZYD_ERR_TOO_BIG, "", "headers of more than %u bytes", ZYD_HTTP_HEADER_MAX);
        return false;
    }
    const char *host = zyd_http_header(r, "Host");
    if (l->tcp && host && !host_allowed(host)) {
        r->close = true;
        r->problem.http = MHD_HTTP_MISDIRECTED_REQUEST;
        zyd_problem_set(&r->problem, ZYD_ERR_FORBIDDEN, "", "this listener answers to loopback names and addresses only");
        return false;
    }
    return true;
}

static bool media_matches(const char *type, const char *want)
{
    size_t n = strlen(want);
    return type && strncasecmp(type, want, n) == 0 && (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

static bool check_body_head(struct request *r, const struct head *h)
{
    bool has_body = h->encodings > 0 || (h->length && strcmp(h->length, "0") != 0);
    if (r->route->body == BODY_NONE) {
        if (has_body) {
            r->close = true;
            zyd_problem_set(&r->problem, ZYD_ERR_MALFORMED, "", "this request takes no body");
            return false;
        }
        return true;
    }
    r->body_max = r->route->body == BODY_JSON ? ZYD_HTTP_JSON_MAX : ZYD_ENV_SIZE_MAX;
    if (h->length && (strlen(h->length) > 12 || strtoull(h->length, NULL, 10) > r->body_max)) {
        r->close = true;
        zyd_problem_set(&r->problem, ZYD_ERR_TOO_BIG, "", "a body of at most %zu bytes is taken here", r->body_max);
        return false;
    }
    const char *want = r->route->body == BODY_JSON ? "application/json" : "application/octet-stream";
    if (has_body && !media_matches(h->type, want)) {
        r->close = true;
        zyd_problem_set(&r->problem, ZYD_ERR_MEDIA_TYPE, "", "Content-Type must be %s", want);
        return false;
    }
    return true;
}

static bool begin(struct request *r, const struct listener *l)
{
    struct head h = {0};
    bool known;
    const char *accept = zyd_http_header(r, "Accept");
    r->lang = zyd_lang_choose(zyd_http_header(r, "Accept-Language"), ZYD_LANG_ZH);
    snprintf(r->accept, sizeof r->accept, "%s", accept ? accept : "");
    if (!check_head(r, l, &h)) {
        return false;
    }
    enum zyd_status s = r->raw ? zyd_uri_parse(&r->uri, r->raw) : ZYD_E_MALFORMED;
    if (s != ZYD_OK) {
        r->uri.segment_count = r->uri.arg_count = 0;
        r->close = true;
        r->problem.http = s == ZYD_E_TOO_BIG ? MHD_HTTP_URI_TOO_LONG : 0;
        zyd_problem_set(&r->problem, ZYD_ERR_MALFORMED, "", "the request target is not allowed");
        return false;
    }
    const char *lang = zyd_uri_arg(&r->uri, "lang");
    if (lang) {
        r->lang_both = strcmp(lang, "both") == 0;
        r->lang = zyd_lang_choose(lang, r->lang);
    }
    r->route = zyd_api_route(r, &known, r->allow);
    if (!r->route) {
        r->close = h.encodings > 0 || h.lengths > 0;
        zyd_problem_set(&r->problem, known ? ZYD_ERR_METHOD : ZYD_ERR_NO_ROUTE, "", known ? "allowed here: %s" : "%s",
                        known ? r->allow : "");
        return false;
    }
    if (!check_body_head(r, &h)) {
        return false;
    }
    if (!zyd_api_authorize(r, h.authorization)) {
        r->close = h.encodings > 0 || (h.length && strcmp(h.length, "0") != 0);
        return false;
    }
    if (h.key && !zyd_key_valid(h.key)) {
        r->close = r->route->body != BODY_NONE;
        zyd_problem_set(&r->problem, ZYD_ERR_FIELD_VALUE, "", "Idempotency-Key: 1 to 35 printable ASCII characters");
        return false;
    }
    snprintf(r->key, sizeof r->key, "%s", h.key ? h.key : "");
    r->wait_s = zyd_prefer_parse(&r->minimal, zyd_http_header(r, "Prefer"), ZYD_HTTP_WAIT_MAX);
    return true;
}

/* ---- callbacks of the library ---- */

static void *on_uri(void *cls, const char *uri, struct MHD_Connection *conn)
{
    const struct listener *l = cls;
    struct request *r = calloc(1, sizeof *r);
    if (!r) {
        return NULL;
    }
    r->api = l->api;
    r->conn = conn;
    r->metrics_listener = l->metrics;
    r->start_us = now_us();
    r->problem.retry = -1;
    r->raw = strndup(uri, ZYD_URI_SIZE_MAX + 1);
    request_id(r->id);
    return r;
}

static void on_done(void *cls, struct MHD_Connection *conn, void **con_cls, enum MHD_RequestTerminationCode why)
{
    struct request *r = *con_cls;
    (void)cls;
    (void)conn;
    (void)why;
    if (!r) {
        return;
    }
    if (r->who.all && r->who.known && r->route && r->route->need <= NEED_ALL && r->http != 0) {
        zyd_log(ZYD_LOG_INFO, "api_read", "%s by token %u (%s): %u, request %s", r->raw, r->who.number,
                zyd_token_role_text(r->who.role), r->http, r->id);
    }
    json_decref(r->json);
    json_decref(r->problem.extra);
    free(r->bytes);
    free(r->body);
    free(r->reply_bytes);
    free(r->w.env);
    free(r->raw);
    free(r);
    *con_cls = NULL;
}

/* Takes upload_data.  Past the limit bytes are dropped; far past it the connection is. */
static bool take_body(struct request *r, const char *data, size_t size)
{
    size_t max = r->body_max;
    if (now_us() - r->start_us > (int64_t)BODY_MS * 1000 || r->body_size > max + (1u << 20)) {
        return false;
    }
    if (r->body_size + size > max) {
        r->body_size += size; /* counted, not kept */
        return true;
    }
    if (r->body_size + size > r->body_cap) {
        size_t cap = r->body_cap == 0 ? 4096 : r->body_cap * 2;
        cap = cap < r->body_size + size ? r->body_size + size : cap;
        uint8_t *p = realloc(r->body, cap);
        if (!p) {
            return false;
        }
        r->body = p;
        r->body_cap = cap;
    }
    memcpy(r->body + r->body_size, data, size);
    r->body_size += size;
    return true;
}

static enum MHD_Result on_request(void *cls, struct MHD_Connection *conn, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **con_cls)
{
    const struct listener *l = cls;
    struct request *r = *con_cls;
    (void)conn;
    (void)url;
    (void)version;
    if (!r) {
        return MHD_NO;
    }
    if (!r->started) {
        r->started = true;
        r->head = strcmp(method, "HEAD") == 0;
        snprintf(r->method, sizeof r->method, "%s", r->head ? "GET" : method);
        r->refused = !begin(r, l);
        if (r->refused && r->close) {
            zyd_answer_problem(r);
            return send_answer(r);
        }
        return MHD_YES; /* the next call brings the body, or its end: an answer now would end the connection */
    }
    if (*upload_size > 0) {
        bool good = take_body(r, upload, *upload_size);
        *upload_size = 0;
        return good ? MHD_YES : MHD_NO;
    }
    if (r->refused) {
        zyd_answer_problem(r);
        return send_answer(r);
    }
    if (r->body_size > r->body_max) {
        r->close = true;
        zyd_fail(r, ZYD_ERR_TOO_BIG, "", "a body of at most %zu bytes is taken here", r->body_max);
        return send_answer(r);
    }
    return r->route->run(r) == STEP_WAIT ? MHD_YES : send_answer(r);
}

static void on_log(void *cls, const char *format, va_list args)
{
    char text[256];
    (void)cls;
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\r\n")] = '\0';
    zyd_log(ZYD_LOG_DEBUG, "http", "%s", text);
}

/* ---- listeners ---- */

static enum zyd_status address_fail(struct zyd_err *err, const char *text, const char *what)
{
    zyd_err_set(err, ZYD_ERR_ADDRESS, "%s: %s", text, what);
    return ZYD_E_INVALID;
}

static enum zyd_status listen_unix(struct listener *l, struct zyd_err *err, const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    struct stat st;
    if (strlen(path) >= sizeof sa.sun_path || path[0] == '\0') {
        return address_fail(err, path, "a unix socket's path has 1 to 107 bytes");
    }
    memcpy(sa.sun_path, path, strlen(path));
    l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (l->fd < 0) {
        return address_fail(err, path, strerror(errno));
    }
    if (lstat(path, &st) == 0) { /* left by a process that was killed: nobody answers there */
        bool stale = S_ISSOCK(st.st_mode) && connect(l->fd, (struct sockaddr *)&sa, sizeof sa) != 0 && errno == ECONNREFUSED;
        if (!stale) {
            return address_fail(err, path, "something is there already");
        }
        unlink(path);
    }
    mode_t old = umask(0117);
    int bad = bind(l->fd, (struct sockaddr *)&sa, sizeof sa);
    umask(old);
    if (bad != 0 || listen(l->fd, 512) != 0) {
        return address_fail(err, path, strerror(errno));
    }
    snprintf(l->path, sizeof l->path, "%s", path);
    return ZYD_OK;
}

static bool loopback(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 == 127;
    }
    return sa->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr);
}

static enum zyd_status listen_tcp(struct listener *l, uint16_t *port, struct zyd_err *err, const char *text)
{
    char host[64];
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV | AI_PASSIVE};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(text, ':');
    size_t n = colon ? (size_t)(colon - text) : 0;
    const char *from = text;
    if (n > 2 && text[0] == '[' && text[n - 1] == ']') {
        from++;
        n -= 2;
    }
    if (!colon || n == 0 || n >= sizeof host) {
        return address_fail(err, text, "HOST:PORT or unix:PATH is expected");
    }
    memcpy(host, from, n);
    host[n] = '\0';
    if (getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, colon + 1, &hints, &found) != 0) {
        return address_fail(err, text, "no such address");
    }
    enum zyd_status s = ZYD_OK;
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    int on = 1;
    if (!loopback(found->ai_addr)) {
        s = address_fail(err, text, "plain HTTP is served on loopback or a unix socket only; put a TLS proxy in front");
    } else {
        l->fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (l->fd < 0 || setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
            bind(l->fd, found->ai_addr, found->ai_addrlen) != 0 || listen(l->fd, 512) != 0 ||
            getsockname(l->fd, (struct sockaddr *)&bound, &size) != 0) {
            s = address_fail(err, text, strerror(errno));
        }
    }
    freeaddrinfo(found);
    if (s == ZYD_OK) {
        l->tcp = true;
        *port = ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)(void *)&bound)->sin6_port
                                                  : ((struct sockaddr_in *)(void *)&bound)->sin_port);
    }
    return s;
}

static enum zyd_status start_one(struct zyd_http *h, struct zyd_err *err, struct zyd_api *a, const char *text, bool metrics)
{
    if (h->count == ZYD_HTTP_LISTENERS_MAX) {
        return address_fail(err, text, "too many listeners");
    }
    struct listener *l = &h->items[h->count];
    uint16_t port = 0;
    *l = (struct listener){.api = a, .fd = -1, .metrics = metrics};
    if (strncmp(text, "https:", 6) == 0) {
        return address_fail(err, text, "TLS is not served by this version; put a proxy in front");
    }
    text += strncmp(text, "http://", 7) == 0 ? 7 : 0;
    enum zyd_status s = strncmp(text, "unix:", 5) == 0 ? listen_unix(l, err, text + 5) : listen_tcp(l, &port, err, text);
    if (s == ZYD_OK) {
        const struct MHD_OptionItem pool[] = {{metrics ? MHD_OPTION_END : MHD_OPTION_THREAD_POOL_SIZE, 2, NULL},
                                              {MHD_OPTION_END, 0, NULL}};
        l->daemon = MHD_start_daemon(
            MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ERROR_LOG | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC, 0, NULL, NULL,
            on_request, l, MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_CONNECTION_LIMIT, ZYD_HTTP_CONNECTIONS,
            MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY,
            MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, pool, MHD_OPTION_NOTIFY_COMPLETED, on_done, NULL,
            MHD_OPTION_URI_LOG_CALLBACK, on_uri, l, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_END);
        s = l->daemon ? ZYD_OK : address_fail(err, text, "the HTTP server does not start");
    }
    if (s != ZYD_OK) {
        if (l->fd >= 0) {
            close(l->fd);
        }
        return s;
    }
    h->port[metrics] = h->port[metrics] == 0 ? port : h->port[metrics];
    h->count++;
    return ZYD_OK;
}

enum zyd_status zyd_http_start(struct zyd_http **out, struct zyd_err *err, struct zyd_api *a, const char *list, bool metrics)
{
    char *copy = strdup(list), *save = NULL;
    enum zyd_status s = ZYD_OK;
    if (!*out) {
        *out = calloc(1, sizeof **out);
    }
    zyd_assert(copy != NULL && *out != NULL);
    for (char *t = strtok_r(copy, ", ", &save); t && s == ZYD_OK; t = strtok_r(NULL, ", ", &save)) {
        s = start_one(*out, err, a, t, metrics);
    }
    free(copy);
    return s;
}

uint16_t zyd_http_port(const struct zyd_http *h, bool metrics)
{
    return h->port[metrics];
}

void zyd_http_quiesce(struct zyd_http *h)
{
    for (uint32_t i = 0; h && i < h->count; i++) {
        int fd = MHD_quiesce_daemon(h->items[i].daemon);
        if (fd >= 0) {
            close(fd);
        }
        if (h->items[i].path[0]) {
            unlink(h->items[i].path);
        }
    }
}

void zyd_http_stop(struct zyd_http *h)
{
    for (uint32_t i = 0; h && i < h->count; i++) {
        MHD_stop_daemon(h->items[i].daemon);
    }
    free(h);
}
