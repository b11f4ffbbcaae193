/* Goal: members' nodes find each other over TCP, deliver every message they queued in order, and notice strangers, liars,
 * stalled and dead peers without harm to the other links. Method: two and three nets in this process on port 0; strangers are
 * raw sockets; a proxy thread flips bits.  Waiting is by condition variables, with a deadline that only a failure meets.
 * Handshake bytes: test_link.c. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <zyd/bft.h>
#include <zyd/io.h>

#include "node/io/link.h"
#include "tests/lib/consortium.h"

static struct zyd_test_consortium con;

struct node {
    struct zyd_net *net;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned ups[4], downs[4];
    uint64_t messages[4], bytes[4], next[4];
    bool disorder, refuse;
    uint64_t refusals;
    unsigned first;
};

static bool on_message(void *ctx, uint8_t peer, struct zyd_span b)
{
    struct node *n = ctx;
    pthread_mutex_lock(&n->lock);
    bool take = !n->refuse;
    if (take) {
        if (b.size >= 8) {
            uint64_t seq = zyd_get64(b.data);
            if (seq != n->next[peer])
                n->disorder = true;
            n->next[peer] = seq + 1;
        }
        n->messages[peer]++;
        n->bytes[peer] += b.size;
    } else {
        n->refusals++;
    }
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    return take;
}
static void on_peer(void *ctx, uint8_t peer, bool up)
{
    struct node *n = ctx;
    pthread_mutex_lock(&n->lock);
    if (up)
        n->ups[peer]++;
    else
        n->downs[peer]++;
    if (up)
        n->next[peer] = 0;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}
#define UNTIL(node, condition)                                                                                                 \
    do {                                                                                                                       \
        struct timespec end_;                                                                                                  \
        clock_gettime(CLOCK_REALTIME, &end_);                                                                                  \
        end_.tv_sec += 20;                                                                                                     \
        pthread_mutex_lock(&(node)->lock);                                                                                     \
        int rv_ = 0;                                                                                                           \
        while (!(condition) && rv_ == 0)                                                                                       \
            rv_ = pthread_cond_timedwait(&(node)->changed, &(node)->lock, &end_);                                              \
        bool met_ = (condition);                                                                                               \
        pthread_mutex_unlock(&(node)->lock);                                                                                   \
        if (!met_)                                                                                                             \
            fail_msg("never came: %s", #condition);                                                                            \
    } while (0)

static struct zyd_net_config base(uint8_t me)
{
    struct zyd_net_config c = {.genesis = &con.g, .me_member = me, .listen = "127.0.0.1:0"};
    memcpy(c.link_sk, con.sk[me][1], ZYD_SK_SIZE);
    for (int i = 0; i < 4; i++)
        c.address[i] = ""; /* told later */
    return c;
}
static void node_start(struct node *n, const struct zyd_net_config *c)
{
    *n = (struct node){0};
    pthread_mutex_init(&n->lock, NULL);
    pthread_cond_init(&n->changed, NULL);
    struct zyd_net_events e = {n, on_message, on_peer};
    struct zyd_err err = {0};
    if (zyd_net_start(&n->net, &err, c, &e) != ZYD_OK)
        fail_msg("%s", err.text);
}
static void node_stop(struct node *n)
{
    zyd_net_stop(n->net);
    pthread_mutex_destroy(&n->lock);
    pthread_cond_destroy(&n->changed);
}
static void tell(struct node *a, uint8_t who, uint16_t port)
{
    char address[32];
    snprintf(address, sizeof address, "127.0.0.1:%u", port);
    zyd_net_address(a->net, who, address);
}
static bool dials(uint8_t a, uint8_t b)
{
    return memcmp(con.g.members[a].keys[1].pk.b, con.g.members[b].keys[1].pk.b, 32) < 0;
}
static int raw(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
    return fd;
}
/* Reads until the other side closes. */
static void wait_closed(int fd)
{
    char b[256];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    for (;;) {
        assert_int_equal(poll(&p, 1, 20000), 1);
        ssize_t k = read(fd, b, sizeof b);
        if (k <= 0)
            break;
    }
    close(fd);
}
static void wait_refused(struct node *n, uint64_t count)
{
    for (int i = 0; i < 4000 && zyd_net_refused(n->net) < count; i++)
        poll(NULL, 0, 5); /* a counter has no event */
    assert_true(zyd_net_refused(n->net) >= count);
}
static void say(struct node *n, uint8_t peer, uint64_t seq, size_t size)
{
    static uint8_t b[ZYD_NET_MESSAGE_MAX];
    zyd_put64(b, seq);
    zyd_net_send(n->net, peer, zyd_span(b, size));
}

