/* JSON bodies of every writing route -> operation, and request targets: no crash, nothing read past the input, and what is
 * accepted is a canonical operation of the member that asked. First byte: which route. */
#include <stdlib.h>

#include <zyd/guarantee_schema.h>

#include "node/io/api_impl.h"
#include "tests/lib/consortium.h"

static struct zyd_test_consortium cons;
static uint8_t params[ZYD_PROGRAMME_PARAMS_MAX];

static void prepare(void)
{
    static const struct zyd_pair pairs[] = {{"preset", "NAT2080"}, {"banks", "M00"}, {"bind", "GUAR=M01,REG=M02,NFGF=M03"}};
    char why[ZYD_WHY];
    struct zyd_members members = zyd_genesis_members(&cons.g);
    struct zyd_wr wr = zyd_wr_of(params, sizeof params);
    zyd_test_consortium_plan(&cons, 4, 5);
    zyd_assert(zyd_product_params_encode(&zyd_product_guarantee, &wr, why, pairs, 3, &members) == ZYD_OK);
    cons.g.plugin_count = 2;
    cons.g.plugins[0] = (struct zyd_plugin_ref){.contract = 1, .name = zyd_span("guarantee", 9)};
    cons.g.plugins[1] = (struct zyd_plugin_ref){.contract = 2, .name = zyd_span("template", 8)};
    zyd_sha256(&cons.g.plugins[0].hash, "a", 1);
    zyd_sha256(&cons.g.plugins[1].hash, "b", 1);
    cons.g.programme_count = 2;
    for (uint16_t i = 0; i < 2; i++) {
        cons.g.programmes[i] =
            (struct zyd_programme){.id = (uint16_t)(i + 1), .contract = (uint16_t)(i + 1), .pending_days = 10};
        cons.g.programmes[i].code = cons.g.programmes[i].name_zh = cons.g.programmes[i].name_en =
            zyd_span(i ? "IOU" : "NAT", 3);
        cons.g.programmes[i].params = i ? zyd_span("\x90", 1) : zyd_wr_span(&wr);
    }
    zyd_test_consortium_seal(&cons);
}

static void check(const struct op_request *o, bool made)
{
    struct zyd_op op;
    if (made) {
        zyd_assert(zyd_op_decode(&op, zyd_span(o->bytes, o->size)) == ZYD_OK);
        zyd_assert(op.member == 0 && zyd_hash_eq(&op.op_id, &o->op.op_id));
        json_decref(zyd_j_args(&cons.g, &op));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool ready;
    static struct op_request o;
    static struct zyd_uri uri;
    struct problem p = {.retry = -1};
    struct zyd_hash id = {{7}};
    if (!ready) {
        prepare();
        ready = true;
    }
    if (size == 0) {
        return 0;
    }
    if (data[0] % 32 == 31) { /* a request target */
        char *raw = calloc(1, size);
        memcpy(raw, data + 1, size - 1);
        if (zyd_uri_parse(&uri, raw) == ZYD_OK) {
            for (uint32_t i = 0; i < uri.segment_count; i++) {
                zyd_assert(uri.segments[i][0] != '\0' && strcmp(uri.segments[i], "..") != 0);
            }
        }
        bool minimal;
        zyd_assert(zyd_prefer_parse(&minimal, raw, 60) <= 60);
        free(raw);
        return 0;
    }
    json_t *body = zyd_json_read(&p, data + 1, size - 1);
    if (!body) {
        zyd_assert(p.code != 0);
        return 0;
    }
    const struct zyd_event *events = zyd_product_guarantee.events;
    const size_t count = zyd_product_guarantee.event_count;
    switch (data[0] % 8) {
    case 0:
    case 1:
        check(&o, zyd_op_make(&o, &p, &cons.g, 0, data[0] % 2 ? "KEY" : "", body));
        break;
    case 2:
        check(&o, zyd_op_paid(&o, &p, 0, &id, body));
        break;
    case 3:
        check(&o, zyd_op_pending(&o, &p, 0, ZYD_HOST_COUNTERSIGN, &id, body));
        break;
    case 4:
        check(&o, zyd_op_event(&o, &p, &cons.g, 0, 2, 2, &id, "3", body));
        break;
    default:
        check(&o, zyd_op_event(&o, &p, &cons.g, 0, 1, 1, &id, events[data[0] / 8 % count].name, body));
        break;
    }
    zyd_assert(p.extra == NULL);
    json_decref(body);
    return 0;
}
