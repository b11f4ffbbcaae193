#!/usr/bin/env python3
"""CPU by part from a perf recording of zydd: parts.py PERF.DATA BUILD_DIR [-v]

A sample belongs to the room and file of its symbol (asked of the rooms' archives with nm), or to its library, or, in the
kernel, to its thread.  -v lists the dearest symbols, too.
"""
import collections
import subprocess
import sys

data, build = sys.argv[1], sys.argv[2]
verbose = "-v" in sys.argv
PARTS = {
    "vm": "contract: interpreter", "host": "contract: host", "bft": "consensus", "replica": "replica: pool, blocks, order",
    "store": "store", "io": "daemon I/O",
}
CORE = {
    "sha256": "hashing", "crypto": "hashing", "state": "state", "state_tree": "state", "state_leaf": "state",
    "state_overlay": "state",
    "rectab": "state", "buddy": "state", "crit": "state", "mempool": "replica: pool, blocks, order",
    "tx": "envelopes: decode, ids",
    "codec": "envelopes: decode, ids", "verify": "envelopes: decode, ids",
}
IO = {"http": "HTTP and view", "net": "peer links", "link": "peer links", "net_nng": "peer links", "view": "HTTP and view",
      "api": "HTTP and view", "inbox": "loop and queues"}
where = {}
for room in ("vm", "host", "bft", "core", "replica", "store", "io"):
    out = subprocess.run(["nm", "--defined-only", f"{build}/libzyd_{room}.a"], capture_output=True, text=True).stdout
    unit = ""
    for line in out.splitlines():
        if line.endswith(".o:"):
            unit = line.split(".c.o:")[0]
            continue
        f = line.split()
        if len(f) == 3 and f[1] in "tT":
            if room == "core":
                part = CORE.get(unit, "blocks, certificates, rest of core")
            elif room == "io":
                part = next((v for k, v in IO.items() if unit.startswith(k)), "daemon I/O")
            else:
                part = PARTS[room]
            where.setdefault(f[2].split(".")[0], part)
LIBS = {"libsodium": "signatures and sealing (libsodium)", "libleveldb": "store", "libnng": "peer links",
        "libmicrohttpd": "HTTP and view", "libjansson": "HTTP and view", "libsnappy": "store", "libcrypto": "hashing"}
report = subprocess.run(["perf", "report", "-i", data, "--no-children", "-g", "none", "--sort", "comm,dso,symbol",
                         "--percent-limit", "0", "-F", "overhead,comm,dso,symbol", "--field-separator", "\t", "--stdio"],
                        capture_output=True, text=True)
if report.returncode != 0:
    sys.exit(1)
parts, symbols = collections.Counter(), collections.Counter()
for line in report.stdout.splitlines():
    f = [x.strip() for x in line.split("\t")]
    if line.startswith("#") or len(f) < 4:
        continue
    share = float(f[0].rstrip("%"))
    comm, dso, symbol = f[1], f[2], f[3].split("] ")[-1]
    lib = next((v for k, v in LIBS.items() if dso.startswith(k)), None)
    if dso.startswith("[") or "kernel" in dso:
        part = f"kernel: {comm}"
    elif lib:
        part = lib
    elif dso == "zydd":
        part = where.get(symbol.split(".")[0], "loop and queues")
    else:
        part = f"{dso.split('.')[0]}: {comm}"
    parts[part] += share
    symbols[(comm, dso, symbol)] += share
print("  CPU by part, per cent of the four processes:")
other = 0.0
for part, share in parts.most_common():
    if share < 0.7:
        other += share
    else:
        print(f"    {share:5.1f}  {part}")
print(f"    {other:5.1f}  others")
if verbose:
    for (comm, dso, symbol), share in symbols.most_common(50):
        print(f"    {share:5.2f}  {comm:16} {dso:24} {symbol}")
