#!/usr/bin/env python3
"""An independent reader of an export bundle and of receipts, from include/zyd/FORMATS.md alone.

  check_bundle.py BUNDLE GENESIS_HASH [RECEIPT ...]

Checks SHA256SUMS, the segments' framing and hashes, header links, log roots, every certificate with a quorum of good
signatures, every submitter's signature, and each receipt.  It does not execute anything.  No code of ours in C;
the readers and the textbook Ed25519 are those of check.py.  Prints one line; ends with 1 and the reason when wrong.
"""
import hashlib
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from check import (Fixed, H, blocks, certificate, check, entry_leaf, envelope, finality, frontier_then, genesis, header, leaf,
                   outcome, receipt, root)


def read(*parts):
    with open(os.path.join(*parts), "rb") as f:
        return f.read()


def sums(bundle):
    listed = {}
    for line in read(bundle, "SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        listed[name] = digest
        check(hashlib.sha256(read(bundle, name)).hexdigest() == digest, "SHA256SUMS: " + name)
    check(list(listed) == sorted(listed), "SHA256SUMS is not sorted")
    there = {os.path.relpath(os.path.join(d, f), bundle) for d, _, files in os.walk(bundle) for f in files}
    check(there == set(listed) | {"SHA256SUMS"}, "a file is not listed")


def justification(data, h, g):
    """J of a header: the parent's notarization unless the parent is genesis, then one X for each skipped view."""
    r = Fixed(data)
    certs = [certificate(r, g) for _ in range(r.u(8))]
    r.done()
    check(root([leaf(c["bytes"]) for c in certs]) == h["just"], "just root")
    views = []
    if h["parent_view"] > 0:
        check(certs[0]["type"] == 1 and certs[0]["hash"] == h["parent"] and certs[0]["view"] == h["parent_view"], "parent's NC")
        views = certs[1:]
    else:
        views = certs
    check([(c["type"], c["view"]) for c in views] == [(2, v) for v in range(h["parent_view"] + 1, h["view"])], "skipped views")


def linked(h, parent, height):
    check(h["parent_view"] == parent["view"] and h["parent"] == parent["hash"], "parent of height %d" % height)
    check(h["view"] > parent["view"] and h["time"] > parent["time"], "view and time of height %d" % height)


def entries_of(es, outs, h):
    check(len(es) == h["envs"] and root([e["hash"] for e in es]) == h["body"], "body root")
    at = 0
    for e in es:
        first, left = at, e["count"]
        while left:
            left -= outs[at]["due"] == 0
            at += 1
        own = [o["id"] for o in outs[first:at] if o["due"] == 0]
        check(own == [o["id"] for o in e["ops"]], "outcomes of an envelope")
        e["outcomes"] = outs[first:at]
    check(at == len(outs), "outcomes left over")


def block(data, fin, previous, log, g):
    """previous: header of the block before, or None for genesis; log: (frontier bytes before are checked against) root,
    size."""
    r = Fixed(data)
    head, just, own, carriers, front, envs, sys_, outs, writes = [r.block() for _ in range(9)]
    r.done()
    h = header(head, g)
    check(writes == b"" and h["height"] == (previous["height"] if previous else 0) + 1, "height, or a write set")
    check(frontier_then(front, []) == log if log[1] else front == bytes(8), "log before height %d" % h["height"])
    parent, c = previous, Fixed(carriers)
    while c.more():
        carrier = header(c.raw(378), g)
        if parent:
            linked(carrier, parent, h["height"])
        justification(c.block(), carrier, g)
        parent = carrier
    if parent:
        linked(h, parent, h["height"])
    justification(just, h, g)
    if own:
        nc = certificate(Fixed(own), g)
        check(nc["type"] == 1 and nc["hash"] == h["hash"], "own notarization")
    finality(fin, h, g)
    es, so = [envelope(b, g) for b in blocks(envs)], [outcome(b) for b in blocks(sys_)]
    entries_of(es, [outcome(b) for b in blocks(outs)], h)
    if previous:  # the genesis header is made by executing genesis, which this reader does not do
        leaves = [leaf(b"\1" + previous["bytes"] + h["just"])]
        if so:
            leaves.append(leaf(b"\2" + len(so).to_bytes(4, "big") + root([o["leaf"] for o in so])))
        leaves += [entry_leaf(e, e["outcomes"]) for e in es]
        check(frontier_then(front, leaves) == (h["log"], h["log_size"]), "log root of height %d" % h["height"])
    check(h["debits"] == h["credits"], "control totals")
    return h


def segment(data, previous, log, g):
    r = Fixed(data)
    check(r.raw(8) == b"ZYDSEG1\0" and r.u(16) == 1 and r.raw(32) == g["hash"], "segment head")
    first, last, first_index, end_index, state_size = r.u(64), r.u(64), r.u(64), r.u(64), r.u(64)
    state_root, front = r.raw(32), r.block()
    check(first_index == log[1] and (not log[1] or frontier_then(front, []) == log), "segment's log")
    if previous:
        check((state_size, state_root) == (previous["state_size"], previous["state"]), "segment's state")
    for _ in range(first, last + 1):
        value = r.block()
        previous = block(value, r.block(), previous, log, g)
        log = (previous["log"], previous["log_size"])
    check(previous["height"] == last, "segment's last height")
    before = r.p
    check(r.raw(8) == b"ZYDSEGE1" and r.u(32) == last - first + 1
          and r.u(64) == end_index - first_index == log[1] - first_index, "footer")
    check(r.u(64) == before and r.raw(32) == log[0] and r.raw(32) == hashlib.sha256(data[:before]).digest(), "footer's hashes")
    r.done()
    return previous, log


def main():
    bundle, digest = sys.argv[1], sys.argv[2]
    sums(bundle)
    manifest = json.loads(read(bundle, "manifest.json"))
    body = read(bundle, "genesis")
    check(H("zyd/genesis/1", body).hex() == digest == manifest["genesis_hash"], "genesis hash")
    g = genesis(body)
    previous, log = None, (b"", 0)
    for s in manifest["segments"]:
        previous, log = segment(read(bundle, s["file"]), previous, log, g)
    check(previous["height"] == manifest["last_height"] and log[1] == manifest["log_size"],
          "manifest's last height and log size")
    for name in sys.argv[3:]:
        receipt(read(name), g)
    print("check_bundle.py: %d blocks, %d log entries, %d receipts, all good" % (previous["height"], log[1], len(sys.argv) - 3))


main()
