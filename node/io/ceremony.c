/* The ceremony: join requests, assembly, approvals, fingerprint.  Everything signed is a tagged hash of canonical bytes, never
 * of JSON, so a file may be re-indented without harm. */
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>
#include <zyd/catalogue.h>
#include <zyd/consortium.h>

#include "consortium_json.h"

#define TAG_JOIN "zyd/join/1"
#define TAG_APPROVAL "zyd/approve/1"
#define TAG_FINGER "zyd/finger/1"
#define JOIN_BYTES_MAX 4096u

static enum zyd_status join_fail(struct zyd_err *err, const char *who, const char *what)
{
    zyd_err_set(err, ZYD_ERR_JOIN_INVALID, "%.200s: %.280s", who, what);
    return ZYD_E_INVALID;
}

/* What every key of a join request signs: all that the request says. */
static void join_digest(struct zyd_hash *out, const struct zyd_member *m)
{
    uint8_t buffer[JOIN_BYTES_MAX];
    struct zyd_wr wr = zyd_wr_of(buffer, sizeof buffer);
    zyd_wr_array(&wr, 8);
    zyd_wr_str(&wr, (const char *)m->code.data, m->code.size);
    zyd_wr_str(&wr, (const char *)m->uscc.data, m->uscc.size);
    zyd_wr_str(&wr, (const char *)m->name_zh.data, m->name_zh.size);
    zyd_wr_str(&wr, (const char *)m->name_en.data, m->name_en.size);
    zyd_wr_str(&wr, (const char *)m->address.data, m->address.size);
    zyd_wr_u64(&wr, m->role);
    zyd_wr_u64(&wr, m->flags);
    zyd_wr_array(&wr, m->key_count);
    for (uint8_t i = 0; i < m->key_count; i++) {
        zyd_wr_array(&wr, 2);
        zyd_wr_u64(&wr, m->keys[i].purpose);
        zyd_wr_bin(&wr, m->keys[i].pk.b, ZYD_PK_SIZE);
    }
    zyd_assert(!wr.full);
    zyd_hash1(out, TAG_JOIN, wr.data, wr.size);
}

static enum zyd_status check_proofs_of(struct zyd_err *err, const struct zyd_member *m, const json_t *o, const char *where)
{
    static const char *const purposes[] = {"?", "node", "link", "maker", "checker"};
    struct zyd_hash digest;
    char what[96];
    join_digest(&digest, m);
    for (uint8_t i = 0; i < m->key_count; i++) {
        const json_t *k = json_array_get(json_object_get(o, "keys"), i);
        struct zyd_sig sig;
        struct zyd_err inner = {0};
        if (!zyd_pk_enrollable(&m->keys[i].pk)) {
            snprintf(what, sizeof what, "key %u (%s) is not fit to be enrolled", i, purposes[m->keys[i].purpose]);
            return join_fail(err, where, what);
        }
        if (zyd_cj_hex(sig.b, ZYD_SIG_SIZE, &inner, k, where, "proof") != ZYD_OK) {
            return join_fail(err, where, inner.text);
        }
        if (!zyd_sig_verify(&m->keys[i].pk, digest.b, sizeof digest.b, &sig)) {
            snprintf(what, sizeof what, "the proof of possession of key %u (%s) is wrong", i, purposes[m->keys[i].purpose]);
            return join_fail(err, where, what);
        }
    }
    return ZYD_OK;
}

/* Rules for one institution alone; rules between institutions are zyd_genesis_decode's. */
static enum zyd_status check_member(struct zyd_err *err, const struct zyd_member *m, const char *where)
{
    unsigned nodes = 0, links = 0, officers = 0;
    for (size_t i = 0; i < m->code.size; i++) {
        uint8_t c = m->code.data[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) {
            return join_fail(err, where, "code: A-Z, 0-9 and _ only");
        }
    }
    if (!zyd_uscc_valid(m->uscc)) {
        return join_fail(err, where, "uscc: the check character is wrong, or it is not 18 characters of GB 32100");
    }
    for (uint8_t i = 0; i < m->key_count; i++) {
        nodes += m->keys[i].purpose == ZYD_KEY_NODE;
        links += m->keys[i].purpose == ZYD_KEY_LINK;
        officers += m->keys[i].purpose == ZYD_KEY_MAKER || m->keys[i].purpose == ZYD_KEY_CHECKER;
    }
    if ((m->flags & ZYD_MEMBER_VALIDATOR) != 0 && (nodes != 1 || links != 1 || m->address.size == 0)) {
        return join_fail(err, where, "a validator needs one node key, one link key and an address");
    }
    if (officers == 0 && m->role != ZYD_ROLE_AUD) {
        return join_fail(err, where, "a maker key is needed to sign operations");
    }
    return ZYD_OK;
}

