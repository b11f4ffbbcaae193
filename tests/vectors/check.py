#!/usr/bin/env python3
"""An independent reader of the ledger's bytes, written from include/zyd/FORMATS.md alone.

Decodes the golden vectors beside it and recomputes every hash, root, path and signature.  Plain Python 3, standard
library only, no code of ours in C.  Slow and plain on purpose: the Ed25519 check is the textbook one (section 2).
"""
import hashlib
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
checks = 0


def check(ok, what):
    global checks
    checks += 1
    if not ok:
        sys.exit("check.py: " + what)


def load(name):
    with open(os.path.join(HERE, name + ".hex")) as f:
        return bytes.fromhex("".join(f.read().split()))


# --- 1 encodings -----------------------------------------------------------------------------------------------
class Fixed:
    def __init__(self, data):
        self.d, self.p = data, 0

    def raw(self, n):
        check(self.p + n <= len(self.d), "input ends early")
        self.p += n
        return self.d[self.p - n:self.p]

    def u(self, bits):
        return int.from_bytes(self.raw(bits // 8), "big")

    def block(self):
        return self.raw(self.u(32))

    def done(self):
        check(self.p == len(self.d), "bytes left over")

    def more(self):
        return self.p < len(self.d)


def blocks(data):
    r, out = Fixed(data), []
    while r.more():
        out.append(r.block())
    return out


def mp_read(d, p=0, depth=0):
    """One canonical MessagePack value at p: (value, next p).  nil None, bin bytes, str str."""
    b = d[p]
    p += 1

    def be(n, least=0):
        nonlocal p
        check(p + n <= len(d), "mp: input ends early")
        v = int.from_bytes(d[p:p + n], "big")
        p += n
        check(v >= least, "mp: not the shortest form")
        return v

    def body(n):
        nonlocal p
        check(p + n <= len(d), "mp: input ends early")
        p += n
        return d[p - n:p]

    def text(n):
        s = body(n).decode("utf-8")
        check(all(not (ord(c) < 32 or 0x7f <= ord(c) <= 0x9f) for c in s), "mp: control character")
        return s

    def array(n):
        nonlocal p
        check(depth < 8, "mp: too deep")
        out = []
        for _ in range(n):
            v, p = mp_read(d, p, depth + 1)
            out.append(v)
        return out

    def negative(n, above):
        v = be(n) - (1 << 8 * n)
        check(-(1 << 8 * n - 1) <= v < above, "mp: not the shortest form")
        return v

    if b <= 0x7f:
        return b, p
    if b >= 0xe0:
        return b - 256, p
    if 0x90 <= b <= 0x9f:
        return array(b & 15), p
    if 0xa0 <= b <= 0xbf:
        return text(b & 31), p
    if b == 0xc0:
        return None, p
    if b in (0xc2, 0xc3):
        return b == 0xc3, p
    forms = {
        0xc4: lambda: body(be(1)), 0xc5: lambda: body(be(2, 1 << 8)), 0xc6: lambda: body(be(4, 1 << 16)),
        0xcc: lambda: be(1, 128), 0xcd: lambda: be(2, 1 << 8), 0xce: lambda: be(4, 1 << 16),
        0xcf: lambda: be(8, 1 << 32),
        0xd0: lambda: negative(1, -32), 0xd1: lambda: negative(2, -(1 << 7)),
        0xd2: lambda: negative(4, -(1 << 15)), 0xd3: lambda: negative(8, -(1 << 31)),
        0xd9: lambda: text(be(1, 32)), 0xda: lambda: text(be(2, 1 << 8)), 0xdb: lambda: text(be(4, 1 << 16)),
        0xdc: lambda: array(be(2, 16)), 0xdd: lambda: array(be(4, 1 << 16)),
    }
    check(b in forms, "mp: a kind that does not occur")
    v = forms[b]()
    return v, p


def mp(data, length):
    v, p = mp_read(data)
    check(p == len(data), "mp: bytes left over")
    check(isinstance(v, list) and len(v) == length, "mp: not an array of %d" % length)
    return v


# --- 2 hashes, Ed25519 -------------------------------------------------------------------------------------------
def sha(x):
    return hashlib.sha256(x).digest()


def H(tag, x):
    return sha(tag.encode().ljust(16, b"\0") + x)


P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def ed_add(a, b):
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    A, B = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    C, E = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = B - A, E - C, E + C, B + A
    return e * f % P, g * h % P, f * g % P, e * h % P


def ed_mul(s, a):
    r = (0, 1, 1, 0)
    while s:
        if s & 1:
            r = ed_add(r, a)
        a = ed_add(a, a)
        s >>= 1
    return r


def ed_point(b):
    y = int.from_bytes(b, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    if y >= P:
        return None
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - xx) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def ed_bytes(a):
    zi = pow(a[2], P - 2, P)
    x, y = a[0] * zi % P, a[1] * zi % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


BASE = ed_point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def ed_verify(pk, msg, sig):
    a, s = ed_point(pk), int.from_bytes(sig[32:], "little")
    if a is None or ed_point(sig[:32]) is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(sig[:32] + pk + msg).digest(), "little") % L
    minus_a = (P - a[0], a[1], 1, P - a[3])
    return ed_bytes(ed_add(ed_mul(s, BASE), ed_mul(k, minus_a))) == sig[:32]


# --- 3 trees ---------------------------------------------------------------------------------------------------
def leaf(x):
    return sha(b"\0" + x)


def root(hashes):
    if not hashes:
        return sha(b"")
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return sha(b"\1" + root(hashes[:k]) + root(hashes[k:]))


def path_root(h, index, size, path):
    """RFC 9162 2.1.3.2, recursively: the root that a path gives."""
    if size == 1:
        check(path == [], "path too long")
        return h
    check(path != [], "path too short")
    k = 1
    while 2 * k < size:
        k *= 2
    if index < k:
        return sha(b"\1" + path_root(h, index, k, path[:-1]) + path[-1])
    return sha(b"\1" + path[-1] + path_root(h, index - k, size - k, path[:-1]))


def frontier_then(data, leaves):
    """Root and size of the log whose compact range is data, after leaves more."""
    r = Fixed(data)
    size = r.u(64)
    stack = [(b, r.raw(32)) for b in range(63, -1, -1) if size >> b & 1]
    r.done()
    for h in leaves:
        bit = 0
        while stack and stack[-1][0] == bit:
            h, bit = sha(b"\1" + stack.pop()[1] + h), bit + 1
        stack.append((bit, h))
        size += 1
    out = stack[-1][1]
    for _, h in reversed(stack[:-1]):
        out = sha(b"\1" + h + out)
    return out, size


# --- 4 to 13 ----------------------------------------------------------------------------------------------------
def operation(data):
    contract, event, programme, member, obj, seq, ref, args = mp(data, 8)
    check(len(data) <= 16384 and isinstance(args, list), "operation")
    check((obj is None and seq == 0) or (len(obj) == 32 and ref == ""), "object or client_ref")
    check(len(ref) <= 35 and all(32 <= ord(c) < 127 for c in ref), "client_ref")
    return {"id": leaf(data), "member": member}


def signatures(r):
    out = []
    for _ in range(r.u(8)):
        out.append((r.u(16), r.u(16), r.raw(64)))
    check(out == sorted(out) and len({s[:2] for s in out}) == len(out) > 0, "order of signatures")
    return out


def head_of(r, g):
    h = {"bytes": r.raw(80)}
    f = Fixed(h["bytes"])
    check(f.u(16) == 1 and f.raw(32) == g["hash"], "envelope of another chain")
    h["class"], h["flags"], h["until"], h["count"], h["root"] = f.u(8), f.u(8), f.u(64), f.u(32), f.raw(32)
    h["id"] = H("zyd/env/1", h["bytes"])
    return h


def signed(h, sigs, g):
    for m, k, sig in sigs:
        purpose, pk = g["members"][m]["keys"][k]
        check(purpose == 1 if h["class"] == 3 else purpose in (3, 4), "purpose of a key")
        check(ed_verify(pk, b"zyd/env/1".ljust(16, b"\0") + h["bytes"], sig), "an envelope's signature")


def envelope(data, g):
    r = Fixed(data)
    e = head_of(r, g)
    e["ops"] = [operation(r.block()) for _ in range(e["count"])]
    check(root([o["id"] for o in e["ops"]]) == e["root"], "ops root")
    e["sigs"] = signatures(r)
    r.done()
    signed(e, e["sigs"], g)
    check({o["member"] for o in e["ops"]} <= {s[0] for s in e["sigs"]}, "an actor did not sign")
    e["hash"] = H("zyd/envb/1", data)
    e["sig_bytes"] = data[len(data) - 1 - 68 * len(e["sigs"]):]
    return e


FIELDS = [("version", 16), ("flags", 16), ("chain", 0), ("epoch", 64), ("view", 64), ("height", 64), ("parent_view", 64),
          ("parent", 0), ("time", 64), ("proposer", 16), ("body", 0), ("envs", 32), ("body_size", 32), ("log_size", 64),
          ("log", 0), ("state_size", 64), ("state", 0), ("debits", 128), ("credits", 128), ("open", 128), ("valset", 0),
          ("rules_version", 32), ("rules", 0), ("just", 0)]


def header(data, g):
    check(len(data) == 378, "header size")
    r, h = Fixed(data), {"bytes": data, "hash": H("zyd/block/1", data)}
    for name, bits in FIELDS:
        h[name] = r.u(bits) if bits else r.raw(32)
    r.done()
    check(h["version"] == 1 and h["chain"] == g["hash"], "header of another chain")
    check(h["valset"] == g["valset"] and h["rules"] == g["rules"], "validators or rules")
    return h


def certificate(r, g):
    start = r.p
    c = {"type": r.u(8), "epoch": r.u(64), "view": r.u(64), "height": r.u(64), "hash": r.raw(32), "bits": r.u(64)}
    who = [i for i in range(64) if c["bits"] >> i & 1]
    n = len(g["validators"])
    check(not who or who[-1] < n, "a signer that is none")
    check(len(who) >= (n + (n - 1) // 3) // 2 + 1, "no quorum")
    for i in who:
        check(ed_verify(g["validators"][i], preimage(c, g), r.raw(64)), "a certificate's signature")
    c["bytes"] = r.d[start:r.p]
    return c


def preimage(v, g):
    return (b"zyd/vote/1".ljust(16, b"\0") + g["hash"] + v["epoch"].to_bytes(8, "big") + bytes([v["type"]]) +
            v["view"].to_bytes(8, "big") + v["height"].to_bytes(8, "big") + v["hash"])


def finality(data, h, g):
    r = Fixed(data)
    c = certificate(r, g)
    for _ in range(r.u(32)):
        child = header(r.raw(378), g)
        check(child["parent"] == h["hash"], "link to the certified block")
        h = child
    r.done()
    check(c["type"] == 3 and c["hash"] == h["hash"] and c["view"] == h["view"], "certificate of another block")


def outcome(data):
    o = mp(data, 12)
    check(len(o[0]) == 32 and (o[3] is None or len(o[3]) == 32), "outcome ids")
    for m, prog, label, dr, cr, fen, obligation in o[9]:
        check(0 < fen <= 9 * 10**15 and 0 < len(dr) <= 40 and 0 < len(cr) <= 40, "posting")
        check(obligation is None or len(obligation) == 32, "posting's obligation")
    for code, payload in o[10]:
        check(isinstance(payload, bytes), "event")
    return {"leaf": leaf(data), "id": o[0], "code": o[1], "due": o[5]}


def entry_leaf(e, outcomes):
    kind = {1: 5, 2: 3, 3: 4}[e["class"]]
    ok = sum(1 for o in outcomes if o["code"] == 0)
    return leaf(bytes([kind]) + e["bytes"] + e["sig_bytes"] + e["hash"] + root([o["leaf"] for o in outcomes]) +
                ok.to_bytes(4, "big"))


def block(data, previous, g):
    r = Fixed(data)
    head, just, own, carriers, front, envs, sys_, outs, writes = [r.block() for _ in range(9)]
    r.done()
    h = header(head, g)
    j = Fixed(just)
    certs = [certificate(j, g) for _ in range(j.u(8))]
    j.done()
    check(root([leaf(c["bytes"]) for c in certs]) == h["just"], "just root")
    check(certs[0]["type"] == 1 and certs[0]["hash"] == h["parent"] == previous["hash"], "parent")
    nc = certificate(Fixed(own), g)
    check(nc["type"] == 1 and nc["hash"] == h["hash"], "own notarization")
    es = [envelope(b, g) for b in blocks(envs)]
    check(len(es) == h["envs"] and sum(map(len, blocks(envs))) == h["body_size"], "body counts")
    check(root([e["hash"] for e in es]) == h["body"], "body root")
    flat, at = [outcome(b) for b in blocks(outs)], 0
    for e in es:
        first, left = at, e["count"]
        while left:
            if flat[at]["due"] == 0:
                check(flat[at]["id"] == e["ops"][e["count"] - left]["id"], "outcome of another operation")
                left -= 1
            at += 1
        e["outcomes"] = flat[first:at]
    check(at == len(flat), "outcomes left over")
    so = [outcome(b) for b in blocks(sys_)]
    log = [leaf(b"\1" + previous["bytes"] + h["just"])]
    if so:
        log.append(leaf(b"\2" + len(so).to_bytes(4, "big") + root([o["leaf"] for o in so])))
    for cls in (2, 3, 1):
        log += [entry_leaf(e, e["outcomes"]) for e in es if e["class"] == cls]
    check(frontier_then(front, log) == (h["log"], h["log_size"]), "log root")
    return h


def receipt(data, g):
    r = Fixed(data)
    check(r.u(16) == 1, "receipt version")

    def indexed():
        return r.block(), r.u(32), r.u(32), [r.raw(32) for _ in range(r.u(8))]

    op, op_at, op_count, op_path = indexed()
    out, out_at, out_count, out_path = indexed()
    entry, log_at, log_path = r.block(), r.u(64), [r.raw(32) for _ in range(r.u(8))]
    h = header(r.raw(378), g)
    finality(r.raw(len(data) - r.p), h, g)
    o, f = outcome(out), Fixed(entry)
    kind = f.u(8)
    if kind == 2:
        check(op == b"" and op_at == op_count == 0 and not op_path, "SYS receipt with an operation")
        check(f.u(32) == out_count and o["due"] > 0, "SYS receipt")
    else:
        e = head_of(f, g)
        signed(e, signatures(f), g)
        f.raw(32)
        check(operation(op)["id"] == o["id"] and o["due"] == 0, "the outcome's operation")
        check(op_count == e["count"] and path_root(leaf(op), op_at, op_count, op_path) == e["root"], "operation's path")
    check(path_root(o["leaf"], out_at, out_count, out_path) == f.raw(32), "outcome's path")
    if kind != 2:
        f.raw(4)
    f.done()
    check(path_root(leaf(entry), log_at, h["log_size"], log_path) == h["log"], "log path")


# --- 14, 15 ------------------------------------------------------------------------------------------------------
def uscc_ok(s):
    a = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    return len(s) == 18 and a[-sum(a.index(c) * pow(3, i, 31) for i, c in enumerate(s[:17])) % 31] == s[17]


def genesis(data):
    b = mp(data, 12)
    g = {"hash": H("zyd/genesis/1", data), "members": []}
    check(b[0] == 1 and len(b[6]) == 9, "genesis version")
    for code, uscc, zh, en, address, role, flags, keys in b[7]:
        check(uscc_ok(uscc) and 1 <= role <= 7, "member")
        g["members"].append({"code": code, "flags": flags, "keys": keys})
    g["validators"] = [next(pk for purpose, pk in m["keys"] if purpose == 1) for m in g["members"] if m["flags"] & 1]
    g["valset"] = H("zyd/valset/1", (1).to_bytes(8, "big") + bytes([len(g["validators"])]) + b"".join(g["validators"]))
    g["rules"] = H("zyd/rules/1", (1).to_bytes(4, "big") + b"".join(c.to_bytes(2, "big") + h for c, n, h in b[8]))
    for calendar in b[10]:
        check(all(len(days) == 46 and year == calendar[0][0] + i for i, (year, days) in enumerate(calendar)), "calendar")
    return g


def record(data):
    r = Fixed(data)
    return {"key": r.raw(32), "next": r.raw(32), "owner": r.u(16), "kind": r.u(8), "flags": r.u(8), "seq": r.u(64),
            "first": r.u(64), "last": r.u(64), "value": data[92:]}


def state(data, proofs):
    r = Fixed(data)
    size, want, leaves = r.u(64), r.raw(32), []
    while r.more():
        check(r.u(64) == len(leaves), "leaf index")
        leaves.append(r.block())
    check(len(leaves) == size and root([leaf(x) for x in leaves]) == want, "state root")
    recs = sorted((record(x) for x in leaves), key=lambda x: x["key"])
    check(recs[0]["kind"] == 255 and recs[0]["key"] == bytes(32), "sentinel")
    for a, b in zip(recs, recs[1:] + [{"key": b"\xff" * 32}]):
        check(a["next"] == b["key"], "chain of keys")
    for i in range(12):
        key = H("zyd/key/1", (i % 3).to_bytes(2, "big") + b"record %d" % i)
        mine = [x for x in recs if x["key"] == key]
        check(len(mine) == 1 and mine[0]["seq"] == i and mine[0]["first"] == 5 + i, "record %d" % i)
    r = Fixed(proofs)
    for present in (True, False):
        key, index, x = r.raw(32), r.u(64), r.block()
        path = [r.raw(32) for _ in range(r.u(8))]
        check(path_root(leaf(x), index, size, path) == want, "state path")
        rec = record(x)
        check(rec["key"] == key if present else rec["key"] < key < rec["next"], "presence")
    r.done()


def canonical(data):
    v = mp(data, 6)
    check(v[0] is None and v[1] is True and v[5] == "政银担", "canonical kinds")
    check(v[2] == [0, 127, 128, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1, -1, -32, -33, -128, -129, -2**15,
                   -2**15 - 1, -2**31, -2**31 - 1, -2**63, 2**64 - 1], "canonical integers")
    sizes = (0, 31, 32, 255, 256)
    check(v[3] == ["z" * n for n in sizes] and v[4] == [b"z" * n for n in sizes], "canonical lengths")


def vote(data, h, g):
    r = Fixed(data)
    v = {"type": r.u(8), "epoch": r.u(64), "view": r.u(64), "height": r.u(64), "hash": r.raw(32)}
    signer, sig = r.u(8), r.raw(64)
    r.done()
    check(v["hash"] == h["hash"] and ed_verify(g["validators"][signer], preimage(v, g), sig), "vote")


def main():
    canonical(load("canonical"))
    g = genesis(load("genesis"))
    previous = header(load("previous-header"), g)
    h = block(load("block"), previous, g)
    finality(load("finality"), h, g)
    vote(load("vote"), h, g)
    receipt(load("receipt"), g)
    receipt(load("receipt-sys"), g)
    state(load("state"), load("state-proofs"))
    print("check.py: %d checks, all good" % checks)


if __name__ == "__main__":
    main()
