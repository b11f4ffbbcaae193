/* Goal: whatever the members of a voucher programme do, in any order, books, vouchers, line and invoices agree; and when all is
 * paid, nothing is left but cash and trade.
 * Method: random histories of mostly legal and some illegal operations on all vouchers that exist, time going on in between;
 * after each history's steps every voucher is read back and compared with accounts, line and invoice registry, which are never
 * looked at while choosing. */
#include "voucher_rig.h"

enum { HISTORIES = 60, STEPS = 70, TOKENS = 400 };

static uint64_t seed;
static uint32_t draw(uint32_t n) /* 0 .. n-1 */
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

static struct zyd_hash token[TOKENS];
static uint32_t token_count, invoices, registrations;
static uint64_t accepted, refused;

static void known(const struct zyd_hash *id)
{
    assert_true(token_count < TOKENS);
    token[token_count++] = *id;
}

static int32_t today(void)
{
    return zyd_date_of_ms((int64_t)now);
}

static bool done(uint32_t code)
{
    assert_true(code == 0 || (code >= 4001 && code <= 4010) || code == 9102 || code == 9104 || code == 9111 || code == 9112);
    accepted += code == 0;
    refused += code != 0;
    return code == 0;
}

static void random_issue(void)
{
    char text[160];
    struct zyd_hash v;
    uint32_t which = draw(3) == 0 && invoices > 0 ? draw(invoices) : invoices++;
    uint32_t amount = 1 + which * 7919 % 100000, face = draw(8) == 0 ? amount + 1 : 1 + draw(amount);
    int32_t due = zyd_date_add(today(), (int32_t)(5 + draw(200)));
    snprintf(text, sizeof text, "@S%u %u %d - [[h:i%u %u]]", 1 + (draw(8) ? which : which + 1) % 3, face, due, which, amount);
    if (done(act(STD, ZYD_VE_ISSUE, &v, CORE, 0, text))) {
        known(&v);
    }
}

static void random_split(struct zyd_hash *v)
{
    char text[160] = "[";
    uint32_t n = 2 + draw(4);
    int64_t left = view.h.face;
    uint16_t holder = view.h.holder;
    for (uint32_t i = 0; i + 1 < n; i++) {
        int64_t part = left <= 1 ? left : 1 + (int64_t)draw((uint32_t)(left < 2000000000 ? left : 2000000000));
        left -= part;
        snprintf(text + strlen(text), sizeof text - strlen(text), "%lld ", (long long)part);
    }
    snprintf(text + strlen(text), sizeof text - strlen(text), "%lld]", (long long)left);
    if (done(act(STD, ZYD_VE_SPLIT, v, holder, 0, text))) {
        for (uint32_t i = 0; i < n; i++) {
            struct zyd_hash child = child_of(v, i);
            known(&child);
        }
    }
}

static void random_transfer(struct zyd_hash *v)
{
    char text[64];
    uint32_t payee = S1 + draw(4); /* BANK among them: refused */
    snprintf(text, sizeof text, "@%s h:t %u", codes[payee], draw(2));
    if (done(act(STD, ZYD_VE_TRANSFER, v, view.h.holder, B(payee), text))) {
        struct zyd_hash child = child_of(v, 0);
        known(&child);
    }
}

static void random_finance(struct zyd_hash *v)
{
    char text[96];
    uint32_t bank = BANK + draw(2), rate = draw(60000), number = draw(6) == 0 ? draw(registrations + 1) : ++registrations;
    if (draw(3) == 0) {
        snprintf(text, sizeof text, "@%s \"N%u", codes[bank], number);
        done(act(STD, ZYD_VE_PLEDGE, v, view.h.holder, B(bank), text));
        return;
    }
    uint64_t days = (uint64_t)zyd_days_between(today(), view.h.due);
    uint64_t cost = ((uint64_t)view.h.face * days * rate * 2 + 360000000) / 720000000; /* HALF_UP, by another formula */
    snprintf(text, sizeof text, "@%s %u \"N%u %llu %u", codes[bank], rate, number, (unsigned long long)cost, draw(2));
    done(act(STD, ZYD_VE_DISCOUNT, v, view.h.holder, B(bank), text));
}

