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

/* A socket bound to a port of loopback, or -1.  shared: also beside one that is bound and does not listen, or that lingers. */
static int bound(int port, int shared)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                            .sin_port = htons((uint16_t)port)};
    int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s >= 0 && (setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &shared, sizeof shared) != 0 ||
                   bind(s, (struct sockaddr *)&a, sizeof a) != 0)) {
        close(s);
        s = -1;
    }
    return s;
}

bool zyd_port_free(int port)
{
    int s = bound(port, 1);
    if (s >= 0) {
        close(s);
    }
    return s >= 0;
}

int zyd_port_find(void)
{
    for (int tries = 0; tries < TRIES; tries++) {
        const int port = (int)(FIRST + randombytes_uniform(COUNT)), yes = 1;
        int s = bound(port, 0);
        /* stays bound: nobody else finds it before the node listens there, which may (both share,
         * and this one never listens) */
        if (s >= 0 && setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0) {
            return port;
        }
        if (s >= 0) {
            close(s);
        }
    }
    return 0;
}
