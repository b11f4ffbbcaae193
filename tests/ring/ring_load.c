/* Clients.  A lane takes a cohort of loans through the programme, one step of all of them in one envelope, over one keep-alive
 * connection; it sends the same bytes again, here or at another node, until it sees them final (ledger.md 2.3).  One thread
 * runs all lanes. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <sodium.h>

#include <zyd/date.h>
#include <zyd/guarantee.h>
#include <zyd/host.h>

#include "ring.h"

#define VALID_MS 400000 /* of the window's 600 s */
#define MAKER_KEY 2u    /* node, link, maker */
#define ANSWER_MAX 8192u
#define RETRY_US 20000

enum step { APPLY, DD_DONE, OFFER, FILE_RE, ISSUE, DISBURSE, PAID_GUAR, PAID_REG, PAID_NFGF, REPAY_1, REPAY_2, REPAY_3, STEPS };
static const struct {
    const char *name;
    uint16_t event;
    uint16_t signers[2]; /* the first acts */
} steps[STEPS] = {{"APPLY", ZYD_GE_APPLY, {RING_BANK, RING_BANK}},        {"DD_DONE", ZYD_GE_DD_DONE, {RING_BANK, RING_GUAR}},
                  {"OFFER", ZYD_GE_OFFER, {RING_GUAR, RING_REG}},         {"FILE_RE", ZYD_GE_FILE_RE, {RING_REG, RING_NFGF}},
                  {"ISSUE", ZYD_GE_ISSUE, {RING_BANK, RING_GUAR}},        {"DISBURSE", ZYD_GE_DISBURSE, {RING_BANK, RING_BANK}},
                  {"PAID", ZYD_HOST_PAID, {RING_BANK, RING_GUAR}},        {"PAID", ZYD_HOST_PAID, {RING_GUAR, RING_REG}},
                  {"PAID", ZYD_HOST_PAID, {RING_REG, RING_NFGF}},         {"REPAY", ZYD_GE_REPAY, {RING_BANK, RING_BANK}},
                  {"REPAY", ZYD_GE_REPAY, {RING_BANK, RING_BANK}},        {"REPAY", ZYD_GE_REPAY, {RING_BANK, RING_BANK}}};

struct envelope {
    uint8_t *bytes;
    size_t size;
    struct zyd_hash env_id;
    uint8_t step;
};
enum lane_state { LANE_IDLE, LANE_BACKOFF, LANE_CONNECTING, LANE_SENDING, LANE_WAITING };
struct lane {
    enum lane_state state;
    unsigned number, node, next_step;
    int fd;
    struct envelope *ready; /* prepared ones */
    size_t ready_count, ready_at;
    struct envelope now;
    uint32_t first_loan;
    int32_t date;
    struct zyd_hash *objects, *disburse; /* of the cohort */
    uint64_t turns;
    char head[320], answer[ANSWER_MAX];
    size_t head_size, sent, got;
    int64_t began_us, again_us, idle_us;
    bool dry;
};
struct ring_load {
    struct ring *ring;
    struct ring_load_options o;
    struct lane *lanes;
    uint32_t next_loan;
    uint8_t *ops_buf, *env_buf;
    size_t cap;
    struct zyd_hash *leaves;
    pthread_t thread;
    pthread_mutex_t lock; /* for cond: acked or spread_done has moved */
    pthread_cond_t cond;
    bool started;
    int epoll;
    struct ring_ack *acks;
    size_t ack_cap;
    bool spreading;
    uint64_t turn;
    atomic_bool stop, abandon, spread_done;
    atomic_ullong sent, acked, ops, refused, retries, expired, dry, cpu_us;
    int64_t build_us;
    char first_refusal[160];
};

unsigned ring_load_steps(void)
{
    return STEPS;
}

/* ---- envelopes ---- */

static void borrower(char out[19], uint32_t number)
{
    memcpy(out, "91430100MA0000000", 18);
    for (int i = 16; i > 9; i--, number /= 10) {
        out[i] = (char)('0' + number % 10);
    }
    out[8] = (char)('A' + number % 8);
    out[17] = zyd_uscc_check_char(out);
    out[18] = '\0';
}

static uint64_t amount_of(uint32_t number)
{
    return 10000000 + (uint64_t)(number % 97) * 123456;
}