/* Settles an open obligation of the last postings, if there is one. */
static void random_settle(const struct zyd_hash *v)
{
    struct zyd_obligation o;
    const struct zyd_hash id = obligation_of(v);
    if (zyd_fixture_obligation(f, &o, &id) && o.state == CT_OBL_CREATED) {
        done(settle(&id, o.debtor, o.creditor));
    }
}

static void random_step(void)
{
    if (token_count == 0 || draw(6) == 0) {
        random_issue();
        return;
    }
    struct zyd_hash *v = &token[draw(token_count)];
    unsigned state = state_of(v);
    for (int more = 3; more > 0 && (state == ZYD_VS_SPENT || state == ZYD_VS_CANCELLED || state == ZYD_VS_PAID); more--) {
        v = &token[draw(token_count)]; /* what has ended is tried, too, but less often */
        state = state_of(v);
    }
    uint32_t any = draw(12) == 0 ? draw(9) : 1 + draw(8);
    switch (state == ZYD_VS_OFFERED && draw(8) ? 0 : state == ZYD_VS_MATURED || state == ZYD_VS_DEFAULTED ? 1 : any) {
    case 0:
        done(act(STD, draw(8) ? ZYD_VE_ACCEPT : ZYD_VE_CANCEL, v, draw(8) ? view.h.holder : CORE, B(CORE), ""));
        return;
    case 1:
        if (draw(2)) {
            random_settle(v);
        }
        return;
    case 2:
    case 3:
        random_split(v);
        return;
    case 4:
    case 5:
        random_transfer(v);
        return;
    case 6:
        random_finance(v);
        return;
    case 7:
        done(act(STD, ZYD_VE_UNPLEDGE, v, view.h.pledgee < MEMBERS ? view.h.pledgee : BANK, 0, ""));
        return;
    default:
        done(act(STD, ZYD_VE_PREPAY, v, CORE, B(view.h.holder), draw(2) ? "0" : "1"));
    }
}

static void accounts_agree(void)
{
    char code[CT_ACCOUNT_SIZE];
    int64_t used = 0;
    for (uint32_t i = 0; i < token_count; i++) {
        unsigned state = state_of(&token[i]);
        bool alive = state == ZYD_VS_ACTIVE || state == ZYD_VS_PLEDGED || state == ZYD_VS_FINANCED;
        bool owed = state == ZYD_VS_MATURED || state == ZYD_VS_DEFAULTED;
        used += alive || owed || state == ZYD_VS_OFFERED ? view.h.face : 0;
        if (alive || owed || state == ZYD_VS_PAID) { /* SPENT: its number may live on in a child */
            snprintf(code, sizeof code, "2161.V%u", view.h.number);
            assert_int_equal(balance(CORE, code), alive ? -view.h.face : 0);
            snprintf(code, sizeof code, "%s.V%u", state == ZYD_VS_FINANCED ? "1171" : "1161", view.h.number);
            assert_int_equal(balance(view.h.holder, code), alive ? view.h.face : 0);
            snprintf(code, sizeof code, "2152.V%u", view.h.number);
            assert_int_equal(balance(view.h.holder, code), -view.h.unearned);
            assert_true(view.h.unearned == 0 || state == ZYD_VS_FINANCED);
            snprintf(code, sizeof code, "9001.V%u", view.h.number);
            if (view.h.pledgee != CT_NO_MEMBER) {
                assert_int_equal(balance(view.h.pledgee, code), view.h.face);
            }
        }
        if (state == ZYD_VS_SPENT) {
            int64_t sum = 0, face = view.h.face;
            unsigned children = view.h.child_count;
            for (unsigned k = 0; k < children; k++) {
                struct zyd_hash child = child_of(&token[i], k);
                state_of(&child);
                assert_memory_equal(view.h.parent, token[i].b, 32);
                sum += view.h.face;
            }
            assert_int_equal(sum, face); /* I7 */
        }
    }
    assert_int_equal(line_of(STD, CORE).used, used);
}

