#include "cli.h"
const struct command devnet_commands[]={{0}}, cluster_commands[]={{0}}, contract_commands[]={{0}}, batch_commands[]={{0}}, ledger_commands[]={{0}}, demo_commands[]={{0}};
