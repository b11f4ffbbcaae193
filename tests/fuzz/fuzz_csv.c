/* A CSV file and the plan of operations made from it. */
#include <zyd/batch.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zyd_csv *csv = NULL;
    struct zyd_batch *batch = NULL;
    struct zyd_err err = {0};
    static const char *const events[] = {"APPLY", "DISBURSE", "REPAY", "CLAIM"};
    if (size == 0) {
        return 0;
    }
    if (zyd_csv_parse(&csv, &err, zyd_span(data + 1, size - 1)) == ZYD_OK) {
        const struct zyd_product *p = zyd_product_at(data[0] % 5);
        const struct zyd_event *e = data[0] < 4 ? zyd_event_by_name(&zyd_product_guarantee, events[data[0]])
                                                : &p->events[data[0] / 5 % p->event_count];
        (void)zyd_batch_plan(&batch, &err, csv, e, NULL, NULL);
    }
    zyd_batch_free(batch);
    zyd_csv_free(csv);
    return 0;
}
