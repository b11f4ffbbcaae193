/* GET /v1/events: server-sent events, one an outcome, as blocks become final.
 *
 * A stream holds no queue: it remembers which tx of the view comes next and writes from there, so a slow reader costs one
 * buffer. While there is nothing to say its connection is suspended; the view thread resumes it after each block, and every
 * PING_MS. */
#include <stdio.h>
#include <stdlib.h>

#include "api_impl.h"
#include "api_tx.h"

#define STREAMS_MAX 64u
#define PING_MS 15000
#define BUFFER (64u << 10)

struct stream {
    struct request *r;
    struct stream *next; /* of those that are suspended */
    uint32_t at;         /* tx */
    char type[24];
    bool ping;
    int64_t wake_ms;
    char *text; /* what is being written */
    size_t size, done;
    atomic_uint_fast32_t *count; /* of open streams: the request may be gone when this ends */
};

/* The tx after "height.index", or at the start of a height. */
static uint32_t position(struct zyd_api *a, const char *id, const char *from, bool *good)
{
    char height_text[24];
    uint64_t height, index = 0;
    size_t n = strcspn(id ? id : "", ".");
    *good = true;
    zyd_view_lock(a->view);
    uint32_t end = (uint32_t)zyd_view_counts(a->view).txs, at = end;
    if (id && n < sizeof height_text && id[n] == '.') {
        memcpy(height_text, id, n);
        height_text[n] = '\0';
        *good =
            zyd_decimal_parse(&height, height_text, UINT64_MAX - 1) && zyd_decimal_parse(&index, id + n + 1, UINT32_MAX - 1);
        index++;
    } else if (id) {
        *good = false;
    } else {
        *good = !from || zyd_decimal_parse(&height, from, UINT64_MAX - 1);
    }
    if (*good && (id || from)) {
        const struct zyd_view_block *b = zyd_view_block(a->view, height == 0 ? 1 : height);
        uint64_t want = b ? b->first_tx + index : end;
        at = want < end ? (uint32_t)want : end;
    }
    zyd_view_unlock(a->view);
    return at;
}

/* Fills s->text with events that there are; nothing when there are none. */
static void fill(struct stream *s)
{
    struct zyd_api *a = s->r->api;
    FILE *f = open_memstream(&s->text, &s->size);
    zyd_assert(f != NULL);
    if (s->ping) {
        fputs(": ping\n\n", f);
        s->ping = false;
    }
    zyd_view_lock(a->view);
    const struct zyd_view_tx *tx;
    for (; ftell(f) < (long)BUFFER / 2 && (tx = zyd_view_tx_at(a->view, s->at)) != NULL; s->at++) {
        struct tx_copy c;
        char event[24];
        const char *name = zyd_event_text(event, a->g, tx->contract, tx->event, tx->deadline, tx->sys);
        zyd_tx_copy(&c, a, tx);
        if (!zyd_api_sees(s->r, c.parties) || (s->type[0] && strcmp(s->type, name) != 0)) {
            continue;
        }
        json_t *o = json_object();
        zyd_tx_brief(o, s->r, &c);
        zyd_j_u64(o, "postings", tx->postings);
        char *data = json_dumps(o, JSON_COMPACT);
        fprintf(f, "id: %llu.%u\nevent: %s\ndata: %s\n\n", (unsigned long long)tx->height,
                s->at - zyd_view_block(a->view, tx->height)->first_tx, name, data ? data : "{}");
        free(data);
        json_decref(o);
    }
    zyd_view_unlock(a->view);
    fclose(f);
    s->done = 0;
}

long zyd_api_stream_read(void *ctx, char *to, size_t max)
{
    struct stream *s = ctx;
    struct zyd_api *a = s->r->api;
    if (s->done == s->size) {
        free(s->text);
        s->text = NULL;
        s->size = s->done = 0;
        fill(s);
    }
    if (s->size > 0) {
        size_t n = s->size - s->done < max ? s->size - s->done : max;
        memcpy(to, s->text + s->done, n);
        s->done += n;
        return (long)n;
    }
    long n = 0;
    pthread_mutex_lock(&a->wait_lock);
    zyd_view_lock(a->view);
    bool more = zyd_view_tx_at(a->view, s->at) != NULL; /* a block came since fill looked */
    zyd_view_unlock(a->view);
    if (a->stopping) {
        n = -1;
    } else if (!more) {
        zyd_http_suspend(s->r);
        s->wake_ms = zyd_api_now_ms() + PING_MS;
        s->next = a->streams;
        a->streams = s;
    }
    pthread_mutex_unlock(&a->wait_lock);
    return n;
}

void zyd_api_stream_free(void *ctx)
{
    struct stream *s = ctx;
    atomic_fetch_sub(s->count, 1);
    free(s->text);
    free(s);
}

/* With wait_lock held: resumes those that have something to read, or have been quiet for long, or all. */
void zyd_api_streams_wake(struct zyd_api *a, bool all)
{
    int64_t now = zyd_api_now_ms();
    struct stream **p = &a->streams;
    zyd_view_lock(a->view);
    uint32_t end = (uint32_t)zyd_view_counts(a->view).txs;
    zyd_view_unlock(a->view);
    while (*p) {
        struct stream *s = *p;
        bool late = now >= s->wake_ms;
        if (!all && !late && s->at == end) {
            p = &s->next;
            continue;
        }
        *p = s->next;
        s->next = NULL;
        s->ping = late;
        zyd_http_resume(s->r);
    }
}

enum step zyd_run_stream_get(struct request *r)
{
    struct zyd_api *a = r->api;
    const char *type = zyd_uri_arg(&r->uri, "type");
    bool good;
    uint32_t at = position(a, zyd_http_header(r, "Last-Event-ID"), zyd_uri_arg(&r->uri, "from"), &good);
    if (!good || (type && strlen(type) >= sizeof ((struct stream *)NULL)->type)) {
        r->problem.http = 400;
        return zyd_fail(r, ZYD_ERR_FIELD_VALUE, "", "Last-Event-ID: HEIGHT.INDEX; from: a height; type: an event's name");
    }
    if (atomic_fetch_add(&a->stream_count, 1) >= STREAMS_MAX) {
        atomic_fetch_sub(&a->stream_count, 1);
        return zyd_fail(r, ZYD_ERR_BUSY, "", "%u streams are open already", STREAMS_MAX);
    }
    struct stream *s = calloc(1, sizeof *s);
    zyd_assert(s != NULL);
    s->r = r;
    s->count = &a->stream_count;
    s->at = at;
    s->ping = true; /* so that the client sees the head at once */
    snprintf(s->type, sizeof s->type, "%s", type ? type : "");
    r->stream = s;
    r->http = 200;
    return STEP_ANSWER;
}
