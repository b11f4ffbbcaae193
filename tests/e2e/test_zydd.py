#!/usr/bin/env python3
"""Goal: the daemon starts only on a data directory that tells one story, says why not, and loses nothing when it is killed.
Method: a devnet of four real processes; one member's directory is damaged in each way an operator or a disk can, and zydd's
exit code and words are compared; then members are killed with SIGKILL at random while contracts are submitted, and every
acknowledged contract must be on every member.   usage: test_zydd.py BUILD_DIR SOURCE_DIR [CYCLES]"""
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import cli

BUILD, SOURCE = sys.argv[1], sys.argv[2]
CYCLES = int(sys.argv[3]) if len(sys.argv) > 3 else 12
HOME = tempfile.mkdtemp(prefix="zyd-e2e-")
ENV = dict(os.environ, XDG_STATE_HOME=HOME, LC_ALL="C.UTF-8")
DEV = HOME + "/zyd/devnet"
MEMBERS = ["BANK", "GUAR", "REG", "LGOV"]
failures = 0


def zyd(*args, timeout=60):
    return subprocess.run([BUILD + "/zyd", *args], env=ENV, capture_output=True, text=True, timeout=timeout)


def zydd(*args, env=None):
    """A start that must end by itself; one that does not is a node that runs, and is told so."""
    command = [BUILD + "/zydd", *args, "--config", f"{DEV}/LGOV/node.conf"]
    try:
        return subprocess.run(command, env=env or ENV, capture_output=True, text=True, timeout=20)
    except subprocess.TimeoutExpired as e:
        return subprocess.CompletedProcess(command, -1, "it runs", (e.stderr or b"").decode())


def check(what, good, detail=""):
    global failures
    print(("ok    " if good else "WRONG ") + what + ("" if good else f"\n      {detail}"))
    failures += not good


def expect(what, result, code, words):
    text = result.stdout + result.stderr
    check(what, result.returncode == code and words in text,
          f"exit {result.returncode}, expected {code} with '{words}': {text[-600:]}")


def heights():
    out = zyd("cluster", "status", "-o", "json")
    return {m["member"]: m.get("height") for m in json.loads(out.stdout) if m["member"] in MEMBERS}


def level(least):
    """Every member at one height, at least this.  Idle chains grow by heartbeats, so a look may fall between two."""
    h = heights()
    return None not in h.values() and len(h) == len(MEMBERS) and len(set(h.values())) == 1 and min(h.values()) >= least


def until(what, condition, seconds=30):
    try:
        return cli.until(what, condition, seconds)
    except AssertionError as late:
        check(what, False, f"{late}: {heights()}")
        return False


def submit(n, via):
    draft = f"{HOME}/c{n}.json"
    if not os.path.exists(draft):
        zyd("contract", "draft", "--out", draft)
    r = zyd("contract", "submit", draft, "--as", "BANK", timeout=120)
    return r


def refusals():
    data, votes, ledger = f"{DEV}/LGOV/data", f"{DEV}/LGOV/data/votes", f"{DEV}/LGOV/data/ledger"
    old_votes = HOME + "/votes-before"
    shutil.copytree(votes, old_votes)
    check("a contract is final", submit("first", "BANK").returncode == 0)
    want = heights()["BANK"]
    until("all members have it", lambda: level(want))
    expect("a second process on one data directory is refused", zydd(), 6, "in use by another process")
    check("told to stop, it ends with 0", zyd("devnet", "down").returncode == 0)
    kept = HOME + "/data-kept"
    shutil.copytree(data, kept)

    def again():
        shutil.rmtree(data)
        shutil.copytree(kept, data)

    expect("a good configuration is good", zydd("--check-config"), 0, "good; member LGOV")
    expect("--init on a node is refused", zydd("--init"), 6, "holds a node already")
    env = dict(ENV, ZYD_NODE_GENESIS_HASH="00" * 32)
    expect("another genesis hash is refused", zydd(env=env), 6, "joins no other consortium")
    env = dict(ENV, ZYD_NODE_NAME="NOBODY")
    expect("an unknown member is refused", zydd(env=env), 6, "no such member")
    env = dict(ENV, ZYD_KEY_NODE=f"{DEV}/BANK/keys/node.key")
    expect("another member's key is refused", zydd(env=env), 6, "not a node key that the genesis names")
    env = dict(ENV, ZYD_LOG_LEVLE="info")
    expect("a mistyped setting is refused", zydd(env=env), 6, "unknown setting")
    env = dict(ENV, ZYD_NODE_PLUGINS=HOME)
    expect("a missing plugin is refused", zydd(env=env), 6, ".elf: No such file")
    shutil.rmtree(votes)
    expect("a missing vote file is refused", zydd(), 8, "do not delete it")
    again()
    segment = votes + "/" + sorted(os.listdir(votes))[-1]
    with open(segment, "r+b") as f:
        f.seek(256 * 2 + 40)
        byte = f.read(1)[0]
        f.seek(256 * 2 + 40)
        f.write(bytes([byte ^ 1]))
    expect("a flipped bit in the vote file is refused", zydd(), 8, "missing or changed")
    again()
    shutil.rmtree(votes)
    shutil.copytree(old_votes, votes)
    expect("an older vote file is refused", zydd(), 8, "older than the ledger")
    again()
    tables = [ledger + "/" + n for n in os.listdir(ledger) if n.endswith(".ldb") or n.endswith(".log")]
    for name in tables:
        with open(name, "r+b") as f:
            size = os.path.getsize(name)
            for at in range(100, size, 997):
                f.seek(at)
                byte = f.read(1)[0]
                f.seek(at)
                f.write(bytes([byte ^ 1]))
    r = zydd()
    expect("a damaged ledger is refused with its cure", r, 8, "--rebuild-ledger")
    again()
    shutil.rmtree(ledger)
    expect("a missing ledger is refused with its cure", zydd(), 8, "--rebuild-ledger")
    expect("the ledger is rebuilt empty", zydd("--rebuild-ledger"), 0, "fetches it anew")
    expect("the devnet comes up again", zyd("devnet", "up"), 0, "")
    until("the rebuilt member has all blocks again", lambda: level(want))
    check("and another contract is final", submit("second", "BANK").returncode == 0)


