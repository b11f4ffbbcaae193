/* A loan of a list that was enrolled under one signature: the receipt proves the operation, this proves the loan against the
 * root in it (contracts/guarantee/README.md; the proof is what zyd list proof writes). */
#include "audit.h"
#include <jansson.h>
#include <stdlib.h>
#include <zyd/guarantee_list.h>

#define PROOF_SIZE_MAX 65536u
#define LEAF_MAX 256u

struct proof {
    uint64_t index;
    uint8_t leaf[LEAF_MAX];
    size_t leaf_size, path_count;
    struct zyd_hash path[64];
};

static bool read_hex(uint8_t *out, size_t cap, size_t *size, const char *text)
{
    size_t n = strlen(text);
    for (*size = 0; n % 2 == 0 && *size < n / 2 && *size < cap; (*size)++) {
        char two[3] = {text[2 * *size], text[2 * *size + 1], 0}, *end;
        out[*size] = (uint8_t)strtoul(two, &end, 16);
        if (end != two + 2) {
            return false;
        }
    }
    return n > 0 && *size * 2 == n;
}

static bool read_proof(struct proof *p, const json_t *o)
{
    const json_t *index = json_object_get(o, "index"), *path = json_object_get(o, "path"), *one;
    const char *format = json_string_value(json_object_get(o, "format")), *leaf = json_string_value(json_object_get(o, "leaf"));
    size_t i;
    if (format == NULL || strcmp(format, "zyd-loan-proof-1") != 0 || !json_is_integer(index) || json_integer_value(index) < 0 ||
        leaf == NULL || !read_hex(p->leaf, sizeof p->leaf, &p->leaf_size, leaf) || !json_is_array(path) ||
        json_array_size(path) > 64) {
        return false;
    }
    p->index = (uint64_t)json_integer_value(index);
    p->path_count = json_array_size(path);
    json_array_foreach(path, i, one)
    {
        if (!json_is_string(one) || !audit_hex_read(&p->path[i], json_string_value(one))) {
            return false;
        }
    }
    return true;
}

static void emit(void *ctx, const char *name, const char *value)
{
    json_object_set_new(ctx, name, json_string(value));
}

/* The root and the number of loans that were signed. */
static bool read_list(struct zyd_hash *root, uint64_t *count, const struct zyd_genesis *g, const struct zyd_op *op)
{
    struct zyd_rd rd = zyd_rd_of(op->args);
    bool guarantee = false;
    for (uint16_t i = 0; i < g->plugin_count; i++) {
        guarantee = guarantee ||
                    (g->plugins[i].contract == op->contract && zyd_product_of(g->plugins[i].name) == &zyd_product_guarantee);
    }
    zyd_rd_array_of(&rd, 6);
    zyd_rd_hash(&rd, root);
    *count = zyd_rd_u64(&rd, ZYD_GUARANTEE_LIST_MAX);
    return guarantee && op->event == ZYD_GE_ENROL_LIST && !rd.bad;
}

int audit_loan(struct json_t **loan, char *why, size_t why_size, const struct zyd_genesis *g, const struct zyd_op *op,
               uint32_t code, const char *file)
{
    struct zyd_span bytes = zyd_span(NULL, 0);
    struct zyd_hash root, leaf;
    struct proof p;
    uint64_t count = 0;
    int rc = audit_file_read(&bytes, why, why_size, file, PROOF_SIZE_MAX);
    json_t *o = rc == 0 ? json_loadb((const char *)bytes.data, bytes.size, 0, NULL) : NULL;
    *loan = NULL;
    if (rc == 0 && !read_proof(&p, o)) {
        snprintf(why, why_size, "%s: not a proof of a loan (zyd list proof)", file);
        rc = EXIT_COULD_NOT;
    } else if (rc == 0 && (op == NULL || !read_list(&root, &count, g, op))) {
        snprintf(why, why_size, "the receipt is not of an ENROL_LIST 回执不是批量登记");
        rc = EXIT_COULD_NOT;
    } else if (rc == 0 && code != 0) {
        snprintf(why, why_size, "the list was not enrolled by this operation: E%u 该操作未登记清单", (unsigned)code);
        rc = EXIT_BAD_LEDGER;
    }
    if (rc == 0) {
        zyd_merkle_leaf(&leaf, p.leaf, p.leaf_size);
        *loan = json_object();
        if (!zyd_merkle_check_inclusion(&root, count, p.index, &leaf, p.path, p.path_count) ||
            zyd_args_decode(emit, *loan, &zyd_guarantee_loan_event, zyd_span(p.leaf, p.leaf_size), NULL) != ZYD_OK) {
            snprintf(why, why_size, "loan 贷款: it does not stand at place %llu of the list that was signed 不在已签署的清单中",
                     (unsigned long long)p.index);
            rc = EXIT_BAD_LEDGER;
        }
        json_object_set_new(*loan, "index", json_integer((json_int_t)p.index));
    }
    if (rc != 0) {
        json_decref(*loan);
        *loan = NULL;
    }
    json_decref(o);
    free((void *)(uintptr_t)bytes.data);
    return rc;
}
