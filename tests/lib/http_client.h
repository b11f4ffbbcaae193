/* tests/lib/http_client.h: HTTP as plain bytes on a socket, for tests that must send what a library would refuse to. */
#ifndef ZYD_TESTS_HTTP_CLIENT_H
#define ZYD_TESTS_HTTP_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct zyd_http_answer {
    int status; /* 0: the connection ended without one */
    char *head; /* the head as it came */
    char *body;
    size_t size;
    json_t *json; /* NULL when the body is not JSON */
};
int zyd_http_connect(uint16_t port);
int zyd_http_connect_unix(const char *path);
void zyd_http_write(int fd, const void *bytes, size_t size);
/* Reads one answer (by Content-Length); waits at most 20 s. false: the peer closed before one was whole. */
bool zyd_http_read(int fd, struct zyd_http_answer *out);
/* True when the peer has closed the connection (waits at most 20 s). */
bool zyd_http_closed(int fd);
void zyd_http_answer_free(struct zyd_http_answer *a);
/* Value of a header in the head, or "": static buffer. */
const char *zyd_http_header_of(const struct zyd_http_answer *a, const char *name);
/* One request on a connection of its own. headers: lines with \r\n, or "". token NULL: none. */
struct zyd_http_answer zyd_http_call(uint16_t port, const char *token, const char *method, const char *path,
                                     const char *headers, const void *body, size_t size);

#endif
