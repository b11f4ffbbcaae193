#!/usr/bin/env python3
"""Goal: four institutions make a consortium by files alone; whatever is wrong in one file is found, named, and stops the
ceremony.
Method: the zyd command line in a temporary directory, keys with passphrases from a file, no node."""
import json
import os

from cli import BUILD, World, expect, expect_in, main

PARTIES = [
    ("BANK", "bank", "91430100MA4TEXT00G", "示范银行A"),
    ("GUAR", "guar", "91350200776049653A", "示范担保"),
    ("REG", "reg", "91350500798359476R", "示范再担保"),
    ("LGOV", "fiscal", "114300000000000003", "示范县财政局"),
]
POLICY = {
    "calendars": [[{"year": 2026, "holidays": ["10-01"], "workdays": ["10-10"]}]],
    "programmes": [{"id": 1, "contract": 1, "code": "AH4321", "name": {"zh": "安徽4321", "en": "Anhui 4321"}, "class": 1,
                    "params": {"preset": "AH4321", "banks": ["BANK"]}}],
}


def prepare(w):
    w.write("policy.json", json.dumps(POLICY))
    w.write("secret", "correct horse\n")
    w.run("consortium", "new", "--name-zh", "示范", "--name-en", "Demo", "--policy", "policy.json", "--plugin",
          "guarantee=" + os.path.join(BUILD, "plugins", "guarantee.elf"), "--out", "draft.json")
    for i, (code, role, uscc, name) in enumerate(PARTIES):
        keys = []
        for purpose in ("node", "link", "maker"):
            w.run("key", "generate", "--purpose", purpose, "--passphrase-file", "secret", "--out", f"{code}-{purpose}.key")
            keys += ["--key", f"{code}-{purpose}.key"]
        w.run("consortium", "request", "--institution", name, "--code", code, "--uscc", uscc, "--role", role, "--address",
              f"127.0.0.1:{7420 + i}", *keys, "--passphrase-file", "secret", "--out", f"{code}.join")


def joins(*names):
    return [f"{n}.join" for n in names] if names else [f"{p[0]}.join" for p in PARTIES]


