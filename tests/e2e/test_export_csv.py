#!/usr/bin/env python3
"""Goal: the CSV export is the ledger of one height, to the fen and in every file, and a bank's own list is reconciled row by
row.
Method: worked examples through a devnet; the files are read and added up here, independently, and joined by their keys; then
lists of a bank that agree, differ, lack rows, have rows of their own, and are damaged in the ways a spreadsheet damages
them."""
import csv
import hashlib
import io
import json
import os

from cli import SOURCE, World, expect, expect_in, main

ONE = ["--as", "BANK"]
SCENARIOS = os.path.join(SOURCE, "tests", "scenarios")


def read_export(w, name):
    manifest = json.loads(w.read(os.path.join(name, "manifest.json")))
    files = {}
    for f in manifest["files"]:
        data = open(w.path(os.path.join(name, f["name"])), "rb").read()
        expect(data.startswith(b"\xef\xbb\xbf") and data.endswith(b"\r\n"), f)
        expect(hashlib.sha256(data).hexdigest() == f["sha256"] and len(data) == f["bytes"], f)
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
        expect(len(rows) == f["rows"], f)
        head = data.decode("utf-8-sig").split("\r\n")[0].split(",")
        told = [n for c in f["columns"] for n in ([c["name"] + "_fen", c["name"] + "_yuan"]
                                                  if c["type"] == "money" else [c["name"]])]
        expect(head == told and head[0] == "log_index" and len(set(head)) == len(head), (head, told))
        for r in rows:
            expect(None not in r and r["log_index"].isdigit(), (f["name"], r))
            for k in r:
                if k.endswith("_fen") and r[k]:
                    fen = int(r[k])
                    yuan = f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
                    expect(r[k[:-4] + "_yuan"] == yuan, (f["name"], k, r[k], r[k[:-4] + "_yuan"]))
        files[f["name"]] = rows
    expect(set(os.listdir(w.path(name))) == set(files) | {"manifest.json"}, os.listdir(w.path(name)))
    return manifest, files


def adds_up(manifest, files):
    """Accounts are the sums of the postings; both are the header's totals; what is open is the header's."""
    sums, newest = {}, {}
    for p in files["postings.csv"]:
        for side, n in (("dr", 0), ("cr", 1)):
            key = (p["member"], p["programme"], p[side])
            sums.setdefault(key, [0, 0])[n] += int(p["amount_fen"])
            newest[key] = p["log_index"]
    accounts = {(a["member"], a["programme"], a["account"]): a for a in files["accounts.csv"]}
    expect(set(accounts) == set(sums) and len(accounts) == len(files["accounts.csv"]), set(accounts) ^ set(sums))
    for key, a in accounts.items():
        expect([int(a["debits_fen"]), int(a["credits_fen"])] == sums[key] and a["log_index"] == newest[key], a)
    header = manifest["header"]
    expect(sum(int(a["debits_fen"]) for a in accounts.values()) == int(header["debits_fen"]) > 0, header)
    expect(sum(int(o["amount_fen"]) for o in files["obligations.csv"] if o["state"] not in ("SETTLED", "REVERSED")) ==
           int(header["open_obligations_fen"]), header)
    ids = {o["id"] for o in files["objects.csv"]}
    owed = {o["id"]: o for o in files["obligations.csv"] + files["cycle_payments.csv"]}
    for p in files["postings.csv"]:
        expect(not p["obligation"] or int(p["amount_fen"]) <= int(owed[p["obligation"]]["amount_fen"]), p)
    for name in ("guarantees.csv", "pools.csv", "pool_loans.csv", "subsidies.csv", "vouchers.csv", "cycles.csv"):
        expect({r["id"] for r in files[name]} <= ids, name)
    for r in files["loans.csv"] + files["claims.csv"]:
        expect(r["contract_id"] in {g["id"] for g in files["guarantees.csv"]}, r)
    for p in files["postings.csv"]:
        expect(int(p["log_index"]) < int(header["log_size"]), p)


