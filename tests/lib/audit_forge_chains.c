/* Forgeries with everything rebuilt behind the change: roots, links, seals, certificates.  With few keys the certificates give
 * it away; with all of them nothing but the submitters' signatures and the re-execution can. */
#include "tests/lib/audit_forge.h"

#define ITEMS 256u
#define ALL 31u /* keys: all validators */

static struct zyd_posting postings[ZYD_CALL_POSTINGS_MAX];
static struct zyd_emitted events[ZYD_CALL_EVENTS_MAX];
static uint32_t warnings[ZYD_CALL_WARNINGS_MAX];

static struct zyd_span prefixed(struct zyd_image *m, struct zyd_span bytes)
{
    uint8_t length[4];
    zyd_put32(length, (uint32_t)bytes.size);
    struct zyd_span parts[2] = {zyd_span(length, 4), bytes};
    return zyd_image_join(m, parts, 2);
}

static struct zyd_span body_of(struct zyd_span item)
{
    return zyd_span(item.data + 4, item.size - 4);
}

/* Outcomes [*first, *end) of envelope k, and how many of them are done. */
static unsigned outcomes_of(size_t *first, size_t *end, const struct zyd_image_block *b, const struct zyd_span *envelopes,
                            size_t k)
{
    struct zyd_span items[ITEMS];
    size_t n = forge_split(items, ITEMS, b->s[S_OUTCOMES]), at = 0;
    unsigned done = 0;
    for (size_t e = 0; e <= k; e++) {
        struct zyd_env env;
        enum zyd_status st = zyd_env_decode(&env, body_of(envelopes[e]));
        zyd_assert(st == ZYD_OK);
        *first = at;
        done = 0;
        for (uint32_t left = env.op_count; left > 0 && at < n; at++) {
            struct zyd_outcome o;
            st = zyd_outcome_decode(&o, postings, events, warnings, body_of(items[at]));
            zyd_assert(st == ZYD_OK);
            left -= o.due_ms == 0;
            done += o.code == 0;
        }
        *end = at;
    }
    return done;
}

/* An envelope of block i that did something, taken out (or booked twice) with its outcomes. */
static bool envelope_gone_or_twice(struct forge *f, size_t i, bool twice)
{
    struct zyd_image_block *b = &f->m->blocks[i];
    struct zyd_span envs[ITEMS + 1], outs[2 * ITEMS];
    size_t n = forge_split(envs, ITEMS, b->s[S_ENVELOPES]), m = forge_split(outs, ITEMS, b->s[S_OUTCOMES]), first, end;
    if (n == 0) {
        return false;
    }
    size_t k = (size_t)forge_below(f->random, n);
    if (outcomes_of(&first, &end, b, envs, k) == 0) {
        return false; /* a refused envelope leaves nothing behind: without it the ledger is as true */
    }
    if (twice) {
        envs[n++] = envs[k];
        for (size_t o = first; o < end; o++) {
            outs[m++] = outs[o];
        }
    } else {
        memmove(&envs[k], &envs[k + 1], (n - k - 1) * sizeof envs[0]);
        memmove(&outs[first], &outs[end], (m - end) * sizeof outs[0]);
        n--;
        m -= end - first;
    }
    b->s[S_ENVELOPES] = zyd_image_join(f->m, envs, n);
    b->s[S_OUTCOMES] = zyd_image_join(f->m, outs, m);
    return true;
}

/* One outcome says something else: an amount, a code, a sequence number, an account. */
static bool outcome_changed(struct forge *f, size_t i, bool sys)
{
    struct zyd_span items[ITEMS], *section = &f->m->blocks[i].s[sys ? S_SYS : S_OUTCOMES];
    size_t n = forge_split(items, ITEMS, *section);
    struct zyd_outcome o;
    if (n == 0) {
        return false;
    }
    size_t k = (size_t)forge_below(f->random, n);
    enum zyd_status st = zyd_outcome_decode(&o, postings, events, warnings, body_of(items[k]));
    zyd_assert(st == ZYD_OK);
    uint64_t what = forge_below(f->random, 4);
    if (what == 0 && o.posting_count > 0) {
        postings[forge_below(f->random, o.posting_count)].amount.fen++;
    } else if (what == 1 && o.posting_count > 0) {
        struct zyd_posting *p = &postings[forge_below(f->random, o.posting_count)];
        p->member = (uint16_t)((p->member + 1) % 4);
    } else if (what == 2) {
        o.fuel++;
    } else {
        o.seq += o.has_object ? 1 : 0;
        o.code = o.code == 0 ? 9108 : 0;
    }
    size_t cap = items[k].size + 64;
    struct zyd_wr wr = zyd_wr_of(zyd_arena_take(f->m->arena, cap), cap);
    zyd_outcome_encode(&wr, &o);
    zyd_assert(!wr.full);
    items[k] = prefixed(f->m, zyd_wr_span(&wr));
    *section = zyd_image_join(f->m, items, n);
    return true;
}

/* Header fields that only the execution can know. */
static bool result_changed(struct forge *f, size_t i)
{
    struct zyd_header h = zyd_image_header(f->m, i);
    switch (forge_below(f->random, 4)) {
    case 0:
        h.state_root.b[forge_below(f->random, 32)] ^= 1;
        break;
    case 1:
        h.debits += 100;
        h.credits += 100;
        break;
    case 2:
        h.open_obligations += 1;
        break;
    default:
        h.state_size++;
        break;
    }
    zyd_image_set_header(f->m, i, &h);
    return true;
}

