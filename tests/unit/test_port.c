/* Goal: a port that is found for a node stays its own until the node listens there.  Method: sockets beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>
#include <zyd/io.h>

static int bound(int port, int reuse)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s >= 0);
    assert_int_equal(setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse), 0);
    if (bind(s, (struct sockaddr *)&a, sizeof a) != 0) {
        int e = errno;
        close(s);
        return -e;
    }
    return s;
}

static void a_port_that_was_found_is_found_by_nobody_else(void **state)
{
    (void)state;
    int port = zyd_port_find();
    assert_in_range(port, 1024, 65535);
    assert_int_equal(bound(port, 0), -EADDRINUSE); /* as zyd_port_find asks */
}

static void a_node_listens_on_the_port_that_was_found_for_it(void **state)
{
    (void)state;
    int port = zyd_port_find(), node = bound(port, 1);
    assert_true(zyd_port_free(port));
    assert_true(node >= 0);
    assert_int_equal(listen(node, 8), 0);
    assert_false(zyd_port_free(port));
    assert_int_equal(bound(port, 1), -EADDRINUSE);
    close(node);
    assert_true(zyd_port_free(port));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_port_that_was_found_is_found_by_nobody_else),
        cmocka_unit_test(a_node_listens_on_the_port_that_was_found_for_it),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
