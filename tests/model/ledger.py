"""One side of the comparison: the driver over a pipe, and what an operation did.  The other: what models have in common."""
import re
import subprocess
from collections import Counter
from datetime import date, timedelta

import wire
from model import Refused


class Difference(Exception):
    pass


def need(ok, code):
    if not ok:
        raise Refused(code)


# Members of every history's consortium: (code, role); a product uses those that it needs.
MEMBERS = (('BANK', 1), ('BANK2', 1), ('GUAR', 2), ('REG', 3), ('NFGF', 4), ('PFIN', 5), ('CITY', 5), ('COUNTY', 5),
           ('LGOV', 5), ('CFIN', 5), ('POOL', 7), ('PROV', 2), ('DEPT', 7), ('AUD', 6), ('CORE', 7), ('CORE2', 7), ('S1', 7),
           ('S2', 7),
           ('S3', 7), ('AUD2', 6), ('INS', 7))
CODES, ROLES = [m[0] for m in MEMBERS], [m[1] for m in MEMBERS]
(BANK, BANK2, GUAR, REG, NFGF, PFIN, CITY, COUNTY, LGOV, CFIN, POOL, PROV, DEPT, AUD, CORE, CORE2, S1, S2, S3,
 AUD2, INS) = range(len(MEMBERS))
FISCAL = 5
NO_OUTCOMES = []


class Outcome:
    __slots__ = ('code', 'event', 'deadline', 'object', 'warnings', 'rows', 'owed', 'changed', 'op_id')

    def __init__(self, text):
        words = text.split()
        self.code, self.event, self.deadline = int(words[0]), int(words[1]), int(words[2])
        self.object = words[3]
        self.warnings, self.rows, self.owed, self.changed, self.op_id = [], [], {}, False, None
        i, n = 4, len(words)
        while i < n:
            w = words[i]
            if w[0] == '|':
                self.rows.append((int(w[1:]), int(words[i + 1]), int(words[i + 2]), words[i + 3], words[i + 4],
                                  int(words[i + 5]), words[i + 6]))
                i += 7
            elif w[0] == '@':
                self.owed[w[1:]] = (int(words[i + 1]), int(words[i + 2]), int(words[i + 3]), int(words[i + 6]))
                i += 7
            elif w[0] == '~':
                self.warnings.append(int(w[1:]))
                i += 1
            elif w[0] == '=':
                self.op_id = w[1:]
                i += 1
            else:
                self.changed = True
                i += 1


def outcomes(text):
    return [Outcome(o) for o in text.split(';')[:-1]] if text else NO_OUTCOMES


def values(text):
    return [b'' if v == '-' else bytes.fromhex(v) for v in text.split()]


EPOCH = date(1970, 1, 1).toordinal()


def ms(day, minute=0):
    return ((day.toordinal() - EPOCH) * 1440 + minute - 480) * 60000