static int setup(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    zyd_log_setup(ZYD_LOG_ERROR, ZYD_LOG_TEXT, "test");
    zyd_test_consortium_plan(&con, 4, 4);
    zyd_test_consortium_seal(&con);
    return 0;
}

static void three_nodes_find_each_other_and_lose_nothing(void **state)
{
    (void)state;
    static struct node n[3];
    for (uint8_t i = 0; i < 3; i++) {
        struct zyd_net_config c = base(i);
        c.rekey_bytes = 100000;
        node_start(&n[i], &c);
    }
    for (uint8_t i = 0; i < 3; i++)
        for (uint8_t j = 0; j < 3; j++)
            if (i != j)
                tell(&n[i], j, zyd_net_port(n[j].net));
    for (uint8_t i = 0; i < 3; i++)
        for (uint8_t j = 0; j < 3; j++)
            if (i != j)
                UNTIL(&n[i], n[i].ups[j] == 1);
    for (uint64_t s = 0; s < 5000; s++)
        for (uint8_t i = 0; i < 3; i++)
            say(&n[i], ZYD_BFT_ALL, s, 8 + s % 700);
    for (uint8_t i = 0; i < 3; i++)
        for (uint8_t j = 0; j < 3; j++)
            if (i != j)
                UNTIL(&n[i], n[i].messages[j] == 5000);
    for (uint64_t s = 5000; s < 5003; s++)
        say(&n[0], 1, s, ZYD_NET_MESSAGE_MAX);
    UNTIL(&n[1], n[1].messages[0] == 5003);
    struct zyd_net_stat stat[ZYD_VALIDATORS_MAX];
    zyd_net_stats(n[0].net, stat);
    assert_true(stat[1].up && stat[2].up && !stat[3].up);
    assert_true(stat[1].sent_bytes > 3 * ZYD_NET_MESSAGE_MAX);
    assert_int_equal(stat[1].dropped, 0);
    assert_true(stat[3].dropped >= 5000);
    for (uint8_t i = 0; i < 3; i++) {
        assert_false(n[i].disorder);
        node_stop(&n[i]);
    }
}

static void a_closed_peer_is_told_at_once_and_found_again_when_it_is_back(void **state)
{
    (void)state;
    static struct node a, b;
    uint8_t x = dials(0, 1) ? 0 : 1, y = (uint8_t)(1 - x); /* x dials y */
    struct zyd_net_config cx = base(x), cy = base(y);
    cx.dead_ms = cy.dead_ms = 600000; /* what is noticed here is not silence */
    node_start(&a, &cx);
    node_start(&b, &cy);
    uint16_t port = zyd_net_port(b.net);
    tell(&a, y, port);
    UNTIL(&a, a.ups[y] == 1);
    UNTIL(&b, b.ups[x] == 1);
    int64_t before = zyd_clock_mono_ms();
    node_stop(&b);
    UNTIL(&a, a.downs[y] == 1);
    assert_true(zyd_clock_mono_ms() - before < 1000);
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", port);
    cy.listen = listen;
    node_start(&b, &cy);
    UNTIL(&a, a.ups[y] == 2);
    UNTIL(&b, b.ups[x] == 1);
    say(&a, y, 0, 100);
    say(&b, x, 0, 100);
    UNTIL(&a, a.messages[y] == 1);
    UNTIL(&b, b.messages[x] == 1);
    /* The dialler goes and comes back: the listener takes the new link. */
    node_stop(&a);
    UNTIL(&b, b.downs[x] == 1);
    node_start(&a, &cx);
    tell(&a, y, port);
    UNTIL(&b, b.ups[x] == 2);
    node_stop(&a);
    node_stop(&b);
}

static void strangers_are_closed_and_counted(void **state)
{
    (void)state;
    static struct node n;
    struct zyd_net_config c = base(0);
    node_start(&n, &c);
    uint16_t port = zyd_net_port(n.net);
    int fd = raw(port); /* garbage */
    static const char http[] = "GET / HTTP/1.1\r\nHost: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n";
    assert_true(write(fd, http, sizeof http) > 0);
    wait_closed(fd);
    wait_refused(&n, 1);
    fd = raw(port); /* a good hello of another consortium */
    uint8_t hello[LINK_HELLO_SIZE] = {'z', 'y', 'd', 'L', 0, LINK_VERSION, 0xee};
    assert_int_equal(write(fd, hello, sizeof hello), sizeof hello);
    wait_closed(fd);
    wait_refused(&n, 2);
    fd = raw(port); /* connects and goes */
    close(fd);
    wait_refused(&n, 3);
    fd = raw(port); /* our consortium, then an absurd length */
    memcpy(hello + 6, con.g.hash.b, 32);
    uint8_t sk[32];
    crypto_kx_keypair(hello + 38, sk);
    uint8_t rest[LINK_HEADER_SIZE + 4];
    memset(rest, 0xff, sizeof rest);
    assert_int_equal(write(fd, hello, sizeof hello), sizeof hello);
    assert_int_equal(write(fd, rest, sizeof rest), sizeof rest);
    wait_closed(fd);
    wait_refused(&n, 4);
    node_stop(&n);
}