/* Issued and not cancelled = what the invoices lack. */
static void invoices_agree(void)
{
    int64_t issued = 0, taken = 0;
    for (uint32_t i = 0; i < token_count; i++) {
        static const uint8_t none[32];
        unsigned state = state_of(&token[i]);
        issued += memcmp(view.h.parent, none, 32) == 0 && state != ZYD_VS_CANCELLED ? view.h.face : 0;
    }
    for (uint64_t i = 1; i < f->leaf_count; i++) {
        struct zyd_record r;
        struct zyd_voucher_invoice in;
        assert_int_equal(zyd_leaf_decode(&r, f->leaves[i]), ZYD_OK);
        /* 24 bytes of the contract that are no line: a line's second word is its last day */
        if (r.owner == ZYD_VOUCHER_CONTRACT && r.value.size == sizeof in) {
            memcpy(&in, r.value.data, sizeof in);
            taken += in.zero == 0 && in.seller != BANK ? in.amount - in.left : 0;
        }
    }
    assert_int_equal(taken, issued);
}

/* Time runs until all is due and every debt that is open is paid; then only cash, trade and income are left. */
static void all_is_paid_at_last(void)
{
    static const char *const stay[] = {"1001", "1002.", "1122.", "2001.", "2101.", "4011", "5041"};
    on(20270101);
    for (int round = 0; round < 2 * (int)ZYD_VOUCHER_LINKS_MAX; round++) { /* recourse goes link by link */
        bool open = false;
        block(0);
        for (uint64_t i = 1; i < f->leaf_count; i++) {
            struct zyd_record r;
            struct zyd_obligation o;
            assert_int_equal(zyd_leaf_decode(&r, f->leaves[i]), ZYD_OK);
            if (r.kind == ZYD_REC_OBLIGATION && zyd_obligation_decode(&o, r.value) == ZYD_OK && o.state == CT_OBL_CREATED) {
                assert_int_equal(settle(&o.id, o.debtor, o.creditor), 0);
                open = true;
            }
        }
        if (!open) {
            break;
        }
    }
    accounts_agree();
    assert_int_equal(line_of(STD, CORE).used, 0);
    for (uint64_t i = 1; i < f->leaf_count; i++) {
        struct zyd_record r;
        struct zyd_account a;
        bool stays = false;
        assert_int_equal(zyd_leaf_decode(&r, f->leaves[i]), ZYD_OK);
        if (r.kind == ZYD_REC_ACCOUNT && r.owner == 0) {
            assert_int_equal(zyd_account_decode(&a, r.value), ZYD_OK);
            for (size_t k = 0; k < sizeof stay / sizeof stay[0]; k++) {
                stays = stays || strncmp(a.code, stay[k], strlen(stay[k])) == 0;
            }
            if (!stays && a.debits != a.credits) {
                fail_msg("%s of %s is open", a.code, codes[a.member]);
            }
        }
    }
}

static void books_vouchers_line_and_invoices_agree(void **state)
{
    (void)state;
    for (unsigned n = 0; n < HISTORIES; n++) {
        setup(NULL);
        seed = 20260105 + n;
        token_count = invoices = registrations = 0;
        on(20260105);
        open_line("2000000");
        for (unsigned step = 0; step < STEPS; step++) {
            random_step();
            if (draw(4) == 0) {
                on(zyd_date_add(today(), (int32_t)(1 + draw(12))));
                assert_int_equal(got_code, 0);
            }
        }
        accounts_agree();
        invoices_agree();
        all_is_paid_at_last();
        teardown(NULL);
    }
    print_message("[  random  ] %u histories, %llu accepted, %llu refused\n", HISTORIES, (unsigned long long)accepted,
                  (unsigned long long)refused);
    assert_true(accepted > 1500 && refused > 500); /* neither all sunshine nor all refusals */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(books_vouchers_line_and_invoices_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
