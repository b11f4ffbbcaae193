#include "cli.h"
const struct command ledger_commands[]={{0}}, demo_commands[]={{0}};
