/* Goal: each row of the signing gate's table (consensus.md 1.4) refuses by itself, and stored bytes come back unsigned.
 * Method: one machine is put into a state where the gate would sign; then one fact is changed and it must not.  A counting
 * signer shows that a refusal and a stored answer made no signature. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "consensus/bft_internal.h"

#define VIEW 10u

static unsigned signatures;
static struct zyd_bft *b;
static struct zyd_hash h1, h2, zero;
static struct zyd_bft_block *parent, *block;

static void count_sign(void *ctx, struct zyd_sig *sig, const void *msg, size_t size)
{
    struct zyd_hash h;
    (void)ctx;
    signatures++;
    zyd_sha256(&h, msg, size);
    memset(sig, 0, sizeof *sig);
    memcpy(sig->b, h.b, 32);
}
static bool believe(void *ctx, const struct zyd_pk *pk, const void *msg, size_t size, const struct zyd_sig *sig)
{
    (void)ctx, (void)pk, (void)msg, (void)size, (void)sig;
    return true;
}

static struct zyd_bft_block *add(uint64_t view, const struct zyd_hash *on, struct zyd_hash *hash)
{
    struct zyd_bft_block *at = zyd_bft_block_add(b, view, 0);
    at->header.view = view;
    at->header.height = view - (VIEW - 2);
    at->header.parent_view = view == VIEW ? VIEW - 1 : 0;
    at->header.parent_hash = *on;
    at->header.time_ms = view;
    zyd_header_hash(hash, &at->header);
    at->hash = *hash;
    at->linked = at->notarized = at->stored = true;
    at->verdict = VERDICT_OK;
    return at;
}

static void certify(uint64_t view, uint8_t type, const struct zyd_hash *hash)
{
    struct zyd_bft_slot *slot = zyd_bft_slot_make(b, view);
    slot->have_cert[type - 1] = true;
    slot->cert[type - 1] = (struct zyd_cert){.type = type, .epoch = 1, .view = view, .hash = *hash, .bitmap = 7};
}

static int setup(void **state)
{
    struct zyd_bft_config config = {.epoch = 1, .n = 4, .me = 1, .delta_ms = 100, .delta_max_ms = 3000};
    config.sig = (struct zyd_sig_ops){.verify = believe, .sign = count_sign};
    b = zyd_bft_init(malloc(zyd_bft_footprint()), &config);
    b->started = true;
    b->view = VIEW + 1;
    struct zyd_hash on;
    parent = add(VIEW - 1, &b->head_hash, &on);
    block = add(VIEW, &on, &h1);
    memset(h2.b, 0x22, 32);
    certify(VIEW, ZYD_VOTE_N, &h1);
    signatures = 0;
    b->out_count = 0;
    (void)state;
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    free(b);
    return 0;
}

static enum zyd_bft_gate ask(uint8_t type, uint64_t view, const struct zyd_hash *hash)
{
    struct zyd_bft_own *own = NULL;
    return zyd_bft_sign(b, &own, type, view, type == ZYD_VOTE_X ? 0 : view, hash);
}
static struct zyd_bft_own *own(uint8_t type)
{
    return &zyd_bft_slot_make(b, VIEW)->own[type - 1];
}
static void record(uint8_t type, const struct zyd_hash *hash)
{
    own(type)->have = true;
    own(type)->hash = *hash;
    own(type)->height = type == ZYD_VOTE_X ? 0 : VIEW;
}
static void signs(uint8_t type, const struct zyd_hash *hash)
{
    unsigned before = signatures;
    size_t outs = b->out_count;
    assert_int_equal(ask(type, VIEW, hash), GATE_SIGNED);
    assert_int_equal(signatures, before + 1);
    assert_int_equal(b->outs[outs].kind, ZYD_BFT_OUT_VOTE);
    assert_int_equal(b->outs[outs].seq, b->seq);
}
static void refuses(uint8_t type, uint64_t view, const struct zyd_hash *hash)
{
    unsigned before = signatures;
    size_t outs = b->out_count;
    assert_int_equal(ask(type, view, hash), GATE_REFUSED);
    assert_int_equal(signatures, before);
    assert_int_equal(b->out_count, outs);
}

/* ---- the table, row by row ---- */

static void each_type_is_signed_when_nothing_forbids_it(void **state)
{
    (void)state;
    signs(ZYD_VOTE_N, &h1);
    signs(ZYD_VOTE_F, &h1);
    b->view = VIEW + 2;
    assert_int_equal(ask(ZYD_VOTE_X, VIEW + 1, &zero), GATE_SIGNED);
    zyd_bft_check(b);
}

