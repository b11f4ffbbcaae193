#include "cli.h"
const struct command demo_commands[]={{0}};
