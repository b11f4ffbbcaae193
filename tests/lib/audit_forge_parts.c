/* Forgeries inside blocks with the outer hashes made good (segments, manifest, SHA256SUMS), the chain behind them not: the
 * forger holds no key. */
#include "tests/lib/audit_forge.h"

#define ITEMS 256u

static bool section_flip(struct forge *f)
{
    static const struct {
        enum zyd_section s;
        uint32_t rows;
        const char *name;
    } kinds[] = {
        {S_HEADER, ROWS(ROW_FRAME) | ROWS(ROW_CHAIN) | ROWS(ROW_HISTORY) | ROWS(ROW_QUORUM), "header"},
        {S_JUST, ROWS(ROW_FRAME) | ROWS(ROW_QUORUM), "justification"},
        {S_NC, ROWS(ROW_QUORUM), "notarization"},
        {S_CARRIERS, ROWS(ROW_FRAME) | ROWS(ROW_CHAIN) | ROWS(ROW_QUORUM), "carriers"},
        {S_FRONTIER, ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), "frontier"},
        {S_ENVELOPES, ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), "envelopes"},
        {S_SYS, ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), "SYS outcomes"},
        {S_OUTCOMES, ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), "outcomes"},
        {S_FINALITY, ROWS(ROW_QUORUM), "finality"},
    };
    size_t i = forge_block(f), k = (size_t)forge_below(f->random, sizeof kinds / sizeof kinds[0]), at;
    struct zyd_span *s = &f->m->blocks[i].s[kinds[k].s];
    if (s->size == 0) {
        return false;
    }
    struct zyd_header h;
    struct zyd_span bad = forge_flip(f, *s, &at);
    if (kinds[k].s == S_HEADER && zyd_header_decode(&h, bad) != ZYD_OK) {
        return false; /* our own tools could not rebuild around it; raw flips have it */
    }
    *s = bad;
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), kinds[k].rows, i + 1);
    forge_note(f, "%s of height %zu, byte %zu", kinds[k].name, i + 1, at);
    return true;
}

static bool section_cut_or_grown(struct forge *f)
{
    size_t i = forge_block(f);
    enum zyd_section k = (enum zyd_section)forge_below(f->random, S_COUNT);
    struct zyd_span *s = &f->m->blocks[i].s[k];
    if (k == S_HEADER || (k == S_NC && forge_below(f->random, 2) == 0)) {
        return false;
    }
    if (forge_below(f->random, 2) == 0) {
        if (s->size == 0) {
            return false;
        }
        s->size -= 1 + (size_t)forge_below(f->random, s->size);
        if (k == S_NC && s->size == 0) {
            return false; /* a notarization need not be there: finality says more */
        }
    } else {
        struct zyd_span parts[2] = {*s, zyd_span("\0\0\0\0\x01", 1 + (size_t)forge_below(f->random, 5))};
        *s = zyd_image_join(f->m, parts, 2);
    }
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), ROWS_BLOCK, i + 1);
    forge_note(f, "section %d of height %zu", (int)k + 1, i + 1);
    return true;
}

/* Puts the items back in another order or number. */
static bool shuffle(struct forge *f, struct zyd_span *section, const char **how)
{
    static const char *const names[] = {"swapped", "dropped", "doubled"};
    struct zyd_span items[ITEMS + 1];
    size_t n = forge_split(items, ITEMS, *section);
    unsigned what = (unsigned)forge_below(f->random, 3);
    *how = names[what];
    if (n == 0 || (what == 0 && n < 2)) {
        return false;
    }
    size_t a = (size_t)forge_below(f->random, n), b = (size_t)forge_below(f->random, n);
    if (what == 0) {
        struct zyd_span t = items[a];
        if (a == b || (items[a].size == items[b].size && memcmp(items[a].data, items[b].data, items[a].size) == 0)) {
            return false;
        }
        items[a] = items[b];
        items[b] = t;
    } else if (what == 1) {
        memmove(&items[a], &items[a + 1], (n - a - 1) * sizeof items[0]);
        n--;
    } else {
        items[n++] = items[a];
    }
    *section = zyd_image_join(f->m, items, n);
    return true;
}

static bool envelopes_moved(struct forge *f)
{
    size_t i = forge_block(f);
    const char *how;
    if (!shuffle(f, &f->m->blocks[i].s[S_ENVELOPES], &how)) {
        return false;
    }
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), i + 1);
    forge_note(f, "an envelope of height %zu %s", i + 1, how);
    return true;
}

