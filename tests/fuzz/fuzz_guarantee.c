/* Goal: no bytes hurt what reads product (a) outside the machine: parameters, arguments, records, scenario
 * files.
 * Method: the first byte says which reader gets the rest.  For arguments the second byte is the event.  Seeds:
 * tests/fuzz/corpus/guarantee (a byte, then a worked example or encoded parameters). */
#include <zyd/guarantee_schema.h>
#include <zyd/scenario.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t total; /* of what was emitted, so that nothing is optimised away */

static void emit(void *ctx, const char *name, const char *value)
{
    (void)ctx;
    total += strlen(name) + strlen(value);
}
static int index_of(void *ctx, const char *code)
{
    (void)ctx;
    return code[0] == 'M' ? code[1] & 15 : -1;
}
static bool code_of(void *ctx, char out[13], uint16_t member)
{
    (void)ctx;
    out[0] = 'M';
    out[1] = (char)('A' + member % 16);
    out[2] = 0;
    return member < 64;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zyd_members members = {NULL, index_of, code_of};
    static struct zyd_guarantee_view view;
    static struct zyd_guarantee_claim_view claim;
    struct zyd_guarantee_breaker breaker;
    struct zyd_scenario *s;
    char why[ZYD_SCENARIO_WHY];
    if (size < 2) {
        return 0;
    }
    struct zyd_span rest = zyd_span(data + 1, size - 1);
    const struct zyd_event *e = zyd_event_by_number(&zyd_product_guarantee, data[1]);
    switch (data[0] & 3) {
    case 0:
        (void)!zyd_product_params_decode(&zyd_product_guarantee, emit, NULL, rest, &members);
        break;
    case 1:
        if (e != NULL) {
            (void)!zyd_args_decode(emit, NULL, e, zyd_span(data + 2, size - 2), &members);
        }
        break;
    case 2:
        if (zyd_scenario_parse(&s, why, rest) == ZYD_OK) {
            zyd_scenario_free(s);
        }
        break;
    default:
        total += zyd_guarantee_object_read(&view, rest) == ZYD_OK;
        total += zyd_guarantee_claim_read(&claim, rest) == ZYD_OK;
        total += zyd_guarantee_breaker_read(&breaker, rest) == ZYD_OK;
    }
    return 0;
}
