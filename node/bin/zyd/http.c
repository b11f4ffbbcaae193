/* HTTP by libcurl: http://host:port and unix:/path.  What matters is to know whether a request may have had an effect. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <curl/curl.h>

#include "client.h"

#define ANSWER_MAX (64u << 20)

void http_open(struct http *h, const char *url, const char *token)
{
    memset(h, 0, sizeof *h);
    if (strncmp(url, "unix:", 5) == 0) {
        cli_path(h->socket, "%s", url + 5);
        cli_path(h->base, "http://localhost");
    } else {
        cli_path(h->base, "%s%s", strstr(url, "://") ? "" : "http://", url);
        size_t n = strlen(h->base);
        while (n && h->base[n - 1] == '/') {
            h->base[--n] = '\0';
        }
    }
    if (token) {
        snprintf(h->token, sizeof h->token, "%s", token);
    }
}

void http_close(struct http *h)
{
    if (h->curl) {
        curl_easy_cleanup(h->curl);
        h->curl = NULL;
    }
    memset(h->token, 0, sizeof h->token);
}

struct sink {
    char *data;
    size_t size, cap;
    struct answer *a;
};

static size_t on_body(char *data, size_t one, size_t count, void *ctx)
{
    struct sink *s = ctx;
    size_t n = one * count;
    if (s->size + n > ANSWER_MAX) {
        return 0;
    }
    if (s->size + n + 1 > s->cap) {
        s->cap = (s->size + n + 1) * 2;
        char *more = realloc(s->data, s->cap);
        if (!more) {
            return 0;
        }
        s->data = more;
    }
    memcpy(s->data + s->size, data, n);
    s->size += n;
    s->data[s->size] = '\0';
    return n;
}

static size_t on_header(char *data, size_t one, size_t count, void *ctx)
{
    struct sink *s = ctx;
    size_t n = one * count;
    if (n > 10 && strncasecmp(data, "Zyd-Next:", 9) == 0) {
        size_t at = 9;
        while (at < n && data[at] == ' ') {
            at++;
        }
        size_t size = 0;
        while (at + size < n && size + 1 < sizeof s->a->next && data[at + size] > ' ') {
            size++;
        }
        memcpy(s->a->next, data + at, size);
        s->a->next[size] = '\0';
    }
    return n;
}

static struct curl_slist *headers_of(const struct cli *c, const struct http *h, const struct request *r)
{
    struct curl_slist *list = NULL;
    char line[700];
    const char *const parts[][2] = {{"Content-Type: ", r->type},
                                    {"Accept: ", r->accept},
                                    {"Prefer: ", r->prefer},
                                    {"Idempotency-Key: ", r->key},
                                    {"Authorization: Bearer ", h->token[0] ? h->token : NULL},
                                    {"Accept-Language: ", zyd_lang_tag(c->lang)}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i][1]) {
            snprintf(line, sizeof line, "%s%s", parts[i][0], parts[i][1]);
            list = curl_slist_append(list, line);
        }
    }
    memset(line, 0, sizeof line);
    return curl_slist_append(list, "Expect:");
}

bool http_call(const struct cli *c, struct http *h, struct answer *out, const struct request *r)
{
    struct sink sink = {.a = out};
    char url[2 * CLI_PATH_MAX];
    memset(out, 0, sizeof *out);
    if (!h->curl) {
        h->curl = curl_easy_init();
        zyd_assert(h->curl);
    }
    CURL *curl = h->curl;
    curl_easy_reset(curl);
    snprintf(url, sizeof url, "%s%s", h->base, r->path);
    struct curl_slist *headers = headers_of(c, h, r);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 5L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, r->timeout_s ? r->timeout_s : c->timeout_s);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &sink);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &sink);
    if (h->socket[0]) {
        curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, h->socket);
    }
    if (r->body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->size);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body);
    }
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
    CURLcode code = curl_easy_perform(curl);
    long request_size = 0;
    curl_easy_getinfo(curl, CURLINFO_REQUEST_SIZE, &request_size);
    out->sent = request_size > 0;
    curl_slist_free_all(headers);
    if (code != CURLE_OK) {
        snprintf(out->why, sizeof out->why, "%s", curl_easy_strerror(code));
        free(sink.data);
        return false;
    }
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->status);
    out->body = sink.data;
    out->size = sink.size;
    const char *type = NULL;
    curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    if (type && strstr(type, "json") && sink.data) {
        out->json = json_loadb(sink.data, sink.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    }
    return true;
}

void answer_free(struct answer *a)
{
    json_decref(a->json);
    free(a->body);
    memset(a, 0, sizeof *a);
}

uint32_t code_number(const char *label)
{
    return label && (label[0] == 'E' || label[0] == 'W') ? (uint32_t)strtoul(label + 1, NULL, 10) : 0;
}

const char *json_text(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

int64_t json_fen(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_integer(v) ? json_integer_value(v) : json_is_string(v) ? strtoll(json_string_value(v), NULL, 10) : 0;
}

int http_fail(const struct cli *c, const struct http *h, const struct answer *a, bool write)
{
    const char *where = h->socket[0] ? h->socket : h->base;
    if (a->status == 0) {
        return a->sent && write ? cli_fail(c, ZYD_ERR_UNKNOWN_OUTCOME, "%s: %s", where, a->why)
                                : cli_fail(c, ZYD_ERR_UNREACHABLE, "%s: %s", where, a->why);
    }
    uint32_t code = code_number(json_text(a->json, "code"));
    if (!code) {
        return cli_fail(c, a->status >= 500 ? ZYD_ERR_NOT_READY : ZYD_ERR_NO_ROUTE, "%s: HTTP %ld", where, a->status);
    }
    char detail[900];
    size_t used = (size_t)snprintf(detail, sizeof detail, "%.400s", json_text(a->json, "detail"));
    const json_t *errors = json_object_get(a->json, "errors");
    for (size_t i = 0; i < json_array_size(errors) && used + 200 < sizeof detail; i++) {
        const json_t *e = json_array_get(errors, i);
        used += (size_t)snprintf(detail + used, sizeof detail - used, "\n  %.60s %.100s", json_text(e, "pointer"),
                                 json_text(e, "detail"));
    }
    const json_t *current = json_object_get(a->json, "current");
    if (current && used + 100 < sizeof detail) {
        snprintf(detail + used, sizeof detail - used, " [%s, seq %lld]", json_text(current, "state"),
                 (long long)json_integer_value(json_object_get(current, "seq")));
    }
    return cli_fail(c, code, "%s", detail);
}

json_t *http_get(const struct cli *c, struct http *h, int *rc, const char *format, ...)
{
    char path[CLI_PATH_MAX];
    struct answer a;
    va_list args;
    va_start(args, format);
    vsnprintf(path, sizeof path, format, args);
    va_end(args);
    *rc = 0;
    if (!http_call(c, h, &a, &(struct request){.method = "GET", .path = path}) || a.status != 200 || !a.json) {
        *rc = http_fail(c, h, &a, false);
        answer_free(&a);
        return NULL;
    }
    json_t *out = json_incref(a.json);
    answer_free(&a);
    return out;
}