class Driver:
    def __init__(self, path):
        self.p = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=1 << 16)
        self.write, self.push, self.line = self.p.stdin.write, self.p.stdin.flush, self.p.stdout.readline
        self.waiting = []  # what to do with answers that nobody waited for

    def close(self):
        self.p.kill()
        self.p.communicate()

    def tell(self, line):
        self.write(line.encode() + b'\n')

    def ask(self, line):
        self.tell(line)
        return self.answer()

    def answer(self):
        self.catch_up()
        return self.one()

    def catch_up(self):
        """Answers that nobody waited for."""
        self.push()
        waiting, self.waiting = self.waiting, []
        for then in waiting:
            then(values(self.one()))

    def one(self):
        a = self.line()
        if not a:
            raise Difference('the driver ended')
        return a[:-1].decode()

    def later(self, contract, keys, then):
        """then(values) when the next answer is waited for; what the model says must be noted now."""
        if keys:
            self.tell(self.of_records(contract, keys))
            self.waiting.append(then)

    def ledger(self, members, plugins, programmes):
        """members: [(code, role)]; plugins: [(contract, name)]; programmes: [(id, contract, code, settlement, params)]"""
        self.refs = 0
        self.tell(f'ledger {len(members)}')
        for i, (code, role) in enumerate(members):
            self.tell(f'member {i} {code} {role}')
        for number, name in plugins:
            self.tell(f'plugin {number} {name}')
        for p in programmes:
            self.tell(f'programme {p[0]} {p[1]} {p[2]} {p[3]} {p[4].hex()}')
        self.ask('start')
        self.now = self.at = 0  # the last block's instant; the operation's while it runs

    def block(self, at):
        self.now = self.at = max(self.now + 1000, at)
        return outcomes(self.ask(f'block {self.now}'))

    def begin_op(self, before, contract, event, programme, member, obj, args, signers=(), seq=None):
        """Sends it; end_op() takes the answer.  before: instant of a block before it, or None."""
        self.refs += 1
        first = 0
        if before is not None:
            first = self.now = self.at = max(self.now + 1000, before)
        self.now += 1000
        self.tell(f'op {first} {self.now} {contract} {event} {programme} {member} {obj or "-"} REF{self.refs} '
                  f'{",".join(map(str, signers)) or "-"} {"-" if seq is None else seq} {wire.pack(args).hex() or "-"}')
        self.push()

    def end_op(self):
        """Outcomes of the block before, of the operation's, of the block after."""
        return [outcomes(x) for x in self.answer().split('/')]

    def records(self, contract, keys):
        """Values; a key is an object's id in hex, or bytes."""
        if not keys:
            return []
        return values(self.ask(self.of_records(contract, keys)))

    @staticmethod
    def of_records(contract, keys):
        return f'records {contract} {",".join(k.hex() if isinstance(k, bytes) else k for k in keys)}'

    def record(self, contract, obj):
        return self.records(contract, [obj])[0]

    def balances(self, accounts):
        """accounts: [(member, programme, account)]"""
        out = []
        for i in range(0, len(accounts), 300):
            part = accounts[i:i + 300]
            out += map(int, self.ask('balance ' + ' '.join(f'{m} {g} {a}' for m, g, a in part)).split())
        return out


class Owed:
    """An obligation of the model; settled: what happens then.  net: it settles in cycles."""
    __slots__ = ('key', 'debtor', 'creditor', 'amount', 'programme', 'settled', 'id', 'net', 'state')

    def __init__(self, debtor, creditor, amount, programme, settled=None, net=False):
        self.key = (debtor, creditor, amount, programme)
        self.debtor, self.creditor, self.amount, self.programme, self.settled = debtor, creditor, amount, programme, settled
        self.id, self.net, self.state = None, net, 'CREATED'


class Note:
    """What REVERSE (3.0.10) must know of an event: who signed it, what it posted and owed, its object before and after."""
    __slots__ = ('op', 'signers', 'rows', 'made', 'before', 'after')

    def __init__(self, books, before, after):
        self.op, self.signers, self.rows, self.made = None, books.signers, books.rows, books.made
        self.before, self.after = before, after

    @property
    def acted(self):
        return any(o.state != 'CREATED' for o in self.made)


OTHER_SIDE = {'2141.': '1141.', '1141.': '2141.'}


