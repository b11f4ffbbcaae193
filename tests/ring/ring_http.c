/* HTTP for the main thread: one request a connection, with a deadline. */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "ring.h"

static bool wait_fd(int fd, short events, int64_t until)
{
    struct pollfd p = {.fd = fd, .events = events};
    int64_t left = (until - ring_now_us()) / 1000;
    return left > 0 && poll(&p, 1, (int)left) == 1;
}

/* The whole answer until the end of the connection; malloc'd. */
static char *exchange(int port, const char *path, size_t *size, int64_t ms)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    int64_t until = ring_now_us() + ms * 1000;
    char head[512];
    size_t cap = 65536, used = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = 0;
    socklen_t n = sizeof error;
    char *answer = malloc(cap + 1);
    bool ok = fd >= 0 && answer != NULL && (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS) &&
              wait_fd(fd, POLLOUT, until) && getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 && error == 0;
    int length = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", path);
    ok = ok && send(fd, head, (size_t)length, MSG_NOSIGNAL) == length;
    while (ok && wait_fd(fd, POLLIN, until)) {
        if (used == cap) {
            char *grown = realloc(answer, cap * 2 + 1);
            zyd_assert(grown != NULL);
            answer = grown;
            cap *= 2;
        }
        ssize_t k = recv(fd, answer + used, cap - used, 0);
        if (k == 0) {
            break;
        }
        ok = k > 0;
        used += k > 0 ? (size_t)k : 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (answer) {
        answer[used] = '\0';
    }
    if (!ok || used == 0) {
        free(answer);
        return NULL;
    }
    *size = used;
    return answer;
}

int ring_get(const struct ring *r, unsigned node, const char *path, char *body, size_t cap, int64_t ms)
{
    size_t size = 0;
    int code = -1;
    char *answer = exchange(r->nodes[node].api_port, path, &size, ms);
    const char *end = answer ? strstr(answer, "\r\n\r\n") : NULL;
    body[0] = '\0';
    if (end && sscanf(answer, "HTTP/1.1 %d", &code) == 1) {
        snprintf(body, cap, "%s", end + 4);
    }
    free(answer);
    return code;
}

bool ring_head(const struct ring *r, unsigned node, struct ring_head *out)
{
    char body[8192];
    if (ring_get(r, node, "/v1/blocks/latest", body, sizeof body, 2000) != 200) {
        return false;
    }
    json_t *o = json_loads(body, 0, NULL);
    const char *hash = json_string_value(json_object_get(o, "hash")),
               *root = json_string_value(json_object_get(o, "state_root"));
    out->height = (uint64_t)json_integer_value(json_object_get(o, "height"));
    out->view = (uint64_t)json_integer_value(json_object_get(o, "view"));
    snprintf(out->hash, sizeof out->hash, "%s", hash ? hash : "");
    snprintf(out->state_root, sizeof out->state_root, "%s", root ? root : "");
    json_decref(o);
    return hash && root;
}

bool ring_settle(const struct ring *r, struct ring_head *out, int64_t still_ms, int64_t ms)
{
    int64_t until = ring_now_us() + ms * 1000, since = 0;
    struct ring_head last = {0};
    while (ring_now_us() < until) {
        struct ring_head first = {0}, h;
        bool all = true, have = false;
        for (unsigned i = 0; i < RING_NODES && all; i++) {
            if (r->nodes[i].pid == 0) {
                continue;
            }
            all = ring_head(r, i, &h) && (!have || memcmp(&h.hash, &first.hash, sizeof h.hash) == 0);
            if (!have) {
                first = h;
                have = true;
            }
        }
        int64_t now = ring_now_us();
        since = !all || !have || strcmp(first.hash, last.hash) != 0 ? now : since;
        last = first;
        if (all && have && now >= since + still_ms * 1000) {
            *out = first;
            return true;
        }
        nanosleep(&(struct timespec){0, 5000000}, NULL);
    }
    return false;
}

double ring_metric(const struct ring *r, unsigned node, const char *name)
{
    size_t size = 0, n = strlen(name);
    double sum = -1;
    char *answer = exchange(r->nodes[node].metrics_port, "/metrics", &size, 5000);
    for (char *line = answer; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, n) == 0) {
            const char *space = strchr(line, ' ');
            sum = (sum < 0 ? 0 : sum) + (space ? atof(space + 1) : 0);
        }
    }
    free(answer);
    return sum;
}