def contracts(member):
    out = zyd("contract", "list", "--limit", "500", "--as", member, "-o", "json")
    found = json.loads(out.stdout) if out.returncode == 0 else []
    found = found.get("items", found.get("data", [])) if isinstance(found, dict) else found
    return sorted(json.dumps(c.get("id", c.get("client_ref", c)), sort_keys=True) for c in found)


def kill_loop():
    rng = random.Random(7)
    acked, before = 0, len(contracts("BANK"))
    began = time.time()
    for i in range(CYCLES):
        victim = rng.choice(MEMBERS)
        draft = f"{HOME}/k{i}.json"
        zyd("contract", "draft", "--out", draft)
        submit_it = ["contract", "submit", draft, "--as", "BANK"]
        p = subprocess.Popen([BUILD + "/zyd", *submit_it], env=ENV, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * 0.08)  # where the kill falls
        zyd("devnet", "kill", victim)
        zyd("devnet", "heal", timeout=120)
        code = p.wait(timeout=120)
        if code != 0:  # unreachable or unknown: the same command again is safe
            again = zyd(*submit_it, timeout=120)
            code = again.returncode
            check(f"cycle {i}: after killing {victim} the same command ends well", code == 0, again.stderr + again.stdout)
        acked += code == 0
    print(f"{CYCLES} kill -9 cycles in {time.time() - began:.1f} s, {acked} contracts acknowledged")
    until("all members are level after the kills", lambda: level(0), 60)
    lists = [contracts(m) for m in MEMBERS]
    check("every acknowledged contract is there once", len(lists[0]) == before + acked and len(set(lists[0])) == len(lists[0]),
          f"{before} + {acked} acknowledged, {len(lists[0])} there")
    check("and the same on every member", all(x == lists[0] for x in lists), [len(x) for x in lists])
    logs = "".join(open(f"{DEV}/{m}/zydd.log", errors="replace").read() for m in MEMBERS)
    bad = [line for line in logs.splitlines() if " alarm " in line or " bug " in line or " fatal " in line]
    check("no alarm, bug or failed write in any log", not bad, "\n".join(bad[:5]))


def blackout():
    for i in range(3):
        draft = f"{HOME}/b{i}.json"
        zyd("contract", "draft", "--out", draft)
        r = zyd("contract", "submit", draft, "--as", "BANK", timeout=120)
        before = contracts("GUAR")
        zyd("devnet", "kill", *MEMBERS)
        check(f"blackout {i}: all four come back", zyd("devnet", "heal", timeout=120).returncode == 0)
        until("and are level", lambda: level(0))
        lists = [contracts(m) for m in MEMBERS]
        check("with all that was acknowledged", r.returncode == 0 and all(x == before for x in lists), r.stderr)


def main():
    if zyd("devnet", "up").returncode != 0:
        print("WRONG no devnet")
        return 1
    try:
        refusals()
        kill_loop()
        blackout()
    finally:
        if failures:
            for m in MEMBERS:
                lines = [x for x in open(f"{DEV}/{m}/zydd.log", errors="replace").read().splitlines() if "api_read" not in x]
                print(f"--- {m}\n" + "\n".join(lines[-25:]))
        zyd("devnet", "reset")
        shutil.rmtree(HOME, ignore_errors=True)
    return 1 if failures else 0


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    sys.exit(main())