enum zyd_status zyd_consortium_check_proofs(struct zyd_err *err, const struct zyd_consortium *c)
{
    for (uint16_t i = 0; c->genesis && i < c->genesis->member_count; i++) {
        const struct zyd_member *m = &c->genesis->members[i];
        char where[80];
        snprintf(where, sizeof where, "member %.*s", (int)m->code.size, (const char *)m->code.data);
        enum zyd_status s = check_member(err, m, where);
        s = s != ZYD_OK ? s : check_proofs_of(err, m, json_array_get(json_object_get(c->root, "members"), i), where);
        if (s != ZYD_OK) {
            return s;
        }
    }
    return ZYD_OK;
}

static json_t *hex_json(const uint8_t *data, size_t size)
{
    char text[2 * 64 + 1];
    zyd_assert(size <= 64);
    sodium_bin2hex(text, sizeof text, data, size);
    return json_string(text);
}

static enum zyd_status give(char **text, struct zyd_err *err, json_t *root)
{
    *text = root ? json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
    json_decref(root);
    if (!*text) {
        zyd_err_set(err, ZYD_ERR_BUG, "the JSON could not be made");
        return ZYD_E_IO;
    }
    return ZYD_OK;
}

enum zyd_status zyd_join_make(char **text, struct zyd_err *err, const struct zyd_join *join, const struct zyd_key *keys,
                              size_t key_count)
{
    struct zyd_member m;
    struct zyd_hash digest;
    *text = NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < key_count; i++) {
        json_array_append_new(list, json_pack("{s:s,s:o}", "purpose", zyd_key_purpose_text(keys[i].purpose), "public",
                                              hex_json(keys[i].pk.b, ZYD_PK_SIZE)));
    }
    json_t *member = json_pack("{s:s,s:s,s:{s:s,s:s},s:s,s:b,s:s,s:o}", "code", join->code, "uscc", join->uscc, "name", "zh",
                               join->name_zh, "en", join->name_en, "role", zyd_role_text(join->role), "validator",
                               (int)join->validator, "address", join->address, "keys", list);
    if (!member) {
        return join_fail(err, "join request", "the names must be UTF-8");
    }
    enum zyd_status s = zyd_cj_member(&m, err, member, "join request");
    s = s != ZYD_OK ? s : check_member(err, &m, "join request");
    if (s != ZYD_OK) {
        json_decref(member);
        return s;
    }
    join_digest(&digest, &m);
    for (size_t i = 0; i < key_count; i++) {
        struct zyd_sig sig;
        zyd_sig_sign(&sig, keys[i].sk, digest.b, sizeof digest.b);
        json_object_set_new(json_array_get(list, i), "proof", hex_json(sig.b, ZYD_SIG_SIZE));
    }
    s = check_proofs_of(err, &m, member, "join request"); /* checked on creation, receipt and assembly */
    if (s != ZYD_OK) {
        json_decref(member);
        return s;
    }
    return give(text, err, json_pack("{s:s,s:o}", "format", ZYD_JOIN_FORMAT, "member", member));
}

