#!/usr/bin/env python3
"""Goal: the devnet is one command that may be run at any time: twice, after kills, after a port was taken; it says what is
wrong.
Method: real zydd processes in a temporary directory; every state is read back through the command line."""
import json
import os
import signal
import socket

from cli import World, expect, expect_in, main


def rows(w, code=0):
    return {r["member"]: r for r in w.json("devnet", "status", code=code)}


def up_kill_heal_down_and_up_again():
    with World() as w:
        w.run("devnet", "up", "--start", "2026-01-05")
        first = rows(w)
        expect(len([r for r in first.values() if "pid" in r]) == 4 and all(r["date"] in ("2026-01-05", "")
                                                                           for r in first.values()), first)
        _, err = w.run("devnet", "up")
        expect_in("already up", err)
        expect({m: r.get("pid") for m, r in rows(w).items()} == {m: r.get("pid") for m, r in first.items()},
               "up again restarted nodes")

        # the command before went through another node: the next one does not ask a node that has not come so far
        behind = first["GUAR"]["pid"]
        os.kill(behind, signal.SIGSTOP)
        w.run("contract", "draft", "--programme", "AH4321", "--out", "b.json")
        w.run("contract", "submit", "b.json", "--as", "BANK")
        os.kill(behind, signal.SIGCONT)
        ref = json.load(open(w.path("b.json")))["client_ref"]
        expect(w.json("contract", "show", ref, "--as", "GUAR")["state"] == "APPLIED", "an answer from before the last command")

        # one down: degraded, and the ledger goes on
        w.run("devnet", "kill", "LGOV")
        out, err = w.run("cluster", "status", code=10)
        expect_in("still commits", err)
        expect_in("zyd devnet heal LGOV", err)
        _, err = w.run("cluster", "status", code=10, lang="zh-CN")
        expect_in("账本仍在出块", err)
        w.run("contract", "draft", "--programme", "AH4321", "--out", "c.json")
        w.run("contract", "submit", "c.json", "--as", "BANK")

        # two down: an honest stop; the outcome of what is sent is unknown, and the same command settles it later
        w.run("devnet", "kill", "3")
        _, err = w.run("cluster", "status", code=10)
        expect_in("no new blocks", err)
        w.run("contract", "list")
        w.run("contract", "draft", "--programme", "AH4321", "--out", "d.json")
        _, err = w.run("contract", "submit", "d.json", "--as", "BANK", "--wait", "2", code=4)
        expect_in("Run the same command again", err)
        w.run("devnet", "heal")
        expect(all(r.get("state") in ("ok", "signs only") for r in rows(w).values()), rows(w))
        w.run("contract", "submit", "d.json", "--as", "BANK")
        ref = json.load(open(w.path("d.json")))["client_ref"]
        history = w.json("contract", "history", ref)
        expect([h["result"] for h in history if h["event"] == "APPLY"] == ["done"], history)

        # the clock moves for all, only forward, and stays moved over a restart
        w.run("devnet", "clock", "--to", "2026-03-01")
        expect({r["date"] for r in rows(w).values() if r["date"]} == {"2026-03-01"}, rows(w))
        _, err = w.run("devnet", "clock", "--to", "2026-02-01", code=2)
        expect_in("forward", err)
        w.run("devnet", "down")
        _, err = w.run("contract", "list", code=3)
        expect_in("zyd devnet up", err)

        # a port that somebody took meanwhile
        config = json.load(open(os.path.join(w.devnet, "devnet.json")))
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", config["members"][0]["peer_port"]))
        taken.listen()
        w.run("devnet", "up")
        expect({r["date"] for r in rows(w).values() if r["date"]} == {"2026-03-01"}, rows(w))
        expect(w.json("contract", "show", ref)["state"] in ("APPLIED", "LAPSED"), "the ledger is gone")
        taken.close()

        # a dead node is seen even when nobody killed it through us
        os.kill(rows(w)["REG"]["pid"], signal.SIGKILL)
        for _ in range(50):
            if rows(w, code=10)["REG"]["state"] == "down":
                break
        w.run("devnet", "heal", "REG")
        w.run("devnet", "reset", "--yes")
        expect(not os.path.exists(w.devnet), os.listdir(w.dir))


def the_cluster_refuses_another_genesis():
    with World() as w:
        w.run("devnet", "up")
        w.run("devnet", "down")
        conf = os.path.join(w.devnet, "BANK", "node.conf")
        text = open(conf).read()
        at = text.index("genesis_hash = ") + len("genesis_hash = ")
        zydd = os.path.join(os.path.dirname(conf), "other.conf")
        with open(zydd, "w") as f:
            f.write(text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1:])
        import subprocess
        from cli import BUILD
        p = subprocess.run([os.path.join(BUILD, "zydd"), "--config", zydd], env={"PATH": "/usr/bin"}, capture_output=True,
                           text=True, timeout=30)
        expect(p.returncode == 6, p.stderr)


main(up_kill_heal_down_and_up_again, the_cluster_refuses_another_genesis)
