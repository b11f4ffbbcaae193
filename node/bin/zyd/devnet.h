/* The devnet's parts: making it (devnet_make.c), running it (devnet_run.c), looking at it and its clock (devnet_look.c),
 * commands (cmd_devnet.c). */
#ifndef DEVNET_H
#define DEVNET_H

#include <zyd/scenario.h>

#include "client.h"

/* Account of a member at the devnet's bank. */
#define DEVNET_ACCOUNT "6222-%s"
/* Makes keys, join requests, genesis and approvals of a new consortium in d->dir by the ceremony's own functions.  plan: whose
 * members, programme, calendar and start it has (NULL: the usual cast). */
int devnet_make(const struct cli *c, struct devnet *d, const struct zyd_scenario_plan *plan);
/* The image of a product: beside this program in a build, else as installed.  False: there is none. */
bool devnet_plugin_path(char out[CLI_PATH_MAX], const char *product);
/* A running devnet in the directory of --dir, made for the plan when there is none. */
int devnet_for_plan(const struct cli *c, const struct zyd_scenario_plan *plan);
/* Starts a stopped node and waits until it caught up. */
int devnet_heal(const struct cli *c, struct devnet *d, const struct devnet_member *m);
/* Until all nodes that run stand at one height, and no deadline due up to wall_ms (0: now, by each node's clock) is left to
 * run. */
int devnet_wait_settled(const struct cli *c, const struct devnet *d, int64_t wall_ms, long limit_ms);
int devnet_save(const struct cli *c, const struct devnet *d);
/* Writes node.conf of every node (ports may have moved). */
int devnet_configure(const struct cli *c, const struct devnet *d, const struct zyd_hash *genesis_hash);
/* Starts a node that does not run. */
int devnet_start(const struct cli *c, const struct devnet *d, const struct devnet_member *m);
/* signal, then waits until it is gone. */
void devnet_stop(const struct devnet *d, const struct devnet_member *m, int signal_number);
/* Moves the clocks of all running nodes and waits until what was due is done. */
int devnet_clock_to(const struct cli *c, const struct devnet *d, int64_t wall_ms);
int devnet_offset_save(const struct cli *c, const struct devnet *d, int64_t offset_ms);

/* ---- devnet_look.c ---- */
struct devnet_look { /* at one node */
    bool up;
    json_t *status;
};
void devnet_nap(long ms);
int devnet_need(const struct cli *c, struct devnet *d); /* loads it; prints that there is none */
/* One a member; free what they hold. */
void devnet_look_at(const struct cli *c, const struct devnet *d, struct devnet_look *looks);
void devnet_looks_free(const struct devnet *d, struct devnet_look *looks);
/* Prints the table; the exit code says whether all is well. */
int devnet_show(const struct cli *c, const struct devnet *d);
int devnet_run_status(struct cli *c);
int devnet_run_clock(struct cli *c);

#endif
