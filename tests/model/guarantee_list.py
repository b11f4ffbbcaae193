"""A list of small loans under one signature (contracts/guarantee/README.md): ENROL_LIST signs the root of a tree over it
(RFC 6962), TAKE_UP proves a piece and makes each loan a contract, as APPLY to DISBURSE would have."""
import hashlib
import struct
from datetime import timedelta

import wire
from guarantee_model import INDEX, Contract, E, S
from ledger import BANK, BANK2, CODES, Refused, need
from model import Drawdown
from register_model import good_borrower

FIRMS = ('91430100MA4TEXT00G', '91350200776049653A')
BORROWERS = tuple(bytes([i]) * 32 for i in range(1, 13))
DAY = timedelta(days=1)


def sha(data):
    return hashlib.sha256(data).digest()


def leaf(row):
    return sha(b'\0' + wire.pack(row))


def root(leaves):
    """RFC 6962, 2.1: the left part is the largest power of two that leaves something for the right."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return sha(b'\1' + root(leaves[:k]) + root(leaves[k:]))


def level_up(hashes):
    """The next level; an odd one out is carried up."""
    return [sha(b'\1' + hashes[i] + hashes[i + 1]) if i + 1 < len(hashes) else hashes[i] for i in range(0, len(hashes), 2)]


def path(leaves, first, n):
    """On each level the neighbour on the left, then that on the right, where the piece has one that it does not hold."""
    out, end = [], first + n
    while len(leaves) > 1:
        if first % 2:
            out.append(leaves[first - 1])
        if end % 2 and end < len(leaves):
            out.append(leaves[end])
        leaves, first, end = level_up(leaves), first // 2, (end + 1) // 2
    return out


def proves(top, count, first, piece, beside):
    """Whether the leaves stand at `first` in a list of `count`."""
    if first + len(piece) > count:
        return False
    beside = list(beside)
    while count > 1:
        left, right = first % 2, (first + len(piece)) % 2 and first + len(piece) < count
        if left + right > len(beside):
            return False
        piece = ([beside.pop(0)] if left else []) + piece + ([beside.pop(0)] if right else [])
        piece, first, count = level_up(piece), first // 2, (count + 1) // 2
    return not beside and piece == [top]


class Enrolment:
    def __init__(self, g, bank, today, count, total, valid, top):
        self.g, self.bank, self.enrolled, self.valid = g, bank, today, valid
        self.count, self.total, self.root = count, total, top
        self.state, self.taken, self.drawn, self.id, self.rows, self.places = 'ENROLLED', 0, 0, None, [], set()

    def take_up(self, today, rows, first, beside, by, numbers, everyone):
        """The new contracts with their postings; numbers: (bank, number) of every loan that was taken up."""
        g, new = self.g, []
        need(self.state == 'ENROLLED', 9111)
        g.open_breaker(today)
        need(1 <= len(rows) <= 8, 9104)
        need(proves(self.root, self.count, first, [leaf(x) for x in rows], beside), 1128)
        need(by in (CODES[self.bank], g.p['guar']), 9102)
        s, drawn, seen = g.s, self.drawn, set()
        try:
            for number, borrower, amount, start, end, rate, _, _ in rows:
                start, end = wire.date_of(start), wire.date_of(end)
                need(good_borrower(borrower), 9105)
                need((self.bank, number) not in numbers | seen, 9109)
                seen.add((self.bank, number))
                need(start >= self.enrolled - DAY * g.p['file_later_days'] and end > today, 9112)
                c = Contract(g, CODES[self.bank], borrower, amount, self.enrolled)
                c.issued, c.valid_until, c.filed = self.enrolled, self.valid, True
                c.check_drawdown(today, amount, start, end, rate)
                need(amount <= self.total - drawn, 1108)
                c.choose_tier(amount, today)
                c.limits(amount, everyone + [x for x, _ in new])
                c.commit(amount)
                c.id = sha(b'zyd/guarantee/loan' + bytes.fromhex(self.id) + (self.taken + len(new)).to_bytes(2, 'big')).hex()
                new.append((c, c.draw(Drawdown(number, amount, start, end, rate))))
                drawn += amount
        except Refused:
            g.s = s
            raise
        numbers |= seen
        self.drawn, self.taken = drawn, self.taken + len(new)
        if self.taken == self.count:
            self.state = 'TAKEN_UP'
        return new


class Lists:
    """Turns of a GuaranteeHistory."""
    def begin_lists(self):
        self.with_lists = self.r.random() < 0.4
        self.lists, self.roots, self.loan_numbers, self.listed, self.last_number = [], set(), set(), 0, 0

    def lapse_lists(self):
        for e in self.lists:
            if e.state == 'ENROLLED' and self.today > e.valid:
                e.state = 'LAPSED'

    def list_turn(self):
        r = self.r
        open_ = [e for e in self.lists if e.state == 'ENROLLED' and len(e.places) < len(e.rows)]
        if len(self.lists) < 3 and (not open_ or r.random() < 0.1):
            self.enrol_list()
            open_ = self.lists[-1:]
        for _ in range(r.randint(1, 3)):
            open_ = [e for e in open_ if e.state == 'ENROLLED']
            if self.lists and (open_ or self.chance(0.1)):
                self.take_up(r.choice(open_ if open_ and not self.chance(0.1) else self.lists))

    def row(self, g):
        r, t = self.r, self.today
        self.last_number += 1
        later = -g.p['file_later_days']
        start = t + timedelta(days=r.choice([0, 0, r.randint(later, 0), later - self.chance(0.1)]))
        if r.random() < 0.05:
            start = t + timedelta(days=r.randint(0, 4))
        amount = r.choice([r.randint(10, 10**4), r.randint(10**5, 10**7), r.randint(10**6, 10**9)])
        if g.tiers and r.random() < 0.2:
            amount = min(10**9, max(10, r.choice(g.tiers)[0] + r.randint(0, 1)))
        days = r.choice([60, 180, 365, r.randint(40, 400)])
        if r.random() < 0.03:
            days = max(1, (t - start).days + 1 - self.chance(0.3))  # due tomorrow, or today
        end = start + timedelta(days=days)
        row = [self.last_number, r.choice((*FIRMS, *BORROWERS)), amount, wire.day(start), wire.day(end),
               r.choice([0, 43500, r.randint(1, 150000)]), 430121, bytes(32)]
        if self.chance(0.02):
            i, v = r.choice([(0, max(1, self.last_number - 1)), (1, FIRMS[0][:-1] + 'A'), (3, wire.day(t - timedelta(days=60))),
                             (3, wire.day(t + timedelta(days=40))), (4, row[3]), (4, wire.day(start + timedelta(days=1100))),
                             (5, 150001), (5, 999999)])
            row[i] = v
        return row

    def enrol_list(self):
        r, t, g = self.r, self.today, self.r.choice(self.g)
        p, bank = g.p, r.choice(g.banks)
        rows = [self.row(g) for _ in range(r.choice([1, 2, 3, 5, 8, 9, 13, r.randint(1, 40)]))]
        top = root([leaf(x) for x in rows])
        if self.lists and self.chance(0.1):
            rows, top = [], r.choice(self.lists).root
        total = max(1, sum(x[2] for x in rows) - self.chance(0.1))
        if total <= p['auto_limit'] < 10**11 and r.random() < 0.3:
            total = p['auto_limit'] + r.randint(0, 1)
        count = len(rows) if not self.chance(0.05) else r.choice([0, len(rows) + 1])
        valid = t + timedelta(days=r.choice([0, 5, 30, 90])) if not self.chance(0.05) else t - DAY
        if self.chance(0.05):
            bank = r.choice([BANK, BANK2, INDEX['GUAR']])
        full = [CODES[bank], p['guar'], *g.filers] + ([p['reg']] if p['reg'] and total > p['auto_limit'] else []) + g.fiscal
        full = by = list(dict.fromkeys(full))
        if self.chance(0.1) and len(by) > 1:
            by = by[:1] + r.sample(by[1:], len(by) - 2)
        box = []

        def go():
            g.open_breaker(t)
            need(0 < count <= 4096, 9104)
            need(valid >= t, 9112)
            need(top not in self.roots, 9109)
            need(bank in g.banks, 9102)
            need(set(full) <= set(by), 9102)
            box.append(Enrolment(g, bank, t, count, total, valid, top))

        def made(o):
            box[0].id, box[0].rows = o, rows
            self.roots.add(top)
            self.lists.append(box[0])
        self.act('ENROL_LIST', E['ENROL_LIST'], g.number, INDEX[by[0]], None,
                 [top, count, total, bytes(32), wire.day(valid), 'loans'], [INDEX[x] for x in by[1:]], go, made)
        self.check_lists()

    def take_up(self, e):
        r = self.r
        if not e.rows:
            return
        left = [i for i in range(len(e.rows)) if i not in e.places] or [0]
        first, n = r.choice(left) if r.random() < 0.5 else left[0], 1
        while n < 8 and first + n in left and r.random() < 0.6:
            n += 1
        if self.chance(0.05):
            n = min(len(e.rows) - first, n + 1)
        rows, at = [list(x) for x in e.rows[first:first + n]], first
        beside = path([leaf(x) for x in e.rows], first, n)
        if self.chance(0.15):
            k = r.randrange(4)
            if k == 0:
                rows[r.randrange(n)][r.choice([2, 5])] += 1
            elif k == 1:
                at += r.choice([1, 8, -1 if first else 1])
            elif k == 2:
                beside = beside[:-1] if beside and r.random() < 0.5 else beside + [bytes(32)]
            else:
                rows, n = (rows * 9)[:9], 9
        by = r.choice([CODES[e.bank], e.g.p['guar']]) if not self.chance(0.05) else r.choice(['DEPT', 'REG', 'BANK2'])
        new = []

        def go():
            for c, out in e.take_up(self.today, rows, at, beside, by, self.loan_numbers, self.all):
                self.flush(c, out)
                new.append(c)

        def made(_):
            """Before what is due runs."""
            self.all += new
            self.listed += len(new)
            e.places |= set(range(at, at + n))
        self.act('TAKE_UP', E['TAKE_UP'], e.g.number, INDEX[by], e.id, [at, rows, beside], [], go, made)
        for c in new:
            self.check(c)
        self.check_lists()

    def check_lists(self):
        mine = [(3, S[e.state], e.g.number, e.bank, e.count, e.taken, wire.day(e.enrolled), wire.day(e.valid), e.total, e.drawn,
                 e.root) for e in self.lists]
        self.d.later(1, [e.id for e in self.lists], lambda got: self.expect(
            'lists: kind state programme bank count taken enrolled valid total drawn root', mine,
            [struct.unpack_from('<BB2xHHIIiiqq32s', v) for v in got]))
