#!/usr/bin/env python3
"""Goal: what an officer signs says what the ledger holds: parties by name, each amount in digits and in 大写, the hash that
the ledger accepts; in Chinese and English, in columns that stand under each other, and as JSON.
Method: worked examples run through real nodes and stopped where a signature is due; the printed hash is then confirmed on
the ledger, a hash with one digit changed is refused; amounts are those of domain.md E16 and E8."""
import os
import unicodedata

from cli import SOURCE, World, expect, expect_in, main


def scenario(w, name, until=None):
    text = open(os.path.join(SOURCE, "tests", "scenarios", name), encoding="utf-8").read()
    if until:
        expect(until in text, until)
        text = text[:text.index(until)]
    w.write("part.scn", text)
    report = w.json("scenario", "run", "part.scn", "--live", w.devnet)
    expect(report["ok"] and report["failures"] == 0, report)


def width(text):
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def columns_stand(out, *headers):
    """Below a header that holds all the words, each row's last column begins where the header's last one does."""
    lines = out.split("\n")
    at = [i for i, line in enumerate(lines) if all(h in line for h in headers)]
    expect(len(at) == 1, f"{headers} stand {len(at)} times in:\n{out}")
    start = width(lines[at[0]][:lines[at[0]].rindex(headers[-1])])
    rows = 0
    for line in lines[at[0] + 1:]:
        if not line:
            break
        expect_in("人民币", line)
        expect(width(line[:line.rindex("人民币")]) == start, line)
        rows += 1
    return rows


def a_member_confirms_the_statement_that_it_was_shown():
    with World() as w:
        scenario(w, "e16.scn", until="# a statement is confirmed as it stands")
        everybody = w.json("cycle", "statement", "NETTING#1")
        expect(everybody["state"] == "COMPUTED" and len(everybody["obligations"]) == 9 and len(everybody["gross"]) == 3,
               everybody)
        expect("statement" not in everybody and sum(int(p["net_fen"]) for p in everybody["positions"]) == 0, everybody)
        own = w.json("cycle", "statement", "NETTING#1", "--as", "BANK1")
        expect(own["net_fen"] == "187779602" and own["net_capital"] == "壹佰捌拾柒万柒仟柒佰玖拾陆元零贰分", own)
        expect(len(own["obligations"]) == 2 and len(own["gross"]) == 1 and len(own["positions"]) == 6, own)
        expect(all("BANK1" in (o["debtor"], o["creditor"]) for o in own["obligations"] + own["gross"]), own)
        expect(own["set_hash"] == everybody["set_hash"], "two sets")
        silent = [p for p in everybody["positions"] if p["member"] == "BANK1"][0]
        expect(silent["statement"] == own["statement"], "two hashes of one statement")

        zh, _ = w.run("cycle", "statement", "NETTING#1", "--as", "BANK1", lang="zh-CN")
        for part in ("清 算 单", "1,877,796.02", "人民币壹佰捌拾柒万柒仟柒佰玖拾陆元零贰分", "应收", "签章",
                     own["statement"], "1,884,932.84", "人民币壹佰捌拾捌万肆仟玖佰叁拾贰元捌角肆分", "155.42", "示范担保", "示范省财政厅"):
            expect_in(part, zh)
        expect(columns_stand(zh, "应收(元)", "净额大写") == 6, zh)
        pays, _ = w.run("cycle", "statement", "NETTING#1", "--as", "GUAR")
        for part in ("SETTLEMENT STATEMENT", "pays", "-1,226,186.01", "人民币壹佰贰拾贰万陆仟壹佰捌拾陆元零壹分", "signature"):
            expect_in(part, pays)
        expect(columns_stand(pays, "IN  ", "NET IN CAPITALS") == 6, pays)

        # the ledger takes this hash, and no other
        wrong = own["statement"][:-1] + ("0" if own["statement"][-1] != "0" else "1")
        confirm = ["--programme", "NETTING", "--as", "BANK1"]
        _, err = w.run("contract", "do", "CONFIRM", "C0", f"cycle={own['id']}", f"statement={wrong}", *confirm, code=1)
        expect_in("5003", err)
        w.run("contract", "do", "CONFIRM", "C1", f"cycle={own['id']}", f"statement={own['statement']}", *confirm)

        _, err = w.run("cycle", "statement", "NETTING#9", code=1)
        expect_in("NETTING#9", err)
        for wrong in ("NETTING", "NETTING#", "NETTING#x", "NETTING#1x", "NONE#1", "#1"):
            w.run("cycle", "statement", wrong, code=2)
        w.run("cycle", "statement", "NETTING#1", "--as", "NOBODY", code=2)