def a_guarantee_is_exported_and_reconciled():
    with World() as w:
        w.run("scenario", "run", os.path.join(SCENARIOS, "e5.scn"), "--live", w.devnet)
        loans = open(os.path.join(SOURCE, "contracts", "guarantee", "examples", "loans-1000.csv"),
                     encoding="utf-8").readlines()[:4]
        w.write("loans.csv", "".join(loans).replace("HN-2026-000003", "000000000000000123")
                .replace("HN-2026-000002", "123456789012345678"))
        w.run("batch", "submit", "loans.csv", "--programme", "NAT2080", *ONE)
        told = w.json("export", "csv", "--out", "all")
        manifest, files = read_export(w, "all")
        expect(told == manifest, told)
        adds_up(manifest, files)
        block = w.json("export", "csv", "--out", "again")["header"]
        expect(block == manifest["header"] and len(block["state_root"]) == 64 and block["height"] > 0, block)
        expect(open(w.path("all/postings.csv"), "rb").read() == open(w.path("again/postings.csv"), "rb").read(),
               "another export")
        expect(len(files["guarantees.csv"]) == 4 and len(files["loans.csv"]) == 1 and len(files["claims.csv"]) > 1,
               files["claims.csv"])
        loan = files["loans.csv"][0]
        expect(loan["balance_yuan"] == "2345678.91" and loan["client_ref"] == "E5/LOAN", loan)
        guarantee = [g for g in files["guarantees.csv"] if g["client_ref"] == "E5/LOAN"][0]
        last = [h for h in w.json("contract", "history", guarantee["id"]) if h["result"] == "done"][-1]
        expect(last["log_index"] == guarantee["log_index"], (last, guarantee))

        # filters cut rows and are told; a directory that exists and a name that does not are refused, and nothing is written
        w.run("export", "csv", "--out", "cut", "--member", "NFGF", "--from", manifest["header"]["height"] - 5, "--to", "17")
        cut, part = read_export(w, "cut")
        expect(cut["filters"]["member"] == "NFGF" and 0 < len(part["accounts.csv"]) < len(files["accounts.csv"]),
               cut["filters"])
        expect({a["member"] for a in part["accounts.csv"]} == {"NFGF"}, part["accounts.csv"])
        expect(all(cut["filters"]["postings_from"] <= int(p["height"]) <= 17 for p in part["postings.csv"]),
               part["postings.csv"])
        expect_in("E8033", w.run("export", "csv", "--out", "all", code=6)[1])
        expect_in("E8012", w.run("export", "csv", "--out", "no", "--member", "NOBODY", code=1)[1])
        expect(not os.path.exists(w.path("no")), "a directory was made")

        reconcile(w)