static void digest(struct zyd_wr *wr, const char *what, uint32_t number)
{
    struct zyd_hash h;
    zyd_hash2(&h, "zyd/ringdoc/1", what, strlen(what), &number, sizeof number);
    zyd_wr_hash(wr, &h);
}

static void args_of(struct zyd_wr *wr, enum step step, uint32_t number, int32_t date)
{
    char uscc[19];
    switch (step) {
    case APPLY:
        borrower(uscc, number);
        zyd_wr_array(wr, 6);
        zyd_wr_str(wr, uscc, 18);
        zyd_wr_u64(wr, amount_of(number));
        zyd_wr_u64(wr, 365);
        zyd_wr_str(wr, "feed", 4);
        zyd_wr_nil(wr);
        digest(wr, "consent", number);
        break;
    case DD_DONE:
        zyd_wr_array(wr, 3);
        digest(wr, "bank", number);
        digest(wr, "guar", number);
        zyd_wr_nil(wr);
        break;
    case OFFER:
        zyd_wr_array(wr, 3);
        zyd_wr_u64(wr, amount_of(number));
        zyd_wr_nil(wr);
        zyd_wr_nil(wr);
        break;
    case FILE_RE:
        zyd_wr_array(wr, 1);
        digest(wr, "filing", number);
        break;
    case ISSUE:
        zyd_wr_array(wr, 2);
        digest(wr, "letter", number);
        zyd_wr_u64(wr, (uint64_t)zyd_date_add(date, 30));
        break;
    case DISBURSE:
        zyd_wr_array(wr, 5);
        zyd_wr_u64(wr, 1);
        zyd_wr_u64(wr, amount_of(number));
        zyd_wr_u64(wr, (uint64_t)date);
        zyd_wr_u64(wr, (uint64_t)zyd_date_add(date, 200));
        zyd_wr_u64(wr, 43500);
        break;
    case PAID_GUAR:
    case PAID_REG:
    case PAID_NFGF:
        zyd_wr_array(wr, 1);
        zyd_wr_str(wr, "20260101-8812", 13);
        break;
    case REPAY_1:
    case REPAY_2:
    case REPAY_3: /* of the sum, a quarter, a quarter, the rest */
        zyd_wr_array(wr, 4);
        zyd_wr_u64(wr, 1);
        zyd_wr_u64(wr, (uint64_t)date);
        zyd_wr_u64(wr, step == REPAY_3 ? amount_of(number) - 2 * (amount_of(number) / 4) : amount_of(number) / 4);
        zyd_wr_nil(wr);
        break;
    case STEPS:
        break;
    }
}

static void one_op(struct ring_load *l, struct lane *k, struct zyd_wr *ops, enum step step, unsigned i)
{
    uint8_t buf[1024], bytes[2048];
    char ref[16];
    struct zyd_wr args = zyd_wr_of(buf, sizeof buf), wr = zyd_wr_of(bytes, sizeof bytes);
    uint32_t number = k->first_loan + i;
    struct zyd_op op = {.contract = 1, .event = steps[step].event, .programme = 1, .member = steps[step].signers[0]};
    (void)l;
    args_of(&args, step, number, k->date);
    op.args = zyd_wr_span(&args);
    if (step == APPLY) {
        int n = snprintf(ref, sizeof ref, "BA-%09u", number);
        op.client_ref = zyd_span(ref, (size_t)n);
        zyd_object_id(&k->objects[i], 1, 1, RING_BANK, op.client_ref);
    } else if (step >= PAID_GUAR && step <= PAID_NFGF) {
        op.contract = 0;
        op.programme = 0;
        op.has_object = true;
        op.expect_seq = 1;
        zyd_object_id_made(&op.object, &k->disburse[i], UINT32_C(0x80000000) | ((uint32_t)step - PAID_GUAR));
    } else {
        op.has_object = true;
        op.object = k->objects[i];
        op.expect_seq = step < PAID_GUAR ? (uint64_t)step : (uint64_t)step - 3; /* PAID is on another object */
    }
    zyd_op_encode(&wr, &op);
    zyd_assert(!wr.full && !args.full);
    if (step == DISBURSE) {
        zyd_merkle_leaf(&k->disburse[i], wr.data, wr.size);
    }
    zyd_wx_block(ops, zyd_wr_span(&wr));
}

