/* Goal: a key at rest opens with its passphrase and with nothing else, and a changed file never gives a key.
 * Method: real files; every truncation and every flipped bit of a sealed key; permissions; small files of other kinds. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zyd/io.h>

static char dir[64], path[96];

static int setup(void **state)
{
    (void)state;
    strcpy(dir, "/tmp/zyd-key-XXXXXX");
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/maker.key", dir);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static void a_saved_key_opens_with_its_passphrase_alone(void **state)
{
    (void)state;
    struct zyd_key key, back;
    struct zyd_err err;
    zyd_key_generate(&key, ZYD_KEY_MAKER);
    assert_int_equal(zyd_key_save(&err, path, &key, "正 确", 0), ZYD_OK);
    struct stat sb;
    assert_int_equal(stat(path, &sb), 0);
    assert_int_equal(sb.st_mode & 0777, 0600);
    assert_int_equal(sb.st_size, ZYD_KEY_FILE_SIZE);
    assert_int_equal(zyd_key_load(&back, &err, path, "正 确"), ZYD_OK);
    assert_memory_equal(&key, &back, sizeof key);
    struct zyd_sig sig;
    zyd_sig_sign(&sig, back.sk, "m", 1);
    assert_true(zyd_sig_verify(&key.pk, "m", 1, &sig));
    assert_int_equal(zyd_key_load(&back, &err, path, "正确"), ZYD_E_BAD_SIG);
    assert_non_null(strstr(err.text, "wrong passphrase"));
    assert_int_equal(zyd_key_load(&back, &err, path, ""), ZYD_E_BAD_SIG);
    static const uint8_t zero[ZYD_SK_SIZE];
    assert_memory_equal(back.sk, zero, ZYD_SK_SIZE);
    assert_int_equal(zyd_key_inspect(&back, &err, path), ZYD_OK);
    assert_memory_equal(back.pk.b, key.pk.b, 32);
    assert_int_equal(back.purpose, ZYD_KEY_MAKER);
    assert_memory_equal(back.sk, zero, ZYD_SK_SIZE);
    zyd_key_wipe(&key);
}

static void a_key_is_never_overwritten_nor_left_without_a_passphrase_by_mistake(void **state)
{
    (void)state;
    struct zyd_key key;
    struct zyd_err err;
    zyd_key_generate(&key, ZYD_KEY_NODE);
    assert_int_equal(zyd_key_save(&err, path, &key, "", 1), ZYD_E_INVALID);
    assert_int_equal(zyd_key_save(&err, path, &key, "", 0), ZYD_OK);
    assert_int_equal(zyd_key_save(&err, path, &key, "", 0), ZYD_E_EXISTS);
}

static void a_file_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct zyd_key key;
    struct zyd_err err;
    zyd_key_generate(&key, ZYD_KEY_NODE);
    assert_int_equal(zyd_key_save(&err, path, &key, "", 0), ZYD_OK);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(zyd_key_load(&key, &err, path, ""), ZYD_E_IO);
    assert_non_null(strstr(err.text, "chmod 600"));
}

static void every_truncation_and_every_flipped_bit_is_refused(void **state)
{
    (void)state;
    struct zyd_key key, back;
    struct zyd_err err;
    uint8_t *file;
    size_t size;
    zyd_key_generate(&key, ZYD_KEY_LINK);
    assert_int_equal(zyd_key_save(&err, path, &key, "", 0), ZYD_OK);
    assert_int_equal(zyd_file_read(&file, &size, &err, path, 1000), ZYD_OK);
    for (size_t n = 0; n < size; n++)
        assert_int_equal(zyd_key_open(&back, zyd_span(file, n), ""), ZYD_E_DAMAGED);
    for (size_t i = 0; i < size * 8; i++) {
        file[i / 8] ^= (uint8_t)(1u << (i % 8));
        assert_int_equal(zyd_key_open(&back, zyd_span(file, size), ""), ZYD_E_DAMAGED);
        /* Somebody who makes the checksum right again still has no key. */
        uint32_t crc = zyd_get32(file + 144);
        zyd_put32(file + 144, zyd_crc32c(0, file, 144));
        bool cost = (i / 8 >= 12 && i / 8 < 24); /* a higher cost would only take long */
        if (i / 8 < 144 && !cost)
            assert_int_not_equal(zyd_key_open(&back, zyd_span(file, size), ""), ZYD_OK);
        zyd_put32(file + 144, crc);
        file[i / 8] ^= (uint8_t)(1u << (i % 8));
    }
    assert_int_equal(zyd_key_open(&back, zyd_span(file, size), ""), ZYD_OK);
    /* Costs beyond the bounds are not even tried. */
    zyd_put64(file + 16, UINT64_C(1) << 40);
    zyd_put32(file + 144, zyd_crc32c(0, file, 144));
    assert_int_equal(zyd_key_open(&back, zyd_span(file, size), ""), ZYD_E_DAMAGED);
    free(file);
}

static void a_secret_is_the_first_line_of_its_file(void **state)
{
    (void)state;
    char out[16];
    struct zyd_err err;
    assert_int_equal(zyd_file_write_atomic(&err, path, "open sesame\r\nmore\n", 18, 0600), ZYD_OK);
    assert_int_equal(zyd_secret_read(out, sizeof out, &err, path), ZYD_OK);
    assert_string_equal(out, "open sesame");
    assert_int_equal(zyd_file_write_atomic(&err, path, "0123456789abcdef", 16, 0600), ZYD_OK);
    assert_int_equal(zyd_secret_read(out, sizeof out, &err, path), ZYD_E_IO);
    assert_int_equal(out[0], 0);
    assert_int_equal(zyd_secret_read(out, sizeof out, &err, "/does/not/exist"), ZYD_E_IO);
}

static void an_atomic_write_replaces_the_whole_file(void **state)
{
    (void)state;
    struct zyd_err err;
    uint8_t *b;
    size_t size;
    assert_int_equal(zyd_file_read(&b, &size, &err, path, 10), ZYD_E_NOT_FOUND);
    assert_int_equal(zyd_file_write_atomic(&err, path, "long content", 12, 0644), ZYD_OK);
    assert_int_equal(zyd_file_write_atomic(&err, path, "short", 5, 0644), ZYD_OK);
    assert_int_equal(zyd_file_read(&b, &size, &err, path, 5), ZYD_OK);
    assert_int_equal(size, 5);
    assert_string_equal((char *)b, "short");
    free(b);
    assert_int_equal(zyd_file_read(&b, &size, &err, path, 4), ZYD_E_TOO_BIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_saved_key_opens_with_its_passphrase_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_is_never_overwritten_nor_left_without_a_passphrase_by_mistake, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_others_can_read_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_and_every_flipped_bit_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_is_the_first_line_of_its_file, setup, teardown),
        cmocka_unit_test_setup_teardown(an_atomic_write_replaces_the_whole_file, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