static void stored_bytes_come_back_unsigned(void **state)
{
    (void)state;
    const uint8_t types[] = {ZYD_VOTE_N, ZYD_VOTE_F};
    for (size_t i = 0; i < 2; i++) {
        signs(types[i], &h1);
        struct zyd_bft_own *a = own(types[i]), *again = NULL;
        assert_int_equal(zyd_bft_sign(b, &again, types[i], VIEW, VIEW, &h1), GATE_STORED);
        assert_ptr_equal(a, again);
        assert_int_equal(signatures, i + 1);
    }
}

static void stored_bytes_come_back_when_signing_has_stopped_and_below_the_floor(void **state)
{
    (void)state;
    record(ZYD_VOTE_X, &zero);
    b->stopped = true;
    b->floor = VIEW + 5;
    assert_int_equal(ask(ZYD_VOTE_X, VIEW, &zero), GATE_STORED);
    assert_int_equal(signatures, 0);
}

static void nothing_at_or_below_the_floor(void **state)
{
    (void)state;
    b->floor = VIEW;
    refuses(ZYD_VOTE_N, VIEW, &h1);
    refuses(ZYD_VOTE_X, VIEW, &zero);
    refuses(ZYD_VOTE_F, VIEW, &h1);
    b->floor = VIEW - 1;
    signs(ZYD_VOTE_N, &h1);
}

static void nothing_when_signing_has_stopped(void **state)
{
    (void)state;
    b->stopped = true;
    refuses(ZYD_VOTE_N, VIEW, &h1);
    refuses(ZYD_VOTE_X, VIEW, &zero);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}

static void an_observer_signs_nothing(void **state)
{
    (void)state;
    b->cfg.me = ZYD_BFT_OBSERVER;
    refuses(ZYD_VOTE_N, VIEW, &h1);
    refuses(ZYD_VOTE_X, VIEW, &zero);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}

static void nothing_in_a_view_that_no_certificate_let_us_enter(void **state)
{
    (void)state;
    refuses(ZYD_VOTE_N, VIEW + 2, &h1);
    refuses(ZYD_VOTE_X, VIEW + 2, &zero);
}

static void nothing_so_old_that_memory_may_have_lost_it(void **state)
{
    (void)state;
    b->own_top = VIEW + ZYD_BFT_WINDOW;
    refuses(ZYD_VOTE_X, VIEW, &zero);
    b->own_top = VIEW + ZYD_BFT_WINDOW - 1;
    signs(ZYD_VOTE_X, &zero);
}

static void no_notarization_after_one_of_another_block(void **state)
{
    (void)state;
    record(ZYD_VOTE_N, &h2);
    refuses(ZYD_VOTE_N, VIEW, &h1);
}
static void no_notarization_after_a_nullification(void **state)
{
    (void)state;
    record(ZYD_VOTE_X, &zero);
    refuses(ZYD_VOTE_N, VIEW, &h1);
}
static void no_notarization_after_a_finalization_of_another_block(void **state)
{
    (void)state;
    record(ZYD_VOTE_F, &h2);
    refuses(ZYD_VOTE_N, VIEW, &h1);
}

