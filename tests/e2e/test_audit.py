#!/usr/bin/env python3
"""zyd-audit as people run it, on a ledger that the simulator made.

Goal: exit codes, reports and receipts of the built program; that it links no network and opens no socket; that an independent
reader in Python comes to the same verdict.  Method: test_audit leaves a bundle; this runs the program on it, whole and damaged.
  test_audit.py BUILD_DIR SOURCE_DIR
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

build, source = sys.argv[1], sys.argv[2]
audit = os.path.join(build, "zyd-audit")


def run(*args, code=0):
    p = subprocess.run([audit, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert p.returncode == code, "%s: exit %d, not %d\n%s%s" % (" ".join(args), p.returncode, code, p.stdout, p.stderr)
    return p.stdout


def verify(bundle, *args, code=0):
    return json.loads(run("verify", bundle, "--genesis-hash", digest, "-o", "json", "--quiet", *args, code=code))


work = tempfile.mkdtemp(prefix="zyd-audit-")
try:
    keep = subprocess.run([os.path.join(build, "test_audit")], env={**os.environ, "ZYD_AUDIT_KEEP": work}, check=True,
                          stdout=subprocess.PIPE, text=True)
    digest = keep.stdout.strip()
    bundle = os.path.join(work, "bundle")
    receipts = sorted(os.path.join(work, f) for f in os.listdir(work) if f.endswith(".receipt"))
    assert len(digest) == 64 and len(receipts) > 10

    # it links no network
    libraries = subprocess.run(["ldd", audit], stdout=subprocess.PIPE, text=True, check=True).stdout
    for word in ("nng", "microhttpd", "curl", "ssl", "mbed", "leveldb"):
        assert word not in libraries, libraries
    symbols = subprocess.run(["nm", "-D", "--undefined-only", audit], stdout=subprocess.PIPE, text=True, check=True).stdout
    for word in ("socket", "connect", "bind", "listen", "getaddrinfo", "sendto", "recvfrom"):
        assert word not in {s.split()[-1].split("@")[0] for s in symbols.splitlines()}, word

    # a good bundle: both reports, any number of jobs
    text = run("verify", bundle, "--genesis-hash", digest.upper(), "--quiet")
    assert "VERIFIED 验证通过" in text and "not done" in text
    reports = [verify(bundle, "--jobs", str(n), "--report", os.path.join(work, "r.json")) for n in (1, 2, 8)]
    with open(os.path.join(work, "r.json")) as f:
        assert json.load(f)["verdict"] == "verified"
    for r in reports:
        del r["seconds"]
    assert reports[0] == reports[1] == reports[2]
    r = reports[0]
    assert r["schema"] == "zyd-audit-report/1" and r["verdict"] == "verified" and r["exit"] == 0 and r["fault"] is None
    states = {c["check"]: c["state"] for c in r["checks"]}
    assert list(states) == ["files", "genesis", "approvals", "plugins", "frame", "chain", "history", "quorum", "entry",
                            "replay", "sums", "invariants", "rederive", "receipts", "sources", "witnesses"]
    assert all(states[c] == "done" for c in ("files", "genesis", "plugins", "frame", "chain", "history", "quorum", "entry",
                                             "replay", "sums", "invariants", "rederive"))
    assert all(c["why"] for c in r["checks"] if c["state"] == "not_done")
    assert sum(int(m["owes_fen"]) for m in r["ledger"]["members"]) == sum(int(m["is_owed_fen"]) for m in r["ledger"]["members"])
    # columns stand under each other, a Chinese character being two wide
    width = {len(line[:line.index(s)].encode("gb2312")) for line in text.splitlines() for s in ("done     已做", "not done 未做")
             if s in line}
    assert len(width) == 1, width

    # wrong calls, wrong hash, nothing there
    run(code=2)
    run("verify", bundle, code=2)
    run("verify", bundle, "--genesis-hash", "12", code=2)
    run("verify", bundle, "--genesis-hash", digest, "--jobs", "0", code=2)
    assert verify(os.path.join(work, "no such folder"), code=9)["verdict"] == "could_not_verify"
    other = json.loads(run("verify", bundle, "--genesis-hash", "00" * 32, "-o", "json", "--quiet", code=8))
    assert other["fault"]["check"] == "genesis" and "another consortium" in other["fault"]["rule"]

    # one byte in one block: the height is named; the same with any number of jobs
    name = [s["file"] for s in json.load(open(os.path.join(bundle, "manifest.json")))["segments"]][1]
    first = int(name[9:21])
    bad = os.path.join(work, "bad")
    shutil.copytree(bundle, bad)
    with open(os.path.join(bad, name), "r+b") as f:
        size = f.seek(0, 2)
        f.seek(size // 2)
        byte = f.read(1)
        f.seek(size // 2)
        f.write(bytes([byte[0] ^ 1]))
    faults = [verify(bad, "--jobs", str(n), code=8) for n in (1, 2, 8)]
    for r in faults:
        del r["seconds"]
    assert faults[0] == faults[1] == faults[2]
    assert faults[0]["verdict"] == "failed" and first <= faults[0]["fault"]["height"] <= int(name[22:34])
    assert faults[0]["fault"]["file"] == name and faults[0]["counts"]["blocks"] == faults[0]["fault"]["height"] - 1
    os.remove(os.path.join(bad, name))
    assert verify(bad, code=9)["could_not"]

    # receipts: by the consortium file or the canonical body; in words; cut or flipped never verified
    words = set()
    for path in receipts:
        for g in (os.path.join(bundle, "genesis"), os.path.join(work, "consortium.json")):
            r = json.loads(run("receipt", path, "--genesis", g, "--genesis-hash", digest, "-o", "json"))
            assert r["verdict"] == "verified" and r["operation"]["contract"] in ("guarantee", "host")
            words.add(r["operation"]["event"])
    assert {"APPLY", "PAID", "LAPSE"} <= words and "?" not in words, words
    text = run("receipt", receipts[0], "--genesis", os.path.join(bundle, "genesis"), "--genesis-hash", digest)
    assert "VERIFIED" in text and "yuan 元" in text
    run("receipt", receipts[0], "--genesis", os.path.join(bundle, "genesis"), "--genesis-hash", "11" * 32, code=9)
    with open(receipts[0], "rb") as f:
        good = f.read()
    for i in range(0, len(good), 7):
        path = os.path.join(work, "x")
        with open(path, "wb") as f:
            f.write(good[:i] + bytes([good[i] ^ 0x10]) + good[i + 1:] if i % 2 else good[:i])
        p = subprocess.run([audit, "receipt", path, "--genesis", os.path.join(bundle, "genesis"), "--genesis-hash", digest],
                           stdout=subprocess.DEVNULL)
        assert p.returncode in (8, 9), i

    # somebody else's reader
    subprocess.run([sys.executable, os.path.join(source, "tests/vectors/check_bundle.py"), bundle, digest, *receipts[:10]],
                   check=True)
    p = subprocess.run([sys.executable, os.path.join(source, "tests/vectors/check_bundle.py"), bundle, "00" * 32],
                       stderr=subprocess.DEVNULL)
    assert p.returncode == 1
    print("ok")
finally:
    shutil.rmtree(work)
