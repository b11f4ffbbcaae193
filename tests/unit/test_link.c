/* Goal: only the member that was meant can open a link, and nothing that was changed, repeated or cut gets through it.
 * Method: both ends in memory, bytes carried by hand: every flipped bit and every truncation of a handshake and of frames,
 * stolen and foreign identities, reflection, replay, rekeying; items of every malformed shape. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "node/io/link.h"

struct side {
    struct link_ident id;
    struct link link;
    uint8_t in[8192]; /* bytes on their way to this side */
    size_t in_size;
    uint8_t got[8192];
    size_t got_size;
    bool authed;
};
static struct zyd_pk pks[3];
static uint8_t sks[3][ZYD_SK_SIZE];

static int setup(void **state)
{
    (void)state;
    if (sodium_init() < 0)
        return -1;
    for (int i = 0; i < 3; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        crypto_sign_seed_keypair(pks[i].b, sks[i], seed);
    }
    return 0;
}
static void ident(struct side *s, uint8_t me)
{
    *s = (struct side){.id = {.genesis = {{5}}, .pk = pks[me], .me = me, .peer_count = 3, .rekey_bytes = 1000}};
    memcpy(s->id.sk, sks[me], ZYD_SK_SIZE);
    memcpy(s->id.peers, pks, sizeof pks);
}
static void carry(struct side *to, const struct link_out *out)
{
    memcpy(to->in + to->in_size, out->data, out->size);
    to->in_size += out->size;
}
/* Lets one side work through its bytes; its answers go to the other. */
static enum link_step work(struct side *s, struct side *other)
{
    size_t at = 0;
    enum link_step step;
    for (;;) {
        struct zyd_span plain;
        struct link_out out;
        size_t used, need;
        step = zyd_link_take(&s->link, &plain, &out, &used, &need, s->in + at, s->in_size - at);
        at += used;
        carry(other, &out);
        if (step == LINK_AUTHED)
            s->authed = true;
        if (step == LINK_FRAME) {
            memcpy(s->got + s->got_size, plain.data, plain.size);
            s->got_size += plain.size;
        }
        if (step == LINK_MORE || step == LINK_FAILED)
            break;
    }
    memmove(s->in, s->in + at, s->in_size - at);
    s->in_size -= at;
    return step;
}
static void start(struct side *d, struct side *l, uint8_t want)
{
    struct link_out out;
    zyd_link_start(&d->link, &out, &d->id, true, want, 0);
    carry(l, &out);
    zyd_link_start(&l->link, &out, &l->id, false, 255, 0);
    assert_int_equal(out.size, 0);
}
static void shake(struct side *d, struct side *l)
{
    for (int i = 0; i < 3; i++) {
        (void)work(l, d);
        (void)work(d, l);
    }
}
static void send(struct side *from, struct side *to, const char *text, int64_t now_ms)
{
    to->in_size += zyd_link_seal(&from->link, to->in + to->in_size, zyd_span(text, strlen(text)), now_ms);
}

static void two_members_open_a_link_and_talk_both_ways(void **state)
{
    (void)state;
    static struct side d, l;
    ident(&d, 0);
    ident(&l, 1);
    start(&d, &l, 1);
    shake(&d, &l);
    assert_true(d.authed && l.authed);
    assert_int_equal(l.link.peer, 0);
    assert_int_equal(d.link.peer, 1);
    for (int i = 0; i < 50; i++) { /* past several rekeyings by bytes and by time */
        send(&d, &l, "from the dialler, at some length so that the key must change", i * 400000);
        send(&l, &d, "from the listener", i * 400000);
        (void)work(&l, &d);
        (void)work(&d, &l);
    }
    assert_int_equal(l.got_size, 50 * 60);
    assert_int_equal(d.got_size, 50 * 17);
}

static void every_flipped_bit_of_a_handshake_ends_it_unopened(void **state)
{
    (void)state;
    /* Message 0: hello of D.  1: hello and header of L.  2: header and AUTH of D.  3: AUTH of L. */
    for (int message = 0; message < 4; message++)
        for (size_t bit = 0;; bit++) {
            static struct side d, l;
            ident(&d, 0);
            ident(&l, 1);
            start(&d, &l, 1);
            struct side *to = message % 2 == 0 ? &l : &d;
            for (int m = 0; m < message; m++)
                (void)work(m % 2 == 0 ? &l : &d, m % 2 == 0 ? &d : &l);
            if (bit == to->in_size * 8)
                break;
            to->in[bit / 8] ^= (uint8_t)(1u << (bit % 8));
            shake(&d, &l);
            /* What only the dialler opens (stream header, last message) leaves the listener open; the dialler is not. */
            assert_false(d.authed);
            assert_true(!l.authed || message == 3 || (message == 1 && bit / 8 >= LINK_HELLO_SIZE));
        }
}