static enum zyd_status join_read(json_t **root, struct zyd_member *m, struct zyd_err *err, struct zyd_span text)
{
    static const char *const allowed[] = {"format", "member", NULL};
    struct zyd_span format;
    struct zyd_err inner = {0};
    enum zyd_status s = zyd_cj_text(root, &inner, text);
    s = s != ZYD_OK ? s : zyd_cj_members(*root, &inner, "join request", allowed);
    s = s != ZYD_OK ? s : zyd_cj_str(&format, &inner, *root, "join request", "format", 1, 32);
    if (s == ZYD_OK && strcmp((const char *)format.data, ZYD_JOIN_FORMAT) != 0) {
        s = zyd_cj_fail(&inner, "format", "this program reads " ZYD_JOIN_FORMAT);
    }
    const json_t *o = json_object_get(*root, "member");
    s = s != ZYD_OK ? s : zyd_cj_member(m, &inner, o, "member");
    s = s != ZYD_OK ? s : check_member(&inner, m, "member");
    s = s != ZYD_OK ? s : check_proofs_of(&inner, m, o, "member");
    if (s != ZYD_OK) {
        json_decref(*root);
        *root = NULL;
        zyd_err_set(err, ZYD_ERR_JOIN_INVALID, "%s", inner.text);
    }
    return s;
}

enum zyd_status zyd_join_check(struct zyd_err *err, char *code, struct zyd_span text)
{
    json_t *root = NULL;
    struct zyd_member m;
    enum zyd_status s = join_read(&root, &m, err, text);
    if (s == ZYD_OK && code) {
        memcpy(code, m.code.data, m.code.size);
        code[m.code.size] = '\0';
    }
    json_decref(root);
    return s;
}

/* ---- assembly ---- */

struct joined {
    json_t *root;
    struct zyd_member member;
    const char *name;
};

static int by_role_and_code(const void *a, const void *b)
{
    const struct zyd_member *x = &((const struct joined *)a)->member, *y = &((const struct joined *)b)->member;
    if (x->role != y->role) {
        return x->role < y->role ? -1 : 1;
    }
    return strcmp((const char *)x->code.data, (const char *)y->code.data); /* JSON strings end in NUL */
}

static enum zyd_status find_duplicates(struct zyd_err *err, const struct joined *list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            const struct zyd_member *a = &list[i].member, *b = &list[k].member;
            const char *what = NULL;
            if (strcmp((const char *)a->code.data, (const char *)b->code.data) == 0) {
                what = "code";
            } else if (memcmp(a->uscc.data, b->uscc.data, 18) == 0) {
                what = "social credit code";
            }
            for (uint8_t x = 0; x < a->key_count; x++) {
                for (uint8_t y = 0; y < b->key_count; y++) {
                    if (memcmp(a->keys[x].pk.b, b->keys[y].pk.b, ZYD_PK_SIZE) == 0) {
                        what = "key";
                    }
                }
            }
            if (what) {
                zyd_err_set(err, ZYD_ERR_JOIN_DUPLICATE, "%.200s and %.200s have the same %s", list[k].name, list[i].name,
                            what);
                return ZYD_E_INVALID;
            }
        }
    }
    return ZYD_OK;
}

enum zyd_status zyd_consortium_assemble(char **text, struct zyd_err *err, struct zyd_span draft, const struct zyd_span *joins,
                                        const char *const *names, size_t count)
{
    json_t *root = NULL;
    struct zyd_consortium *c = NULL;
    struct joined *list = calloc(count ? count : 1, sizeof *list);
    *text = NULL;
    enum zyd_status s = zyd_cj_text(&root, err, draft);
    if (s == ZYD_OK && (json_array_size(json_object_get(root, "members")) || json_object_get(root, "approvals"))) {
        s = zyd_cj_fail(err, "draft", "has members or approvals already: assemble starts from a draft");
    }
    if (s == ZYD_OK && (count == 0 || count > ZYD_MEMBERS_MAX)) {
        zyd_err_set(err, ZYD_ERR_VALIDATORS, "1 to 64 join requests are expected, not %zu", count);
        s = ZYD_E_INVALID;
    }
    for (size_t i = 0; i < count && s == ZYD_OK; i++) {
        struct zyd_err inner = {0};
        list[i].name = names[i];
        s = join_read(&list[i].root, &list[i].member, &inner, joins[i]);
        if (s != ZYD_OK) {
            zyd_err_set(err, inner.code, "%.160s: %.340s", names[i], inner.text);
        }
    }
    if (s == ZYD_OK) {
        qsort(list, count, sizeof *list, by_role_and_code);
        s = find_duplicates(err, list, count);
    }
    if (s == ZYD_OK) {
        json_t *members = json_array();
        for (size_t i = 0; i < count; i++) {
            json_array_append(members, json_object_get(list[i].root, "member"));
        }
        json_object_set_new(root, "members", members);
        *text = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
        s = zyd_consortium_parse(&c, err, zyd_span(*text, strlen(*text)));
        s = s != ZYD_OK ? s : zyd_consortium_check_proofs(err, c);
    }
    if (s != ZYD_OK) {
        free(*text);
        *text = NULL;
    }
    zyd_consortium_free(c);
    for (size_t i = 0; i < count; i++) {
        json_decref(list[i].root);
    }
    free(list);
    json_decref(root);
    return s;
}

