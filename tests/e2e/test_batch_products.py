#!/usr/bin/env python3
"""Goal: the lists that a back office fills are booked for every product as loans are: vouchers, subsidies, pool loans, by type,
in Chinese headers and GB18030; damage by a spreadsheet is named cell by cell; killed in the middle and resumed, each row is
booked once.
Method: one devnet with a programme of each product; files made here; the submitter is killed with -9 while it sends."""
import csv
import io
import random
import time

from cli import World, expect, expect_in, main

SCENARIO = """scenario LISTS "a programme of each product"
member BANK bank
member CORE other
member COOP other
member FIN fiscal
member DEPT other
member TRUST other
programme VOUCHER voucher
param rate_cap 6%
programme SUB subsidy
param preset SERVICE1PP
param settle_months 9
param banks BANK
param cost "FIN=1000000"
param dept DEPT
programme POOL pool
param trustee TRUST
param dept DEPT
param layers "COUNTY FIN 0 100%"
param ratios 50%
param banks BANK

date 2026-01-05
do LINE LINE1 by BANK core=CORE limit=5,000,000.00 until=2026-12-31
do CREATE P by TRUST,FIN in turn account=0062220001
expect state P OPEN
"""
FARM = "91430100MA4TEXT00G"


def rows_of(w, name):
    return list(csv.DictReader(io.StringIO(w.read(name))))


def gb18030(w, name, text):
    with open(w.path(name), "wb") as f:
        f.write(text.encode("gb18030"))


def lists_of_every_product_are_booked_once():
    rng = random.Random(20261123)
    with World() as w:
        w.write("lists.scn", SCENARIO)
        expect(w.json("scenario", "run", "lists.scn", "--live", w.devnet)["ok"], "the scenario")

        # vouchers: killed while it sends, in envelopes of three
        count = 60
        gb18030(w, "vouchers.csv", "凭证编号,供应商,凭证金额,到期日,发票清单\r\n" + "".join(
            f"V-{i:03},COOP,\"1,{i:03}.00\",2026-06-30,sha256:invoice-{i}=2000.00\r\n" for i in range(count)))
        expect(w.json("batch", "check", "vouchers.csv", "--type", "vouchers")["encoding"] == "GB18030", "encoding")
        kills = 0
        for _ in range(8):
            p = w.spawn("batch", "submit", "vouchers.csv", "--type", "voucher", "--as", "CORE", "--chunk", "3")
            time.sleep(rng.uniform(0.05, 0.3))  # where the kill falls, not a wait for something
            if p.poll() is None:
                p.kill()
                kills += 1
            p.wait()
        expect(kills > 0, "it was never killed")
        done = w.json("batch", "resume", "vouchers.csv", "--type", "voucher", "--as", "CORE", "--chunk", "3")
        expect(done["rows"] == count and done["refused"] == 0 and done["open"] == 0, done)
        ids = [r["contract_id"] for r in rows_of(w, "vouchers.result.csv")]
        expect(len(set(ids)) == count, ids)
        made = [i for i in w.json("contract", "list", "--limit", "500")["items"] if i["programme"] == "VOUCHER"
                and i.get("state") == "OFFERED"]
        expect(len(made) == count and {i["id"] for i in made} == set(ids), len(made))
        again = w.json("batch", "submit", "vouchers.csv", "--type", "voucher", "--as", "CORE")
        expect(again["new"] == 0 and again["refused"] == 0, again)
        # the supplier takes them from a list, too
        w.write("accept.csv", "凭证编号\n" + "".join(f"{i}\n" for i in ids[:5]))
        expect(w.json("batch", "submit", "accept.csv", "--product", "voucher", "--type", "accept", "--as", "COOP")["done"] == 5,
               "ACCEPT")

        # subsidies: the bank's list waits for the department, or both sign
        head = "补贴编号,统一社会信用代码,户指纹,借据指纹,贷款本金,起息日,到期日,年利率,LPR\n"
        row = "S-{0},%s,sha256:h{0},sha256:l{0},10000.00,2026-01-05,2026-12-20,4.35%%,3.00%%\n" % FARM
        w.write("subsidies.csv", head + "".join(row.format(i) for i in range(4)))
        both = w.json("batch", "submit", "subsidies.csv", "--type", "subsidies", "--as", "BANK,DEPT")
        expect(both["done"] == 4, both)
        w.write("later.csv", head + row.format(9))
        expect(w.json("batch", "submit", "later.csv", "--type", "subsidy", "--as", "BANK")["waiting"] == 1, "waits for DEPT")

        # every damage of a row, at once
        w.write("bad.csv", head + "S-1,9.143E+17,zz,sha256:l,１000.00,46027,2026-13-01,4.35x,3%\n" +
                row.format(1).replace("S-1", "Ｓ-1"))
        bad = w.json("batch", "check", "bad.csv", "--type", "subsidy", code=7)
        expect([(i["row"], i["code"]) for i in bad["issues"]] ==
               [(2, "E8075"), (2, "E8082"), (2, "E8096"), (2, "E8069"), (2, "E8074"), (2, "E8082"), (3, "E8096")], bad)
        out, _ = w.run("batch", "check", "bad.csv", "--type", "subsidy", lang="zh-CN", code=7)
        expect_in("2026-01-05", out)  # what the serial number stood for
        expect_in("1000.00", out)

        # pool: the white list, then loans
        w.write("list.csv", "client_ref,borrower,loan_class,valid_until\nW-1,%s,1,2026-12-31\n" % FARM)
        expect(w.json("batch", "submit", "list.csv", "--type", "pool-enrolment", "--as", "DEPT")["done"] == 1, "ENROL")
        w.write("loans.csv", "备案编号,借款人代码,贷款合同,贷款类别,贷款金额,利率,放款日期,到期日\n"
                f"L-1,{FARM},sha256:c,1,500000.00,4.35%,2026-01-05,2026-12-20\n")
        loans = w.json("batch", "submit", "loans.csv", "--type", "pool-loans", "--as", "BANK")
        expect(loans["done"] == 1, (loans, w.read("loans.result.csv")))


def each_type_has_a_template():
    with World() as w:
        for name in ("contract", "loans", "disbursements", "repayments", "overdue", "claims", "recoveries", "pool-enrolment",
                     "pool-loans", "pool-repayments", "pool-claims", "pool-recoveries", "subsidies", "subsidy-settlements",
                     "vouchers", "notices"):
            en, _ = w.run("batch", "template", "--type", name)
            zh, _ = w.run("batch", "template", "--type", name, lang="zh-CN")
            expect(en.count(",") == zh.count(",") and en.isascii() and not zh.isascii(), (name, en, zh))
        _, err = w.run("batch", "template", "--type", "nothing", code=2)
        expect_in("pool-claim", err)


if __name__ == "__main__":
    main(lists_of_every_product_are_booked_once, each_type_has_a_template)