static bool outcomes_moved(struct forge *f)
{
    size_t i = forge_block(f);
    const char *how;
    bool sys = forge_below(f->random, 4) == 0;
    if (!shuffle(f, &f->m->blocks[i].s[sys ? S_SYS : S_OUTCOMES], &how)) {
        return false;
    }
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), i + 1);
    forge_note(f, "an outcome of height %zu %s%s", i + 1, how, sys ? " (SYS)" : "");
    return true;
}

/* An envelope goes to another block. */
static bool envelope_elsewhere(struct forge *f)
{
    size_t i = forge_block(f), k = forge_block(f);
    struct zyd_span items[ITEMS], *from = &f->m->blocks[i].s[S_ENVELOPES], *to = &f->m->blocks[k].s[S_ENVELOPES];
    size_t n = forge_split(items, ITEMS, *from);
    if (i == k || n == 0) {
        return false;
    }
    size_t a = (size_t)forge_below(f->random, n);
    struct zyd_span parts[2] = {*to, items[a]};
    *to = zyd_image_join(f->m, parts, 2);
    memmove(&items[a], &items[a + 1], (n - a - 1) * sizeof items[0]);
    *from = zyd_image_join(f->m, items, n - 1);
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_FRAME) | ROWS(ROW_HISTORY), (i < k ? i : k) + 1);
    forge_note(f, "from height %zu to %zu", i + 1, k + 1);
    return true;
}

/* ---- certificates ---- */

static unsigned signers(const struct zyd_cert *c)
{
    unsigned n = 0;
    for (uint64_t b = c->bitmap; b != 0; b &= b - 1) {
        n++;
    }
    return n;
}

static void too_few(struct zyd_cert *c, unsigned q)
{
    while (signers(c) >= q) {
        c->bitmap &= c->bitmap - 1; /* the lowest signer goes */
        memmove(&c->sigs[0], &c->sigs[1], sizeof c->sigs - sizeof c->sigs[0]);
    }
}

/* Adds a signature by validator who, in its place. */
static void add_signer(struct zyd_cert *c, unsigned who, const struct zyd_sig *sig)
{
    unsigned at = 0;
    for (unsigned i = 0; i < who; i++) {
        at += (unsigned)(c->bitmap >> i & 1);
    }
    if ((c->bitmap >> who & 1) == 0) {
        memmove(&c->sigs[at + 1], &c->sigs[at], (signers(c) - at) * sizeof c->sigs[0]);
        c->bitmap |= UINT64_C(1) << who;
    }
    c->sigs[at] = *sig;
}

static const char *spoil(struct forge *f, struct zyd_cert *c, size_t i)
{
    const struct zyd_sim_ledger *l = f->m->ledger;
    unsigned n = l->genesis.validator_count, q = zyd_quorum_q(n);
    uint8_t preimage[ZYD_VOTE_PREIMAGE_SIZE];
    struct zyd_vote v = {.type = c->type, .epoch = c->epoch, .view = c->view, .height = c->height, .hash = c->hash};
    struct zyd_sig sig;
    unsigned at = (unsigned)forge_below(f->random, signers(c));
    zyd_vote_preimage(preimage, &l->genesis.hash, &v);
    switch (forge_below(f->random, 9)) {
    case 0:
        too_few(c, q);
        return "too few signatures";
    case 1: /* one signature counted twice */
        too_few(c, q);
        sig = c->sigs[0];
        for (unsigned who = 0; signers(c) < q; who++) {
            if ((c->bitmap >> who & 1) == 0) {
                add_signer(c, who, &sig);
            }
        }
        return "a doubled signature";
    case 2:
        zyd_sig_sign(&c->sigs[at], f->stranger->keys.node[0], preimage, sizeof preimage);
        return "a signature by a foreign key";
    case 3:
        zyd_sig_sign(&c->sigs[at], l->keys.maker[0], preimage, sizeof preimage);
        return "a signature by a maker's key";
    case 4:
        c->sigs[at].b[forge_below(f->random, 64)] ^= (uint8_t)(1u << forge_below(f->random, 8));
        return "a wrong signature";
    case 5: { /* behind a full quorum: the fourth is nonsense */
        memset(&sig, 0x5a, sizeof sig);
        unsigned who = n - 1;
        while (who > 0 && (c->bitmap >> who & 1) != 0) {
            who--;
        }
        add_signer(c, who, &sig);
        return "an invalid signature besides a quorum";
    }
    case 6:
        add_signer(c, n, &c->sigs[at]);
        return "a signer beyond the validators";
    case 7:
        v.type = v.type == ZYD_VOTE_F ? ZYD_VOTE_N : ZYD_VOTE_F;
        c->type = v.type;
        return "another type";
    default:
        if (i == 0 || c->type == ZYD_VOTE_X) {
            c->view++;
            return "another view";
        }
        struct zyd_header h = zyd_image_header(f->m, i - 1);
        zyd_header_hash(&c->hash, &h);
        c->hash.b[0] ^= (uint8_t)(c->type == ZYD_VOTE_N); /* the justification's is of the block before */
        return "a certificate of another block";
    }
}