def after_the_cycle_the_statement_shows_its_payments():
    with World() as w:
        scenario(w, "e16.scn")
        s = w.json("cycle", "statement", "NETTING#1")
        expect(s["state"] == "CLOSED" and len(s["root"]) == 64, s)
        expect([p["amount_fen"] for p in s["payments"]] == ["169741922", "21222222", "18037680"], s)
        expect({p["state"] for p in s["payments"]} == {"MATCHED"}, s)
        expect(sum(o["status"] == "LEFT" for o in s["obligations"]) == 2, s)
        own = w.json("cycle", "statement", "NETTING#1", "--as", "BANK2")
        payments = [(p["payer"], p["amount_capital"]) for p in own["payments"]]
        expect(payments == [("REG", "贰拾壹万贰仟贰佰贰拾贰元贰角贰分")], own)


def a_pool_is_shown_by_its_layers():
    with World() as w:
        scenario(w, "e8.scn", until="do REGISTER_LOAN L1")
        pool = w.json("pool", "show", "POOL8")
        expect([(x["layer"], x["contributor"], x["balance_fen"]) for x in pool["layers"]] ==
               [("MUTUAL", "POOL", "20000000"), ("COUNTY", "COUNTY", "100000000"), ("CITY", "CITY", "50000000")], pool)
        expect(pool["cash_fen"] == "170000000" and pool["cash_capital"] == "壹佰柒拾万元整" and pool["state"] == "OPEN", pool)
        zh, _ = w.run("pool", "show", "POOL8", lang="zh-CN")
        expect_in("1,700,000.00  人民币壹佰柒拾万元整", zh)
        expect(columns_stand(zh, "资金层", "出资方", "余额大写") == 3, zh)
        en, _ = w.run("pool", "show", "POOL8")
        expect(columns_stand(en, "LAYER", "BALANCE IN CAPITALS") == 3, en)
        w.run("pool", "show", "NONE", code=2)


def a_contract_of_any_product_is_shown_in_words():
    with World() as w:
        scenario(w, "e5.scn")
        ref = w.json("contract", "list", "--state", "COMPENSATED")["items"] or w.json("contract", "list")["items"]
        o = w.json("contract", "show", ref[0]["id"])
        expect(o["obligations"] and len(o["record_hash"]) == 64, o)
        expect(all(x["amount_capital"] and x["debtor_name"] and x["creditor_name"] for x in o["obligations"]), o)
        still = [x for x in o["obligations"] if x["state"] in ("CREATED", "LOCKED", "INSTRUCTED")]
        net = {}
        for x in still:
            net[x["debtor"]] = net.get(x["debtor"], 0) - int(x["amount_fen"])
            net[x["creditor"]] = net.get(x["creditor"], 0) + int(x["amount_fen"])
        expect({n["member"]: int(n["net_fen"]) for n in o["net"]} == net, o)
        zh, _ = w.run("contract", "show", ref[0]["id"], lang="zh-CN")
        expect_in("示范担保", zh)
        expect(columns_stand(zh, "义务编号", "大写") == len(o["obligations"]), zh)
        expect_in("本金", zh)
    with World() as w:
        scenario(w, "e8.scn", until="do REGISTER_LOAN L1")
        for one in w.json("contract", "list")["items"]:
            zh, _ = w.run("contract", "show", one["id"], lang="zh-CN")
            expect_in("账本记录散列", zh)
            expect(one["state"] != "CONFIRMED" or zh.count("出资额") == 1 and "人民币" in zh, zh)
    for name, words in (("e11.scn", ("已补贴", "贷款银行")), ("e15.scn", ("面额", "持有人"))):
        with World() as w:
            scenario(w, name)
            ids = [one["id"] for one in w.json("contract", "list")["items"]]
            every = "\n".join(w.run("contract", "show", i, lang="zh-CN")[0] for i in ids)
            for part in words + ("人民币", "账本记录散列", "义务编号"):
                expect_in(part, every)


if __name__ == "__main__":
    main(a_member_confirms_the_statement_that_it_was_shown, after_the_cycle_the_statement_shows_its_payments,
         a_pool_is_shown_by_its_layers, a_contract_of_any_product_is_shown_in_words)