static void silent_connections_are_bounded_and_dropped_and_members_still_get_in(void **state)
{
    (void)state;
    static struct node a, b;
    uint8_t x = dials(0, 1) ? 0 : 1, y = (uint8_t)(1 - x);
    struct zyd_net_config cx = base(x), cy = base(y);
    node_start(&b, &cy);
    int fds[100];
    for (int i = 0; i < 100; i++)
        fds[i] = raw(zyd_net_port(b.net));
    wait_refused(&b, 36); /* above 64 at once */
    node_start(&a, &cx);
    tell(&a, y, zyd_net_port(b.net));
    wait_refused(&b, 100); /* the silent ones, after 3 s; the member's tries count too */
    UNTIL(&a, a.ups[y] == 1);
    for (int i = 0; i < 100; i++)
        close(fds[i]);
    node_stop(&a);
    node_stop(&b);
}

static void the_wrong_member_at_an_address_is_refused(void **state)
{
    (void)state;
    static struct node a, b, c;
    /* The lowest key dials both others; it is told the middle one's address for the highest. */
    uint8_t order[3] = {0, 1, 2};
    for (int i = 0; i < 3; i++)
        for (int j = i + 1; j < 3; j++)
            if (dials(order[j], order[i])) {
                uint8_t t = order[i];
                order[i] = order[j];
                order[j] = t;
            }
    struct zyd_net_config ca = base(order[0]), cb = base(order[1]), cc = base(order[2]);
    node_start(&a, &ca);
    node_start(&b, &cb);
    tell(&a, order[2], zyd_net_port(b.net));
    wait_refused(&a, 2);
    pthread_mutex_lock(&a.lock);
    assert_int_equal(a.ups[order[2]] + a.ups[order[1]], 0);
    pthread_mutex_unlock(&a.lock);
    node_start(&c, &cc); /* put right, it works */
    tell(&a, order[2], zyd_net_port(c.net));
    UNTIL(&a, a.ups[order[2]] == 1);
    node_stop(&a);
    node_stop(&b);
    node_stop(&c);
}

static void a_wrong_key_or_address_is_refused_at_start(void **state)
{
    (void)state;
    struct zyd_net *net;
    struct zyd_err err;
    struct zyd_net_events e = {NULL, on_message, on_peer};
    struct zyd_net_config c = base(0);
    memcpy(c.link_sk, con.sk[0][0], ZYD_SK_SIZE); /* the node key */
    assert_int_equal(zyd_net_start(&net, &err, &c, &e), ZYD_E_INVALID);
    c = base(0);
    static struct node n;
    node_start(&n, &c);
    char listen[32];
    snprintf(listen, sizeof listen, "127.0.0.1:%u", zyd_net_port(n.net));
    c.listen = listen;
    assert_int_equal(zyd_net_start(&net, &err, &c, &e), ZYD_E_IO);
    assert_non_null(strstr(err.text, listen));
    node_stop(&n);
}