def a_ceremony_of_four_with_everything_that_goes_wrong_in_one():
    with World() as w:
        prepare(w)
        # keys: the passphrase is needed, nothing is overwritten, files are private
        _, err = w.run("consortium", "request", "--institution", "x", "--code", "X", "--uscc", PARTIES[0][2], "--role", "bank",
                       "--address", "a:1", "--key", "BANK-node.key", "--out", "x.join", code=5)
        expect_in("E8050", err)
        _, err = w.run("key", "generate", "--purpose", "node", "--passphrase-file", "secret", "--out", "BANK-node.key", code=6)
        expect_in("E8033", err)
        expect(os.stat(w.path("BANK-node.key")).st_mode & 0o077 == 0, "a key file is readable by others")
        expect("correct horse" not in w.read("BANK.join"), "the passphrase is in a join request")

        # a malformed join request is refused with file and reason, in both languages
        good = w.read("GUAR.join")
        for change, reason in ((good.replace("示范担保", "示范担X"), "proof of possession"), (good[:200], "line"),
                               (good.replace('"validator"', '"valdator"'), "valdator: unknown member"),
                               (good.replace("776049653A", "776049653B"), "check character")):
            w.write("bad.join", change)
            _, err = w.run("consortium", "assemble", "draft.json", *joins("BANK", "REG", "LGOV"), "bad.join", "--out",
                           "no.json", code=6)
            expect_in("E8042", err)
            expect_in("bad.join", err)
            expect_in(reason, err)
        _, err = w.run("consortium", "assemble", "draft.json", *joins("BANK", "REG", "LGOV"), "bad.join", code=6, lang="zh-CN")
        expect_in("加入申请无效", err)
        expect_in("办法：", err)
        expect(not os.path.exists(w.path("no.json")), "something was written for a refused assembly")

        # doubled, and too few
        _, err = w.run("consortium", "assemble", "draft.json", *joins(), "BANK.join", code=6)
        expect_in("E8043", err)
        w.write("bare.json", json.dumps(dict(POLICY, programmes=[])))
        w.run("consortium", "new", "--name-zh", "示范", "--name-en", "Demo", "--policy", "bare.json", "--out", "bare-draft.json")
        _, err = w.run("consortium", "assemble", "bare-draft.json", *joins("BANK", "GUAR", "REG"), code=6)
        expect_in("validator", err)

        # the order of files does not matter
        w.run("consortium", "assemble", "draft.json", *joins(), "--out", "consortium.json")
        w.run("consortium", "assemble", "draft.json", *reversed(joins()), "--out", "again.json")
        print_a = w.json("consortium", "fingerprint", "consortium.json")
        expect(print_a == w.json("consortium", "fingerprint", "again.json"), "the order of the files changed the genesis")
        expect(len(print_a["fingerprint"].split()) == 12, "12 groups")

        # approvals: one by one, a foreign key, a changed file
        for code, *_ in PARTIES:
            w.run("consortium", "approve", "consortium.json", "--key", f"{code}-node.key", "--passphrase-file", "secret",
                  "--out", f"{code}.approval")
        w.run("key", "generate", "--purpose", "node", "--no-passphrase", "--out", "stranger.key")
        _, err = w.run("consortium", "approve", "consortium.json", "--key", "stranger.key", code=5)
        expect_in("E8051", err)
        changed = w.read("consortium.json").replace("127.0.0.1:7423", "127.0.0.1:7429")
        w.write("changed.json", changed)
        _, err = w.run("consortium", "verify", "changed.json", code=6)
        expect_in("proof of possession", err)  # one changed byte of a member is found before any fingerprint
        w.write("policy2.json", json.dumps(dict(POLICY, preset="WAN")))  # one agreed number differs: another genesis
        w.run("consortium", "new", "--name-zh", "示范", "--name-en", "Demo", "--policy", "policy2.json", "--plugin",
              "guarantee=" + os.path.join(BUILD, "plugins", "guarantee.elf"), "--out", "draft2.json")
        w.run("consortium", "assemble", "draft2.json", *joins(), "--out", "wan.json")
        expect(w.json("consortium", "fingerprint", "wan.json") != print_a, "the preset is not in the genesis")
        _, err = w.run("consortium", "assemble", "--final", "wan.json", "BANK.approval", code=6)
        expect_in("E8045", err)
        expect_in("another genesis", err)
        w.run("consortium", "assemble", "--final", "again.json", "BANK.approval", "GUAR.approval")
        expect(not w.json("consortium", "verify", "again.json")["complete"], "two approvals of four are complete")
        w.run("consortium", "assemble", "--final", "consortium.json", *[f"{p[0]}.approval" for p in PARTIES])
        sheet = w.json("consortium", "verify", "consortium.json")
        expect(sheet["complete"] and sheet["validators"] == 4, sheet)
        expect(w.json("consortium", "fingerprint", "consortium.json") == print_a, "approvals changed the genesis")
        out, _ = w.run("consortium", "verify", "consortium.json", lang="zh-CN")
        for text in ("示范银行A", "全部成员已批准", "法定数 3"):
            expect_in(text, out)

        # what is shown of the canonical body is the same body
        out, _ = w.run("consortium", "show", "consortium.json")
        w.write("shown.json", out)
        expect(w.json("consortium", "fingerprint", "shown.json") == print_a, "the genesis shown is another one")


def help_is_there_for_every_command_and_a_typo_suggests():
    with World() as w:
        out, _ = w.run("help")
        leaves = [line[:line.index("[")].split()[1:] for line in out.splitlines()
                  if line.startswith("  zyd ") and "[" in line and "help" not in line]
        expect(len(leaves) > 30, out)
        for lang in ("en", "zh-CN"):
            for words in leaves:
                text, _ = w.run(*words, "--help", lang=lang)
                expect_in("示例" if lang == "zh-CN" else "Examples", text)
                expect_in("zyd " + " ".join(words), text)
        _, err = w.run("devnet", "stauts", code=2)
        expect_in("zyd devnet status", err)
        _, err = w.run("consortium", "verify", "--lnag", "zh", "x", code=2)
        expect_in("--lang", err)
        _, err = w.run("cluster", "status", "--node", "http://127.0.0.1:1", code=3)
        expect_in("E8001", err)
        _, err = w.run("cluster", "status", "--node", "http://127.0.0.1:1", code=3, lang="zh-CN")
        expect_in("连接不上节点", err)
        _, err = w.run("consortium", "verify", "absent.json", "-o", "json", code=6)
        expect(json.loads(err)["exit"] == 6, err)


main(a_ceremony_of_four_with_everything_that_goes_wrong_in_one, help_is_there_for_every_command_and_a_typo_suggests)
