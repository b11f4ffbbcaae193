/* Goal: a contract that the members add on the ledger runs from the quorum's last approval on, on every node and in every
 * overlay that has it, and an image that the machine does not take is refused by name. Method: governance_rig.h; the template
 * contract's ELF, and damaged ones. */
#include "governance_rig.h"

static void a_contract_goes_live_without_a_restart(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "IOU", 7);
    REFUSED(f, ZYD_CODE_RANGE, decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)));
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "template", zyd_span(elf, elf_size))), 0);
    struct zyd_hash id = f->object;
    assert_int_equal(approve(f, 1, &id), 0);
    assert_int_equal(promise(f, 7, 9), ZYD_CODE_RANGE);
    assert_int_equal(approve(f, 2, &id), 0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(promise(f, 7, 9), 0);
    assert_int_equal(f->outcome.posting_count, 2);
    uint64_t fuel = f->outcome.fuel;
    zyd_fixture_end(f);

    /* a restart: another host finds it in the records and spends the same */
    void *mem = calloc(1, zyd_host_footprint(&f->c.g));
    struct zyd_host *old = f->host;
    f->host = zyd_host_init(mem, &f->c.g);
    zyd_native_install(f->host, PROBE, &f->natives[0]);
    zyd_fixture_block(f, zyd_fixture_at(20260106, 9));
    assert_int_equal(promise(f, 7, 9), 0);
    assert_int_equal(f->outcome.fuel, fuel);
    zyd_fixture_end(f);
    f->host = old;
    free(mem);
}

static void an_image_that_the_machine_does_not_take_is_refused(void **state)
{
    struct zyd_fixture *f = *state;
    static uint8_t bad[ZYD_PLUGIN_SIZE_MAX];
    memcpy(bad, elf, elf_size);
    bad[18] ^= 1; /* another machine */
    REFUSED(f, ZYD_CODE_BAD_PLUGIN,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(bad, elf_size))));
    REFUSED(f, ZYD_CODE_BAD_PLUGIN,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(bad, sizeof bad))));
    REFUSED(f, ZYD_CODE_BAD_PLUGIN,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, elf_size / 2))));
    REFUSED(f, ZYD_CODE_RANGE,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, 0))));
    struct zyd_span args = plugin_args(7, "iou", zyd_span(elf, elf_size));
    scratch[args.size - 1] ^= 1; /* not of the hash named */
    REFUSED(f, ZYD_CODE_BAD_PLUGIN, propose(f, ZYD_HOST_PLUGIN, 0, args));
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(PROBE, "iou", zyd_span(elf, elf_size))));
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "probe", zyd_span(elf, elf_size))));
    REFUSED(f, ZYD_CODE_RANGE,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(0, "iou", zyd_span(elf, elf_size))));
    assert_int_equal(decided(f, ZYD_HOST_PLUGIN, plugin_args(7, "iou", zyd_span(elf, elf_size))),
                     0);
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou2", zyd_span(elf, elf_size))));
    REFUSED(f, ZYD_CODE_DUP_KEY,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(8, "iou", zyd_span(elf, elf_size))));
}

static void a_members_next_image_takes_the_place_of_his_last(void **state)
{
    struct zyd_fixture *f = *state;
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "seven", zyd_span(elf, elf_size))), 0);
    struct zyd_hash first = f->object;
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 1, plugin_args(8, "eight", zyd_span(elf, elf_size))), 0);
    struct zyd_hash other = f->object;
    assert_int_equal(
        propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(9, "nine", zyd_span(elf, elf_size))), 0);
    struct zyd_hash second = f->object;
    assert_int_equal(approve(f, 1, &first), 0);
    assert_int_equal(approve(f, 2, &first), ZYD_CODE_BAD_STATE);
    assert_int_equal(state_of(f, &first), 4);
    assert_int_equal(approve(f, 2, &other), 0);
    assert_int_equal(approve(f, 3, &other), 0);
    assert_int_equal(approve(f, 2, &second), 0);
    assert_int_equal(approve(f, 3, &second), 0);
    struct zyd_programme p = a_programme(9, "IOU", 9), q = a_programme(8, "IOU8", 8);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&q)), 0);
    assert_int_equal(promise(f, 9, 9), 0);
    assert_int_equal(promise(f, 8, 8), 0);
}