static void a_stranger_a_stolen_name_and_another_consortium_are_refused(void **state)
{
    (void)state;
    static struct side d, l;
    /* Not in genesis. */
    ident(&d, 0);
    ident(&l, 1);
    uint8_t seed[32] = {99};
    crypto_sign_seed_keypair(d.id.pk.b, d.id.sk, seed);
    start(&d, &l, 1);
    shake(&d, &l);
    assert_false(l.authed || d.authed);
    assert_non_null(strstr(l.link.why, "not in the genesis"));
    /* A member's public key, another secret. */
    ident(&d, 0);
    ident(&l, 1);
    memcpy(d.id.sk, sks[2], ZYD_SK_SIZE);
    start(&d, &l, 1);
    shake(&d, &l);
    assert_false(l.authed || d.authed);
    assert_non_null(strstr(l.link.why, "signature"));
    /* A member answers for another. */
    ident(&d, 0);
    ident(&l, 2);
    start(&d, &l, 1);
    shake(&d, &l);
    assert_false(d.authed);
    /* Another genesis. */
    ident(&d, 0);
    ident(&l, 1);
    l.id.genesis.b[0] ^= 1;
    start(&d, &l, 1);
    shake(&d, &l);
    assert_false(l.authed || d.authed);
    assert_non_null(strstr(l.link.why, "another consortium"));
    /* Ourselves. */
    ident(&d, 0);
    ident(&l, 0);
    start(&d, &l, 1);
    shake(&d, &l);
    assert_false(l.authed || d.authed);
}

static void what_a_side_says_cannot_be_thrown_back_at_it(void **state)
{
    (void)state;
    static struct side d, l;
    ident(&d, 0);
    ident(&l, 1);
    start(&d, &l, 1);
    /* The dialler gets its own hello back, then its own header and AUTH. */
    memcpy(d.in, l.in, l.in_size);
    d.in_size = l.in_size;
    l.in_size = 0;
    (void)work(&d, &l);
    memcpy(d.in + d.in_size, l.in, l.in_size);
    d.in_size += l.in_size;
    (void)work(&d, &l);
    assert_false(d.authed);
}

static void a_relay_between_two_links_authenticates_nobody(void **state)
{
    (void)state;
    /* M is a member and takes D's call; it passes D's AUTH on to L as its own caller's. */
    static struct side d, m, m2, l;
    ident(&d, 0);
    ident(&m, 2);
    ident(&m2, 2);
    ident(&l, 1);
    start(&d, &m, 2);
    start(&m2, &l, 1);
    (void)work(&m, &d);
    (void)work(&d, &m);
    (void)work(&l, &m2);
    (void)work(&m2, &l);
    /* Its own AUTH is replaced by D's sealed bytes: other keys, so L cannot open it. */
    memcpy(l.in + LINK_HEADER_SIZE, m.in + LINK_HEADER_SIZE, 4 + LINK_AUTH_SIZE + LINK_SEAL);
    (void)work(&l, &m2);
    assert_false(l.authed);
    assert_int_equal(l.link.phase, LINK_BROKEN);
}

static void large_frames_come_out_as_they_went_in(void **state)
{
    (void)state;
    static struct side d, l;
    static uint8_t plain[LINK_PLAIN_MAX], sealed[4 + LINK_FRAME_MAX];
    ident(&d, 0);
    ident(&l, 1);
    start(&d, &l, 1);
    shake(&d, &l);
    randombytes_buf_deterministic(plain, sizeof plain, (const uint8_t[32]){1});
    for (size_t size = 1; size <= sizeof plain; size = size * 7 / 2 + 3) {
        struct zyd_span got;
        struct link_out out;
        size_t used, need, n = zyd_link_seal(&d.link, sealed, zyd_span(plain, size), 0);
        assert_int_equal(zyd_link_take(&l.link, &got, &out, &used, &need, sealed, n), LINK_FRAME);
        assert_int_equal(used, n);
        assert_int_equal(got.size, size);
        assert_memory_equal(got.data, plain, size);
    }
}