class Books:
    """Postings and obligations of one call, and the sums of all."""
    def __init__(self, codes):
        self.codes = codes
        self.programme = 1
        self.netted = set()  # programmes whose obligations settle in cycles, but for FISCAL members'
        self.sums = Counter()
        self.actor, self.also = None, frozenset()  # of the operation
        self.begin()

    def begin(self):
        self.rows, self.made, self.warnings, self.gone = [], [], [], []
        self.noted, self.signers = None, ()

    def sign(self, *members):
        """The acting member must be one of those whose signatures an event needs, and all of them must be there (9102).  A
        model asks after its other preconditions and before it changes anything (ledger.md 2.5)."""
        if self.actor not in members or not set(members) <= self.also | {self.actor}:
            raise Refused(9102)
        self.signers = members

    def note(self, before, after):
        self.noted = Note(self, before, after)
        return self.noted

    def can_reverse(self, note, op, now, opposite=False):
        """3.0.10: the event that the object stands as it left it (decision), unless an obligation of it was acted on."""
        if note is None or note.op != op:
            raise Refused(9111)
        if note.acted and not opposite:
            raise Refused(9107)
        if note.after != now:
            raise Refused(9111)

    def mirror(self, note):
        """The mirror image; an obligation that was acted on stands, and an equal opposite one is made."""
        self.sign(*note.signers)
        instead = {}
        for o in note.made:
            if o.state == 'CREATED':
                o.state = 'REVERSED'
                self.gone.append(o)
            else:
                instead[o.key] = self.oblige(o.creditor, o.debtor, o.amount)
        for member, g, label, dr, cr, fen, key in note.rows:
            o = instead.get(key)
            if o is not None:
                dr, cr = (OTHER_SIDE.get(a[:5], a[:5]) + a[5:] for a in (dr, cr))
                key = o.key
            self.rows.append((member, g, label, cr, dr, fen, key))
            self.sums[member, g, cr] += fen
            self.sums[member, g, dr] -= fen

    def post(self, member, label, dr, cr, fen, owed=None):
        assert fen >= 0
        if fen:
            g = self.programme
            self.rows.append((member, g, label, dr, cr, fen, owed.key if owed else None))
            self.sums[member, g, dr] += fen
            self.sums[member, g, cr] -= fen

    def oblige(self, debtor, creditor, amount, settled=None):
        g = self.programme
        net = g in self.netted and FISCAL not in (ROLES[debtor], ROLES[creditor])
        o = Owed(debtor, creditor, amount, g, settled, net)
        self.made.append(o)
        return o

    def oblige_post(self, debtor, dr, creditor, cr, fen, label, settled=None):
        """debtor: dr / 2141.creditor; creditor: 1141.debtor / cr."""
        if fen == 0 or debtor == creditor:
            return None
        o = self.oblige(debtor, creditor, fen, settled)
        self.post(debtor, label, dr, '2141.' + self.codes[creditor], fen, o)
        self.post(creditor, label, '1141.' + self.codes[debtor], cr, fen, o)
        return o


