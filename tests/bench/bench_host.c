/* bench_host: microseconds and fuel an operation in the host, without consensus, signatures and disk.
 * usage: bench_host [OPERATIONS]   One line a kind of operation. */
#include "contracts/template/iou.h"
#include "tests/lib/ledger_fixture.h"
#include <stdio.h>
#include <stdlib.h>

#define IOU 2u
#define PER_BLOCK 1000u

static uint8_t scratch[256];

static struct zyd_span promise_args(void)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 4);
    zyd_wr_str(&wr, "M00", 3);
    zyd_wr_str(&wr, "M01", 3);
    zyd_wr_u64(&wr, 12345);
    zyd_wr_i64(&wr, 20401231);
    return zyd_wr_span(&wr);
}

static struct zyd_span text_args(const char *text)
{
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    zyd_wr_array(&wr, 1);
    zyd_wr_str(&wr, text, strlen(text));
    return zyd_wr_span(&wr);
}

static void report(struct zyd_fixture *f, const char *what, uint32_t count, uint64_t fuel)
{
    printf("%-34s %8.2f us in the host, %6.2f us sealing, %6llu fuel\n", what, (double)f->run_ns / 1000 / count,
           (double)f->seal_ns / 1000 / count, (unsigned long long)(fuel / count));
    f->run_ns = f->seal_ns = 0;
}

static void run(struct zyd_fixture *f, uint64_t *fuel, uint32_t i, const struct zyd_fixture_op *op)
{
    if (i % PER_BLOCK == 0) {
        zyd_fixture_block(f, f->time_ms + 10);
    }
    zyd_assert(zyd_fixture_run(f, op) == 0);
    *fuel += f->outcome.fuel;
}

int main(int argc, char **argv)
{
    uint32_t count = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
    struct zyd_hash *ious = calloc(count, sizeof *ious), *owed = calloc(count, sizeof *owed);
    struct zyd_fixture *f = zyd_fixture_new(4);
    struct zyd_wr wr = zyd_wr_of(scratch, sizeof scratch);
    uint64_t fuel = 0;
    zyd_wr_array(&wr, 2);
    zyd_wr_u64(&wr, 100000000);
    zyd_wr_u64(&wr, 3);
    zyd_fixture_plugin(f, IOU, "template", ZYD_PLUGIN_DIR "/template.elf");
    zyd_fixture_programme(f, 1, IOU, "IOU", zyd_wr_span(&wr));
    f->quiet_check = true;
    zyd_fixture_start(f);
    for (uint32_t i = 0; i < count; i++) {
        char ref[16];
        snprintf(ref, sizeof ref, "P%u", i);
        run(f, &fuel, i, &(struct zyd_fixture_op){.contract = IOU, .event = IOU_PROMISE, .programme = 1, .ref = ref,
                                                 .args = promise_args(), .signers = {1}, .signer_count = 1});
        ious[i] = f->object;
        owed[i] = f->postings[0].obligation;
    }
    zyd_fixture_end(f);
    report(f, "PROMISE (6 new or changed records)", count, fuel);
    fuel = 0;
    for (uint32_t i = 0; i < count; i++) {
        run(f, &fuel, i, &(struct zyd_fixture_op){.contract = IOU, .event = IOU_NOTE, .programme = 1, .object = &ious[i],
                                                 .expect_seq = 1, .args = text_args("a note")});
    }
    zyd_fixture_end(f);
    report(f, "NOTE (1 changed record)", count, fuel);
    fuel = 0;
    for (uint32_t i = 0; i < count; i++) {
        run(f, &fuel, i, &(struct zyd_fixture_op){.event = ZYD_HOST_PAID, .object = &owed[i], .expect_seq = 1,
                                                 .args = text_args("REF"), .signers = {1}, .signer_count = 1});
    }
    zyd_fixture_end(f);
    report(f, "PAID (5 changed or new records)", count, fuel);
    zyd_fixture_free(f);
    free(ious);
    free(owed);
    return 0;
}
