/* Goal: node.conf says what it means, and whoever mistypes is told where, what is allowed and what he may have meant.
 * Method: small files in memory; each wrong one differs from a right one in one line, and the message is compared; the shipped
 * example is read, printed, and read again. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include <zyd/io.h>

#define HASH "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
static const char right[] = "; a comment\n"
                            "[node]\n"
                            "name = BANK\n"
                            "consortium = c.json ; inline\n"
                            "genesis_hash = " HASH "\n"
                            "data_dir = /var/lib/zydd\n"
                            "[peer \"GUAR\"]\n"
                            "address = guar.example:7420\n"
                            "[key]\n"
                            "node = node.key\n"
                            "link = /k/link.key\n";

static enum zyd_status parse(struct zyd_config *c, struct zyd_err *err, const char *text, char *const *env)
{
    *err = (struct zyd_err){0};
    return zyd_config_parse(c, err, "/etc/zydd/node.conf", zyd_span(text, strlen(text)), env);
}
static void refused(const char *text, char *const *env, const char *where, const char *what)
{
    static struct zyd_config c;
    struct zyd_err err;
    assert_int_equal(parse(&c, &err, text, env), ZYD_E_INVALID);
    if (strncmp(err.text, where, strlen(where)) != 0 || strstr(err.text, what) == NULL)
        fail_msg("expected %s ... %s, got: %s", where, what, err.text);
}
static void refused_line(const char *line, const char *what)
{
    char text[8192];
    snprintf(text, sizeof text, "%s%s\n", right, line);
    refused(text, NULL, "/etc/zydd/node.conf:12: ", what);
}

static void a_right_file_is_read_with_standards_and_relative_paths(void **state)
{
    (void)state;
    static struct zyd_config c;
    struct zyd_err err;
    if (parse(&c, &err, right, NULL) != ZYD_OK)
        fail_msg("%s", err.text);
    assert_string_equal(c.name, "BANK");
    assert_string_equal(c.consortium, "/etc/zydd/c.json");
    assert_string_equal(c.key_node, "/etc/zydd/node.key");
    assert_string_equal(c.key_link, "/k/link.key");
    assert_string_equal(c.key_maker, "");
    assert_string_equal(c.peer_listen, "0.0.0.0:7420");
    assert_string_equal(c.api_listen, "127.0.0.1:7443");
    assert_false(c.api_open_reads);
    assert_int_equal(c.log_level, ZYD_LOG_INFO);
    assert_int_equal(c.genesis_hash.b[31], 0xff);
    assert_int_equal(c.genesis_hash.b[0], 0x00);
    assert_int_equal(c.peer_count, 1);
    assert_string_equal(c.peers[0].address, "guar.example:7420");
}

static void every_mistake_is_named_with_its_line(void **state)
{
    (void)state;
    refused_line("passfrase_file = x", "unknown key passfrase_file in [key]; did you mean passphrase_file?");
    refused_line("colour = x", "allowed here: node link maker checker passphrase_file");
    refused_line("node = again", "node is given twice");
    refused_line("what is this", "neither [section] nor key = value");
    char text[8192], *p;
    snprintf(text, sizeof text, "%s[nodes]\nname = X\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "unknown section [nodes]; allowed: node, peer");
    snprintf(text, sizeof text, "%s[log]\nlevel = loud\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "level = loud; allowed: error, warn, info or debug");
    snprintf(text, sizeof text, "%s[api]\nopen_reads = maybe\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "allowed: yes or no");
    snprintf(text, sizeof text, "%s[api]\nlisten = 127.0.0.1:1, 10.1.2.3:7443\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "would show the API to the network");
    snprintf(text, sizeof text, "%s[api]\nlisten = https://127.0.0.1:7443\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "allowed: list of host:port");
    snprintf(text, sizeof text, "%s[peer]\nlisten = 0.0.0.0\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "allowed: host:port");
    snprintf(text, sizeof text, "%s[peer]\nlisten = 0.0.0.0:70000\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "allowed: host:port");
    snprintf(text, sizeof text, "%s[peer \"GUAR\"]\naddress = a:1\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "given twice");
    snprintf(text, sizeof text, "%s[peer \"guar\"]\naddress = a:1\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:13: ", "not a member code");
    snprintf(text, sizeof text, "%schecker = c.key\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:12: ", "add maker");
    snprintf(text, sizeof text, "%s", right);
    p = strstr(text, "data_dir");
    memcpy(p, "; ata_dir", 8);
    refused(text, NULL, "/etc/zydd/node.conf: ", "data_dir is missing in [node]");
    snprintf(text, sizeof text, "%s", right);
    p = strstr(text, "0011");
    *p = 'g';
    refused(text, NULL, "/etc/zydd/node.conf:5: ", "64 hexadecimal digits");
    char line[6000];
    memset(line, 'x', sizeof line - 1);
    line[sizeof line - 1] = 0;
    refused_line(line, "the line is too long");
    static struct zyd_config c;
    struct zyd_err err;
    snprintf(text, sizeof text, "%sx", right);
    text[20] = 0;
    assert_int_equal(zyd_config_parse(&c, &err, "f", zyd_span(text, 30), NULL), ZYD_E_INVALID);
    assert_non_null(strstr(err.text, "zero byte"));
}

static void the_environment_overrides_and_is_checked_the_same(void **state)
{
    (void)state;
    static struct zyd_config c;
    struct zyd_err err;
    char *good[] = {"ZYD_NODE_NAME=REG", "ZYD_API_OPEN_READS=yes", "ZYD_PEER_GUAR_ADDRESS=127.0.0.1:9",
                    "ZYD_PEER_FIN_ADDRESS=127.0.0.1:10", "ZYD_SHARED=/x", "PATH=/bin", NULL};
    if (parse(&c, &err, right, good) != ZYD_OK)
        fail_msg("%s", err.text);
    assert_string_equal(c.name, "REG");
    assert_true(c.api_open_reads);
    assert_int_equal(c.peer_count, 2);
    assert_string_equal(c.peers[0].address, "127.0.0.1:9");
    assert_string_equal(c.peers[1].code, "FIN");
    char *bad[] = {"ZYD_LOG_LEVEL=loud", NULL};
    refused(right, bad, "ZYD_LOG_LEVEL: ", "allowed: error, warn");
    char *unknown[] = {"ZYD_LOG_LEVLE=info", NULL};
    refused(right, unknown, "ZYD_LOG_LEVLE: ", "unknown setting");
    char *instead[] = {"ZYD_NODE_DATA_DIR=/d", NULL};
    char text[4096];
    snprintf(text, sizeof text, "%s", right);
    memcpy(strstr(text, "data_dir"), "; ata_dir", 8);
    assert_int_equal(parse(&c, &err, text, instead), ZYD_OK);
    assert_string_equal(c.data_dir, "/d");
}

static void credentials_come_from_systemd_or_are_refused(void **state)
{
    (void)state;
    static struct zyd_config c;
    struct zyd_err err;
    char text[4096];
    snprintf(text, sizeof text, "%smaker = credential:maker.key\n", right);
    unsetenv("CREDENTIALS_DIRECTORY");
    refused(text, NULL, "/etc/zydd/node.conf:12: ", "LoadCredential=maker.key");
    setenv("CREDENTIALS_DIRECTORY", "/run/credentials/zydd.service", 1);
    assert_int_equal(parse(&c, &err, text, NULL), ZYD_OK);
    assert_string_equal(c.key_maker, "/run/credentials/zydd.service/maker.key");
    snprintf(text, sizeof text, "%smaker = credential:../../etc/shadow\n", right);
    refused(text, NULL, "/etc/zydd/node.conf:12: ", "credential");
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void the_shipped_example_is_right_and_printing_is_reading_backwards(void **state)
{
    (void)state;
    static struct zyd_config c, d;
    struct zyd_err err;
    setenv("CREDENTIALS_DIRECTORY", "/run/c", 1);
    char *none[] = {NULL};
    uint8_t *text;
    size_t size;
    assert_int_equal(zyd_file_read(&text, &size, &err, ZYD_SOURCE_DIR "/node/bin/zydd/node.conf.example", 1 << 20), ZYD_OK);
    if (zyd_config_parse(&c, &err, "/etc/zydd/node.conf", zyd_span(text, size), none) != ZYD_OK)
        fail_msg("%s", err.text);
    free(text);
    strcpy(c.peers[0].code, "GUAR");
    strcpy(c.peers[0].address, "[::1]:7");
    c.peer_count = 1;
    char *printed = zyd_config_print(&c);
    if (zyd_config_parse(&d, &err, "/etc/zydd/node.conf", zyd_span(printed, strlen(printed)), none) != ZYD_OK)
        fail_msg("%s", err.text);
    assert_memory_equal(&c, &d, sizeof c);
    free(printed);
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void every_truncation_and_every_flipped_bit_ends_in_a_verdict(void **state)
{
    (void)state;
    static struct zyd_config c;
    struct zyd_err err;
    char text[sizeof right];
    for (size_t n = 0; n < sizeof right; n++) {
        enum zyd_status st = zyd_config_parse(&c, &err, "f", zyd_span(right, n), NULL);
        assert_true(st == ZYD_OK || st == ZYD_E_INVALID);
    }
    for (size_t i = 0; i < (sizeof right - 1) * 8; i++) {
        memcpy(text, right, sizeof right);
        text[i / 8] = (char)(text[i / 8] ^ 1 << (i % 8));
        err.text[0] = 0;
        enum zyd_status st = zyd_config_parse(&c, &err, "f", zyd_span(text, sizeof right - 1), NULL);
        assert_true(st == ZYD_OK || (st == ZYD_E_INVALID && err.text[0] == 'f'));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_file_is_read_with_standards_and_relative_paths),
        cmocka_unit_test(every_mistake_is_named_with_its_line),
        cmocka_unit_test(the_environment_overrides_and_is_checked_the_same),
        cmocka_unit_test(credentials_come_from_systemd_or_are_refused),
        cmocka_unit_test(the_shipped_example_is_right_and_printing_is_reading_backwards),
        cmocka_unit_test(every_truncation_and_every_flipped_bit_ends_in_a_verdict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
