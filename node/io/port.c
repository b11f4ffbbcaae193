/* Ports on loopback for nodes that this machine starts itself: a devnet's, a test's. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sodium.h>
#include <zyd/io.h>

/* Below the ports that the kernel gives to outgoing connections: one of those could sit on it while its node is down, even one
 * of the nodes' own that look for it. */
#define FIRST 10000u
#define COUNT 22000u
#define TRIES 1000

bool zyd_port_free(int port)
{
    struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port)};
    int one = 1, s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0) {
        return false;
    }
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    bool ok = bind(s, (struct sockaddr *)&a, sizeof a) == 0;
    close(s);
    return ok;
}

int zyd_port_find(void)
{
    for (int tries = 0; tries < TRIES; tries++) {
        int port = (int)(FIRST + randombytes_uniform(COUNT));
        if (zyd_port_free(port)) {
            return port;
        }
    }
    return 0;
}