/* ---- approvals ---- */

static void approval_digest(struct zyd_hash *out, const struct zyd_hash *genesis, uint16_t member)
{
    uint8_t tail[2];
    zyd_put16(tail, member);
    zyd_hash2(out, TAG_APPROVAL, genesis->b, sizeof genesis->b, tail, sizeof tail);
}

static enum zyd_status approval_check(uint16_t *member, struct zyd_err *err, const struct zyd_genesis *g, const json_t *o,
                                      const char *where)
{
    static const char *const allowed[] = {"format", "member", "genesis", "public", "signature", NULL};
    struct zyd_span code, format;
    struct zyd_hash hash, digest;
    struct zyd_pk pk;
    struct zyd_sig sig;
    struct zyd_err inner = {0};
    enum zyd_status s = zyd_cj_members(o, &inner, where, allowed);
    s = s != ZYD_OK ? s : zyd_cj_str(&format, &inner, o, where, "format", 1, 32);
    s = s != ZYD_OK ? s : zyd_cj_str(&code, &inner, o, where, "member", 1, ZYD_CODE_MAX);
    s = s != ZYD_OK ? s : zyd_cj_hex(hash.b, 32, &inner, o, where, "genesis");
    s = s != ZYD_OK ? s : zyd_cj_hex(pk.b, ZYD_PK_SIZE, &inner, o, where, "public");
    s = s != ZYD_OK ? s : zyd_cj_hex(sig.b, ZYD_SIG_SIZE, &inner, o, where, "signature");
    if (s == ZYD_OK) {
        int index = zyd_genesis_member_by_code(g, code);
        bool mine = false;
        for (uint8_t i = 0; index >= 0 && i < g->members[index].key_count; i++) {
            mine |= memcmp(g->members[index].keys[i].pk.b, pk.b, ZYD_PK_SIZE) == 0;
        }
        if (index < 0 || !mine) {
            s = zyd_cj_fail(&inner, where, index < 0 ? "no such member" : "the key is not this member's");
        } else if (!zyd_hash_eq(&hash, &g->hash)) {
            s = zyd_cj_fail(&inner, where, "approves another genesis: compare the fingerprints");
        } else {
            *member = (uint16_t)index;
            approval_digest(&digest, &g->hash, *member);
            if (!zyd_sig_verify(&pk, digest.b, sizeof digest.b, &sig)) {
                s = zyd_cj_fail(&inner, where, "the signature does not verify");
            }
        }
    }
    if (s != ZYD_OK) {
        zyd_err_set(err, ZYD_ERR_APPROVAL_INVALID, "%s", inner.text);
    }
    return s;
}

enum zyd_status zyd_consortium_approvals(uint64_t *bitmap, struct zyd_err *err, const struct zyd_consortium *c)
{
    const json_t *list = json_object_get(c->root, "approvals");
    *bitmap = 0;
    if ((list && !json_is_array(list)) || !c->genesis || json_array_size(list) > ZYD_MEMBERS_MAX) {
        return zyd_cj_fail(err, "approvals", "a list is expected, and members");
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        char where[32];
        uint16_t member = 0;
        snprintf(where, sizeof where, "approvals[%zu]", i);
        enum zyd_status s = approval_check(&member, err, c->genesis, json_array_get(list, i), where);
        if (s != ZYD_OK) {
            return s;
        }
        if (*bitmap & UINT64_C(1) << member) {
            zyd_err_set(err, ZYD_ERR_APPROVAL_INVALID, "%s: this member approved already", where);
            return ZYD_E_INVALID;
        }
        *bitmap |= UINT64_C(1) << member;
    }
    return ZYD_OK;
}

