"""Random lives of netting cycles: days of obligations, confirmations, silence, payers that fail; and what is refused."""
import struct
from datetime import date, timedelta

import wire
from cycle_model import (ACCOUNTS, DONE, E, IN, L, MINUTE, PARTIES, REFUSED, S, TABLE, Cycle, day_of, payments, sha)
from ledger import AUD, BANK, BANK2, DEPT, History, Refused, need, slots, workday


class CycleHistory(History):
    CONTRACT, PLUGIN = 5, 'cycle'

    def plan(self, first):
        r = self.r
        self.number = first
        p = dict(TABLE, CUT_OFF=r.choice([960, 600, 1439]), EVERY_WD=r.choice([1, 1, 3, 10]), CONFIRM_MIN=r.choice([1, 30]),
                 PAY_MIN=r.choice([1, 120]), FAIL_MIN=r.choice([1, 60]), RESERVE=r.choice([0, 10**6]),
                 MODE=r.randint(1, 3), MIN_AMOUNT=r.choice([0, 0, 500, 10**5]))
        if r.random() < 0.2:
            p.update(CONFIRM_MODE=2, AGENT=BANK2)
        self.p, self.cut_ms, self.cycles, self.made = p, None, [], 0
        self.listed, self.seen, self.parked, self.parked_sum = set(), set(), [], 0
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
        waiting = [o for o in self.w.owed if o.net and o.state == 'CREATED']
        new = [o for i, o in self.w.known.items() if o.programme in self.books.netted and i not in self.seen]
        least = self.p['MIN_AMOUNT']
        enough = self.parked and self.parked_sum >= least
        if not waiting or not (new or enough):
            return                                                                    # ruling 27
        mine = [o for o in self.parked if o.state == 'CREATED'] if enough else []
        if enough:
            self.parked, self.parked_sum = [], 0
        for o in new:
            self.seen.add(o.id)
            if o.net and o.state == 'CREATED' and o.amount >= least:
                mine.append(o)
            elif o.net and o.state == 'CREATED':  # ruling 31; decision: until they make it together
                self.parked.append(o)
                self.parked_sum += o.amount
        self.made += 1
        number = self.made
        id_ = sha(struct.pack('<16sQQ', b'zyd/cycle/id/1', self.number, number))
        c = Cycle(self, number, id_, mine)
        gross = self.pages(c, b'G')
        c.gross = [self.by_id(g[0], False) for g in gross]
        self.cycles.append(c)
        if mine:
            c.compute(at)
        else:
            c.state = 'CLOSED'                                                         # 5001, a warning

    def by_id(self, id_, net):
        o = self.w.known.get(id_.hex())
        if o is None or o.net != net or o in self.listed and not net:
            self.w.expect('cycle: an obligation that is not one', id_.hex(), 'listed')
        if not net:
            self.listed.add(o)
        return o

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
                state = ('OPEN', 'MATCHED', 'VOID').index(i.state) + 1
                self.expect(f'instruction {n + 1}', (i.amount, i.payer, i.payee, state), (amount, payer, payee, st))
                i.e2e = raw[16:48].rstrip(b'\0').decode()
                self.expect('EndToEndId', f'N{c.id[:6].hex()}'.upper(), i.e2e[:13].upper())
        entries = self.pages(c, b'O')
        self.order = [self.w.known[e[0].hex()] for e in entries]
        theirs = {e[0].hex(): (e[1], e[2], e[3], e[4], e[6]) for e in entries}
        status = {o: REFUSED if s == IN and o in c.refused else s for o, s in c.status.items()}
        mine = {o.id: (o.amount, o.debtor, o.creditor, status[o], o.programme) for o in c.owed}
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
        clearing = {}
        for (who, _, account), v in self.books.sums.items():
            if account == '2199':
                clearing[who] = clearing.get(who, 0) + v
        self.expect('2199', [], [v for v in clearing.values() if v])                  # I5

    # -- generator --
    def turns(self):
        return self.r.randint(10, 30)

    def turn(self):
        r = self.r
        k = r.random()
        if k < 0.25:
            return self.advance(r.choice([1, 1, 2, r.randint(1, 14)]))
        if self.chance(0.03):
            return self.act('START', E['START'], self.number, BANK, None, [], [], self.start)
        pending = [o for o in self.w.owed if o.programme == self.number]
        if pending and r.random() < 0.15:
            o = r.choice(pending)
            if not o.net or self.chance(0.5):
                return self.pay(o)
        self.owe()

    def owe(self):
        r = self.r
        a, b = r.sample(PARTIES, 2)
        fen = r.choice([r.randint(1, 3) * 100, r.randint(1, 1000), r.randint(1, 10**8)])
        by = [a, b] if not self.chance(0.1) else [a]

        def go():
            need(len(by) == 2, 9102)
            self.books.oblige_post(a, '5099', b, '4099', fen, L['OPENING'])
        self.act('OPENING', E['OPENING'], self.number, a, None, [a, b, fen, '5099', '4099'], by[1:], go)

    def stop(self, to):
        d = day_of(self.cut_ms)
        return d if d <= to else None  # a cut-off that is still to come today holds the day

    def until(self, at):
        """A block then; what falls due before a cut-off has its own blocks first, so that the cut finds what it made."""
        while self.cut_ms and self.cut_ms <= at:
            cut = self.cut_ms
            self.w.block()
            self.w.until(cut - 2000)
            self.w.until(cut)
            if self.cut_ms == cut:
                break
        if at > self.d.now:
            self.w.until(at)

    def leaving(self):
        """On a day of a cut-off the cycle runs its course before the day ends."""
        if self.cut_ms and day_of(self.cut_ms) == self.today:
            self.until(self.cut_ms)
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
                if self.chance(0.3):
                    self.notice_early(c)
                self.until(c.confirm_ms)
        elif c.state in ('INSTRUCTED', 'SETTLING'):
            todo = [(i, side) for i in c.open_instructions() for side in (1, 2) if side not in i.notices and r.random() < 0.93]
            r.shuffle(todo)
            for i, side in todo:
                self.notice(c, i, side)
            if c.state in ('INSTRUCTED', 'SETTLING') and r.random() < 0.9:
                self.until(c.pay_ms)

    def confirm(self, c, m):
        r = self.r
        mine = [o for o in c.inside() if m in (o.debtor, o.creditor) and o not in c.refused]
        refused = r.sample(mine, r.randint(1, min(2, len(mine)))) if mine and r.random() < 0.08 else []
        args = [c.id, self.statement(c, m), [bytes.fromhex(o.id) for o in refused]]
        if not refused:
            args[2] = []
        who, code = m, None
        if self.chance(0.1):
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
        if r.random() < 0.3:
            self.check_cycle(c)

    def bank(self, m):
        bank, account = ACCOUNTS.get(m, (m, None))
        return (self.p['AGENT'] if self.p['CONFIRM_MODE'] == 2 else bank), account

    def notice_early(self, c):
        def go():
            raise Refused(9111)
        args = [c.id, 1, 'N0000000000000001', 1, None, 'ref', wire.day(self.today)]
        self.act('NOTICE', E['NOTICE'], self.number, BANK, None, args, [], go)

    def notice(self, c, i, side):
        r = self.r
        if c.state not in ('INSTRUCTED', 'SETTLING') or i.state != 'OPEN':
            return
        bank, account = self.bank(i.payer if side == 1 else i.payee)
        args = [c.id, side, i.e2e, i.amount, account, 'ref', wire.day(self.today)]
        who, code = bank, None
        if self.chance(0.1):
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
        if r.random() < 0.3:
            self.check_cycle(c)