static void no_nullification_after_any_finalization(void **state)
{
    (void)state;
    record(ZYD_VOTE_F, &h1);
    refuses(ZYD_VOTE_X, VIEW, &zero);
}
static void a_nullification_after_a_notarization_is_allowed(void **state)
{
    (void)state;
    record(ZYD_VOTE_N, &h1);
    signs(ZYD_VOTE_X, &zero);
}
static void a_dead_finalization_does_not_bind(void **state)
{
    (void)state;
    record(ZYD_VOTE_F, &h1);
    own(ZYD_VOTE_F)->dead = true;
    signs(ZYD_VOTE_X, &zero);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void a_dead_finalization_is_signed_anew_once_its_block_is_stored(void **state)
{
    (void)state;
    record(ZYD_VOTE_F, &h1);
    own(ZYD_VOTE_F)->dead = true;
    signs(ZYD_VOTE_F, &h1);
    refuses(ZYD_VOTE_X, VIEW, &zero);
}

static void no_finalization_after_a_nullification(void **state)
{
    (void)state;
    record(ZYD_VOTE_X, &zero);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_against_our_own_notarization(void **state)
{
    (void)state;
    record(ZYD_VOTE_N, &h2);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_of_two_blocks(void **state)
{
    (void)state;
    record(ZYD_VOTE_F, &h2);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_without_the_notarization_in_hand(void **state)
{
    (void)state;
    zyd_bft_slot_at(b, VIEW)->have_cert[ZYD_VOTE_N - 1] = false;
    refuses(ZYD_VOTE_F, VIEW, &h1);
    certify(VIEW, ZYD_VOTE_N, &h2);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_without_the_header_and_its_justification(void **state)
{
    (void)state;
    zyd_bft_block_free(b, block);
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_of_what_we_did_not_find_valid(void **state)
{
    (void)state;
    block->linked = false;
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_before_the_block_is_put(void **state)
{
    (void)state;
    block->stored = false;
    refuses(ZYD_VOTE_F, VIEW, &h1);
}
static void no_finalization_before_each_ancestor_is_put(void **state)
{
    (void)state;
    parent->stored = false;
    refuses(ZYD_VOTE_F, VIEW, &h1);
}

/* ---- persistence points ---- */

static const struct zyd_bft_out *sent(void)
{
    for (size_t i = b->out_count; i-- > 0;) {
        if (b->outs[i].kind == ZYD_BFT_OUT_SEND) {
            return &b->outs[i];
        }
    }
    return NULL;
}

static void a_vote_leaves_and_counts_only_behind_its_record(void **state)
{
    (void)state;
    signs(ZYD_VOTE_X, &zero);
    assert_null(sent());
    zyd_bft_release(b, ZYD_VOTE_X, VIEW, 0);
    assert_int_equal(sent()->after_seq, own(ZYD_VOTE_X)->seq);
    zyd_bft_count_own(b);
    assert_int_equal(zyd_bft_slot_at(b, VIEW)->ballot[ZYD_VOTE_X - 1].bits, 0);
    b->synced = own(ZYD_VOTE_X)->seq;
    zyd_bft_count_own(b);
    assert_int_equal(zyd_bft_slot_at(b, VIEW)->ballot[ZYD_VOTE_X - 1].bits, 2);
    zyd_bft_check(b);
}

static void a_finalization_leaves_behind_the_puts_of_its_chain(void **state)
{
    (void)state;
    signs(ZYD_VOTE_F, &h1);
    b->seq = block->store_seq = 9; /* a put that was issued later than the record */
    zyd_bft_release(b, ZYD_VOTE_F, VIEW, 9);
    assert_int_equal(sent()->after_seq, 9);
}

static void a_recorded_notarization_stays_until_released(void **state)
{
    (void)state;
    signs(ZYD_VOTE_N, &h1);
    b->synced = b->seq;
    zyd_bft_count_own(b);
    assert_null(sent());
    assert_int_equal(zyd_bft_slot_at(b, VIEW)->ballot[ZYD_VOTE_N - 1].bits, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(each_type_is_signed_when_nothing_forbids_it),
        T(stored_bytes_come_back_unsigned),
        T(stored_bytes_come_back_when_signing_has_stopped_and_below_the_floor),
        T(nothing_at_or_below_the_floor),
        T(nothing_when_signing_has_stopped),
        T(an_observer_signs_nothing),
        T(nothing_in_a_view_that_no_certificate_let_us_enter),
        T(nothing_so_old_that_memory_may_have_lost_it),
        T(no_notarization_after_one_of_another_block),
        T(no_notarization_after_a_nullification),
        T(no_notarization_after_a_finalization_of_another_block),
        T(no_nullification_after_any_finalization),
        T(a_nullification_after_a_notarization_is_allowed),
        T(a_dead_finalization_does_not_bind),
        T(a_dead_finalization_is_signed_anew_once_its_block_is_stored),
        T(no_finalization_after_a_nullification),
        T(no_finalization_against_our_own_notarization),
        T(no_finalization_of_two_blocks),
        T(no_finalization_without_the_notarization_in_hand),
        T(no_finalization_without_the_header_and_its_justification),
        T(no_finalization_of_what_we_did_not_find_valid),
        T(no_finalization_before_the_block_is_put),
        T(no_finalization_before_each_ancestor_is_put),
        T(a_vote_leaves_and_counts_only_behind_its_record),
        T(a_finalization_leaves_behind_the_puts_of_its_chain),
        T(a_recorded_notarization_stays_until_released),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