static void build(struct ring_load *l, struct lane *k, struct envelope *out, enum step step)
{
    struct zyd_wr ops = zyd_wr_of(l->ops_buf, l->cap), wr = zyd_wr_of(l->env_buf, l->cap + 4096);
    struct zyd_env env;
    int64_t wall = zyd_clock_wall_ms();
    if (step == APPLY) {
        k->first_loan = l->next_loan;
        l->next_loan += l->o.ops;
        k->date = zyd_date_of_ms(wall);
    }
    for (unsigned i = 0; i < l->o.ops; i++) {
        one_op(l, k, &ops, step, i);
    }
    zyd_assert(!ops.full);
    zyd_env_build(&wr, &l->ring->genesis->hash, ZYD_ENV_BUSINESS, 0, (uint64_t)wall + VALID_MS, l->o.ops, zyd_wr_span(&ops),
                  l->leaves);
    const uint16_t *s = steps[step].signers;
    uint16_t low = s[0] < s[1] ? s[0] : s[1], high = s[0] < s[1] ? s[1] : s[0];
    zyd_env_sign(&wr, low, MAKER_KEY, l->ring->nodes[low].maker_sk);
    if (high != low) {
        zyd_env_sign(&wr, high, MAKER_KEY, l->ring->nodes[high].maker_sk);
    }
    zyd_assert(!wr.full);
    out->bytes = malloc(wr.size);
    zyd_assert(out->bytes != NULL);
    memcpy(out->bytes, wr.data, wr.size);
    out->size = wr.size;
    out->step = (uint8_t)step;
    zyd_assert(zyd_env_decode(&env, zyd_span(out->bytes, out->size)) == ZYD_OK);
    out->env_id = env.env_id;
}

static void prepare(struct ring_load *l)
{
    for (unsigned i = 0; i < l->o.lanes; i++) {
        struct lane *k = &l->lanes[i];
        k->ready = calloc((size_t)l->o.prepare * STEPS, sizeof *k->ready);
        zyd_assert(k->ready != NULL);
        for (unsigned c = 0; c < l->o.prepare; c++) {
            for (int s = 0; s < STEPS; s++) {
                build(l, k, &k->ready[k->ready_count++], (enum step)s);
            }
        }
    }
}

struct ring_load *ring_load_make(struct ring *r, const struct ring_load_options *options)
{
    struct ring_load *l = calloc(1, sizeof *l);
    zyd_assert(l != NULL && options->ops > 0 && options->lanes > 0);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->cond, NULL);
    l->ring = r;
    l->o = *options;
    l->next_loan = (uint32_t)options->seed;
    l->cap = (size_t)options->ops * 512 + 4096;
    l->ops_buf = malloc(l->cap);
    l->env_buf = malloc(l->cap + 4096);
    l->leaves = calloc(options->ops, sizeof *l->leaves);
    l->lanes = calloc(options->lanes, sizeof *l->lanes);
    l->epoll = epoll_create1(EPOLL_CLOEXEC);
    zyd_assert(l->ops_buf && l->env_buf && l->leaves && l->lanes && l->epoll >= 0);
    l->o.nodes = l->o.nodes == 0 ? (1u << RING_NODES) - 1 : l->o.nodes;
    for (unsigned i = 0; i < options->lanes; i++) {
        struct lane *k = &l->lanes[i];
        k->number = i;
        k->node = i % RING_NODES;
        k->fd = -1;
        k->objects = calloc(options->ops, sizeof *k->objects);
        k->disburse = calloc(options->ops, sizeof *k->disburse);
        zyd_assert(k->objects && k->disburse);
    }
    int64_t began = ring_now_us();
    prepare(l);
    l->build_us = ring_now_us() - began;
    return l;
}

/* ---- a lane's connection ---- */

static void drop(struct lane *k)
{
    if (k->fd >= 0) {
        close(k->fd);
    }
    k->fd = -1;
}

static void back_off(struct ring_load *l, struct lane *k)
{
    drop(k);
    k->state = LANE_BACKOFF;
    k->again_us = ring_now_us() + RETRY_US;
    k->node = (k->node + 1) % RING_NODES;
    atomic_fetch_add(&l->retries, 1);
}