static void a_dropped_overlays_image_does_not_run(void **state)
{
    struct zyd_fixture *f = *state;
    struct zyd_programme p = a_programme(9, "IOU", 7);
    static uint8_t zoo[ZYD_PLUGIN_SIZE_MAX];
    FILE *file = fopen(ZYD_PLUGIN_DIR "/zoo.elf", "rb");
    assert_non_null(file);
    size_t zoo_size = fread(zoo, 1, sizeof zoo, file);
    fclose(file);
    zyd_fixture_end(f);
    zyd_fixture_block(f, f->time_ms + 1000);
    struct zyd_totals totals = f->totals;
    assert_int_equal(decided(f, ZYD_HOST_PLUGIN, plugin_args(7, "iou", zyd_span(zoo, zoo_size))),
                     0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_not_equal(promise(f, 7, 9), 0);
    drop_block(f, totals);
    assert_int_equal(promise(f, 7, 9), ZYD_CODE_RANGE);
    assert_int_equal(decided(f, ZYD_HOST_PLUGIN, plugin_args(7, "iou", zyd_span(elf, elf_size))),
                     0);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(promise(f, 7, 9), 0);
}

static void the_ledger_holds_32_plugins(void **state)
{
    struct zyd_fixture *f = *state;
    char name[8];
    for (uint16_t contract = 2; contract <= 32; contract++) {
        snprintf(name, sizeof name, "c%u", contract);
        assert_int_equal(
            decided(f, ZYD_HOST_PLUGIN, plugin_args(contract, name, zyd_span(elf, elf_size))), 0);
        zyd_fixture_block(f, f->time_ms + 1000);
    }
    REFUSED(f, ZYD_CODE_LIMIT,
            decided(f, ZYD_HOST_PLUGIN, plugin_args(33, "c33", zyd_span(elf, elf_size))));
    struct zyd_programme p = a_programme(9, "IOU", 32);
    assert_int_equal(decided(f, ZYD_HOST_PROGRAMME, programme_args(&p)), 0);
    assert_int_equal(promise(f, 32, 9), 0);
}

/* An image costs what a call may, at most: a consortium with small calls takes small images only.
 */
static void an_image_that_costs_more_than_a_call_is_refused(void **state)
{
    struct zyd_fixture *f = zyd_fixture_new(5);
    uint64_t parts = (elf_size + 4095) / 4096, cost = parts * 3300 + elf_size * 11;
    (void)state;
    f->c.g.fuel_call = cost - 1;
    zyd_fixture_native(f, PROBE, "probe", probe_call);
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9));
    REFUSED(f, ZYD_CODE_FUEL,
            propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, elf_size))));
    assert_true(f->outcome.fuel < 100000);
    zyd_fixture_end(f);
    zyd_fixture_free(f);
    f = zyd_fixture_new(5);
    f->c.g.fuel_call = cost;
    zyd_fixture_native(f, PROBE, "probe", probe_call);
    zyd_fixture_start(f);
    zyd_fixture_block(f, zyd_fixture_at(20260105, 9));
    assert_int_equal(propose(f, ZYD_HOST_PLUGIN, 0, plugin_args(7, "iou", zyd_span(elf, elf_size))),
                     0);
    assert_true(f->outcome.fuel >= cost && f->outcome.fuel < cost + 100000);
    zyd_fixture_end(f);
    zyd_fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_contract_goes_live_without_a_restart),
        TEST(an_image_that_the_machine_does_not_take_is_refused),
        TEST(a_members_next_image_takes_the_place_of_his_last),
        TEST(a_dropped_overlays_image_does_not_run),
        TEST(the_ledger_holds_32_plugins),
        TEST(an_image_that_costs_more_than_a_call_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
