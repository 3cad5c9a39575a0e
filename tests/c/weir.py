"""libweir.so from Python, by ctypes alone: what a binding looks like, and the client of python_test.py. WEIR_LIB names it.

    client = Client("127.0.0.1:8788")
    plan = client.open("acme-notes", "plan", presence=True)
    plan.publish(b"bytes").result(60)          a concurrent.futures.Future: its offset, or an Error
    plan.records                               what came, in order

Callbacks run on the client's thread, which takes Python's lock for each; they only append to lists and wake whoever waits in
until(). They are kept from the garbage collector until weir says, by user_released, that none will come any more.
"""
import concurrent.futures
import ctypes as c
import os
import threading

lib = c.CDLL(os.environ["WEIR_LIB"])
P = c.c_void_p


class Bytes(c.Structure):
    _fields_ = [("data", P), ("size", c.c_size_t)]

    def get(self):
        return c.string_at(self.data, self.size) if self.size else b""


class Cursor(c.Structure):
    _fields_ = [("epoch", c.c_uint64), ("offset", c.c_uint64), ("chain", c.c_uint8 * 32)]


class Opened(c.Structure):
    _fields_ = [("fresh", c.c_int), ("lost_history", c.c_int)]


class Record(c.Structure):
    _fields_ = [("offset", c.c_uint64), ("sequence", c.c_uint64), ("time", c.c_uint64), ("producer", c.c_uint8 * 16),
                ("codec", c.c_uint32), ("own", c.c_int), ("stub", c.c_int), ("payload", Bytes)]


class Records(c.Structure):
    _fields_ = [("records", c.POINTER(c.POINTER(Record))), ("count", c.c_size_t), ("cursor", c.POINTER(Cursor))]


class Snapshot(c.Structure):
    _fields_ = [("bytes", Bytes), ("codec", c.c_uint32), ("offset", c.c_uint64), ("base", c.c_uint64), ("verified", c.c_int),
                ("fidelity", c.c_int), ("cursor", c.POINTER(Cursor))]


class SnapshotCheck(c.Structure):
    _fields_ = [("bytes", Bytes), ("codec", c.c_uint32), ("records", c.POINTER(c.POINTER(Record))), ("count", c.c_size_t)]


class Presence(c.Structure):
    _fields_ = [("key", Bytes), ("producer", c.c_uint8 * 16), ("data", Bytes), ("gone", c.c_int)]


class Presences(c.Structure):
    _fields_ = [("changes", c.POINTER(c.POINTER(Presence))), ("count", c.c_size_t)]


class Settled(c.Structure):
    _fields_ = [("error", P), ("epoch", c.c_uint64), ("sequence", c.c_uint64), ("offset", c.c_uint64),
                ("producer", c.c_uint8 * 16)]


class Failed(c.Structure):
    _fields_ = [("error", P), ("over", c.c_int)]


def callback(*arguments):
    return c.CFUNCTYPE(None, P, *arguments)


WhenSettled = callback(c.POINTER(Settled))


FindKey = c.CFUNCTYPE(c.c_int, P, c.c_uint32, c.POINTER(c.c_uint8))


class ClientOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("address", c.c_char_p), ("tls", c.c_int), ("root_certificates", c.c_char_p),
                ("producer", c.c_char_p), ("client_name", c.c_char_p), ("starts_disconnected", c.c_int),
                ("backoff_first_ms", c.c_uint64), ("backoff_max_ms", c.c_uint64), ("outbox_bytes_max", c.c_size_t),
                ("calls_waiting_max", c.c_size_t), ("calls_waiting_bytes_max", c.c_size_t), ("user", P),
                ("user_released", callback()), ("token", callback(P)), ("on_status", callback(c.c_int)),
                ("on_connection_error", callback(P)), ("on_producer_changed", callback(P)), ("on_error", callback(P)), ("makes_snapshots", c.c_int),
                ("store", c.c_char_p), ("without_packs", c.c_int)]


class DocumentOptions(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("cursor", c.POINTER(Cursor)), ("live_only", c.c_int), ("presence", c.c_int),
                ("recreate", c.c_int), ("user", P), ("user_released", callback()), ("on_opened", callback(c.POINTER(Opened))),
                ("on_records", callback(c.POINTER(Records))), ("on_snapshot", callback(c.POINTER(Snapshot))),
                ("on_caught_up", callback()), ("on_stored", callback(c.c_size_t)),
                ("on_presence", callback(c.POINTER(Presences))), ("on_error", callback(c.POINTER(Failed))),
                ("state", callback(P)), ("key", c.c_char_p), ("key_id", c.c_uint32), ("verify", c.c_int), ("find_key", FindKey),
                ("make_snapshot", c.CFUNCTYPE(c.c_int, P, P)),
                ("check_snapshot", c.CFUNCTYPE(c.c_int, P, c.POINTER(SnapshotCheck))), ("on_snapshot_kept", callback(c.c_uint64)),
                ("on_cut", callback(c.c_uint64))]


