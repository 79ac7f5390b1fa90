"""What SQS promises, as a small model in plain Python: standard and FIFO queues, on a clock that the caller moves.

It shares nothing with the program. Rules: AWS's developer guide; where AWS promises no order, the one that docs/sqs.md promises: standard queues give messages in the order in
which they became visible, FIFO queues give group after group in order of their first messages, and each group in order of sending.
"""
import hashlib

DEDUPLICATION_MS = ATTEMPT_MS = 300_000


class Message:
    def __init__(self, number, body, sent_at, group, deduplication):
        self.number = self.position = number  # order of sending, and of coming into its queue
        self.id = None  # as the server called it
        self.body, self.sent_at, self.group, self.deduplication = body, sent_at, group, deduplication
        self.visible_at = sent_at
        self.receives = 0
        self.first_received = None
        self.source = None


class Queue:
    def __init__(self, name, is_fifo=False, delay=0, visibility=30, retention=345600, content=False, by_group=False, dead_letters=None, most=None, is_fair=False):
        self.name, self.is_fifo, self.delay, self.visibility, self.retention = name, is_fifo, delay, visibility, retention
        self.content, self.by_group, self.dead_letters, self.most = content, by_group, dead_letters, most
        self.is_fair = is_fair  # a standard queue whose messages all have a group
        self.messages = []
        self.sent = {}  # deduplication key -> (expires, message)
        self.attempts = {}  # ReceiveRequestAttemptId -> (expires, visible_at, messages)


class Handle:
    """What a receive gives: a message, from this queue, for the n-th time."""

    def __init__(self, queue, message, receive, text):
        self.queue, self.message, self.receive, self.text = queue, message, receive, text


