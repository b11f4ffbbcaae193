"""Random registers: grades of borrowers and tax figures, their corrections; and what is refused."""
import struct
from datetime import timedelta

import wire
from guarantee_list import BORROWERS, FIRMS
from ledger import DEPT, LGOV, slots
from mixed import Mixed
from register_model import TABLE, E, Register, S

NONE = 0xffff
COUNTIES = (430121, 430181, 440305, 100000)


class RegisterHistory(Mixed):
    CONTRACT, PLUGIN, WARNS = 6, 'register', True
    EVENTS = E
    MAKING = tuple(E)

    def plan(self, first):
        tax, grader = self.but(LGOV, None, p=0.1), self.but(DEPT, None, p=0.1)
        self.g = Register(first, self.books, tax, grader)
        self.w.register = self.g
        p = dict(TAX_AUTHORITY=NONE if tax is None else tax, GRADER=NONE if grader is None else grader)
        return [(first, 6, f'R{first}', 0, wire.pack([slots(TABLE, p)]))]

    def open(self):
        for borrower in (*FIRMS, BORROWERS[0], self.r.choice(BORROWERS)):
            if self.r.random() < 0.7:
                self.grade(borrower)

    def turns(self):
        return self.r.randint(2, 12)

    def turn(self):
        r = self.r
        if r.random() < 0.2:
            self.advance(r.randint(1, 200))
        k = r.random()
        if k < 0.1:
            self.nonsense(self.g, [(self.g, x.id) for x in self.g.records], [])
        elif k < 0.6:
            self.grade(r.choice((*FIRMS, *BORROWERS[:3])))
        else:
            self.tax()

    def replaces(self, key):
        now = self.g.current.get(key)
        old = [x.id for x in self.g.records] or ['00' * 32]
        return self.but(now.id if now else None, None, self.r.choice(old), 'ff' * 32)

    def attest(self, name, who, args, key, run):
        instead, box = self.replaces(key), []
        args = args + [bytes(32), None if instead is None else bytes.fromhex(instead)]
        self.do(self.g, name, DEPT if who is None else who, None, args, lambda: box.append(run(instead)),
                made=lambda o: setattr(box[0], 'id', o))
        if box:
            self.check()

    def grade(self, borrower):
        r, t = self.r, self.today
        given = self.but(borrower, FIRMS[0][:-1] + 'A', b'x' * 31, p=0.03)
        value = self.but(r.randint(1, 3), 9, 0, 10)
        until = self.but(t + timedelta(days=r.choice([0, 3, 60, 400])), t - timedelta(days=1))
        self.attest('GRADE', self.g.grader, [given, value, wire.day(until)], ('GRADE', given),
                    lambda instead: self.g.attest_grade(t, given, value, until, instead))

    def tax(self):
        r, t = self.r, self.today
        county, year = self.but(r.choice(COUNTIES), 99999), self.but(t.year - r.randint(1, 2), t.year, 1993, 1994)
        fen = r.choice([0, r.randint(1, 10**13)])
        self.attest('TAX', self.g.authority, [county, year, fen], ('TAX', county, year),
                    lambda instead: self.g.attest_tax(t, county, year, fen, instead))

    def check(self):
        mine = [(E[x.key[0]], S[x.state], self.g.number, x.authority, x.value, wire.day(x.attested),
                 wire.day(x.until) if x.until else 0, bytes.fromhex(x.replaces or '00' * 32),
                 bytes.fromhex(x.replaced_by.id if x.replaced_by else '00' * 32)) for x in self.g.records]

        def then(got):
            there = []
            for v in got:
                r = struct.unpack('<BBHHHII32sqii32s32s32s', v)
                there.append(r[:4] + r[8:11] + r[12:])
            self.expect('records: kind state programme authority value attested until replaces replaced_by', mine, there)
        self.d.later(6, [x.id for x in self.g.records], then)

    def check_all(self):
        self.check()