static void every_flipped_bit_repetition_and_reordering_of_frames_breaks_the_link(void **state)
{
    (void)state;
    static struct side d, l, l0;
    ident(&d, 0);
    ident(&l, 1);
    start(&d, &l, 1);
    shake(&d, &l);
    send(&d, &l, "pay 100", 0);
    l0 = l;
    for (size_t bit = 0; bit < l0.in_size * 8; bit++) {
        l = l0;
        l.in[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        enum link_step step = work(&l, &d);
        assert_int_equal(l.got_size, 0);
        /* A changed length may ask for more bytes; they will not open either. */
        assert_true(step == LINK_FAILED || step == LINK_MORE);
    }
    l = l0; /* the same frame twice */
    memcpy(l.in + l.in_size, l.in, l0.in_size);
    l.in_size *= 2;
    assert_int_equal(work(&l, &d), LINK_FAILED);
    assert_int_equal(l.got_size, 7);
    l = l0; /* cut at every byte: waits, gives nothing */
    for (size_t n = 0; n < l0.in_size; n++) {
        l = l0;
        l.in_size = n;
        assert_int_equal(work(&l, &d), LINK_MORE);
        assert_int_equal(l.got_size, 0);
    }
    l = l0; /* the second before the first */
    size_t first = l.in_size;
    send(&d, &l, "pay 200", 0);
    memmove(l.in, l.in + first, l.in_size - first);
    l.in_size -= first;
    assert_int_equal(work(&l, &d), LINK_FAILED);
}

static void lengths_out_of_bounds_are_refused_before_any_byte_of_the_frame(void **state)
{
    (void)state;
    static struct side d, l, l0;
    ident(&d, 0);
    ident(&l, 1);
    start(&d, &l, 1);
    (void)work(&l, &d);
    (void)work(&d, &l);
    struct side before_auth = l;
    zyd_put32(before_auth.in + LINK_HEADER_SIZE, LINK_AUTH_SIZE + LINK_SEAL + 1);
    before_auth.in_size = LINK_HEADER_SIZE + 4;
    assert_int_equal(work(&before_auth, &d), LINK_FAILED);
    shake(&d, &l);
    l0 = l;
    const uint32_t bad[] = {0, 1, LINK_SEAL, LINK_FRAME_MAX + 1, 0x7fffffff, 0xffffffff};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        l = l0;
        zyd_put32(l.in, bad[i]);
        l.in_size = 4;
        assert_int_equal(work(&l, &d), LINK_FAILED);
    }
    l = l0;
    zyd_put32(l.in, LINK_FRAME_MAX);
    l.in_size = 4;
    assert_int_equal(work(&l, &d), LINK_MORE);
}

static void items_are_read_back_and_malformed_ones_refused(void **state)
{
    (void)state;
    uint8_t b[64];
    enum link_item kind;
    struct zyd_span item;
    size_t pos = 0;
    zyd_put32(b, 3);
    memcpy(b + 4, "abc", 3);
    zyd_put32(b + 7, (uint32_t)LINK_PING << 30 | 8);
    zyd_put64(b + 11, 77);
    assert_int_equal(zyd_link_item(&kind, &item, &pos, zyd_span(b, 19)), ZYD_OK);
    assert_int_equal(kind, LINK_MESSAGE);
    assert_memory_equal(item.data, "abc", 3);
    assert_int_equal(zyd_link_item(&kind, &item, &pos, zyd_span(b, 19)), ZYD_OK);
    assert_int_equal(kind, LINK_PING);
    assert_int_equal(zyd_link_item(&kind, &item, &pos, zyd_span(b, 19)), ZYD_E_NOT_FOUND);
    for (size_t n = 1; n < 19; n++) {
        pos = 0;
        enum zyd_status st = ZYD_OK;
        while (st == ZYD_OK)
            st = zyd_link_item(&kind, &item, &pos, zyd_span(b, n));
        assert_int_equal(st, n == 7 ? ZYD_E_NOT_FOUND : ZYD_E_MALFORMED);
    }
    const uint32_t bad[] = {0, 17, 3u << 30 | 1, (uint32_t)LINK_PING << 30 | 7, (uint32_t)LINK_PONG << 30 | 9};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        zyd_put32(b, bad[i]);
        pos = 0;
        assert_int_equal(zyd_link_item(&kind, &item, &pos, zyd_span(b, 19)), ZYD_E_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_members_open_a_link_and_talk_both_ways),
        cmocka_unit_test(every_flipped_bit_of_a_handshake_ends_it_unopened),
        cmocka_unit_test(a_stranger_a_stolen_name_and_another_consortium_are_refused),
        cmocka_unit_test(what_a_side_says_cannot_be_thrown_back_at_it),
        cmocka_unit_test(a_relay_between_two_links_authenticates_nobody),
        cmocka_unit_test(large_frames_come_out_as_they_went_in),
        cmocka_unit_test(every_flipped_bit_repetition_and_reordering_of_frames_breaks_the_link),
        cmocka_unit_test(lengths_out_of_bounds_are_refused_before_any_byte_of_the_frame),
        cmocka_unit_test(items_are_read_back_and_malformed_ones_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
