/* account.c: accounts and postings.  An account comes into being with its first posting. */
#include "impl.h"

/* "acct" member u16 programme u16 code */
static size_t account_name(uint8_t name[8 + ZYD_ACCOUNT_MAX], uint16_t member, uint16_t programme, struct zyd_span code)
{
    memcpy(name, "acct", 4);
    zyd_put16(name + 4, member);
    zyd_put16(name + 6, programme);
    memcpy(name + 8, code.data, code.size);
    return 8 + code.size;
}

void zyd_account_key(struct zyd_hash *out, uint16_t member, uint16_t programme, struct zyd_span code)
{
    uint8_t name[8 + ZYD_ACCOUNT_MAX];
    zyd_assert(code.size <= ZYD_ACCOUNT_MAX);
    zyd_record_key(out, ZYD_CONTRACT_HOST, zyd_span(name, account_name(name, member, programme, code)));
}

/* member, programme, "CNY", code length, code padded with zeros, debits, credits, entries, history */
static void encode(uint8_t out[ACCOUNT_VALUE_SIZE], const struct account *a)
{
    struct zyd_wr wr = zyd_wr_of(out, ACCOUNT_VALUE_SIZE);
    uint8_t code[ZYD_ACCOUNT_MAX] = {0};
    memcpy(code, a->code, a->code_size);
    zyd_wx_u16(&wr, a->member);
    zyd_wx_u16(&wr, a->programme);
    zyd_wx_bytes(&wr, "CNY", 3);
    zyd_wx_u8(&wr, a->code_size);
    zyd_wx_bytes(&wr, code, sizeof code);
    zyd_wx_u128(&wr, a->debits);
    zyd_wx_u128(&wr, a->credits);
    zyd_wx_u64(&wr, a->entry_count);
    zyd_wx_hash(&wr, &a->history);
    zyd_assert(!wr.full && wr.size == ACCOUNT_VALUE_SIZE);
}

bool zyd_host_account_code_ok(struct zyd_span code)
{
    if (code.size == 0 || code.size > ZYD_ACCOUNT_MAX || code.data[0] < '0' || code.data[0] > '9') {
        return false;
    }
    for (size_t i = 0; i < code.size; i++) {
        uint8_t c = code.data[i];
        bool ok = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' || c == '_' ||
                  c == '-';
        if (!ok) {
            return false;
        }
    }
    return true;
}

enum zyd_status zyd_account_decode(struct zyd_account *out, struct zyd_span value)
{
    static const uint8_t zeros[ZYD_ACCOUNT_MAX];
    struct zyd_rd rd = zyd_rd_of(value);
    uint8_t currency[3];
    memset(out, 0, sizeof *out);
    out->member = zyd_rx_u16(&rd);
    out->programme = zyd_rx_u16(&rd);
    zyd_rx_copy(&rd, currency, 3);
    uint8_t size = zyd_rx_u8(&rd);
    struct zyd_span code = zyd_rx_span(&rd, ZYD_ACCOUNT_MAX);
    out->debits = zyd_rx_u128(&rd);
    out->credits = zyd_rx_u128(&rd);
    out->entry_count = zyd_rx_u64(&rd);
    zyd_rx_hash(&rd, &out->history);
    if (zyd_rd_done(&rd) != ZYD_OK || memcmp(currency, "CNY", 3) != 0 || size > ZYD_ACCOUNT_MAX ||
        !zyd_host_account_code_ok(zyd_span(code.data, size)) ||
        memcmp(code.data + size, zeros, ZYD_ACCOUNT_MAX - size) != 0) {
        return ZYD_E_MALFORMED;
    }
    memcpy(out->code, code.data, size);
    return ZYD_OK;
}

static struct account *find(struct journal *j, const struct zyd_hash *key)
{
    for (uint32_t i = j->account_buckets[zyd_get16(key->b) % BUCKETS]; i != 0; i = j->accounts[i - 1].next) {
        if (zyd_hash_eq(&j->accounts[i - 1].key, key)) {
            return &j->accounts[i - 1];
        }
    }
    return NULL;
}

/* The stored account, or a new one without entries.  False: h->fault. */
static bool load(struct zyd_host *h, struct account *out, uint16_t member, uint16_t programme, struct zyd_span code)
{
    struct zyd_record record;
    struct zyd_account stored;
    memset(out, 0, sizeof *out);
    out->member = member;
    out->programme = programme;
    out->code_size = (uint8_t)code.size;
    memcpy(out->code, code.data, code.size);
    uint8_t name[8 + ZYD_ACCOUNT_MAX];
    zyd_host_key(h, &out->key, ZYD_CONTRACT_HOST, name, account_name(name, member, programme, code));
    enum zyd_status status = zyd_host_read(h, &record, &out->key);
    if (status == ZYD_E_NOT_FOUND) {
        return true;
    }
    if (status == ZYD_OK && zyd_account_decode(&stored, record.value) != ZYD_OK) {
        h->fault = ZYD_E_DAMAGED;
    }
    if (h->fault != ZYD_OK) {
        return false;
    }
    out->debits = stored.debits;
    out->credits = stored.credits;
    out->entry_count = stored.entry_count;
    out->history = stored.history;
    return true;
}

