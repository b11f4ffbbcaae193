"""Product (e), the netting cycle, from domain.md 3.0, 3.5, rulings 27 to 31 and E16; and its random lives.

A cycle takes NET obligations of every programme on the ledger that names it: of its own OPENINGs, and of other products.
"""
import hashlib
import os
import struct

import wire
from ledger import (AUD, BANK, BANK2, DEPT, FISCAL, GUAR, NFGF, PFIN, REG, ROLES, History, Refused, defines, params, slots, workday)
from datetime import date, timedelta

HEADER = os.path.join(os.path.dirname(__file__), '../../include/zyd/cycle.h')
E, S, L = (defines(HEADER, 'ZYD_CYCLE_' + t) for t in ('EVENTS', 'STATES', 'LABELS'))
TABLE = params(HEADER, 'ZYD_CYCLE_PARAMS')
NETTED = 0xff03
DAY, MINUTE, HOURS8 = 86400000, 60000, 8 * 3600000
PARTIES = (BANK, BANK2, GUAR, REG, NFGF, PFIN)
ACCOUNTS = {GUAR: (BANK, '6222-GUAR'), REG: (BANK2, '6222-REG'), NFGF: (BANK2, '6222-NFGF')}
IN, REFUSED, LEFT, DONE = 1, 2, 3, 4


def need(ok, code):
    if not ok:
        raise Refused(code)


