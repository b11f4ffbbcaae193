#!/usr/bin/env python3
"""Random steps through the model (model.py, from the specification) and the contract (alloc_driver, the C itself).

  tests/model/run_random.py --driver build/alloc_driver --steps 1000000 [--seed 1]

Two kinds of steps, half each: single sums (ALLOC with memory, share trees, interest, fees, settlement dates, cap room), and
events in the life of contracts (drawdowns, settlements, repayments early and late, extensions, default, cure, claim, cap,
refusal, dispute, settlement, recoveries, write-off), whose every posting, obligation, warning, deadline and error code is
compared.  Prints the first differences and
`steps N differences D`; exit 1 when D is not 0.  Same seed, same steps.

  tests/model/run_random.py --product pool --histories 10000 [--seed 1] [--only I] [--driver build/ledger_driver]

Whole lives of a product (guarantee_model.py, pool_model.py ...) against its deployed contract in the real host.

  tests/model/run_random.py --mixed --legal --histories 200000 --seed 1 --jobs 2
  tests/model/run_random.py --mixed --illegal --histories 200000 --seed 1 --jobs 2

Lives of several products on one ledger.  --legal: every operation is booked; --illegal: each history has operations that must
be refused with the model's code, and leave the state's root as it was.  Ends with `... histories N ... differences D`.
"""
import argparse
import contextlib
import gc
import importlib.util
import multiprocessing
import os
import random
import resource
import subprocess
import sys
import time
import traceback
from collections import Counter
from datetime import date, timedelta

import ledger
import model
import programme
import wire

MEMBERS = ['BANK', 'GUAR', 'REG', 'NFGF', 'LGOV', 'PFIN', 'CITY', 'COUNTY']
INDEX = {m: i for i, m in enumerate(MEMBERS)}
NAME = {v: k for k, v in wire.LABELS.items()}
USCC = '91430100MA4TEXT00G'