static void watch(struct ring_load *l, struct lane *k, uint32_t events, bool fresh)
{
    struct epoll_event e = {.events = events, .data.u32 = k->number};
    int rc = epoll_ctl(l->epoll, fresh ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, k->fd, &e);
    zyd_assert(rc == 0);
}

static void send_more(struct ring_load *l, struct lane *k)
{
    size_t total = k->head_size + k->now.size;
    while (k->sent < total) {
        struct iovec v[2];
        size_t n = 0;
        if (k->sent < k->head_size) {
            v[n++] = (struct iovec){k->head + k->sent, k->head_size - k->sent};
        }
        size_t at = k->sent > k->head_size ? k->sent - k->head_size : 0;
        v[n++] = (struct iovec){k->now.bytes + at, k->now.size - at};
        struct msghdr m = {.msg_iov = v, .msg_iovlen = n};
        ssize_t sent = sendmsg(k->fd, &m, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            if (k->state != LANE_SENDING) {
                watch(l, k, EPOLLIN | EPOLLOUT, false);
            }
            k->state = LANE_SENDING;
            return;
        }
        if (sent <= 0) {
            back_off(l, k);
            return;
        }
        k->sent += (size_t)sent;
    }
    if (k->state == LANE_SENDING || k->state == LANE_CONNECTING) {
        watch(l, k, EPOLLIN, false);
    }
    k->state = LANE_WAITING;
}

static void open_fd(struct ring_load *l, struct lane *k)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    for (unsigned i = 0; i < RING_NODES; i++) { /* one that runs, if any */
        if (atomic_load(&l->ring->nodes[k->node].up) && (l->o.nodes >> k->node & 1) != 0) {
            break;
        }
        k->node = (k->node + 1) % RING_NODES;
    }
    if (!atomic_load(&l->ring->nodes[k->node].up)) {
        back_off(l, k);
        return;
    }
    a.sin_port = htons((uint16_t)l->ring->nodes[k->node].api_port);
    k->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    zyd_assert(k->fd >= 0);
    setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(k->fd, (struct sockaddr *)&a, sizeof a) != 0 && errno != EINPROGRESS) {
        back_off(l, k);
        return;
    }
    k->state = LANE_CONNECTING;
    watch(l, k, EPOLLIN | EPOLLOUT, true);
}

static void try_send(struct ring_load *l, struct lane *k)
{
    k->sent = k->got = 0;
    if (k->fd < 0) {
        open_fd(l, k);
    }
    if (k->fd < 0) {
        return;
    }
    k->head_size = (size_t)snprintf(
        k->head, sizeof k->head,
        "POST /v1/envelopes HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
        "Content-Type: application/octet-stream\r\nPrefer: wait=60, return=minimal\r\nContent-Length: %zu\r\n\r\n",
        l->ring->nodes[k->node].token, k->now.size);
    if (k->state != LANE_CONNECTING) {
        send_more(l, k);
    }
}

/* ---- answers ---- */

static uint64_t number_of(const char *body, const char *name)
{
    const char *at = strstr(body, name);
    return at ? strtoull(at + strlen(name), NULL, 10) : 0;
}

static void refusal(struct ring_load *l, const struct lane *k, const char *body)
{
    char path[128], hex[65];
    static char detail[65536];
    if (l->first_refusal[0] != '\0') {
        return;
    }
    sodium_bin2hex(hex, sizeof hex, k->now.env_id.b, 32);
    snprintf(path, sizeof path, "/v1/envelopes/%s?lang=en", hex);
    const char *why =
        ring_get(l->ring, k->node, path, detail, sizeof detail, 2000) == 200 ? strstr(detail, "\"refused\",") : NULL;
    snprintf(l->first_refusal, sizeof l->first_refusal, "%s: %.120s", steps[k->now.step].name, why ? why : body);
}

static void next(struct ring_load *l, struct lane *k, bool whole_cohort)
{
    if (l->o.prepare == 0) {
        free(k->now.bytes);
        k->next_step = whole_cohort ? 0 : (k->next_step + 1) % STEPS;
    } else {
        k->ready_at = whole_cohort ? (k->ready_at / STEPS + 1) * STEPS : k->ready_at + 1;
    }
    k->now = (struct envelope){0};
    k->state = LANE_IDLE;
    k->idle_us = ring_now_us();
}

