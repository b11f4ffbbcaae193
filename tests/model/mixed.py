"""Legal and illegal events mixed: what is refused wherever it comes (ledger.md 2.1, 2.4, 2.5; domain.md 3.6)."""
from ledger import Difference, History, Refused

NO_EVENT = (0, 77, 4095)


class Mixed(History):
    """A history that now and then has the wrong one act, drops a signature, garbles the arguments, repeats a reference, or
    names an object that is not there, has moved on, or is something else.  None of it in a legal one."""
    EVENTS, MAKING, ON_OBJECT = {}, (), ()  # ON_OBJECT: events that look at what their object is before all else
    WRONG_SIGNER, GARBLED, REPEATED = 0.05, 0.02, 0.02

    def but(self, right, *wrong, p=0.06):
        """right, or now and then something wrong."""
        return self.r.choice(wrong) if self.chance(p) else right

    def do(self, p, name, member, obj, args, run, signers=(), made=None, swap=True):
        """One event.  swap: another member may act in its place, and the refusal is 9102 all the same."""
        r, b = self.r, self.books
        signers = sorted(set(signers) - {member})
        if self.chance(self.WRONG_SIGNER):
            if signers and (not swap or r.random() < 0.5):
                signers.remove(r.choice(signers))
            elif swap:
                member = r.randrange(len(b.codes))
                signers = [s for s in signers if s != member]
        garbled = self.garbled(p, name, member, obj, args, signers) if self.chance(self.GARBLED) else None

        def go():
            b.actor, b.also = member, frozenset(signers)
            run()
        ok = self.act(name, self.EVENTS[name], p.number, member, obj, args, signers, go, made)
        if ok and garbled not in (None, 9104):
            raise Difference(f'{self.w.last}: garbled arguments gave {garbled}')
        if ok and name in self.MAKING and self.chance(self.REPEATED):
            self.d.refs -= 1
            self.refuse(name + '-AGAIN', self.EVENTS[name], p, member, None, args, 9109, signers)
        return ok

    def garbled(self, p, name, member, obj, args, signers):
        """The code for arguments with one too many or too few; 9104 unless something else is wrong, too."""
        self.block()
        bad = args[:-1] if args and self.r.random() < 0.5 else args + [1]
        self.d.begin_op(None, self.CONTRACT, self.EVENTS[name], p.number, member, obj, bad, signers)
        out = self.d.end_op()[1][-1]
        if out.code == 0 or out.changed or out.rows:
            raise Difference(f'{self.today} {name} {bad} by {member}: taken')
        self.stats['GARBLED', out.code] += 1
        return out.code

    def refuse(self, what, event, p, member, obj, args, code, signers=(), seq=None):
        def no():
            raise Refused(code)
        self.act(what, event, p.number, member, obj, args, signers, no, seq=seq)

    def reverse(self, p, obj, note, run, *more):
        """REVERSE by the event's own signers.  run(op, *more); now and then another op_id."""
        op = '00' * 32 if note is None or note.op is None else note.op
        op = self.but(op, self.r.randbytes(32).hex(), self.w.op_id or op, p=0.1)
        who = sorted(note.signers) if note is not None and note.signers else [0]
        member = self.r.choice(who)
        self.do(p, 'REVERSE', member, obj, [bytes.fromhex(op), self.r.randint(0, 9999), *more], lambda: run(op, *more),
                signers=who)

    def nonsense(self, p, others, strangers):
        """others: (programme, id) of objects; strangers: ids of p's objects that are of another kind than most events want."""
        r = self.r
        if self.style == 'legal':
            return
        member = r.randrange(len(self.books.codes))
        name = r.choice(sorted(self.EVENTS))
        event, making = self.EVENTS[name], name in self.MAKING
        mine = [i for q, i in others if q is p]
        foreign = [i for q, i in others if q is not p]
        kind = r.randrange(6)
        if self.w.gone and r.random() < 0.1:
            return self.w.pay(r.choice(self.w.gone))
        if kind == 0 and not making:
            self.refuse('UNKNOWN', event, p, member, r.randbytes(32).hex(), [], 9115)
        elif kind == 1 and mine:
            self.refuse('NO-EVENT', r.choice(NO_EVENT), p, member, r.choice(mine), [], 9104)
        elif kind == 2 and foreign:
            self.refuse('FOREIGN', event, p, member, r.choice(foreign), [], 9104)
        elif kind == 3 and (mine or not making):
            self.refuse('OBJECT-OR-NOT', event, p, member, r.choice(mine) if making else None, [], 9104)
        elif kind == 4 and strangers and name in self.ON_OBJECT:
            self.refuse('STRANGER', event, p, member, r.choice(strangers), [], 9111)
        elif kind == 5 and mine:
            self.refuse('STALE', event, p, member, r.choice(mine), [], 9108, seq=99999)
