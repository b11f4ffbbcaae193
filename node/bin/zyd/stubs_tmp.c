#include "cli.h"
const struct command batch_commands[]={{0}}, ledger_commands[]={{0}}, demo_commands[]={{0}};