for name, answer, *arguments in [
    ("weir_error_code", c.c_int, P), ("weir_error_kind", c.c_int, P), ("weir_error_message", c.c_char_p, P),
    ("weir_error_retry_after_ms", c.c_uint64, P), ("weir_error_free", None, P), ("weir_code_name", c.c_char_p, c.c_int),
    ("weir_version", c.c_char_p), ("weir_answer_add", c.c_int, P, c.c_char_p, c.c_size_t),
    ("weir_client_open", c.c_int, P, P, P), ("weir_client_connect", c.c_int, P, P),
    ("weir_client_disconnect", c.c_int, P, P), ("weir_client_status", c.c_int, P), ("weir_client_close", None, P),
    ("weir_client_free", None, P),
    ("weir_client_unsent", c.c_int, P, c.c_size_t, c.POINTER(c.c_char_p), c.POINTER(c.c_char_p)),
    ("weir_document_open", c.c_int, P, c.c_char_p, c.c_char_p, P, P, P),
    ("weir_document_publish", c.c_int, P, c.c_uint32, c.c_char_p, c.c_size_t, WhenSettled, P, P),
    ("weir_document_when_stored", c.c_int, P, WhenSettled, P, P),
    ("weir_document_when_caught_up", c.c_int, P, WhenSettled, P, P),
    ("weir_document_when_kept", c.c_int, P, WhenSettled, P, P),
    ("weir_document_set_presence", c.c_int, P, c.c_char_p, c.c_size_t, P),
    ("weir_document_set_key", c.c_int, P, c.c_uint32, c.c_char_p, P), ("weir_document_close", None, P),
    ("weir_document_free", None, P),
]:
    function = getattr(lib, name)
    function.restype, function.argtypes = answer, arguments


class Error(Exception):
    """A copy of a weir_error."""

    def __init__(self, error):
        super().__init__(lib.weir_error_message(error).decode())
        self.code = lib.weir_code_name(lib.weir_error_code(error)).decode()
        self.kind = lib.weir_error_kind(error)


def call(function, *arguments):
    """A function whose last argument is the error; raises it."""
    error = P()
    if function(*arguments, c.byref(error)) != 0:
        raised = Error(error)
        lib.weir_error_free(error)
        raise raised


kept = {}  # what a C callback may still reach, by the number that weir has as `user`
changed = threading.Condition()


def keep(thing):
    with changed:
        number = max(kept, default=0) + 1
        kept[number] = thing
        return number


def until(holds, what, seconds=60):
    with changed:
        if not changed.wait_for(holds, seconds):
            raise AssertionError(f"waited in vain: {what}")


def let_go(user):
    with changed:
        del kept[user]
        changed.notify_all()


def settle(user, settled):
    future = kept[user]
    about = settled.contents
    if about.error:
        future.set_exception(Error(about.error))
    else:
        future.set_result(about.offset)
    let_go(user)


released = callback()(let_go)
when_settled = WhenSettled(settle)


def awaiting(function, *arguments):
    """A call that settles later; a Future."""
    future = concurrent.futures.Future()
    number = keep(future)
    try:
        call(function, *arguments, when_settled, number)
    except Error:
        let_go(number)
        raise
    return future


class Client:
    def __init__(self, address, producer=None, backoff_max_ms=100, **options):
        self.statuses = []
        self.errors = []
        callbacks = {"on_status": self._status, "on_connection_error": self._error, "on_error": self._error}
        types = dict(ClientOptions._fields_)
        self._callbacks = {name: types[name](function) for name, function in callbacks.items()}
        self.number = keep(self)
        self._options = ClientOptions(
            struct_size=c.sizeof(ClientOptions), address=address.encode(), producer=producer, backoff_first_ms=10,
            backoff_max_ms=backoff_max_ms, user=self.number, user_released=released, **self._callbacks, **options)
        self.handle = P()
        call(lib.weir_client_open, c.byref(self._options), c.byref(self.handle))  # lets go by itself when it fails

    def _status(self, _, status):
        with changed:
            self.statuses.append(status)
            changed.notify_all()

    def _error(self, _, error):
        with changed:
            self.errors.append(Error(error))
            changed.notify_all()

    def unsent(self):
        """(space, document) of what the store had waiting when this client was opened."""
        space, document, found = c.c_char_p(), c.c_char_p(), []
        while lib.weir_client_unsent(self.handle, len(found), c.byref(space), c.byref(document)) == 0:
            found.append((space.value.decode(), document.value.decode()))
        return found

    def open(self, space, document, **options):
        return Document(self, space, document, **options)

    def free(self):
        lib.weir_client_free(self.handle)
        self.handle = None