def day_of(ms):
    return date.fromordinal(date(1970, 1, 1).toordinal() + (ms + HOURS8) // DAY)


def sha(data):
    return hashlib.sha256(data).digest()


def payments(position):
    """Instruction rule: the largest debtor pays the largest creditor what both allow; ties by member."""
    left, out = {m: v for m, v in position.items() if v}, []
    while left:
        d = min(left, key=lambda m: (left[m], m))
        c = min(left, key=lambda m: (-left[m], m))
        v = min(-left[d], left[c])
        assert v > 0                                                                  # I5
        out.append((v, d, c))
        for m, x in ((d, v), (c, -v)):
            left[m] += x
            if not left[m]:
                del left[m]
    return out


class Instruction:
    def __init__(self, amount, payer, payee):
        self.amount, self.payer, self.payee = amount, payer, payee
        self.notices, self.state, self.e2e = set(), 'OPEN', None


class Cycle:
    def __init__(self, life, number, id_, owed):
        self.life, self.number, self.id, self.owed = life, number, id_, owed
        self.status = {o: IN for o in owed}
        self.gross, self.round, self.instructions = [], 0, []
        self.confirmed, self.refused_by, self.refused, self.failed = set(), set(), set(), 0
        self.paid, self.received = {}, {}
        self.state = 'COMPUTED'
        self.confirm_ms = self.pay_ms = None
        for o in owed:
            o.state = 'LOCKED'

    def inside(self):
        return [o for o in self.owed if self.status[o] == IN]

    def flows(self):
        into, out = {}, {}
        for o in self.inside():
            out[o.debtor] = out.get(o.debtor, 0) + o.amount
            into[o.creditor] = into.get(o.creditor, 0) + o.amount
        return into, out

    def position(self):
        into, out = self.flows()
        p = {m: into.get(m, 0) - out.get(m, 0) for m in set(into) | set(out)}
        assert sum(p.values()) == 0
        return p

    def residual(self):
        p = self.position()
        for m in set(p) | set(self.paid) | set(self.received):
            p[m] = p.get(m, 0) + self.paid.get(m, 0) - self.received.get(m, 0)
        return p

    def open_instructions(self):
        return [i for i in self.instructions if i.state == 'OPEN']

    # -- steps --
    def compute(self, at):
        fiscal = {m for o in self.gross for m in (o.debtor, o.creditor) if ROLES[m] == FISCAL} if self.round == 0 else set()
        self.zero = {m for m, v in self.position().items() if v == 0}
        self.needed = {m for m, v in self.position().items() if v} | fiscal
        self.fiscal = fiscal
        self.confirmed, self.refused_by, self.refused = set(), set(), set()
        self.state = 'COMPUTED'
        self.confirm_ms = at + self.life.p['CONFIRM_MIN'] * MINUTE
        if not self.needed:
            self.instruct(at)

    def confirm(self, member, refused, at):
        (self.refused_by if refused else self.confirmed).add(member)
        self.refused |= set(refused)
        if self.needed <= self.confirmed | self.refused_by:
            self.answered(at)

    def answered(self, at):
        """All have answered, or their time is over: who is silent refuses all of its own (ruling 28)."""
        silent = self.needed - self.confirmed - self.refused_by - self.fiscal
        gone = set(self.refused) | {o for o in self.inside() if {o.debtor, o.creditor} & silent}
        if not gone and not silent:
            return self.instruct(at)
        if self.round == 2:
            for o in self.inside():
                self.leave(o, LEFT)
            self.state = 'CLOSED'
            return
        for o in gone:
            self.leave(o, LEFT)
        self.round += 1
        if not self.inside():
            self.state = 'CLOSED'
            return
        self.compute(at)

    def leave(self, o, status):
        self.status[o] = status
        o.state = 'CREATED'
        self.life.age[o] = self.life.age.get(o, 0) + 1

    def instruct(self, at, minutes=None):
        for v, d, c in payments(self.residual()):
            self.instructions.append(Instruction(v, d, c))
        self.state = 'INSTRUCTED'
        for o in self.inside():
            o.state = 'INSTRUCTED'
        self.pay_ms = at + (minutes or self.life.p['PAY_MIN']) * MINUTE
        self.ripe = not self.open_instructions()

    def fail(self, at):
        """Ruling 30."""
        self.failed += 1
        out = {i.payer for i in self.open_instructions()}
        for i in self.open_instructions():
            i.state = 'VOID'
        for o in self.inside():
            if {o.debtor, o.creditor} & out:
                self.leave(o, LEFT)
        self.instruct(at, self.life.p['FAIL_MIN'])

    def match(self, i, side):
        i.notices.add(side)
        if self.state == 'INSTRUCTED':
            self.state = 'SETTLING'
        if i.notices == {1, 2}:
            i.state = 'MATCHED'
            self.paid[i.payer] = self.paid.get(i.payer, 0) + i.amount
            self.received[i.payee] = self.received.get(i.payee, 0) + i.amount
            self.ripe = not self.open_instructions()

    ripe = False

    def settle(self):
        self.ripe = False
        b, life = self.life.books, self.life
        codes = life.codes
        for o in self.inside():
            b.programme = o.programme
            b.post(o.debtor, NETTED, '2141.' + codes[o.creditor], '2199', o.amount, o)
            b.post(o.creditor, NETTED, '2199', '1141.' + codes[o.debtor], o.amount, o)
            self.status[o] = DONE
            o.state = 'SETTLED'
            life.w.owed.remove(o)
            life.w.paid.append(o)
        b.programme = life.number
        for i in self.instructions:
            if i.state == 'MATCHED':
                b.post(i.payer, L['PAID'], '2199', '1001', i.amount)
                b.post(i.payee, L['PAID'], '1001', '2199', i.amount)
        self.state = 'CLOSED'


class CycleHistory(History):
    CONTRACT, PLUGIN = 5, 'cycle'

    def plan(self, first):
        r = self.r
        self.number = first
        p = dict(TABLE, CUT_OFF=r.choice([960, 600, 1439]), EVERY_WD=r.choice([1, 1, 3, 10]), CONFIRM_MIN=r.choice([1, 30]),
                 PAY_MIN=r.choice([1, 120]), FAIL_MIN=r.choice([1, 60]), RESERVE=r.choice([0, 10**6]), MODE=r.randint(1, 3))
        self.p, self.cut_ms, self.cycles, self.age, self.made = p, None, [], {}, 0
        self.listed = set()
        self.books.netted.add(first)
        self.w.settlement = first
        accounts = [[m, bank, text] for m, (bank, text) in sorted(ACCOUNTS.items())]
        return [(first, 5, f'C{first}', first, wire.pack([slots(TABLE, p), accounts]))]

    def open(self):
        self.act('START', E['START'], self.number, self.r.choice(PARTIES), None, [], [], self.start)
        self.check()

    def start(self):
        need(self.cut_ms is None, 9109)
        self.cut_ms = self.next_cut(self.now())

    def now(self):
        return self.d.at

    def next_cut(self, after, skip=0):
        """The next working day's cut-off; `skip` more working days on."""
        d = day_of(after)
        while True:
            at = ((d.toordinal() - date(1970, 1, 1).toordinal()) * 1440 - 480 + self.p['CUT_OFF']) * MINUTE
            if workday(d) and at > after:
                if skip == 0:
                    return at
                skip -= 1
            d += timedelta(days=1)

    # -- SYS --
    def sys(self, outcomes):
        now = self.now()
        while True:
            due = []
            if self.cut_ms and self.cut_ms <= now:
                due.append((self.cut_ms, 0, None))
            for c in self.cycles:
                if c.state == 'COMPUTED' and c.confirm_ms <= now:
                    due.append((c.confirm_ms, 1, c))
                if c.state in ('INSTRUCTED', 'SETTLING') and not c.ripe and c.pay_ms <= now:
                    due.append((c.pay_ms, 1, c))
                if c.ripe:
                    due.append((0, 1, c))
            if not due:
                return
            at, kind, c = min(due, key=lambda x: x[:2])
            if kind == 0:
                self.cut(at)
            elif c.ripe:
                c.settle()
            elif c.state == 'COMPUTED':
                c.answered(at)
            else:
                c.fail(at)

    def cut(self, at):
        self.cut_ms = self.next_cut(at, self.p['EVERY_WD'] - 1)
        mine = [o for o in self.w.owed if o.net and o.state == 'CREATED']
        if not mine:
            return
        self.made += 1
        number = self.made
        id_ = sha(struct.pack('<16sQQ', b'zyd/cycle/id/1', self.number, number))
        c = Cycle(self, number, id_, mine)
        gross = self.pages(c, b'G')
        c.gross = [self.by_id(g[0], False) for g in gross]
        self.cycles.append(c)
        c.compute(at)

    def by_id(self, id_, net):
        o = self.all_owed.get(id_.hex())
        if o is None or o.net != net or o in self.listed and not net:
            self.w.expect('cycle: an obligation that is not one', id_.hex(), 'listed')
        if not net:
            self.listed.add(o)
        return o

    @property
    def all_owed(self):
        return self.w.known

    def pages(self, c, kind):
        out, page = [], 0
        while True:
            v = self.d.record(5, kind + c.id + page.to_bytes(4, 'big'))
            out += [struct.unpack_from('<32sqHHBBH', v, i) for i in range(0, len(v), 48)]
            if len(v) < 64 * 48:
                return out
            page += 1

    # -- comparison --
    def check(self):
        v = self.d.record(5, b'cycle/clock'.ljust(30, b'\0') + self.number.to_bytes(2, 'big'))
        cycles, cut = struct.unpack_from('<Q', v)[0], struct.unpack_from('<Q', v, 40)[0]
        self.expect('clock: cycles, next cut', (self.made, self.cut_ms), (cycles, cut))

    def check_cycle(self, c):
        v = self.d.record(5, c.id.hex())
        if not v:
            self.w.expect('cycle', 'there', 'none')
        _, state, round_, _ = v[:4]
        count, active = struct.unpack_from('<II', v, 8)
        confirm_ms, pay_ms = struct.unpack_from('<QQ', v, 64)
        needed, confirmed, refused = struct.unpack_from('<QQQ', v, 128)
        states = (S[c.state],) if c.state != 'INSTRUCTED' else (S['INSTRUCTED'], S['SETTLING'])
        bits = lambda s: sum(1 << m for m in s)
        mine = [True, c.round, len(c.owed), len(c.inside()) + sum(s == DONE for s in c.status.values())]
        theirs = [state in states, round_, count, active]
        if c.state == 'COMPUTED':
            mine += [c.confirm_ms, bits(c.needed), bits(c.confirmed | c.refused_by)]
            theirs += [confirm_ms, needed, confirmed | refused]
        self.expect(f'cycle {c.number}: state round count active (confirm_ms needed answered)', mine, theirs)
        if c.state in ('INSTRUCTED', 'SETTLING'):
            self.expect('pay-in deadline', True, abs(c.pay_ms - pay_ms) <= 2000)
            c.pay_ms = pay_ms
            self.expect('unmatched', len(c.open_instructions()), struct.unpack_from('<I', v, 36)[0])
            keys = [b'N' + c.id + (n + 1).to_bytes(4, 'big') for n in range(len(c.instructions))]
            for n, (i, raw) in enumerate(zip(c.instructions, self.d.records(5, keys))):
                amount, payer, payee, st, notices = struct.unpack_from('<qHHBB', raw)
                self.expect(f'instruction {n + 1}', (i.amount, i.payer, i.payee, ('OPEN', 'MATCHED', 'VOID').index(i.state) + 1),
                            (amount, payer, payee, st))
                i.e2e = raw[16:48].rstrip(b'\0').decode()
                self.expect('EndToEndId', f'N{c.id[:6].hex()}'.upper(), i.e2e[:13].upper())
        entries = self.pages(c, b'O')
        self.order = [self.w.known[e[0].hex()] for e in entries]
        theirs = {e[0].hex(): (e[1], e[2], e[3], e[4], e[6]) for e in entries}
        mine = {o.id: (o.amount, o.debtor, o.creditor, REFUSED if c.status[o] == IN and o in c.refused else c.status[o], o.programme)
                for o in c.owed}
        self.expect('entries', mine, theirs)
        c.rows = self.member_rows(c)

    def member_rows(self, c):
        raw = self.d.record(5, b'M' + c.id)
        into, out = c.flows() if c.state != 'CLOSED' else ({}, {})
        rows = {}
        for m in range(len(raw) // 56):
            row = struct.unpack_from('<7q', raw, m * 56)
            rows[m] = row
            if c.state != 'CLOSED':
                gi = sum(o.amount for o in c.gross if o.creditor == m)
                go = sum(o.amount for o in c.gross if o.debtor == m)
                self.expect(f'row of {m}: in out paid received gross', (into.get(m, 0), out.get(m, 0), c.paid.get(m, 0),
                            c.received.get(m, 0), gi, go), row[:6])
        return rows

    def statement(self, c, m):
        """What m confirms: struct zyd_cycle_statement, from the model's own numbers, in the order of the list."""
        h = bytes(32)
        for o in self.order:
            if c.status[o] == IN:
                h = sha(h + bytes.fromhex(o.id) + struct.pack('<qHH', o.amount, o.debtor, o.creditor))
        g = bytes(32)
        for o in c.gross:
            g = sha(g + bytes.fromhex(o.id) + struct.pack('<qHH', o.amount, o.debtor, o.creditor))
        res = c.residual()
        positions = sha(b''.join(struct.pack('<q', res.get(i, 0)) for i in range(len(c.rows))))
        plan = sha(b''.join(struct.pack('<qHHI', v, d, k, 0) for v, d, k in payments(res)))
        into, out = c.flows()
        row = (into.get(m, 0), out.get(m, 0), c.paid.get(m, 0), c.received.get(m, 0),
               sum(o.amount for o in c.gross if o.creditor == m), sum(o.amount for o in c.gross if o.debtor == m),
               into.get(m, 0) - out.get(m, 0))
        return sha(struct.pack('<16s32sIHH7q', b'zyd/cycle/stm/1', c.id, c.round, m, 0, *row) + h + g + positions + plan)

    def check_all(self):
        self.check()
        for c in self.cycles:
            self.check_cycle(c)
            for m in range(len(ROLES)):
                total = sum(v for (who, g, a), v in self.books.sums.items() if who == m and a == '2199')
                self.expect('2199', 0, total)                                         # I5

    # -- generator --
    def turns(self):
        return self.r.randint(10, 30)

    def bad(self, p):
        return self.style != 'legal' and self.r.random() < p

    def turn(self):
        r = self.r
        k = r.random()
        if k < 0.25:
            return self.advance(r.choice([1, 1, 2, r.randint(1, 14)]))
        if self.bad(0.03):
            return self.act('START', E['START'], self.number, BANK, None, [], [], self.start)
        pending = [o for o in self.w.owed if o.programme == self.number]
        if pending and r.random() < 0.15:
            o = r.choice(pending)
            if not o.net or self.bad(0.5):
                return self.pay(o)
        self.owe()

    def owe(self):
        r = self.r
        a, b = r.sample(PARTIES, 2)
        fen = r.choice([r.randint(1, 3) * 100, r.randint(1, 1000), r.randint(1, 10**8)])
        by = [a, b] if not self.bad(0.1) else [a]

        def go():
            need(len(by) == 2, 9102)
            self.books.oblige_post(a, '5099', b, '4099', fen, L['OPENING'])
        self.act('OPENING', E['OPENING'], self.number, a, None, [a, b, fen, '5099', '4099'], by[1:], go)

    def stop(self, to):
        d = day_of(self.cut_ms)
        return d if self.today < d <= to else None

    def leaving(self):
        """On a day of a cut-off the cycle runs its course before the day ends."""
        if self.cut_ms and day_of(self.cut_ms) == self.today:
            self.w.until(self.cut_ms)
        for c in self.cycles:
            for _ in range(12):
                if c.state == 'CLOSED':
                    break
                self.drive(c)

    def drive(self, c):
        r = self.r
        self.check_cycle(c)
        if c.state == 'COMPUTED':
            members = sorted(c.needed - c.confirmed - c.refused_by)
            r.shuffle(members)
            was = c.round
            for m in members:
                if c.state == 'COMPUTED' and c.round == was and r.random() < 0.95:
                    self.confirm(c, m)
            if c.state == 'COMPUTED' and c.round == was:
                if self.bad(0.3):
                    self.notice_early(c)
                self.w.until(c.confirm_ms)
        elif c.state in ('INSTRUCTED', 'SETTLING'):
            todo = [(i, side) for i in c.open_instructions() for side in (1, 2) if side not in i.notices and r.random() < 0.93]
            r.shuffle(todo)
            for i, side in todo:
                self.notice(c, i, side)
            if c.state in ('INSTRUCTED', 'SETTLING') and r.random() < 0.9:
                self.w.until(c.pay_ms)

    def confirm(self, c, m):
        r = self.r
        mine = [o for o in c.inside() if m in (o.debtor, o.creditor) and o not in c.refused]
        refused = r.sample(mine, r.randint(1, min(2, len(mine)))) if mine and r.random() < 0.08 else []
        args = [c.id, self.statement(c, m), [bytes.fromhex(o.id) for o in refused]]
        if not refused:
            args[2] = []
        who, code = m, None
        if self.bad(0.1):
            k = r.randint(0, 5)
            if k == 0:
                args[1], code = bytes(32), 5003
            elif k == 1:
                who, code = AUD, 9102
            elif k == 2:
                args[2], code = [bytes(32)], 9115
            elif k == 3:
                args[0], code = bytes([7] * 32), 9115
            elif k == 4 and c.confirmed:
                who = r.choice(sorted(c.confirmed))
                args[1], args[2], code = self.statement(c, who), [], 9109
            elif k == 5:
                other = [o for o in c.inside() if m not in (o.debtor, o.creditor)]
                if other:
                    args[2], code = [bytes.fromhex(other[0].id)], 9104

        def go():
            need(code is None, code)
            c.confirm(m, refused, self.now())
        self.act('CONFIRM', E['CONFIRM'], self.number, who, None, args, [], go)
        self.check_cycle(c)

    def bank(self, m):
        return ACCOUNTS.get(m, (m, None))

    def notice_early(self, c):
        def go():
            raise Refused(9111)
        self.act('NOTICE', E['NOTICE'], self.number, BANK, None, [c.id, 1, 'N0000000000000001', 1, None, 'ref', wire.day(self.today)],
                 [], go)

    def notice(self, c, i, side):
        r = self.r
        if c.state not in ('INSTRUCTED', 'SETTLING') or i.state != 'OPEN':
            return
        bank, account = self.bank(i.payer if side == 1 else i.payee)
        args = [c.id, side, i.e2e, i.amount, account, 'ref', wire.day(self.today)]
        who, code = bank, None
        if self.bad(0.1):
            k = r.randint(0, 5)
            if k == 0:
                args[2], code = i.e2e[:-1] + ('0' if i.e2e[-1] != '0' else '1'), 5004
            elif k == 1:
                args[3], code = i.amount + 1, 5005
            elif k == 2 and account:
                args[4], code = account + 'X', 5005
            elif k == 3:
                who, code = DEPT, 9102
            elif k == 4:
                args[6], code = wire.day(self.today + timedelta(days=1)), 9112
            elif k == 5 and i.notices:
                side = min(i.notices)
                who, account = self.bank(i.payer if side == 1 else i.payee)
                args[1], args[4], code = side, account, 9109

        def go():
            need(code is None, code)
            c.match(i, side)
        self.act('NOTICE', E['NOTICE'], self.number, who, None, args, [], go)
        self.check_cycle(c)