static struct zyd_span cert_bytes(struct forge *f, const struct zyd_cert *c)
{
    uint8_t buf[ZYD_CERT_SIZE_MAX];
    struct zyd_wr wr = zyd_wr_of(buf, sizeof buf);
    zyd_cert_encode(&wr, c);
    zyd_assert(!wr.full);
    struct zyd_span whole = zyd_wr_span(&wr);
    return zyd_span(zyd_image_copy(f->m, whole), whole.size);
}

static bool certificate(struct forge *f)
{
    static const char *const names[] = {"justification", "notarization", "finality"};
    size_t i = forge_block(f), which = (size_t)forge_below(f->random, 3);
    struct zyd_span *s = &f->m->blocks[i].s[which == 0 ? S_JUST : which == 1 ? S_NC : S_FINALITY];
    struct zyd_cert c;
    struct zyd_rd rd = zyd_rd_of(*s);
    if (s->size == 0 || (which == 0 && zyd_rx_u8(&rd) == 0)) {
        return false;
    }
    size_t before = rd.pos;
    zyd_cert_read(&rd, &c);
    zyd_assert(!rd.bad);
    const char *how = spoil(f, &c, i);
    struct zyd_span parts[3] = {zyd_span(s->data, before), cert_bytes(f, &c), zyd_span(s->data + rd.pos, s->size - rd.pos)};
    *s = zyd_image_join(f->m, parts, 3);
    zyd_image_rebuild(f->m);
    forge_expect(f, EXITS(8), ROWS(ROW_QUORUM) | ROWS(ROW_FRAME), i + 1);
    forge_note(f, "%s in the %s of height %zu", how, names[which], i + 1);
    return true;
}

/* ---- whole blocks ---- */

static void shift_bounds(struct zyd_image *m, size_t after, int by)
{
    for (size_t k = 1; k <= m->segments; k++) {
        if (m->bounds[k] > after) {
            m->bounds[k] = (size_t)((int64_t)m->bounds[k] + by);
        }
    }
}

static void renumber(struct zyd_image *m, size_t from, int by)
{
    for (size_t i = from; i < m->count; i++) {
        struct zyd_header h = zyd_image_header(m, i);
        h.height = (uint64_t)((int64_t)h.height + by);
        zyd_image_set_header(m, i, &h);
    }
}

static bool block_moved(struct forge *f)
{
    struct zyd_image *m = f->m;
    size_t i = (size_t)forge_below(f->random, m->count - 1);
    unsigned what = (unsigned)forge_below(f->random, 6);
    uint32_t rows = ROWS(ROW_CHAIN) | ROWS(ROW_HISTORY); /* at the start of a segment it is the log that does not fit */
    if (what == 0) {
        struct zyd_image_block t = m->blocks[i];
        m->blocks[i] = m->blocks[i + 1];
        m->blocks[i + 1] = t;
        forge_note(f, "heights %zu and %zu swapped", i + 1, i + 2);
    } else if (what <= 3) { /* dropped; renumbered; everything rebuilt */
        struct zyd_span log_before = m->blocks[i].s[S_FRONTIER];
        memmove(&m->blocks[i], &m->blocks[i + 1], (m->count - i - 1) * sizeof m->blocks[0]);
        m->count--;
        shift_bounds(m, i, -1);
        if (what >= 2) {
            renumber(m, i, -1);
        }
        if (what == 3) {
            m->blocks[i].s[S_FRONTIER] = log_before;
            zyd_image_rechain(m, i, 0);
            rows |= ROWS(ROW_QUORUM);
        }
        forge_note(f, "height %zu dropped%s", i + 1,
                   what == 1   ? ""
                   : what == 2 ? ", the rest renumbered"
                               : ", the rest renumbered and rebuilt");
    } else { /* doubled; and renumbered */
        if (m->count == ZYD_IMAGE_BLOCKS) {
            return false;
        }
        memmove(&m->blocks[i + 1], &m->blocks[i], (m->count - i) * sizeof m->blocks[0]);
        m->count++;
        shift_bounds(m, i, 1);
        if (what == 5) {
            renumber(m, i + 1, 1);
        }
        forge_note(f, "height %zu doubled%s", i + 1, what == 5 ? ", the rest renumbered" : "");
        i++;
    }
    zyd_image_rebuild(m);
    forge_expect(f, EXITS(8), rows, i + 1);
    return true;
}