class Document:
    def __init__(self, client, space, document, cursor=None, snapshots=False, state=None, keys=None, make=None, check=None, **options):
        self.records = []
        self.snapshots = []
        self.presence = {}
        self.opened = []
        self.errors = []
        self.cursor = None
        self.caught_up = 0
        self.stored = 0
        self.kept = []
        self.cuts = []
        self.checked = []
        self._state = state
        callbacks = {"on_opened": self._opened, "on_records": self._records, "on_caught_up": self._caught_up,
                     "on_stored": self._stored, "on_presence": self._presence, "on_error": self._failed}
        if snapshots:
            callbacks["on_snapshot"] = self._snapshot
        if state:
            callbacks["state"] = lambda _, answer: [lib.weir_answer_add(answer, piece, len(piece)) for piece in state]
        if make:
            callbacks["make_snapshot"] = lambda _, answer: self._make(make(self), answer)
        if check:
            callbacks["check_snapshot"] = lambda _, about: self._check(check, about.contents)
        callbacks["on_cut"] = lambda _, offset: self._tell(lambda: self.cuts.append(offset))
        callbacks["on_snapshot_kept"] = lambda _, offset: self._tell(lambda: self.kept.append(offset))
        if keys:
            callbacks["find_key"] = lambda _, key_id, into: self._find(keys, key_id, into)
        types = dict(DocumentOptions._fields_)
        self._callbacks = {name: types[name](function) for name, function in callbacks.items()}
        self.number = keep(self)
        begin = c.pointer(cursor) if cursor else None
        self._options = DocumentOptions(struct_size=c.sizeof(DocumentOptions), cursor=begin, user=self.number,
                                        user_released=released, **self._callbacks, **options)
        self.handle = P()
        call(lib.weir_document_open, client.handle, space.encode(), document.encode(), c.byref(self._options),
             c.byref(self.handle))

    def _tell(self, change):
        with changed:
            change()
            changed.notify_all()

    @staticmethod
    def _make(state, answer):
        lib.weir_answer_add(answer, state, len(state))
        return 1  # lossless

    def _check(self, check, about):
        verdict = check(self, about.bytes.get(), [about.records[i].contents.payload.get() for i in range(about.count)])
        self._tell(lambda: self.checked.append(verdict))
        return int(verdict)

    @staticmethod
    def _find(keys, key_id, into):
        if key_id in keys:
            c.memmove(into, keys[key_id], 32)
        return int(key_id in keys)

    def _opened(self, _, opened):
        about = (opened.contents.fresh, opened.contents.lost_history)
        self._tell(lambda: self.opened.append(about))

    def _take_cursor(self, cursor):
        self.cursor = Cursor.from_buffer_copy(cursor.contents) if cursor else None

    def _records(self, _, read):
        about = read.contents
        records = [about.records[i].contents for i in range(about.count)]
        came = [(bool(it.own), bytes(it.payload.get()), it.codec) for it in records]
        self._tell(lambda: (self.records.extend(came), self._take_cursor(about.cursor)))

    def _snapshot(self, _, read):
        about = read.contents
        self._tell(lambda: (self.snapshots.append((about.bytes.get(), about.codec, about.offset)),
                            self._take_cursor(about.cursor)))

    def _caught_up(self, _):
        self._tell(lambda: setattr(self, "caught_up", self.caught_up + 1))

    def _stored(self, _, pending):
        self._tell(lambda: setattr(self, "stored", self.stored + 1))

    def _presence(self, _, presences):
        about = presences.contents
        changes = [about.changes[i].contents for i in range(about.count)]

        def change():
            for it in changes:
                self.presence.pop(it.key.get(), None)
                if not it.gone:
                    self.presence[it.key.get()] = it.data.get()
        self._tell(change)

    def _failed(self, _, failed):
        about = (Error(failed.contents.error), bool(failed.contents.over))
        self._tell(lambda: self.errors.append(about))

    def publish(self, payload, codec=0):
        return awaiting(lib.weir_document_publish, self.handle, codec, payload, len(payload))

    def when_stored(self):
        return awaiting(lib.weir_document_when_stored, self.handle)

    def when_kept(self):
        return awaiting(lib.weir_document_when_kept, self.handle)

    def when_caught_up(self):
        return awaiting(lib.weir_document_when_caught_up, self.handle)

    def set_presence(self, data):
        call(lib.weir_document_set_presence, self.handle, data, len(data))

    def set_key(self, key_id, key):
        call(lib.weir_document_set_key, self.handle, key_id, key)

    def close(self):
        lib.weir_document_close(self.handle)

    def free(self):
        lib.weir_document_free(self.handle)
        self.handle = None