static struct account *account(struct zyd_host *h, uint16_t member, uint16_t programme, struct zyd_span code)
{
    struct journal *j = &h->j;
    uint8_t name[8 + ZYD_ACCOUNT_MAX];
    struct zyd_hash key;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, account_name(name, member, programme, code));
    struct account *a = find(j, &key);
    if (a != NULL) {
        return a;
    }
    zyd_assert(j->account_count < ACCOUNTS_MAX); /* two a posting, and postings are counted */
    a = &j->accounts[j->account_count];
    if (!load(h, a, member, programme, code)) {
        return NULL;
    }
    uint16_t *bucket = &j->account_buckets[zyd_get16(key.b) % BUCKETS];
    a->next = *bucket;
    *bucket = (uint16_t)++j->account_count;
    return a;
}

void zyd_host_balance(struct zyd_host *h, zyd_u128 *debits, zyd_u128 *credits, uint16_t member, uint16_t programme,
                      struct zyd_span code)
{
    uint8_t name[8 + ZYD_ACCOUNT_MAX];
    struct zyd_hash key;
    struct account stored;
    zyd_host_key(h, &key, ZYD_CONTRACT_HOST, name, account_name(name, member, programme, code));
    const struct account *a = find(&h->j, &key);
    if (a == NULL) {
        a = load(h, &stored, member, programme, code) ? &stored : NULL;
    }
    *debits = a == NULL ? 0 : a->debits;
    *credits = a == NULL ? 0 : a->credits;
}

struct zyd_span zyd_host_account_value(struct zyd_host *h, const struct zyd_hash *key)
{
    const struct account *a = find(&h->j, key);
    if (a == NULL) {
        return zyd_span(NULL, 0);
    }
    encode(h->account_value, a);
    return zyd_span(h->account_value, ACCOUNT_VALUE_SIZE);
}

/* history = H("zyd/hist/1", history, log index, operation number, posting): a state proof of the account then proves a
 * complete statement (ledger.md 3.4). */
static void enter(struct account *a, const struct zyd_host_block *b, struct zyd_span posting)
{
    uint8_t head[ZYD_HASH_SIZE + 12];
    memcpy(head, a->history.b, ZYD_HASH_SIZE);
    zyd_put64(head + ZYD_HASH_SIZE, b->log_index);
    zyd_put32(head + ZYD_HASH_SIZE + 8, b->op_number);
    zyd_hash2(&a->history, "zyd/hist/1", head, sizeof head, posting.data, posting.size);
    a->entry_count++;
}

uint32_t zyd_host_post(struct zyd_host *h, uint16_t member, uint16_t programme, uint16_t label, struct zyd_span dr,
                       struct zyd_span cr, int64_t amount, const struct zyd_hash *obligation)
{
    static const struct zyd_hash none;
    struct journal *j = &h->j;
    if (member >= h->genesis->member_count || amount < 0 || amount > ZYD_MONEY_MAX ||
        !zyd_host_account_code_ok(dr) || !zyd_host_account_code_ok(cr) ||
        (dr.size == cr.size && memcmp(dr.data, cr.data, dr.size) == 0)) {
        return ZYD_CODE_RANGE;
    }
    if (amount == 0) {
        return 0;
    }
    if (j->posting_count == ZYD_CALL_POSTINGS_MAX) {
        return ZYD_CODE_LIMIT;
    }
    struct account *debit = account(h, member, programme, dr);
    struct account *credit = debit == NULL ? NULL : account(h, member, programme, cr);
    if (credit == NULL) {
        return ZYD_CODE_LIMIT; /* never seen: h->fault ends the block */
    }
    struct zyd_posting *p = &j->postings[j->posting_count++];
    memset(p, 0, sizeof *p);
    p->member = member;
    p->programme = programme;
    p->label = label;
    memcpy(p->dr, dr.data, dr.size);
    memcpy(p->cr, cr.data, cr.size);
    p->amount.fen = amount;
    p->obligation = obligation == NULL ? none : *obligation;

    /* Member and programme are the account's own: with them the usual posting would take a third block of SHA-256. */
    uint8_t bytes[44 + 2 * ZYD_ACCOUNT_MAX];
    struct zyd_wr wr = zyd_wr_of(bytes, sizeof bytes);
    zyd_wx_u16(&wr, label);
    zyd_wx_u64(&wr, (uint64_t)amount);
    zyd_wx_hash(&wr, &p->obligation);
    zyd_wx_u8(&wr, (uint8_t)dr.size);
    zyd_wx_bytes(&wr, dr.data, dr.size);
    zyd_wx_u8(&wr, (uint8_t)cr.size);
    zyd_wx_bytes(&wr, cr.data, cr.size);
    zyd_assert(!wr.full);
    debit->debits += (uint64_t)amount;
    credit->credits += (uint64_t)amount;
    enter(debit, h->block, zyd_wr_span(&wr));
    enter(credit, h->block, zyd_wr_span(&wr));
    j->posted += (uint64_t)amount;
    return 0;
}

enum zyd_status zyd_host_merge_accounts(struct zyd_host *h)
{
    for (uint32_t i = 0; i < h->j.account_count; i++) {
        const struct account *a = &h->j.accounts[i];
        encode(h->account_value, a);
        enum zyd_status status =
            zyd_overlay_put(h->block->overlay, &a->key, ZYD_CONTRACT_HOST, ZYD_REC_ACCOUNT, 0, a->entry_count,
                            zyd_span(h->account_value, ACCOUNT_VALUE_SIZE), h->block->height);
        if (status != ZYD_OK) {
            return status;
        }
    }
    return ZYD_OK;
}