/* ---- a proxy between dialler and listener ---- */
struct proxy {
    int listener;
    uint16_t port, target;
    pthread_t thread;
    pthread_mutex_t lock;
    long flip; /* absolute byte, dialler to listener, of the first connection; -1: none */
    bool stall, quit;
    int pipefd[2];
};
static void *proxy_main(void *arg)
{
    struct proxy *p = arg;
    int from = -1, to = -1;
    long passed = 0;
    for (;;) {
        pthread_mutex_lock(&p->lock);
        bool stall = p->stall;
        long flip = p->flip;
        pthread_mutex_unlock(&p->lock);
        struct pollfd fds[4] = {
            {p->pipefd[0], POLLIN, 0}, {p->listener, POLLIN, 0}, {stall ? -1 : from, POLLIN, 0}, {stall ? -1 : to, POLLIN, 0}};
        poll(fds, 4, -1);
        char b[4096];
        if (fds[0].revents) {
            if (read(p->pipefd[0], b, 1) != 1 || b[0] == 'q')
                break;
            continue;
        }
        if (fds[1].revents) {
            int fd = accept(p->listener, NULL, NULL);
            if (from >= 0) {
                close(from);
                close(to);
            }
            from = fd;
            to = raw(p->target);
            passed = 0;
            continue;
        }
        for (int i = 2; i < 4; i++)
            if (fds[i].revents) {
                ssize_t k = read(fds[i].fd, b, sizeof b);
                if (k <= 0) {
                    close(from);
                    close(to);
                    from = to = -1;
                    break;
                }
                if (i == 2) {
                    if (flip >= passed && flip < passed + k) {
                        b[flip - passed] ^= 0x20;
                        pthread_mutex_lock(&p->lock);
                        p->flip = -1;
                        pthread_mutex_unlock(&p->lock);
                    }
                    passed += k;
                }
                ssize_t ignored = write(i == 2 ? to : from, b, (size_t)k);
                (void)ignored;
            }
    }
    if (from >= 0) {
        close(from);
        close(to);
    }
    return NULL;
}
static void proxy_start(struct proxy *p, uint16_t target, long flip)
{
    *p = (struct proxy){.target = target, .flip = flip};
    pthread_mutex_init(&p->lock, NULL);
    assert_int_equal(pipe(p->pipefd), 0);
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof a;
    assert_int_equal(bind(p->listener, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(p->listener, 8), 0);
    assert_int_equal(getsockname(p->listener, (struct sockaddr *)&a, &size), 0);
    p->port = ntohs(a.sin_port);
    assert_int_equal(pthread_create(&p->thread, NULL, proxy_main, p), 0);
}
static void proxy_set(struct proxy *p, bool stall)
{
    pthread_mutex_lock(&p->lock);
    p->stall = stall;
    pthread_mutex_unlock(&p->lock);
    assert_int_equal(write(p->pipefd[1], "w", 1), 1);
}
static void proxy_stop(struct proxy *p)
{
    assert_int_equal(write(p->pipefd[1], "q", 1), 1);
    pthread_join(p->thread, NULL);
    close(p->listener);
    close(p->pipefd[0]);
    close(p->pipefd[1]);
    pthread_mutex_destroy(&p->lock);
}

static void a_bit_flipped_on_the_way_ends_the_link_and_a_new_one_is_made(void **state)
{
    (void)state;
    static struct node a, b;
    static struct proxy p;
    uint8_t x = dials(0, 1) ? 0 : 1, y = (uint8_t)(1 - x);
    const long flips[] = {3, 20, 50, 80, 100, 150, 260, 900};
    for (size_t i = 0; i < sizeof flips / sizeof flips[0]; i++) {
        struct zyd_net_config cx = base(x), cy = base(y);
        node_start(&b, &cy);
        node_start(&a, &cx);
        proxy_start(&p, zyd_net_port(b.net), flips[i]);
        tell(&a, y, p.port);
        UNTIL(&a, a.ups[y] >= 1);
        UNTIL(&b, b.ups[x] >= 1);
        for (uint64_t s = 0; s < 20; s++) /* 211 bytes of handshake; later flips hit these */
            say(&a, y, s, 100);
        if (flips[i] > 211) {
            UNTIL(&b, b.downs[x] == 1);
            UNTIL(&a, a.ups[y] == 2);
            UNTIL(&b, b.ups[x] == 2);
            say(&a, y, 0, 100);
        }
        UNTIL(&b, b.messages[x] >= 1);
        proxy_stop(&p);
        node_stop(&a);
        node_stop(&b);
    }
}

static void a_stalled_peer_hurts_only_its_own_link_and_is_given_up(void **state)
{
    (void)state;
    static struct node a, b, c;
    static struct proxy p;
    uint8_t order[3] = {0, 1, 2};
    for (int i = 0; i < 3; i++)
        for (int j = i + 1; j < 3; j++)
            if (dials(order[j], order[i])) {
                uint8_t t = order[i];
                order[i] = order[j];
                order[j] = t;
            }
    uint8_t ia = order[0], ib = order[1], ic = order[2];
    struct zyd_net_config ca = base(ia), cb = base(ib), cc = base(ic);
    ca.ping_ms = 100;
    ca.dead_ms = 1500;
    ca.queue_bytes = 1 << 20;
    node_start(&a, &ca);
    node_start(&b, &cb);
    node_start(&c, &cc);
    proxy_start(&p, zyd_net_port(b.net), -1);
    tell(&a, ib, p.port);
    tell(&a, ic, zyd_net_port(c.net));
    UNTIL(&a, a.ups[ib] == 1 && a.ups[ic] == 1);
    proxy_set(&p, true); /* half open: TCP stands, nothing moves */
    uint64_t sent = 0;
    pthread_mutex_lock(&a.lock);
    unsigned down = a.downs[ib];
    pthread_mutex_unlock(&a.lock);
    while (down == 0) { /* more than the queue holds; the other link carries it all */
        for (int i = 0; i < 20; i++, sent++) {
            say(&a, ib, sent, 10000);
            say(&a, ic, sent, 10000);
        }
        UNTIL(&c, c.messages[ia] == sent);
        pthread_mutex_lock(&a.lock);
        down = a.downs[ib];
        pthread_mutex_unlock(&a.lock);
    }
    struct zyd_net_stat stat[ZYD_VALIDATORS_MAX];
    zyd_net_stats(a.net, stat);
    assert_true(stat[ib].dropped > 0);
    assert_int_equal(stat[ic].dropped, 0);
    assert_false(c.disorder);
    proxy_set(&p, false);
    UNTIL(&a, a.ups[ib] == 2);
    proxy_stop(&p);
    node_stop(&a);
    node_stop(&b);
    node_stop(&c);
}

static void an_owner_that_cannot_take_a_message_gets_it_again_and_in_order(void **state)
{
    (void)state;
    static struct node a, b;
    uint8_t x = dials(0, 1) ? 0 : 1, y = (uint8_t)(1 - x);
    struct zyd_net_config cx = base(x), cy = base(y);
    node_start(&a, &cx);
    node_start(&b, &cy);
    tell(&a, y, zyd_net_port(b.net));
    UNTIL(&a, a.ups[y] == 1);
    UNTIL(&b, b.ups[x] == 1);
    pthread_mutex_lock(&b.lock);
    b.refuse = true;
    pthread_mutex_unlock(&b.lock);
    for (uint64_t s = 0; s < 300; s++)
        say(&a, y, s, 5000);
    UNTIL(&b, b.refusals >= 3);
    pthread_mutex_lock(&b.lock);
    assert_int_equal(b.messages[x], 0);
    b.refuse = false;
    pthread_mutex_unlock(&b.lock);
    UNTIL(&b, b.messages[x] == 300);
    assert_false(b.disorder);
    node_stop(&a);
    node_stop(&b);
}

static void an_idle_link_lives_on_and_knows_its_round_trip(void **state)
{
    (void)state;
    static struct node a, b;
    uint8_t x = dials(0, 1) ? 0 : 1, y = (uint8_t)(1 - x);
    struct zyd_net_config cx = base(x), cy = base(y);
    cx.ping_ms = cy.ping_ms = 20;
    cx.dead_ms = cy.dead_ms = 1000;
    node_start(&a, &cx);
    node_start(&b, &cy);
    tell(&a, y, zyd_net_port(b.net));
    UNTIL(&a, a.ups[y] == 1);
    struct zyd_net_stat stat[ZYD_VALIDATORS_MAX];
    uint64_t least = 0;
    for (int i = 0; i < 600 && (least == 0 || stat[y].rtt_us == 0 || stat[y].received_bytes < least); i++) {
        zyd_net_stats(a.net, stat);
        if (least == 0)
            least = stat[y].received_bytes + 1000; /* tens of pings and pongs */
        poll(NULL, 0, 5);
    }
    assert_true(stat[y].rtt_us > 0 && stat[y].received_bytes >= least);
    assert_int_equal(a.downs[y], 0);
    node_stop(&a);
    node_stop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_nodes_find_each_other_and_lose_nothing),
        cmocka_unit_test(a_closed_peer_is_told_at_once_and_found_again_when_it_is_back),
        cmocka_unit_test(strangers_are_closed_and_counted),
        cmocka_unit_test(silent_connections_are_bounded_and_dropped_and_members_still_get_in),
        cmocka_unit_test(the_wrong_member_at_an_address_is_refused),
        cmocka_unit_test(a_wrong_key_or_address_is_refused_at_start),
        cmocka_unit_test(a_bit_flipped_on_the_way_ends_the_link_and_a_new_one_is_made),
        cmocka_unit_test(a_stalled_peer_hurts_only_its_own_link_and_is_given_up),
        cmocka_unit_test(an_owner_that_cannot_take_a_message_gets_it_again_and_in_order),
        cmocka_unit_test(an_idle_link_lives_on_and_knows_its_round_trip),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
