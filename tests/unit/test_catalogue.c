/* Goal: every code that a person or program can meet is explained, once, in two languages, with a remedy.
 * Method: walk the table and check each field; check the map from status; check language choice on real header values. */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <zyd/catalogue.h>

static bool has_cjk(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s >= 0xe4 && (unsigned char)*s <= 0xe9) {
            return true;
        }
    }
    return false;
}

static void every_code_has_every_field(void **state)
{
    (void)state;
    uint32_t last = 0;
    assert_true(zyd_catalogue_count() > 100);
    for (size_t i = 0; i < zyd_catalogue_count(); i++) {
        const struct zyd_catalogue_entry *e = zyd_catalogue_at(i);
        assert_non_null(e);
        assert_true(e->code > last); /* ascending, none twice */
        last = e->code;
        assert_true(e->code >= 1000 && e->code <= 9999);
        assert_true(e->kind == 'E' || e->kind == 'W');
        assert_true(strlen(e->name) >= 3);
        assert_true(e->http == 200 || e->http == 202 || (e->http >= 400 && e->http <= 599));
        assert_true(e->exit <= 10 || e->exit == 70 || e->exit == 130);
        assert_true(has_cjk(e->text[ZYD_LANG_ZH]) && has_cjk(e->fix[ZYD_LANG_ZH]));
        assert_false(has_cjk(e->text[ZYD_LANG_EN]) || has_cjk(e->fix[ZYD_LANG_EN]));
        assert_true(strlen(e->text[ZYD_LANG_EN]) > 3 && strlen(e->fix[ZYD_LANG_EN]) > 3);
        assert_string_not_equal(zyd_retry_text(e->retry), "");
        assert_ptr_equal(zyd_catalogue_find(e->code), e);
    }
    assert_null(zyd_catalogue_at(zyd_catalogue_count()));
}

static void every_name_is_unique_within_its_thousand(void **state)
{
    (void)state;
    for (size_t i = 0; i < zyd_catalogue_count(); i++) {
        for (size_t k = 0; k < i; k++) {
            const struct zyd_catalogue_entry *a = zyd_catalogue_at(i), *b = zyd_catalogue_at(k);
            assert_false(a->code / 1000 == b->code / 1000 && strcmp(a->name, b->name) == 0);
        }
    }
}

static void codes_of_the_design_are_there(void **state)
{
    (void)state;
    static const uint32_t range[][2] = {{9101, 9115}, {9120, 9126}, {1101, 1128}, {2001, 2015},
                                        {3001, 3010}, {4001, 4010}, {5001, 5006}, {6001, 6002}};
    for (size_t i = 0; i < sizeof range / sizeof range[0]; i++) {
        for (uint32_t c = range[i][0]; c <= range[i][1]; c++) {
            assert_non_null(zyd_catalogue_find(c));
        }
    }
    char label[8];
    zyd_catalogue_label(label, 9103);
    assert_string_equal(label, "E9103");
    zyd_catalogue_label(label, 2010);
    assert_string_equal(label, "W2010");
    assert_int_equal(zyd_catalogue_get(9108)->http, 409);
    assert_int_equal(zyd_catalogue_get(12345)->code, ZYD_ERR_BUG);
}

static void every_status_maps_to_a_code(void **state)
{
    (void)state;
    assert_int_equal(zyd_catalogue_of_status(ZYD_OK), 0);
#define X(name, value, text)                                                                                                   \
    if (value) {                                                                                                               \
        assert_non_null(zyd_catalogue_find(zyd_catalogue_of_status(name)));                                                    \
    }
    ZYD_STATUS_MAP(X)
#undef X
}

static void language_follows_tags_and_weights(void **state)
{
    (void)state;
    assert_int_equal(zyd_lang_choose("zh-CN", ZYD_LANG_EN), ZYD_LANG_ZH);
    assert_int_equal(zyd_lang_choose("en_US.UTF-8", ZYD_LANG_ZH), ZYD_LANG_EN);
    assert_int_equal(zyd_lang_choose("C", ZYD_LANG_EN), ZYD_LANG_EN);
    assert_int_equal(zyd_lang_choose(NULL, ZYD_LANG_ZH), ZYD_LANG_ZH);
    assert_int_equal(zyd_lang_choose("fr, en;q=0.3, zh;q=0.7", ZYD_LANG_EN), ZYD_LANG_ZH);
    assert_int_equal(zyd_lang_choose("zh-CN;q=0.2,en-GB", ZYD_LANG_ZH), ZYD_LANG_EN);
    assert_int_equal(zyd_lang_choose("en;q=0, zh;q=0.1", ZYD_LANG_EN), ZYD_LANG_ZH);
    assert_int_equal(zyd_lang_choose("english", ZYD_LANG_ZH), ZYD_LANG_ZH);
    assert_string_equal(zyd_lang_tag(ZYD_LANG_ZH), "zh-CN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_has_every_field),        cmocka_unit_test(every_name_is_unique_within_its_thousand),
        cmocka_unit_test(codes_of_the_design_are_there),     cmocka_unit_test(every_status_maps_to_a_code),
        cmocka_unit_test(language_follows_tags_and_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