static bool tail_dropped(struct forge *f)
{
    struct zyd_image *m = f->m;
    size_t n = 1 + (size_t)forge_below(f->random, 3);
    bool told = forge_below(f->random, 2) == 0; /* the manifest still names the last height */
    m->count -= n;
    while (m->bounds[m->segments - 1] >= m->count) {
        m->segments--;
    }
    m->bounds[m->segments] = m->count;
    zyd_image_rebuild(m);
    if (told) {
        zyd_image_manifest(m, "zyd-bundle-1", (int64_t)n);
        zyd_image_sums(m);
        forge_expect(f, EXITS(9), 0, 0);
    } else { /* a shorter ledger is a ledger: the verdict says up to where */
        forge_expect(f, EXITS(0), 0, 0);
        f->verified_to = m->count;
    }
    forge_note(f, "%zu blocks%s", n, told ? ", the manifest still names them" : "");
    return true;
}

static bool segment_dropped(struct forge *f)
{
    struct zyd_image *m = f->m;
    size_t k = (size_t)forge_below(f->random, m->segments - 1);
    char name[96];
    snprintf(name, sizeof name, "segments/%012zu-%012zu.seg", m->bounds[k] + 1, m->bounds[k + 1]);
    zyd_image_remove(m, name);
    zyd_image_manifest(m, "zyd-bundle-1", 0);
    zyd_image_sums(m);
    forge_expect(f, EXITS(9), 0, 0);
    forge_note(f, "%s", name);
    return true;
}

/* The first part of this ledger and the rest of another one of the same members. */
static bool glued(struct forge *f)
{
    struct zyd_image *m = f->m;
    size_t least = m->count < f->other->count ? m->count : f->other->count;
    size_t i = 1 + (size_t)forge_below(f->random, least - 2);
    struct zyd_header mine = zyd_image_header(m, i - 1), theirs = zyd_image_header(f->other, i - 1);
    struct zyd_hash a, b;
    zyd_header_hash(&a, &mine);
    zyd_header_hash(&b, &theirs);
    if (zyd_hash_eq(&a, &b)) {
        return false; /* still the same history */
    }
    for (size_t k = i; k < least; k++) {
        m->blocks[k] = f->other->blocks[k];
    }
    m->count = least;
    while (m->bounds[m->segments - 1] >= m->count) {
        m->segments--;
    }
    m->bounds[m->segments] = m->count;
    zyd_image_rebuild(m);
    forge_expect(f, EXITS(8), ROWS(ROW_CHAIN) | ROWS(ROW_HISTORY), i + 1);
    forge_note(f, "from height %zu on", i + 1);
    return true;
}

const struct forgery forge_parts[] = {
    {"a byte inside a block, outer hashes redone", 30, section_flip},
    {"a section is cut or grown, outer hashes redone", 6, section_cut_or_grown},
    {"an envelope is moved, outer hashes redone", 8, envelopes_moved},
    {"an outcome is moved, outer hashes redone", 6, outcomes_moved},
    {"an envelope goes to another block, outer hashes redone", 3, envelope_elsewhere},
    {"a certificate is spoilt, outer hashes redone", 20, certificate},
    {"a block is moved, outer hashes redone", 8, block_moved},
    {"the last blocks are dropped", 3, tail_dropped},
    {"a segment is dropped", 1, segment_dropped},
    {"two ledgers are glued", 3, glued},
    {NULL, 0, NULL},
};