enum zyd_status zyd_consortium_complete(struct zyd_err *err, const struct zyd_consortium *c)
{
    uint64_t have = 0;
    enum zyd_status s = zyd_consortium_approvals(&have, err, c);
    for (uint16_t i = 0; s == ZYD_OK && i < c->genesis->member_count; i++) {
        if (!(have & UINT64_C(1) << i)) {
            const struct zyd_span code = c->genesis->members[i].code;
            zyd_err_set(err, ZYD_ERR_APPROVAL_MISSING, "%.*s has not approved", (int)code.size, (const char *)code.data);
            s = ZYD_E_INVALID;
        }
    }
    return s;
}

enum zyd_status zyd_approval_make(char **text, struct zyd_err *err, const struct zyd_consortium *c, const struct zyd_key *key)
{
    *text = NULL;
    for (uint16_t i = 0; c->genesis && i < c->genesis->member_count; i++) {
        const struct zyd_member *m = &c->genesis->members[i];
        for (uint8_t k = 0; k < m->key_count; k++) {
            if (memcmp(m->keys[k].pk.b, key->pk.b, ZYD_PK_SIZE) == 0) {
                struct zyd_hash digest;
                struct zyd_sig sig;
                approval_digest(&digest, &c->genesis->hash, i);
                zyd_sig_sign(&sig, key->sk, digest.b, sizeof digest.b);
                return give(text, err,
                            json_pack("{s:s,s:s%,s:o,s:o,s:o}", "format", ZYD_APPROVAL_FORMAT, "member",
                                      (const char *)m->code.data, m->code.size, "genesis", hex_json(c->genesis->hash.b, 32),
                                      "public", hex_json(key->pk.b, ZYD_PK_SIZE), "signature", hex_json(sig.b, ZYD_SIG_SIZE)));
            }
        }
    }
    zyd_err_set(err, ZYD_ERR_KEY_WRONG, "the key belongs to no member of this consortium");
    return ZYD_E_FOREIGN;
}

enum zyd_status zyd_consortium_finish(char **text, struct zyd_err *err, const struct zyd_consortium *c,
                                      const struct zyd_span *approvals, const char *const *names, size_t count)
{
    uint64_t have = 0;
    *text = NULL;
    enum zyd_status s = zyd_consortium_approvals(&have, err, c);
    json_t *root = s == ZYD_OK ? json_deep_copy(c->root) : NULL;
    json_t *list = root ? json_object_get(root, "approvals") : NULL;
    if (root && !list) {
        list = json_array();
        json_object_set_new(root, "approvals", list);
    }
    for (size_t i = 0; i < count && s == ZYD_OK; i++) {
        json_t *o = NULL;
        uint16_t member = 0;
        struct zyd_err inner = {0};
        s = zyd_cj_text(&o, &inner, approvals[i]);
        s = s != ZYD_OK ? s : approval_check(&member, &inner, c->genesis, o, "approval");
        if (s != ZYD_OK) {
            zyd_err_set(err, ZYD_ERR_APPROVAL_INVALID, "%.160s: %.340s", names[i], inner.text);
        } else if (!(have & UINT64_C(1) << member)) {
            have |= UINT64_C(1) << member;
            json_array_append(list, o);
        } /* the same member again: nothing to add */
        json_decref(o);
    }
    if (s != ZYD_OK) {
        json_decref(root);
        return s;
    }
    return give(text, err, root);
}

void zyd_fingerprint(char out[ZYD_FINGERPRINT_SIZE], const struct zyd_hash *hash)
{
    size_t used = 0;
    for (uint8_t half = 0; half < 2; half++) {
        struct zyd_hash h;
        zyd_hash2(&h, TAG_FINGER, hash->b, sizeof hash->b, &half, 1);
        for (size_t i = 0; i < 6; i++) { /* 5 bytes a group: the bias of mod 100000 is under 2^-23 */
            uint64_t v = 0;
            for (size_t k = 0; k < 5; k++) {
                v = v << 8 | h.b[i * 5 + k];
            }
            used +=
                (size_t)snprintf(out + used, ZYD_FINGERPRINT_SIZE - used, "%s%05u", used ? " " : "", (unsigned)(v % 100000u));
        }
    }
}
