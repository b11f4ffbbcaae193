#include "tests/lib/http_client.h"
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>
#include <zyd/base.h>

#define WAIT_MS 20000

static int connected(int fd, const struct sockaddr *sa, socklen_t size)
{
    const struct timeval limit = {.tv_sec = WAIT_MS / 1000};
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 || connect(fd, sa, size) != 0) {
        zyd_panic(__FILE__, __LINE__, "connect");
    }
    return fd;
}

int zyd_http_connect(uint16_t port)
{
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connected(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&sa, sizeof sa);
}

int zyd_http_connect_unix(const char *path)
{
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    snprintf(sa.sun_path, sizeof sa.sun_path, "%s", path);
    return connected(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), (struct sockaddr *)&sa, sizeof sa);
}

void zyd_http_write(int fd, const void *bytes, size_t size)
{
    const char *p = bytes;
    while (size > 0) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n <= 0) {
            return; /* the server closed on us: the answer tells why */
        }
        p += n;
        size -= (size_t)n;
    }
}

static ssize_t receive(int fd, char *to, size_t size)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    if (poll(&p, 1, WAIT_MS) <= 0) {
        zyd_panic(__FILE__, __LINE__, "no answer in 20 s");
    }
    return recv(fd, to, size, 0);
}

bool zyd_http_closed(int fd)
{
    char c;
    return receive(fd, &c, 1) <= 0;
}

const char *zyd_http_header_of(const struct zyd_http_answer *a, const char *name)
{
    static char value[2048];
    size_t n = strlen(name);
    value[0] = '\0';
    for (const char *line = a->head ? strstr(a->head, "\r\n") : NULL; line; line = strstr(line + 2, "\r\n")) {
        if (strncasecmp(line + 2, name, n) == 0 && line[2 + n] == ':') {
            const char *v = line + 3 + n + strspn(line + 3 + n, " ");
            snprintf(value, sizeof value, "%.*s", (int)strcspn(v, "\r"), v);
            break;
        }
    }
    return value;
}

bool zyd_http_read(int fd, struct zyd_http_answer *out)
{
    size_t used = 0, cap = 4096;
    char *buffer = malloc(cap + 1), *end = NULL;
    memset(out, 0, sizeof *out);
    while (!end) { /* byte by byte: what follows the head may be another answer */
        if (used == cap) {
            buffer = realloc(buffer, (cap *= 2) + 1);
        }
        if (receive(fd, buffer + used, 1) != 1) {
            free(buffer);
            return false;
        }
        buffer[++used] = '\0';
        end = used >= 4 ? strstr(buffer + used - 4, "\r\n\r\n") : NULL;
    }
    out->head = buffer;
    out->status = atoi(buffer + 9);
    if (out->status == 100) {
        free(buffer);
        return zyd_http_read(fd, out);
    }
    out->size = (size_t)strtoull(zyd_http_header_of(out, "Content-Length"), NULL, 10);
    out->body = malloc(out->size + 1);
    for (size_t at = 0; at < out->size;) {
        ssize_t n = receive(fd, out->body + at, out->size - at);
        if (n <= 0) {
            out->size = at;
            break;
        }
        at += (size_t)n;
    }
    out->body[out->size] = '\0';
    out->json = json_loadb(out->body, out->size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    return true;
}

void zyd_http_answer_free(struct zyd_http_answer *a)
{
    json_decref(a->json);
    free(a->head);
    free(a->body);
    memset(a, 0, sizeof *a);
}

struct zyd_http_answer zyd_http_call(uint16_t port, const char *token, const char *method, const char *path,
                                     const char *headers, const void *body, size_t size)
{
    struct zyd_http_answer a;
    char head[8192];
    int fd = zyd_http_connect(port);
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\n%s%s%s%s", method, path,
                     token ? "Authorization: Bearer " : "", token ? token : "", token ? "\r\n" : "", headers);
    if (strcmp(method, "POST") == 0) {
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Length: %zu\r\n", size);
    }
    n += snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    zyd_http_write(fd, head, (size_t)n);
    if (size > 0) {
        zyd_http_write(fd, body, size);
    }
    if (!zyd_http_read(fd, &a)) {
        memset(&a, 0, sizeof a);
    }
    close(fd);
    return a;
}
