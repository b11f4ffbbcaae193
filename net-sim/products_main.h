#ifndef ZYD_PRODUCTS_MAIN_H
#define ZYD_PRODUCTS_MAIN_H

#include <zyd/sim.h>

struct products_args {
    uint64_t events, seed;
    const char *self;
};
/* Reads the five images from the folder of the file `beside`; they stay until the program ends. */
bool products_plugins(struct zyd_sim_options *o, const char *beside);
int products_run(const struct zyd_sim_options *base, const struct products_args *a); /* exit code */

#endif
