#ifndef ZYD_PRODUCTS_MAIN_H
#define ZYD_PRODUCTS_MAIN_H
/* Parts of zyd-sim's program: --products, and what main.c needs too. */

#include <zyd/sim.h>

struct products_args {
    uint64_t events, seed;
    const char *self, *same; /* of the command that repeats a world: the program, and its options beside seed and events */
};
#define IMAGE_MAX (512u << 10)
bool image_read(struct zyd_span *out, uint8_t mem[IMAGE_MAX], const char *path); /* false: it said why not */
double now_s(void);                                                              /* of a monotonic clock */
/* Reads the five images from the folder of the file `beside`; they stay until the program ends. */
bool products_plugins(struct zyd_sim_options *o, const char *beside);
int products_run(const struct zyd_sim_options *base, const struct products_args *a); /* exit code */

#endif