static void answered(struct ring_load *l, struct lane *k, int code, const char *body)
{
    if (code == 200 && strstr(body, "\"status\":\"final\"")) {
        uint64_t refused = number_of(body, "\"refused\":") + number_of(body, "\"waiting\":"), at = atomic_load(&l->acked);
        if (at == l->ack_cap) {
            l->ack_cap = l->ack_cap == 0 ? 65536 : l->ack_cap * 2;
            l->acks = realloc(l->acks, l->ack_cap * sizeof *l->acks);
            zyd_assert(l->acks != NULL);
        }
        l->acks[at] = (struct ring_ack){k->now.env_id, number_of(body, "\"height\":"), l->o.ops, k->began_us, ring_now_us()};
        atomic_store(&l->acked, at + 1);
        atomic_fetch_add(&l->ops, l->o.ops - refused);
        atomic_fetch_add(&l->refused, refused);
        if (refused > 0) {
            refusal(l, k, body);
        }
        next(l, k, refused > 0);
    } else if (code == 422) { /* expired: only after a very long outage */
        atomic_fetch_add(&l->expired, 1);
        refusal(l, k, body);
        next(l, k, true);
    } else if (code == 200 || code == 202) {
        atomic_fetch_add(&l->retries, 1); /* not final yet: ask again with the same bytes */
        k->state = LANE_IDLE;
        try_send(l, k);
    } else {
        if (code != 429 && code != 503) {
            refusal(l, k, body);
        }
        back_off(l, k);
    }
}

static void receive(struct ring_load *l, struct lane *k)
{
    ssize_t n = recv(k->fd, k->answer + k->got, ANSWER_MAX - 1 - k->got, 0);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        back_off(l, k);
        return;
    }
    k->got += (size_t)n;
    k->answer[k->got] = '\0';
    const char *end = strstr(k->answer, "\r\n\r\n"), *length = strcasestr(k->answer, "\r\nContent-Length:");
    int code = -1;
    if (!end || !length) {
        return;
    }
    size_t body = strtoul(length + 17, NULL, 10);
    if (k->got < (size_t)(end + 4 - k->answer) + body && k->got < ANSWER_MAX - 1) {
        return;
    }
    (void)sscanf(k->answer, "HTTP/1.1 %d", &code);
    answered(l, k, code, end + 4);
}

static void on_event(struct ring_load *l, struct lane *k, uint32_t events)
{
    int error = 0;
    socklen_t n = sizeof error;
    if (k->state == LANE_IDLE) { /* the node has closed an idle connection */
        drop(k);
        return;
    }
    if (k->state == LANE_CONNECTING) {
        if ((events & (EPOLLERR | EPOLLHUP)) != 0 || getsockopt(k->fd, SOL_SOCKET, SO_ERROR, &error, &n) != 0 || error != 0) {
            back_off(l, k);
            return;
        }
        if ((events & EPOLLOUT) != 0) {
            send_more(l, k);
        }
        return;
    }
    if (k->state == LANE_SENDING && (events & EPOLLOUT) != 0) {
        send_more(l, k);
    }
    if ((k->state == LANE_WAITING || k->state == LANE_SENDING) && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)) != 0) {
        receive(l, k);
    }
}

/* ---- the thread ---- */

static bool may_send(const struct ring_load *l, const struct lane *k, int64_t now)
{
    if (l->spreading) {
        return k->turns + k->number % STEPS <= l->turn;
    }
    return now >= k->idle_us + l->o.pause_us;
}

static void look_at(struct ring_load *l, struct lane *k, int64_t now)
{
    if (k->state == LANE_BACKOFF && now >= k->again_us) {
        k->state = LANE_IDLE;
        try_send(l, k);
    } else if (k->state == LANE_IDLE && !k->dry && !atomic_load(&l->stop) && may_send(l, k, now)) {
        if (l->o.prepare == 0) {
            build(l, k, &k->now, (enum step)k->next_step);
        } else if (k->ready_at < k->ready_count) {
            k->now = k->ready[k->ready_at];
        } else {
            k->dry = true;
            atomic_fetch_add(&l->dry, 1);
            return;
        }
        k->began_us = now;
        k->turns++;
        atomic_fetch_add(&l->sent, 1);
        try_send(l, k);
    }
}

static void tell(struct ring_load *l)
{
    pthread_mutex_lock(&l->lock);
    pthread_cond_broadcast(&l->cond);
    pthread_mutex_unlock(&l->lock);
}

