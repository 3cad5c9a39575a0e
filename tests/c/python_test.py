"""libweir.so from Python, against a real relay: WEIR_LIB and WEIR_BIN name them."""
import unittest

import weir
from relay import Relay
from weir import Client, Error, until

RECORDS = 30  # after so many the relay asks for a snapshot
PATIENCE = 60  # far more than any machine needs; a condition that never comes fails instead of hanging


class Together(unittest.TestCase):
    def setUp(self):
        self.relay = self.enterContext(Relay(snapshots__tail_records_min=RECORDS))
        self.clients = []
        self.addCleanup(self.end)

    def end(self):
        for client in self.clients:
            client.free()
        until(lambda: not weir.kept, "weir lets go of all that it was given")

    def client(self, **options):
        self.clients.append(Client(self.relay.grpc, **options))
        return self.clients[-1]

    def open(self, document, **options):
        client = self.client()
        opened = client.open("space", document, **options)
        self.addCleanup(opened.free)
        return opened

    def payloads(self, document):
        return [payload for own, payload, codec in document.records]

    def test_publishes_and_reads(self):
        writer = self.open("plan")
        reader = self.open("plan")
        offsets = [writer.publish(payload).result(PATIENCE) for payload in (b"one", b"", b"three\0")]
        self.assertEqual(offsets, sorted(set(offsets)))
        writer.publish(b"packed by the application", codec=17).result(PATIENCE)
        until(lambda: len(reader.records) == 4, "all is read")
        self.assertEqual(self.payloads(reader), [b"one", b"", b"three\0", b"packed by the application"])
        self.assertEqual([codec for _, _, codec in reader.records], [0, 0, 0, 17])
        self.assertFalse(any(own for own, _, _ in reader.records))
        until(lambda: len(writer.records) == 4, "the writer's own come back")
        self.assertTrue(all(own for own, _, _ in writer.records))

    def test_resumes_from_a_cursor(self):
        writer = self.open("plan")
        for payload in (b"one", b"two"):
            writer.publish(payload).result(PATIENCE)
        reader = self.open("plan")
        until(lambda: len(reader.records) == 2, "both are read")
        reader.close()
        writer.publish(b"three").result(PATIENCE)
        again = self.open("plan", cursor=reader.cursor)
        again.when_caught_up().result(PATIENCE)
        self.assertEqual(self.payloads(again), [b"three"])
        self.assertEqual(again.opened, [(0, 0)])
        live = self.open("plan", live_only=True)
        live.when_caught_up().result(PATIENCE)
        writer.publish(b"four").result(PATIENCE)
        until(lambda: live.records, "what comes now is read")
        self.assertEqual(self.payloads(live), [b"four"])

    def test_goes_on_after_the_relay_was_killed(self):
        writer = self.open("plan")
        reader = self.open("plan")
        writer.publish(b"before").result(PATIENCE)
        reader.when_caught_up().result(PATIENCE)
        self.relay.kill()
        meanwhile = [writer.publish(b"away %d" % i) for i in range(20)]
        waiting = writer.when_stored()
        until(lambda: self.clients[0].errors, "the connection is missed")
        self.assertFalse(any(future.done() for future in meanwhile))
        self.relay.start()
        waiting.result(PATIENCE)
        for future in meanwhile:
            self.assertGreater(future.result(0), 0)
        until(lambda: len(reader.records) == 21, "the reader has all of it")
        self.assertEqual(self.payloads(reader), [b"before", *(b"away %d" % i for i in range(20))])
        self.assertIn(weir.lib.weir_client_status(self.clients[0].handle), (1, 2))

    def test_shows_who_is_here(self):
        one = self.open("plan", presence=True)
        other = self.open("plan", presence=True)
        one.set_presence(b"line 3")
        until(lambda: list(other.presence.values()) == [b"line 3"], "presence is seen")
        one.set_presence(b"line 4")
        until(lambda: list(other.presence.values()) == [b"line 4"], "it moves")
        self.relay.kill()
        self.relay.start()
        other.set_presence(b"back")
        until(lambda: list(one.presence.values()) == [b"back"], "it is sent again after a reconnect")
        until(lambda: list(other.presence.values()) == [b"line 4"], "both ways")
        one.set_presence(b"")
        until(lambda: not other.presence, "it is withdrawn")

    def test_offers_its_state_to_a_relay_that_has_lost_history(self):
        writer = self.open("plan")
        writer.publish(b"known").result(PATIENCE)
        until(lambda: writer.cursor, "it comes back")
        with Relay() as another:
            client = Client(another.grpc)
            self.clients.append(client)
            document = client.open("space", "plan", cursor=writer.cursor, state=[b"all that", b"was known"])
            document.when_caught_up().result(PATIENCE)
            until(lambda: document.stored and not document.errors, "the state is stored")
            client2 = Client(another.grpc)
            self.clients.append(client2)
            newcomer = client2.open("space", "plan")
            until(lambda: len(newcomer.records) == 2, "it is there again")
            self.assertEqual(self.payloads(newcomer), [b"all that", b"was known"])
            self.assertEqual(document.opened, [(1, 1)])
            newcomer.free()
            document.free()

    def test_seals_what_it_publishes(self):
        keys = {1: b"1" * 32, 2: b"2" * 32}
        writer = self.open("secret", key=keys[1], key_id=1)
        writer.publish(b"for us").result(PATIENCE)
        writer.set_key(2, keys[2])
        writer.publish(b"for us, later").result(PATIENCE)
        reader = self.open("secret", key=keys[2], key_id=2, keys=keys)
        until(lambda: len(reader.records) == 2, "both are opened")
        self.assertEqual(self.payloads(reader), [b"for us", b"for us, later"])
        stranger = self.open("secret")
        stranger.when_caught_up().result(PATIENCE)
        self.assertEqual(stranger.records, [])
        self.assertEqual([(error.kind, over) for error, over in stranger.errors], [(15, False)])  # once, and it goes on
        with self.assertRaises(Error) as plain:
            stranger.publish(b"for everybody").result(PATIENCE)
        self.assertEqual((plain.exception.code, plain.exception.kind), ("FAILED_PRECONDITION", 15))
        late = self.open("secret", key=keys[2], key_id=2)
        until(lambda: late.errors, "a key is missing")
        self.assertEqual([(error.kind, over) for error, over in late.errors], [(15, True)])
        with self.assertRaises(Error) as plain:
            stranger.set_key(1, keys[1])
        self.assertEqual(plain.exception.code, "FAILED_PRECONDITION")

    def test_makes_checks_and_takes_snapshots(self):
        def state(document):  # a set of words; own records come back without their payloads
            return b",".join(sorted({b"word %d" % (i % 10) for i in range(len(document.records))}))

        def right(document, snapshot, later):
            return b",".join(sorted({*snapshot.split(b","), *later})) == state(document)

        maker = self.client(makes_snapshots=1).open("space", "plan", make=state)
        for i in range(RECORDS):
            maker.publish(b"word %d" % (i % 10)).result(PATIENCE)
        until(lambda: maker.kept, "the snapshot is made")
        checker = self.client(makes_snapshots=1).open("space", "plan", check=right)
        until(lambda: checker.checked == [True], "it is found to be right")
        until(lambda: b" verified " in self.relay.tell("docs", "snapshots", "space", "plan"), "the relay has heard of it")
        checker.publish(b"word 1").result(PATIENCE)
        reader = self.open("plan", snapshots=True)
        reader.when_caught_up().result(PATIENCE)
        self.assertEqual(reader.snapshots, [(state(maker), 0, maker.kept[0])])
        self.assertEqual(self.payloads(reader), [b"word 1"])
        maker.free()
        checker.free()

    def test_says_what_is_wrong(self):
        client = self.client()
        document = client.open("space", "plan")
        with self.assertRaises(Error) as twice:
            client.open("space", "plan")
        self.assertEqual(twice.exception.code, "ALREADY_EXISTS")
        with self.assertRaises(Error) as name:
            client.open("space", "a\nb")
        self.assertEqual(name.exception.code, "INVALID_ARGUMENT")
        with self.assertRaises(Error) as large:
            document.publish(b"x" * (20 << 20)).result(PATIENCE)
        self.assertEqual(large.exception.kind, 7, large.exception)
        document.close()
        with self.assertRaises(Error) as closed:
            document.publish(b"too late")
        self.assertEqual((closed.exception.code, closed.exception.kind), ("CANCELLED", 12))
        document.free()

    def test_answers_what_waits_when_it_is_freed(self):
        self.relay.kill()
        client = Client(self.relay.grpc)
        document = client.open("space", "plan")
        waiting = document.publish(b"never sent")
        client.free()
        with self.assertRaises(Error) as closed:
            waiting.result(0)
        self.assertEqual(closed.exception.kind, 12)
        with self.assertRaises(Error):
            document.set_presence(b"here")
        document.free()
        self.relay.start()


if __name__ == "__main__":
    unittest.main(verbosity=2)