class Run:
    def __init__(self, driver, seed, wanted):
        self.rng = random.Random(seed)
        self.driver = subprocess.Popen([driver], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.wanted, self.steps, self.differences = wanted, 0, 0
        self.lines, self.expected = [], []
        self.kinds = {}
        self.send('members ' + ' '.join(f'{m}:{5 if m in ("LGOV", "PFIN", "CITY", "COUNTY") else i + 1}'
                                        for i, m in enumerate(MEMBERS)))

    def send(self, line):
        self.lines.append(line)

    def ask(self, kind, line, expected):
        self.lines.append(line)
        self.expected.append((line, expected))
        self.steps += 1
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if len(self.expected) >= 500:
            self.flush()

    def flush(self):
        self.driver.stdin.write('\n'.join(self.lines) + '\n\n')
        self.driver.stdin.flush()
        for line, want in self.expected:
            got = self.driver.stdout.readline().rstrip('\n')
            if got != want:
                self.differences += 1
                if self.differences <= 5:
                    print(f'difference after {self.steps} steps\n  asked    {line[:300]}\n  model    {want}\n  contract {got}')
        self.lines, self.expected = [], []

    def more(self):
        return self.steps < self.wanted

    # ---- single sums ----
    def number(self, bits):
        return self.rng.getrandbits(self.rng.randint(1, bits))

    def guarded(self, f):
        try:
            return f()
        except model.Refused as e:
            return f'fail {e.code}'

    def amount(self):
        return self.rng.choice([self.rng.randint(0, 30), self.rng.randint(1, 10**6), self.rng.randint(1, 10**11),
                                self.rng.randint(1, model.MAX_AMT)])

    def sums_alloc(self):
        r = self.rng
        n = r.randint(1, 12)
        weights = r.choice([lambda: [r.randint(0, 9) for _ in range(n)], lambda: [r.randint(0, 10**6) for _ in range(n)],
                            lambda: [r.randint(0, 10**12) for _ in range(n)]])()
        if sum(weights) == 0:
            weights[0] = 1
        self.send('alloc ' + ' '.join(map(str, weights)))
        total, paid = 0, [0] * n
        for _ in range(r.randint(1, 20)):
            total = min(model.MAX_AMT, total + self.amount() // r.choice([1, 1, 10**3]))
            inc = model.alloc(total, weights, paid)
            self.ask('alloc', f'total {total}', ' '.join(map(str, inc)))
            assert sum(paid) == total and min(inc) >= 0

    def sums_tree(self):
        r = self.rng
        tree = programme.tree(r)
        p = programme.parameters(r, tree, ['BANK'])
        self.send('params ' + wire.params(p, tree, INDEX).hex())
        for _ in range(10):
            t = self.amount()
            bank, parts = model.split_tree(tree, t)
            self.ask('tree', f'split {t}', ' '.join(map(str, [bank] + parts)))
        for _ in range(5):
            g = model.Programme(tree, **p)
            g.s, g.used = self.number(80), self.number(45)
            def room():
                if p['cap_ppm'] and g.s * tree[1][1] * p['cap_ppm'] >= 2**126:
                    raise model.Refused(9104)
                return min(g.room(), model.MAX_AMT)
            self.ask('cap', f'room {g.s & (2**64 - 1)} {g.s >> 64} {g.used}', str(self.guarded(room)))

    def sums_time(self):
        r = self.rng
        s, rate, basis = self.number(r.choice([40, 60, 90])), r.randint(0, 1000000), r.choice([360, 365])
        self.ask('interest', f'interest {s & (2**64 - 1)} {s >> 64} {rate} {basis}',
                 str(self.guarded(lambda: model.interest(s, rate, basis))))
        a, days = self.amount(), r.randint(1, 11000)
        self.ask('fee', f'fee {a} {rate} {days} {basis}', str(self.guarded(lambda: model.fee(a, rate, days, basis))))
        num = r.randint(1, 10**6)
        self.ask('refee', f'refee {a} {num} 1000000 {rate} {days} {basis}',
                 str(self.guarded(lambda: model.half_up(a * num * rate * days, 10**6 * 10**6 * basis))))
        d = date(2020, 1, 1) + timedelta(days=r.randint(0, 7000))
        day, months = r.randint(1, 28), sorted(r.sample(range(1, 13), r.randint(1, 12)))
        mask = sum(1 << (m - 1) for m in months)
        self.ask('settle', f'settle {wire.day(d)} {day} {mask}', str(wire.day(model.next_settlement(d, day, months))))

    # ---- lives ----
    def call(self, c, kind, event, member, today, args, act, sys=0, deadline=0, makes=0):
        """One event: the model's answer, then the driver's question."""
        try:
            rows, warnings = act()
            if c is not None:
                self.invariants(c, rows)
            text = '0 ' + ''.join(f'~{w}' for w in warnings) + ''.join(
                f'|{INDEX[m]} {NAME[label]} {dr} {cr} {fen} {-1 if o is None else o}' for m, label, dr, cr, fen, o in rows)
        except model.Refused as e:
            if c is not None:
                c.rows, c.warnings = [], []
            text = f'{e.code} '
        due = c.due() if c is not None else (None, None, None)
        text += '#' + ','.join('0' if d is None else str(wire.day(d)) for d in due)
        self.ask(kind, f'call {event} {INDEX[member]} {wire.day(today)} {sys} {deadline} {self.object} {makes} '
                 f'{wire.pack(args).hex()}', text)

    def invariants(self, c, rows):
        """domain.md 3.0.9, on the model's own postings: a mistake that model and contract share would still show here."""
        for m, label, dr, cr, fen, o in rows:
            assert 0 < fen <= model.MAX_AMT, (label, fen)
            for account, sign in ((dr, fen), (cr, -fen)):
                self.books[m, account] = self.books.get((m, account), 0) + sign
        of = lambda m, account: self.books.get((m, account), 0)
        for d in c.drawdowns:
            assert d.balance >= 0 and d.due >= 0 and d.unearned >= 0
        before = c.state in ('ISSUED', 'ACTIVE', 'OVERDUE', 'CLAIMED')
        if before:
            assert of('BANK', '1101') + of('BANK', '1102') == c.principal and of('BANK', '1111') == c.interest_due
            memos = model.split_tree(c.g.tree, c.principal)[1]                                                   # I6
        else:
            memos = [0] * len(model.rest_leaves(c.g.tree))
        if c.state in ('CLAIM_APPROVED', 'COMPENSATED', 'RECOVERING', 'WRITTEN_OFF'):
            assert of('BANK', '1102') == c.bank_1102 >= 0 and of('BANK', '1111') == c.bank_1111 >= 0
            for n, v in zip(c.parties[:-1], c.open):
                assert of(n, '1131.' + c.borr) == v >= 0
            assert sum(c.borne) == c.total                                                                       # I4
        for n, v in zip(model.rest_leaves(c.g.tree), memos):
            assert of(n, '9001') == v == -of(n, '9002')
        assert of('GUAR', '2151') == -sum(d.unearned for d in c.drawdowns)
        for (m, account), v in self.books.items():
            assert account not in ('1135', '1121', '2171') or v == 0, (m, account, v)
            if account.startswith('1141.'):
                assert v == -of(account[5:], '2141.' + m)                                                        # I3

    def sys(self, c, name, deadline, day, act):
        self.call(c, name, 0xff01, 'BANK', day, [], act, sys=1, deadline=deadline)

    def fire(self, c, today):
        """All deadlines of the contract up to today, in order of instant and number."""
        while True:
            settle, overdue, release = c.due()
            pending = [(d, n) for d, n in ((settle, 1), (overdue, 2), (release, 6)) if d and d <= today]
            if not pending:
                return
            d, n = min(pending)
            if n == 1:
                self.sys(c, 'INT_SETTLE', 1, d, lambda: c.int_settle(d))
            elif n == 2:
                self.sys(c, 'SYS_OVERDUE', 2, d, lambda: c.sys_overdue(d))
            else:
                self.sys(c, 'SYS_RELEASE', 6, d, c.release)

    def life(self, g, today, counter):
        r = self.rng
        self.object = f'{counter:064x}'
        self.books = {}
        nothing = lambda: ([], [])
        amount = r.choice([r.randint(10, 10**4), r.randint(10**6, 10**9), r.randint(10**9, 10**12)])
        plain = lambda name, member, args, makes=0: self.call(None, name, wire.EVENTS[name], member, today, args, nothing,
                                                              makes=makes)
        doc = bytes(32)
        stopped = g.state == 'STOPPED' and not (g.year is not None and g.year != today.year and g.p['auto_reset'])
        if stopped:
            def refuse():
                raise model.Refused(1102)
            self.call(None, 'APPLY', 1, 'BANK', today, [USCC, amount, 365, 'seed', None, doc], refuse, makes=1)
            return today
        plain('APPLY', 'BANK', [USCC, amount, 365, 'seed', None, doc], 1)
        plain('DD_DONE', 'BANK', [doc, None, None])
        plain('OFFER', 'GUAR', [amount, None, None])
        valid = today + timedelta(days=r.randint(5, 60))
        plain('ISSUE', 'GUAR', [doc, wire.day(valid)])
        p = g.p
        c = model.Contract(g, 'BANK', 'GUAR', p['reg'], p['nfgf'], USCC, amount, today, valid)
        c.obligations = self.obligations
        defaults = r.random() < 0.5
        for _ in range(r.randint(8, 40)):
            if not self.more() or c.state in ('RELEASED', 'WRITTEN_OFF') and r.random() < 0.7:
                break
            today = self.act(c, today, defaults)
        self.obligations = c.obligations
        return today

    def act(self, c, today, defaults):
        r = self.rng
        if r.random() < 0.6 or (c.state in ('ISSUED',) and not c.drawdowns and r.random() < 0.3):
            step = timedelta(days=r.choice([0, 1, r.randint(1, 20), r.randint(1, 60)]))
            if c.state == 'ISSUED':
                step = min(step, c.valid_until - today)
            today += step
            self.fire(c, today)
        if c.state in ('ISSUED', 'ACTIVE') and (not c.drawdowns or r.random() < 0.15) and len(c.drawdowns) < 6:
            left = max(1, c.amount - c.drawn)
            a = r.choice([left, r.randint(1, left), r.randint(1, left), left + 1])
            vd = today - timedelta(days=r.choice([0, 0, 0, 1, 9, -1]))
            m = vd + timedelta(days=r.choice([r.randint(1, 400), 30, 365, 1097, 0]))
            rate = r.choice([0, 43500, r.randint(1, 200000)])
            n = r.choice([len(c.drawdowns) + 1, len(c.drawdowns) + 1, 1])
            self.call(c, 'DISBURSE', 6, 'BANK', today, [n, a, wire.day(vd), wire.day(m), rate],
                      lambda: c.disburse(today, n, a, vd, m, rate))
            self.fire(c, today)
        elif c.state == 'ACTIVE' and r.random() < 0.12:
            self.extend(c, today)
        elif c.state == 'OVERDUE' and r.random() < 0.15:
            self.cure(c, today)
        elif c.state == 'OVERDUE' and c.refused and r.random() < 0.5:
            (self.dispute if c.disputed is None else self.resolve)(c, today)
        elif c.disputed is not None and r.random() < 0.4:
            self.resolve(c, today)
        elif c.state in ('ACTIVE', 'OVERDUE') and r.random() < (0.3 if defaults else 0.9):
            self.repay(c, today)
        elif c.state == 'ACTIVE' and defaults:
            day = today - timedelta(days=r.choice([0, 0, 1, 8]))
            principal, owed = c.principal, c.owed_on(day) + r.choice([0, 0, 0, 1])
            self.call(c, 'OVERDUE', 8, 'BANK', today, [wire.day(day), principal, owed],
                      lambda: c.report_overdue(today, day, principal, owed))
            self.fire(c, today)
        elif c.state == 'OVERDUE':
            principal, owed = c.principal + r.choice([0, 0, 0, 1]), c.interest_due
            self.call(c, 'CLAIM', 9, 'BANK', today, [principal, owed, [], None], lambda: c.claim(today, principal, owed))
            if c.state == 'CLAIMED':
                if r.random() < 0.3:
                    self.dispute(c, today)
                if r.random() < 0.1:
                    self.resolve(c, today)
                if r.random() < 0.1:
                    self.call(c, 'REFUSE', 20, 'GUAR', today, [1, '4.2'], lambda: c.refuse(today))
                    self.fire(c, today)
                    return today
                t = c.total - (c.disputed or 0)
                if r.random() < 0.1:
                    self.call(c, 'APPROVE', 10, 'GUAR', today, [t + 1], lambda: c.approve(today, t + 1))
                self.call(c, 'APPROVE', 10, 'GUAR', today, [t], lambda: c.approve(today, t))
                if r.random() < 0.3:
                    self.resolve(c, today)
                self.settle(c, today)
        elif c.state in ('COMPENSATED', 'RECOVERING', 'WRITTEN_OFF'):
            self.recover(c, today)
        return today

    def repay(self, c, today):
        r = self.rng
        d = r.choice(c.drawdowns)
        vd = today - timedelta(days=r.choice([0, 0, 0, 1, 3, 12, -1]))
        running = 0
        if c.state == 'ACTIVE' and vd >= d.settled:
            running = model.interest(d.fen_days(vd), d.rate, c.g.p['loan_basis'])
        whole = d.balance + d.due + running
        kind = r.random()
        part = None
        if kind < 0.3:
            amount = whole
            part = r.choice([None, d.due + running])
        elif kind < 0.5:
            amount = d.due
        elif kind < 0.9:
            amount = d.due + r.randint(0, d.balance)
            part = r.choice([None, d.due])
        else:
            amount, part = r.randint(1, max(1, whole)), r.choice([None, 0, d.due + 1])
        if amount == 0:
            return
        number = d.number
        early = r.random() < 0.4
        self.call(c, 'PREPAY' if early else 'REPAY', 24 if early else 7, 'BANK', today, [number, wire.day(vd), amount, part],
                  lambda: c.repay(today, number, vd, amount, part, early))

    def extend(self, c, today):
        r = self.rng
        d = r.choice(c.drawdowns)
        number, m = d.number, d.maturity + timedelta(days=r.choice([0, 1, 30, r.randint(1, 200), 600]))
        self.call(c, 'EXTEND', 23, 'BANK', today, [number, wire.day(m)], lambda: c.extend(today, number, m))
        self.fire(c, today)

    def cure(self, c, today):
        r = self.rng
        vd, amount = today - timedelta(days=r.choice([0, 0, 1, 5, -1])), c.interest_due + r.choice([0, 0, 0, 1])
        self.call(c, 'CURE', 25, 'BANK', today, [wire.day(vd), amount], lambda: c.cure(today, vd, amount))
        self.fire(c, today)

    def dispute(self, c, today):
        r = self.rng
        amount = r.choice([r.randint(1, max(1, c.total)), 1, c.total, c.total + 1])
        if amount > 0:
            self.call(c, 'DISPUTE', 21, 'BANK', today, [amount, bytes(32)], lambda: c.dispute(amount))

    def resolve(self, c, today):
        r = self.rng
        most = c.disputed or 0
        upheld = r.choice([0, most, r.randint(0, most), most + 1])
        self.call(c, 'RESOLVE', 22, 'BANK', today, [upheld, bytes(32)], lambda: c.resolve(today, upheld))
        self.fire(c, today)

    def settle(self, c, today):
        if c.state not in ('CLAIM_APPROVED', 'COMPENSATED'):
            return
        todo = list(c.firsts) + list(c.shares)
        if self.rng.random() < 0.8:
            self.rng.shuffle(todo)
        for o in todo:
            oid = bytes(30) + o.to_bytes(2, 'big')
            self.call(c, 'SETTLED', 0xff02, 'BANK', today, [oid], lambda: c.settled(o), sys=1)

    def recover(self, c, today):
        r = self.rng
        if r.random() < 0.25:
            who = r.choice(c.parties + ['COUNTY'])
            self.call(c, 'WRITE_OFF', 12, who, today, [bytes(32)], lambda: c.write_off(who))
            return
        left = max(1, sum(c.borne) - c.net)
        gross = r.choice([r.randint(1, 30), r.randint(1, left), left + r.randint(0, 1000)])
        cost = r.choice([0, r.randint(0, 40), r.randint(0, gross)])
        collector = c.g.p['collector'] or 'GUAR'
        self.call(c, 'RECOVER', 11, collector, today, [gross, cost, 'ref'], lambda: c.recover(gross, cost))

    def lives(self):
        """One programme: contracts one after another, so that the cap and the breaker have a history."""
        r = self.rng
        tree = programme.tree(r)
        p = programme.parameters(r, tree, ['BANK'])
        g = model.Programme(tree, **p)
        self.send('reset')
        self.send('params ' + wire.params(p, tree, INDEX).hex())
        self.obligations = 0
        today = date(2024, 1, 1) + timedelta(days=r.randint(0, 700))
        for i in range(r.randint(1, 6)):
            if self.more() and self.obligations < 300:
                today = self.life(g, today, i + 1) + timedelta(days=r.randint(0, 30))


PRODUCTS = ('guarantee', 'pool', 'voucher', 'subsidy', 'cycle', 'register')


def life_of(product):
    name = product.capitalize() + 'History'
    for module in (product + '_history', product + '_model'):
        if importlib.util.find_spec(module):
            found = getattr(importlib.import_module(module), name, None)
            if found:
                return found
    raise SystemExit(f'no {name}')


def kinds_of(o, rng):
    """The products of one history; the cycle first, so that the others can name it."""
    if o.product:
        return [life_of(p) for p in (['register'] if o.product == 'guarantee' and rng.random() < 0.3 else []) + [o.product]]
    others = rng.sample(PRODUCTS[:4], rng.choice([1, 2, 2, 3]))
    if 'guarantee' not in others and rng.random() < 0.5:
        others[0] = 'guarantee'
    first = ['cycle'] if rng.random() < 0.5 else []
    if 'guarantee' in others and rng.random() < 0.3:
        first.append('register')
    return [life_of(p) for p in first + others]


def one(o, driver, i, stats):
    """One history; what came of it, and the text of a difference."""
    rng = random.Random(f'{o.seed}/{i}')
    try:
        world = ledger.World(driver, rng, stats, kinds_of(o, rng), o.style)
        world.run()
        return 'refused' if world.refusals else 'clean', None
    except Exception as e:
        text = f'history {i} (--seed {o.seed} --only {i}): {e}'
        return 'different', text if isinstance(e, ledger.Difference) else text + '\n' + traceback.format_exc()


def some(job):
    """Histories k, k + step ...: in a process of its own when there are several jobs."""
    o, numbers = job
    here = os.path.dirname(os.path.abspath(__file__))
    driver = ledger.Driver(o.driver or os.path.join(here, '../../build/ledger_driver'))
    stats, ends, texts = Counter(), Counter(), []
    gc.disable()  # a history leaves few cycles
    for n, i in enumerate(numbers):
        if n % 100 == 99:
            gc.collect()
        end, text = one(o, driver, i, stats)
        ends[end] += 1
        if text:
            texts.append(text)
            driver.close()  # whatever state it is in
            driver = ledger.Driver(o.driver or os.path.join(here, '../../build/ledger_driver'))
    driver.close()
    used = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return stats, ends, texts, sum(u.ru_utime + u.ru_stime for u in used)


def histories(o):
    """Lives of one product, or of several on one ledger (--mixed), through the models and the deployed contracts."""
    for p in [o.product] if o.product else PRODUCTS:
        life_of(p)  # now, and not in each process
    numbers = range(o.histories) if o.only is None else [o.only]
    size = max(1, min(500, len(numbers) // (2 * o.jobs) or 1))
    parts = [(o, numbers[k:k + size]) for k in range(0, len(numbers), size)]
    stats, ends, shown, start, seconds, done = Counter(), Counter(), 0, time.monotonic(), 0, 0
    with multiprocessing.Pool(o.jobs, maxtasksperchild=1) if o.jobs > 1 else contextlib.nullcontext() as pool:
        for k, (s, e, texts, cpu) in enumerate(pool.imap(some, parts) if pool else map(some, parts)):
            stats += s
            ends += e
            seconds = seconds + cpu if pool else cpu
            for text in texts:
                shown += 1
                if shown <= 5:
                    print(text)
            done += len(parts[k][1])
            if done % 10_000 < size and done >= 10_000:
                print(f'{done} histories, {ends["different"]} differences, {time.monotonic() - start:.0f} s', flush=True)
    legal, refused = Counter(), Counter()
    for (name, code), n in stats.items():
        if not name.isupper():
            continue  # what a product counts besides
        if code == 0:
            legal[name] += n
        else:
            refused[code] += n
    print('booked: ' + ', '.join(f'{k} {v}' for k, v in sorted(legal.items())))
    print('refused: ' + (', '.join(f'{k} {v}' for k, v in sorted(refused.items())) or 'none'))
    minutes = (time.monotonic() - start) / 60
    print(f'{len(numbers) / minutes:.0f} histories a minute, {len(numbers) / (seconds / 60):.0f} a minute of one core (models '
          f'and contracts); {ends["refused"]} with refusals')
    print(f'style {o.style} seed {o.seed} histories {len(numbers)} operations {sum((legal + refused).values())} '
          f'booked {sum(legal.values())} refused {sum(refused.values())} differences {ends["different"]}')
    return 1 if ends['different'] else 0


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument('--driver')
    a.add_argument('--steps', type=int, default=1_000_000)
    a.add_argument('--seed', type=int, default=1)
    a.add_argument('--product', choices=PRODUCTS)
    a.add_argument('--histories', type=int, default=10_000)
    a.add_argument('--only', type=int, help='one history of the seed')
    a.add_argument('--mixed', action='store_true', help='several products on each ledger')
    a.add_argument('--legal', dest='style', action='store_const', const='legal', default='both', help='nothing that is refused')
    a.add_argument('--illegal', dest='style', action='store_const', const='illegal', help='refusals in each history')
    a.add_argument('--jobs', type=int, default=1, help='processes')
    o = a.parse_args()
    if o.product or o.mixed:
        return histories(o)
    run = Run(o.driver, o.seed, o.steps)
    sums = 0
    while run.more():
        before = run.steps
        if sums * 2 > run.steps:
            run.lives()
        else:
            run.rng.choice([run.sums_alloc, run.sums_alloc, run.sums_tree, run.sums_time, run.sums_time])()
            sums += run.steps - before
    run.flush()
    run.driver.stdin.close()
    if run.driver.wait() != 0:
        print('the driver ended badly')
        run.differences += 1
    print(', '.join(f'{k} {v}' for k, v in sorted(run.kinds.items())))
    print(f'steps {run.steps} differences {run.differences}')
    return 1 if run.differences else 0


if __name__ == '__main__':
    sys.exit(main())