def reconcile(w):
    head = "业务编号,本金余额,欠息,备注\n"
    e5 = "E5/LOAN,\"2,345,678.91\",10487.14,x\n"
    w.write("good.csv", head + e5)
    r = w.json("reconcile", "good.csv", *ONE)
    expect(r["reconciled"] and r["counts"]["matched"] == 1 and r["not_compared"] == ["备注"] and len(r["state_root"]) == 64, r)
    expect(r["file_principal_fen"] == r["ledger_principal_fen"] == "234567891", r)
    with open(w.path("gb.csv"), "wb") as f:  # as a Chinese spreadsheet writes it
        f.write((head + e5).encode("gb18030"))
    expect(w.json("reconcile", "gb.csv", *ONE)["encoding"] == "GB18030", "GB18030")
    # nothing outstanding on the three applications: they need not be listed, unless --all says so
    r = w.json("reconcile", "good.csv", "--all", *ONE, code=7)
    expect(r["counts"] == {"matched": 1, "different": 0, "missing_here": 0, "missing_there": 3, "damaged": 0}, r["counts"])

    # the whole principal is missing from the bank's side: the reason names the posting of that amount
    w.write("diff.csv", "client_ref,principal,interest,state\nE5/LOAN,0.00,10487.15,追偿中\nOTHER,5.00,0,追偿中\n")
    r = w.json("reconcile", "diff.csv", "--out", "result.csv", *ONE, code=7)
    expect(r["counts"] == {"matched": 0, "different": 1, "missing_here": 1, "missing_there": 0, "damaged": 0}, r["counts"])
    lines = {(i["client_ref"], i["column"]): i for i in r["items"]}
    first = lines["E5/LOAN", "principal"]
    expect(first["difference"] == "-2345678.91" and first["ledger"] == "2345678.91" and first["row"] == 2, first)
    expect_in("posting", first["reason_en"])
    expect(lines["E5/LOAN", "interest"]["difference"] == "0.01", lines)
    expect(lines["OTHER", ""]["status"] == "missing_here", lines)
    rows = list(csv.DictReader(io.StringIO(w.read("result.csv"))))
    expect([(x["status"], x["difference"]) for x in rows] == [("different", "-2345678.91"), ("different", "0.01"),
                                                              ("missing_here", "")], rows)
    out, err = w.run("reconcile", "diff.csv", *ONE, code=7, lang="zh-CN")
    expect_in("账本没有", out)
    expect_in("E8087", err)

    # what is outstanding and not listed
    w.write("short.csv", "client_ref,principal\nHN-2026-000001,0\n")
    r = w.json("reconcile", "short.csv", *ONE, code=7)
    expect([(i["status"], i["client_ref"], i["ledger"]) for i in r["items"] if i["status"] != "matched"] ==
           [("missing_there", "E5/LOAN", "2345678.91")], r["items"])

    # damage of a spreadsheet, each row by its own code; all in one go
    w.write("damaged.csv", head + e5 + "HN-2026-000001,1E+06,0,\n123,0,0,\n1.23E+17,0,0,\n,1.00,0,\nE5/LOAN,1.00,0,\n"
            "123456789012345678,,0,\nUNKNOWN,1.005,0,\n123456789012345000,0,0,\n")
    r = w.json("reconcile", "damaged.csv", *ONE, code=7)
    expect([(i["row"], i["code"]) for i in r["items"] if i["status"] == "damaged"] ==
           [(3, "E8075"), (4, "E8077"), (5, "E8075"), (6, "E8079"), (7, "E8078"), (8, "E8079"), (9, "E8073"), (10, "E8076")],
           r["items"])
    expect(r["counts"]["damaged"] == 8 and r["counts"]["matched"] == 1 and not r["reconciled"], r["counts"])

    # a file that is wrong as a whole is refused before anything is compared
    for text, what in (("业务编号,本金余\nE5/LOAN,1\n", "E8071"), ("业务编号,备注\nE5/LOAN,1\n", "E8072"),
                       ("client_ref,pricipal,interest\nE5/LOAN,1,1\n", "E8071"), ("principal,interest\n1,1\n", "E8072"),
                       ("client_ref,principal\n", "E8083"), ("client_ref,principal,本金余额\nE5/LOAN,1,1\n", "E8071"),
                       ("client_ref,principal\n\"E5,1\n", "E8081")):
        w.write("bad.csv", text)
        expect_in(what, w.run("reconcile", "bad.csv", *ONE, code=6)[1])
    expect_in("E8098", w.run("reconcile", "good.csv", code=2)[1])
    expect_in("NOBODY", w.run("reconcile", "good.csv", "--as", "NOBODY", code=2)[1])


def products_stand_in_their_own_files():
    for name, sheet, least in (("e16", "cycles.csv", 1), ("e15", "vouchers.csv", 2), ("e8", "pool_loans.csv", 1),
                               ("e11", "subsidies.csv", 1)):
        with World() as w:
            w.run("scenario", "run", os.path.join(SCENARIOS, name + ".scn"), "--live", w.devnet)
            w.run("export", "csv", "--out", "csv")
            manifest, files = read_export(w, "csv")
            adds_up(manifest, files)
            expect(len(files[sheet]) >= least and all(r["state"] for r in files[sheet]), (name, files[sheet]))
            for c in files["cycles.csv"]:  # what a cycle's members are to get is what they are to pay
                of = [m for m in files["cycle_members.csv"] if m["cycle_id"] == c["id"]]
                expect(sum(int(m["in_fen"]) for m in of) == sum(int(m["out_fen"]) for m in of), of)
                paid = [p for p in files["cycle_payments.csv"] if p["cycle_id"] == c["id"]]
                expect(c["state"] != "CLOSED" or sum(int(p["amount_fen"]) for p in paid if p["state"] == "MATCHED") > 0, paid)
            expect(name != "e16" or any(int(m["in_fen"]) for m in files["cycle_members.csv"]), files["cycle_members.csv"])


main(a_guarantee_is_exported_and_reconciled, products_stand_in_their_own_files)