class Model:
    def __init__(self, now):
        self.now = now
        self.number = 0

    # -- states -------------------------------------------------------------------------------------------------------

    def sweep(self, queue):
        queue.messages = [m for m in queue.messages if m.sent_at + queue.retention * 1000 > self.now]

    def is_delayed(self, queue, message):
        if message.receives > 0:
            return False
        return (message.sent_at + queue.delay * 1000 if queue.is_fifo else message.visible_at) > self.now

    def is_in_flight(self, message):
        return message.receives > 0 and message.visible_at > self.now

    def counts(self, queue):
        self.sweep(queue)
        delayed = sum(self.is_delayed(queue, m) for m in queue.messages)
        in_flight = sum(self.is_in_flight(m) for m in queue.messages)
        return len(queue.messages) - delayed - in_flight, delayed, in_flight

    def edges(self, queue):
        """The moments to come at which something changes by itself."""
        moments = [expires for expires, _ in queue.sent.values()] + [attempt[0] for attempt in queue.attempts.values()]
        for message in queue.messages:
            moments += [message.visible_at, message.sent_at + queue.delay * 1000, message.sent_at + queue.retention * 1000]
        return {moment for moment in moments if self.now < moment <= self.now + 2 * DEDUPLICATION_MS}

    # -- sending ------------------------------------------------------------------------------------------------------

    def send(self, queue, body, delay=None, group=None, deduplication=None):
        """The message, and whether it was there before."""
        if queue.is_fifo:
            if deduplication is None:
                deduplication = hashlib.sha256(body.encode()).hexdigest()
            key = (deduplication, group) if queue.by_group else deduplication
            expires, original = queue.sent.get(key, (0, None))
            if expires > self.now:
                return original, True
        self.number += 1
        message = Message(self.number, body, self.now, group, deduplication)
        if queue.is_fifo:
            queue.sent[key] = (self.now + DEDUPLICATION_MS, message)
        else:
            message.visible_at += (queue.delay if delay is None else delay) * 1000
        queue.messages.append(message)
        return message, False

    # -- receiving ----------------------------------------------------------------------------------------------------

    def is_dead(self, queue, message):
        return queue.dead_letters is not None and message.receives >= queue.most

    def bury(self, queue, message):
        queue.messages.remove(message)
        message.visible_at = self.now
        message.source = queue.name
        self.number += 1
        message.position = self.number
        queue.dead_letters.messages.append(message)

    def take(self, message, visible_at):
        message.receives += 1
        message.visible_at = visible_at
        if message.first_received is None:
            message.first_received = self.now
        return message

    def receive(self, queue, most, visibility=None, attempt=None):
        self.sweep(queue)
        visible_at = self.now + (queue.visibility if visibility is None else visibility) * 1000
        taken = self.repeat(queue, attempt, visible_at) if attempt else []
        if not taken:
            taken = self.receive_fifo(queue, most, visible_at) if queue.is_fifo else self.receive_standard(queue, most, visible_at)
        if attempt and taken:
            queue.attempts[attempt] = (self.now + ATTEMPT_MS, visible_at, taken)
        return taken

    def repeat(self, queue, attempt, visible_at):
        expires, before, messages = queue.attempts.get(attempt, (0, 0, []))
        if expires <= self.now or before <= self.now or not all(m in queue.messages and m.visible_at == before for m in messages):
            return []
        for message in messages:
            message.visible_at = visible_at
        return messages

    def receive_standard(self, queue, most, visible_at):
        while True:
            visible = sorted((m for m in queue.messages if m.visible_at <= self.now), key=lambda m: (m.visible_at, m.number))[:most]
            taken = []
            for message in visible:
                if self.is_dead(queue, message):
                    self.bury(queue, message)
                else:
                    taken.append(self.take(message, visible_at))
            if taken or not visible:
                return taken

    def receive_fair(self, queue, most, visibility, ids):
        """Of tenants that are equal, any may be next: checks the server's choice. What is wrong with it, or None; and the messages."""
        self.sweep(queue)
        visible = [m for m in queue.messages if m.visible_at <= self.now]
        busy = {m.group: sum(n.group == m.group and n.visible_at > self.now for n in queue.messages) for m in visible}
        chosen = [m for i in ids for m in visible if m.id == i]
        if len(chosen) != min(most, len(visible)) or len(chosen) != len(ids) or len(set(ids)) != len(ids):
            return f"{min(most, len(visible))} of {[m.id for m in visible]} are due, not {ids}", []
        for message in chosen:
            if any(busy[other.group] < busy[message.group] for other in visible):
                return f"{message.id} of tenant {message.group} is not next: {busy}", []
            if any((other.visible_at, other.number) < (message.visible_at, message.number) for other in visible if other.group == message.group):
                return f"{message.id} is not the first of its tenant", []
            visible.remove(message)
            busy[message.group] += 1
        visible_at = self.now + (queue.visibility if visibility is None else visibility) * 1000
        return None, [self.take(message, visible_at) for message in chosen]

    def receive_fifo(self, queue, most, visible_at):
        groups = {}
        for message in sorted(queue.messages, key=lambda m: m.position):
            groups.setdefault(message.group, []).append(message)
        taken = []
        for messages in groups.values():  # in order of their first messages
            if any(self.is_in_flight(m) for m in messages):
                continue
            taken += self.take_group(queue, messages, most - len(taken), visible_at)
            if len(taken) == most:
                break
        return taken

    def take_group(self, queue, messages, room, visible_at):
        """The first messages that are not dead; the dead ones among as many as there was room for, too, make room for nobody."""
        taken = []
        while messages and not taken:
            window, messages = messages[:room], messages[room:]
            for message in window:
                if self.is_delayed(queue, message):
                    return taken
                if self.is_dead(queue, message):
                    self.bury(queue, message)
                else:
                    taken.append(self.take(message, visible_at))
        return taken

    # -- handles ------------------------------------------------------------------------------------------------------

    def is_there(self, handle):
        return handle.message in handle.queue.messages and handle.message.sent_at + handle.queue.retention * 1000 > self.now

    def is_current(self, handle):
        return handle.receive == handle.message.receives and handle.message.visible_at > self.now

    def delete(self, handle):
        """False: the handle has expired."""
        if not self.is_there(handle):
            return True
        if handle.queue.is_fifo and not self.is_current(handle):
            return False
        handle.queue.messages.remove(handle.message)
        return True

    def change(self, handle, visibility):
        """False: there is nothing to change."""
        if not self.is_there(handle) or (handle.queue.is_fifo and not self.is_current(handle)):
            return False
        handle.message.visible_at = self.now + visibility * 1000
        return True

    def purge(self, queue):
        queue.messages, queue.sent, queue.attempts = [], {}, {}
