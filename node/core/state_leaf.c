/* Leaves, their proofs, and the part of a deadlines record that the state reads. */
#include "state_internal.h"

void zyd_record_key(struct zyd_hash *out, uint16_t owner, struct zyd_span owner_key)
{
    uint8_t head[2];
    zyd_put16(head, owner);
    zyd_hash2(out, "zyd/key/1", head, sizeof head, owner_key.data, owner_key.size);
}

void zyd_leaf_encode(struct zyd_wr *wr, const struct zyd_record *r)
{
    zyd_wx_hash(wr, &r->key);
    zyd_wx_hash(wr, &r->next_key);
    zyd_wx_u16(wr, r->owner);
    zyd_wx_u8(wr, r->kind);
    zyd_wx_u8(wr, r->flags);
    zyd_wx_u64(wr, r->seq);
    zyd_wx_u64(wr, r->first_height);
    zyd_wx_u64(wr, r->last_height);
    zyd_wx_bytes(wr, r->value.data, r->value.size);
}

void state_record_of(struct zyd_record *out, uint64_t index, struct zyd_span leaf)
{
    const uint8_t *p = leaf.data;
    out->index = index;
    memcpy(out->key.b, p, 32);
    memcpy(out->next_key.b, p + LEAF_NEXT, 32);
    out->owner = zyd_get16(p + LEAF_OWNER);
    out->kind = p[LEAF_KIND];
    out->flags = p[LEAF_FLAGS];
    out->seq = zyd_get64(p + LEAF_SEQ);
    out->first_height = zyd_get64(p + LEAF_FIRST);
    out->last_height = zyd_get64(p + LEAF_LAST);
    out->value = zyd_span(p + ZYD_LEAF_HEAD_SIZE, leaf.size - ZYD_LEAF_HEAD_SIZE);
}

enum zyd_status zyd_leaf_decode(struct zyd_record *out, struct zyd_span bytes)
{
    if (bytes.size < ZYD_LEAF_HEAD_SIZE || bytes.size > ZYD_LEAF_SIZE_MAX) {
        return ZYD_E_MALFORMED;
    }
    state_record_of(out, 0, bytes);
    bool kind = out->kind <= ZYD_REC_REGISTRY || out->kind == ZYD_REC_SENTINEL;
    bool order = zyd_hash_cmp(&out->key, &out->next_key) < 0;
    return kind && order && out->first_height <= out->last_height ? ZYD_OK : ZYD_E_MALFORMED;
}

enum zyd_status zyd_state_check_proof(struct zyd_record *rec, bool *present, const struct zyd_hash *root, uint64_t size,
                                      struct zyd_span leaf, uint64_t index, const struct zyd_hash *path,
                                      size_t path_count, const struct zyd_hash *key)
{
    struct zyd_hash h;
    enum zyd_status st = zyd_leaf_decode(rec, leaf);
    if (st != ZYD_OK) {
        return st;
    }
    rec->index = index;
    zyd_merkle_leaf(&h, leaf.data, leaf.size);
    if (!zyd_merkle_check_inclusion(root, size, index, &h, path, path_count)) {
        return ZYD_E_INVALID;
    }
    int below = zyd_hash_cmp(&rec->key, key), above = zyd_hash_cmp(key, &rec->next_key);
    *present = below == 0;
    return below == 0 || (below < 0 && above < 0) ? ZYD_OK : ZYD_E_INVALID;
}

void zyd_due_part_encode(struct zyd_wr *wr, const struct zyd_hash *object, const struct zyd_due_slot *slots,
                         uint8_t count)
{
    zyd_assert(count <= ZYD_DUE_SLOTS_MAX);
    zyd_wx_hash(wr, object);
    zyd_wx_u8(wr, count);
    for (uint8_t i = 0; i < count; i++) {
        zyd_wx_u8(wr, slots[i].number);
        zyd_wx_u64(wr, slots[i].due_ms);
    }
}

void zyd_due_part_read(struct zyd_rd *rd, struct zyd_hash *object, struct zyd_due_slot *slots, uint8_t *count)
{
    zyd_rx_hash(rd, object);
    *count = zyd_rx_u8(rd);
    if (*count > ZYD_DUE_SLOTS_MAX) {
        rd->bad = true;
        *count = 0;
    }
    for (uint8_t i = 0; i < *count; i++) {
        slots[i].number = zyd_rx_u8(rd);
        slots[i].due_ms = zyd_rx_u64(rd);
    }
}

void state_due_key(uint8_t out[DUE_KEY_SIZE], const struct zyd_due *due)
{
    zyd_put64(out, due->due_ms);
    memcpy(out + 8, due->object.b, 32);
    out[40] = due->number;
}

enum zyd_status state_due_add_leaf(struct crit *due, const struct zyd_record *rec)
{
    struct zyd_due_slot slots[ZYD_DUE_SLOTS_MAX];
    struct zyd_due d;
    uint8_t count, key[DUE_KEY_SIZE];
    if (rec->kind != ZYD_REC_DEADLINES) {
        return ZYD_OK;
    }
    struct zyd_rd rd = zyd_rd_of(rec->value);
    zyd_due_part_read(&rd, &d.object, slots, &count);
    if (rd.bad) {
        return ZYD_E_DAMAGED;
    }
    for (uint8_t i = 0; i < count; i++) {
        d.number = slots[i].number;
        d.due_ms = slots[i].due_ms;
        state_due_key(key, &d);
        if (crit_add(due, key) == ZYD_E_FULL) {
            return ZYD_E_FULL;
        }
    }
    return ZYD_OK;
}