/* Header fields that the chain binds. */
static bool place_changed(struct forge *f, size_t i)
{
    struct zyd_header h = zyd_image_header(f->m, i);
    switch (forge_below(f->random, 4)) {
    case 0:
        h.time_ms = i == 0 ? f->m->ledger->genesis_header.time_ms : zyd_image_header(f->m, i - 1).time_ms;
        break;
    case 1:
        h.proposer = (uint16_t)((h.proposer + 1 + forge_below(f->random, 3)) % 4);
        break;
    case 2:
        h.rules_hash.b[0] ^= 1;
        break;
    default:
        h.valset_hash.b[31] ^= 1;
        break;
    }
    zyd_image_set_header(f->m, i, &h);
    return true;
}

/* An envelope that its submitter did not sign like this; *entry is its log index. */
static bool submitter_forged(struct forge *f, size_t i, uint64_t *entry)
{
    struct zyd_image_block *b = &f->m->blocks[i];
    struct zyd_span items[ITEMS];
    struct zyd_env env;
    size_t n = forge_split(items, ITEMS, b->s[S_ENVELOPES]);
    if (n == 0) {
        return false;
    }
    size_t k = (size_t)forge_below(f->random, n);
    uint8_t *p = zyd_image_copy(f->m, items[k]);
    enum zyd_status st = zyd_env_decode(&env, zyd_span(p + 4, items[k].size - 4));
    zyd_assert(st == ZYD_OK);
    uint8_t *sigs = p + items[k].size - (size_t)env.sig_count * ZYD_ENV_SIG_SIZE;
    uint8_t *one = sigs + (size_t)forge_below(f->random, env.sig_count) * ZYD_ENV_SIG_SIZE;
    switch (forge_below(f->random, 4)) {
    case 0: /* the signature */
        one[4 + forge_below(f->random, 64)] ^= (uint8_t)(1u << forge_below(f->random, 8));
        break;
    case 1: /* by a node key */
        one[3] = 0;
        break;
    case 2: { /* by an officer of another member; ascending order kept */
        if (env.sig_count != 1) {
            return false;
        }
        one[1] = (uint8_t)((one[1] + 1) % 4);
        break;
    }
    default: /* longer valid than it was signed for; still within the window */
        p[4 + 36 + 7] ^= 1;
        break;
    }
    items[k] = zyd_span(p, items[k].size);
    b->s[S_ENVELOPES] = zyd_image_join(f->m, items, n);
    *entry = zyd_image_header(f->m, i).log_size - n + k;
    return true;
}

/* ---- by how many keys ---- */

static bool edit(struct forge *f, unsigned keys)
{
    size_t i = forge_block(f);
    unsigned what = (unsigned)forge_below(f->random, 6);
    static const char *const names[] = {
        "an envelope is dropped",   "an envelope is booked twice",       "an outcome is changed",
        "a SYS outcome is changed", "a result in the header is changed", "a submitter is forged"};
    uint64_t entry = UINT64_MAX;
    bool made = what == 0   ? envelope_gone_or_twice(f, i, false)
                : what == 1 ? envelope_gone_or_twice(f, i, true)
                : what == 2 ? outcome_changed(f, i, false)
                : what == 3 ? outcome_changed(f, i, true)
                : what == 4 ? result_changed(f, i)
                            : submitter_forged(f, i, &entry);
    if (!made) {
        return false;
    }
    zyd_image_rechain(f->m, i, keys);
    zyd_image_rebuild(f->m);
    bool colluded = keys >= f->m->ledger->genesis.validator_count;
    forge_expect(f, EXITS(8), !colluded ? ROWS(ROW_QUORUM) : what == 5 ? ROWS(ROW_ENTRY) : ROWS(ROW_REPLAY), i + 1);
    f->entry = colluded ? entry : UINT64_MAX;
    forge_note(f, "%s at height %zu, %u keys", names[what], i + 1, keys);
    return true;
}

static bool no_keys(struct forge *f)
{
    return edit(f, 0);
}

static bool f_keys(struct forge *f)
{
    return edit(f, zyd_quorum_f(f->m->ledger->genesis.validator_count));
}

static bool almost_a_quorum(struct forge *f)
{
    return edit(f, zyd_quorum_q(f->m->ledger->genesis.validator_count) - 1);
}

static bool all_keys(struct forge *f)
{
    return edit(f, ALL);
}

static bool all_keys_chain(struct forge *f)
{
    size_t i = forge_block(f);
    place_changed(f, i);
    zyd_image_rechain(f->m, i, ALL);
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_CHAIN), i + 1);
    forge_note(f, "height %zu", i + 1);
    return true;
}

const struct forgery forge_chains[] = {
    {"rebuilt behind an edit, old certificates", 12, no_keys},
    {"rebuilt behind an edit, signed anew by f", 8, f_keys},
    {"rebuilt behind an edit, signed anew by q - 1", 6, almost_a_quorum},
    {"rebuilt behind an edit, signed anew by all", 20, all_keys},
    {"another place in the chain, signed anew by all", 5, all_keys_chain},
    {NULL, 0, NULL},
};