static void *load_main(void *arg)
{
    struct ring_load *l = arg;
    struct epoll_event events[256];
    int64_t looked = 0;
    unsigned long long told = 0;
    bool busy = true;
    pthread_setname_np(pthread_self(), "clients");
    while ((busy || !atomic_load(&l->stop)) && !atomic_load(&l->abandon)) {
        int n = epoll_wait(l->epoll, events, 256, l->o.pause_us > 0 ? 1 : 2);
        for (int i = 0; i < n; i++) {
            on_event(l, &l->lanes[events[i].data.u32], events[i].events);
        }
        int64_t now = ring_now_us();
        busy = false;
        for (unsigned i = 0; i < l->o.lanes; i++) {
            look_at(l, &l->lanes[i], now);
            busy = busy || l->lanes[i].state != LANE_IDLE;
        }
        if (l->spreading && !busy) {
            l->turn++;
            if (l->turn >= STEPS) {
                l->spreading = false;
                atomic_store(&l->spread_done, true);
                tell(l);
            }
        }
        if (atomic_load(&l->acked) != told) {
            told = atomic_load(&l->acked);
            tell(l);
        }
        if (now - looked > 5000) {
            struct timespec t;
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
            atomic_store(&l->cpu_us, (unsigned long long)t.tv_sec * 1000000ull + (unsigned long long)t.tv_nsec / 1000);
            looked = now;
        }
    }
    return NULL;
}

void ring_load_start(struct ring_load *l)
{
    l->spreading = l->o.pause_us == 0;
    l->started = pthread_create(&l->thread, NULL, load_main, l) == 0;
    zyd_assert(l->started);
}

void ring_load_spread(struct ring_load *l)
{
    pthread_mutex_lock(&l->lock);
    while (!atomic_load(&l->spread_done)) {
        pthread_cond_wait(&l->cond, &l->lock);
    }
    pthread_mutex_unlock(&l->lock);
}

bool ring_load_reach(struct ring_load *l, uint64_t acked, int64_t ms)
{
    struct timespec until;
    int rc = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    pthread_mutex_lock(&l->lock);
    while (atomic_load(&l->acked) < acked && rc == 0) {
        rc = pthread_cond_timedwait(&l->cond, &l->lock, &until);
    }
    pthread_mutex_unlock(&l->lock);
    return atomic_load(&l->acked) >= acked;
}

void ring_load_stop(struct ring_load *l)
{
    atomic_store(&l->stop, true);
}

bool ring_load_join(struct ring_load *l, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += ms / 1000;
    bool in_time = pthread_timedjoin_np(l->thread, NULL, &until) == 0;
    if (!in_time) {
        atomic_store(&l->abandon, true);
        pthread_join(l->thread, NULL);
    }
    l->started = false;
    return in_time;
}

struct ring_load_counts ring_load_counts(struct ring_load *l)
{
    struct ring_load_counts c = {.sent = atomic_load(&l->sent),
                                 .acked = atomic_load(&l->acked),
                                 .ops = atomic_load(&l->ops),
                                 .refused = atomic_load(&l->refused),
                                 .retries = atomic_load(&l->retries),
                                 .expired = atomic_load(&l->expired),
                                 .dry = atomic_load(&l->dry),
                                 .cpu_us = (int64_t)atomic_load(&l->cpu_us),
                                 .build_us = l->build_us};
    memcpy(c.first_refusal, l->first_refusal, sizeof c.first_refusal);
    return c;
}

const struct ring_ack *ring_load_acks(const struct ring_load *l, size_t *count)
{
    *count = atomic_load(&l->acked);
    return l->acks;
}

void ring_load_free(struct ring_load *l)
{
    for (unsigned i = 0; i < l->o.lanes; i++) {
        struct lane *k = &l->lanes[i];
        drop(k);
        for (size_t j = 0; j < k->ready_count; j++) {
            free(k->ready[j].bytes);
        }
        if (l->o.prepare == 0) {
            free(k->now.bytes);
        }
        free(k->ready);
        free(k->objects);
        free(k->disburse);
    }
    close(l->epoll);
    free(l->lanes);
    free(l->leaves);
    free(l->ops_buf);
    free(l->env_buf);
    free(l->acks);
    free(l);
}