class World:
    """One ledger, on both sides: the lives of one or more products, its calendar day, its books and obligations."""
    def __init__(self, driver, rng, stats, kinds, style='both'):
        """kinds: classes of History.  style: 'legal', 'illegal' (each history has operations that must be refused), 'both'."""
        self.d, self.r, self.stats, self.style = driver, rng, stats, style
        self.books = Books(CODES)
        self.owed = []  # obligations not settled
        self.ids = set()
        self.last = ''
        self.paid, self.refusals, self.op_id = [], 0, None  # paid: settled obligations whose products do not know yet
        self.known = {}  # every obligation ever, by id
        self.gone = []  # reversed ones
        self.blocked = None  # day of the last block
        self.today = date(2026, 1, 5) + timedelta(days=rng.randint(0, 400))
        self.settlement = 0  # the cycle's programme, that others may name
        self.register = None  # where borrowers' grades stand
        self.lives = []
        for k in kinds:
            self.lives.append(k(self))
        programmes, first = [], 1
        for life in self.lives:
            mine = life.plan(first)
            programmes += mine
            first += len(mine)
        plugins = sorted({(life.CONTRACT, life.PLUGIN) for life in self.lives})
        self.d.ledger(MEMBERS, plugins, programmes)

    def run(self):
        for life in self.lives:
            life.open()
        turns = [life for life in self.lives for _ in range(life.turns())]
        if len(self.lives) > 1:
            self.r.shuffle(turns)
            turns = turns[:len(turns) * 4 // (4 + len(self.lives) * len(self.lives))]
        for life in turns:
            life.turn()
        for _ in range(100):
            if self.style != 'illegal' or self.refusals:
                break
            self.r.choice(self.lives).turn()
        self.end()

    def advance(self, days):
        """Days pass, but not over one that a life must see."""
        if days > 0:
            for life in self.lives:
                life.leaving()
            to = self.today + timedelta(days=days)
            self.today = max(self.today, min([to] + [d for d in (life.stop(to) for life in self.lives) if d]))
        self.block()

    def expect(self, what, mine, theirs):
        if mine != theirs:
            raise Difference(f'{what}\n   model {mine}\n   C     {theirs}\n   last  {self.last}')

    def compare_rows(self, what, outs):
        books = self.books
        if not outs and not books.rows and not books.made:
            return
        rows, owed = [], {}
        for o in outs:
            owed.update(o.owed)
        for o in outs:
            rows += [r[:6] + (owed.get(r[6]),) for r in o.rows]
        mine = books.rows
        if rows != mine:
            mine = sorted(mine, key=str)
            rows.sort(key=str)
            if rows != mine:
                a, b = Counter(mine), Counter(rows)
                raise Difference(f'{what}: postings\n   model only {sorted((a - b).elements(), key=str)}\n'
                                 f'   C only     {sorted((b - a).elements(), key=str)}\n   last  {self.last}')
        new = {i: k for i, k in owed.items() if i not in self.ids}
        for o in books.made:
            for i, k in new.items():
                if k == o.key:
                    o.id = i
                    self.ids.add(i)
                    del new[i]
                    break
            else:
                raise Difference(f'{what}: obligation {o.key} of the model is not there')
            self.known[o.id] = o
            self.owed.append(o)
        if new:
            self.expect((what, 'obligations'), [], list(new.values()))

    def tell_paid(self):
        paid, self.paid = self.paid, []
        for o in sorted(paid, key=lambda o: o.id):  # SYS calls of one instant go by id (ledger.md 2.4)
            if o.settled is not None:
                self.books.programme = o.programme
                o.settled()

    def sys(self, out):
        """What a block's SYS calls do on the model's side, and whether that is what the contracts did."""
        bad = [o.code for o in out if o.code != 0]
        self.expect('SYS calls', [], bad)
        self.blocked = self.today
        books = self.books
        books.begin()
        self.tell_paid()
        for life in self.lives:
            life.sys(out)
        self.tell_paid()  # what a cycle settled: deadlines that come of it are for the next block
        if not out and not books.rows and not books.made:
            return
        what = ('SYS', self.today, [(hex(o.event), o.deadline) for o in out])
        self.compare_rows(what, out)
        if all(life.WARNS for life in self.lives):
            self.expect((what, 'warnings'), sorted(books.warnings), sorted(w for o in out for w in o.warnings))

    def block(self, day=None, minute=540):
        """A block; what is due runs on both sides."""
        self.today = day or self.today
        self.sys(self.d.block(ms(self.today, minute)))

    def until(self, at):
        """A block at an instant, on whatever day that is."""
        self.today = max(self.today, date.fromordinal((at + 8 * 3600000) // 86400000 + EPOCH))
        self.sys(self.d.block(at))

    def act(self, contract, name, event, programme, member, obj, args, signers, run, made=None, seq=None):
        """run() is the model's; False when it is refused."""
        what = self.last = (self.today, name, args, 'by', member, 'with', signers)
        before, books, code = None, self.books, 0
        if self.blocked != self.today:
            if self.style == 'legal':
                self.block()
            else:
                before = ms(self.today, 540)
                self.d.begin_op(before, contract, event, programme, member, obj, args, signers, seq)
                first, out, after = self.d.end_op()
                self.sys(first)
        books.begin()
        books.programme = programme
        self.d.at += 1
        try:
            run()
        except Refused as e:
            if self.style == 'legal':
                self.d.at -= 1
                return False  # not sent: such a history has no refusals
            code = e.code
            books.begin()
        if before is None:
            self.d.begin_op(None, contract, event, programme, member, obj, args, signers, seq)
            _, out, after = self.d.end_op()
        last = out[-1]
        self.expect((what, 'SYS calls of its own block'), [], [hex(o.event) for o in out[:-1]])
        self.stats[name, code] += 1
        if code != last.code:
            self.expect((what, 'code'), code, last.code)
        if last.changed:
            raise Difference(f'{what}: refused, and something changed')
        self.compare_rows(what, [last])
        if books.warnings or last.warnings:
            self.expect((what, 'warnings'), sorted(books.warnings), sorted(last.warnings))
        if code == 0:
            self.op_id = last.op_id
            if books.noted is not None:
                books.noted.op = last.op_id
            for o in books.gone:
                self.owed.remove(o)
                self.gone.append(o)
            if made is not None:
                made(last.object)
            self.d.at = self.d.now
            self.sys(after)
        else:
            self.refusals += 1
        return code == 0

    def pay(self, o):
        """PAID by both."""
        books = self.books
        d, c = o.debtor, o.creditor

        def run():
            if o.net or o.state != 'CREATED':
                raise Refused(9111)  # ruling 29
            o.state = 'SETTLED'
            books.post(d, 0xff01, '2141.' + CODES[c], '1001', o.amount, o)
            books.post(c, 0xff01, '1001', '1141.' + CODES[d], o.amount, o)
            self.owed.remove(o)
            self.paid.append(o)
        return self.act(0, 'PAID', 4, o.programme, d, o.id, ['REF'], [c], run)

    def end(self):
        """Balances, mirrors, each life's own records."""
        self.block()
        for life in self.lives:
            life.check_all()
        self.d.catch_up()
        sums = self.books.sums
        for (key, v), there in zip(sums.items(), self.d.balances(list(sums))):
            if v != there:
                self.expect(f'balance {key}', v, there)
            m, g, account = key
            if account.startswith('1141.'):
                other = CODES.index(account[5:])
                self.expect(f'mirror {key}', v, -sums[other, g, '2141.' + CODES[m]])


class History:
    """The life of one product on a World."""
    CONTRACT, PLUGIN = 0, ''
    WARNS = False  # its model knows the warnings of SYS calls

    def __init__(self, world):
        self.w, self.d, self.r, self.stats, self.books, self.codes = world, world.d, world.r, world.stats, world.books, CODES
        self.style = world.style

    today = property(lambda self: self.w.today)
    owed = property(lambda self: [o for o in self.w.owed if not o.net])  # what PAID settles

    def plan(self, first):
        """Its programmes [(id, contract, code, settlement, params)], numbered from first on."""
        raise NotImplementedError

    def settle(self, number):
        """The parameter `settle` of a programme: in the ledger's cycle, if there is one."""
        if self.w.settlement:
            self.books.netted.add(number)
        return 0 if self.w.settlement else 1

    def open(self):
        """Its first operations."""

    def turns(self):
        return 1

    def turn(self):
        raise NotImplementedError

    def sys(self, outcomes):
        """What SYS calls of a block do."""

    def leaving(self):
        """Before days pass."""

    def stop(self, to):
        """A day up to `to` on which time must stand still for a moment, or None."""

    def check_all(self):
        """Records against the model at the end."""

    def expect(self, what, mine, theirs):
        if mine != theirs:
            self.w.expect(what, mine, theirs)

    def act(self, name, event, programme, member, obj, args, signers, run, made=None, seq=None):
        return self.w.act(self.CONTRACT, name, event, programme, member, obj, args, signers, run, made, seq)

    def chance(self, p):
        """Something that must be refused, now?  Never in a legal history."""
        return self.style != 'legal' and self.r.random() < p

    def pay(self, o):
        return self.w.pay(o)

    def block(self):
        self.w.block()

    def advance(self, days):
        self.w.advance(days)


def defines(path, macro):
    """The numbers of a table of X(NAME, number, ...) in a header."""
    text = open(path, encoding='utf-8').read()
    body = re.search(r'#define %s\(X\)(.*?)\n\n' % macro, text, re.S).group(1)
    return {n: int(v) for n, v in re.findall(r'X\((\w+), (\d+),', body)}


def params(path, macro):
    """[(NAME, default)] of a parameter table."""
    text = open(path, encoding='utf-8').read()
    body = re.search(r'#define %s\(X\)(.*?)\n\n' % macro, text, re.S)
    body = body or re.search(r'#define %s\(X\)(.*?)\nenum' % macro, text, re.S)
    return [(n, int(v, 0)) for n, v in re.findall(r'X\((\w+), "[^"]*", \w+, (0x[0-9a-f]+|\d+),', body.group(1))]


def slots(table, values):
    for k in values:
        assert k in dict(table), k
    return b''.join(values.get(n, v).to_bytes(8, 'big') for n, v in table)


def workday(d):
    return d.weekday() < 5


def workday_add(d, n):
    while n > 0:
        d += timedelta(days=1)
        n -= workday(d)
    return d
