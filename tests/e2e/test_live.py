#!/usr/bin/env python3
"""Goal: what holds in process holds through real nodes, to the fen.  Method: the worked examples that are not arithmetic only
and that no other test runs live, REVERSE, and the refusals of common_codes (the state root in the blocks must stand still
around each), one devnet each; a devnet mostly waits, so several run side by side.  E3 and E5 run live in test_contract, E8,
E11, E15 and E16 in test_export_csv."""
import os
import threading

from cli import SOURCE, World, expect, main

# the long ones first
NAMES = ["common_codes", "e16-failed", "e10", "e9", "reverse", "governance", "e5-net", "e4", "e20", "e21", "e17", "e6",
         "e14", "e7", "e2", "e12", "e13"]
SIDE_BY_SIDE = 6


def run_one(name, failed):
    try:
        with World() as w:
            report = w.json("scenario", "run", os.path.join(SOURCE, "tests", "scenarios", name + ".scn"), "--live", w.devnet)
            expect(report["ok"] and report["failures"] == 0, report)
            expect(report["operations"] > 0 and report["checks"] > 0, report)
            print(f"  {name}: {report['operations']} operations, {report['postings']} postings, {report['checks']} checks,"
                  f" {report['ms']} ms", flush=True)
    except Exception as e:  # in a thread: told to the one who waits
        failed.append(f"{name}: {e}")


def worked_examples_hold_through_real_nodes():
    waiting, failed, lock = list(NAMES), [], threading.Lock()

    def worker():
        while True:
            with lock:
                if not waiting:
                    return
                name = waiting.pop(0)
            run_one(name, failed)

    threads = [threading.Thread(target=worker) for _ in range(SIDE_BY_SIDE)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    expect(not failed, "\n".join(failed))


def every_worked_example_runs_live_somewhere():
    text = ""
    here = os.path.dirname(os.path.abspath(__file__))
    for name in ("test_contract.py", "test_export_csv.py", "test_live.py"):
        with open(os.path.join(here, name), encoding="utf-8") as f:
            text += f.read()
    for file in sorted(os.listdir(os.path.join(SOURCE, "tests", "scenarios"))):
        name = file.removesuffix(".scn")
        if not (file.endswith(".scn") and name[0] == "e" and name[1].isdigit()):
            continue
        with open(os.path.join(SOURCE, "tests", "scenarios", file), encoding="utf-8") as f:
            ledger = "\ndo " in f.read()
        expect(not ledger or f'"{name}"' in text, f"{file} runs live in no test")


if __name__ == "__main__":
    main(every_worked_example_runs_live_somewhere, worked_examples_hold_through_real_nodes)
