#!/usr/bin/python3
"""A second verifier for exported ledgers, which follows store/FORMAT.md.

It shares nothing with the product but that text. It needs Python's standard
library and PyNaCl, which is libsodium and so the same rule for signatures.
Exit codes: 0 valid, 1 could not be decided, 2 usage, 8 invalid.
"""

import argparse
import base64
import binascii
import hashlib
import struct
import sys

try:
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import BadSignatureError
except ImportError:
    sys.exit("second_verifier: PyNaCl is missing; install python3-nacl and run "
             "this with /usr/bin/python3")

EXIT_VALID, EXIT_UNDECIDED, EXIT_INVALID = 0, 1, 8

KNOWN_SCHEMA_LEVEL = 1
SIGNATURE_SIZE = 64
MAX_RECORD_SIZE = 65_535
MAX_NOTE_SIZE = 65_536
MAX_NOTE_SIGNATURES = 100
TILE_WIDTH = 256

ENTRY_DOMAIN = b"ppn-ledger-entry-v1\n"
ROTATION_DOMAIN = b"ppn-ledger-key-rotation-v1\n"
NODE_ID_DOMAIN = b"ppn-node-id-v1\n"
ORIGIN_PREFIX = "ppn.internal/"
STREAM_CHARACTERS = frozenset(b"abcdefghijklmnopqrstuvwxyz0123456789._-/")


class Bad(Exception):
    """Breaks a rule of the format."""


class TooNew(Exception):
    """Needs a verifier of a later schema level."""


def sha256(*parts):
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.digest()


def signed_by(key, message, signature):
    try:
        crypto_sign_open(signature + message, key)
        return True
    except (BadSignatureError, ValueError):
        return False


# -- section 2: FlatBuffers ---------------------------------------------------

# Fields in the order of their slots; a "!" marks those that must be there.
TABLES = {
    "Entry": [
        ("sequence", "u64"), ("prev!", "32"), ("node!", "16"),
        ("stream!", "string"), ("stream_version", "u64"), ("clock!", "clock"),
        ("principal!", "Principal"), ("causation", "Causation"),
        ("schema_level", "u16"), ("payload_type", "u8"),
        ("payload!", "event")],
    "Principal": [
        ("kind", "u8"), ("id!", "string"), ("signature", "OperatorSignature")],
    "OperatorSignature": [
        ("algorithm", "u8"), ("key_id!", "bytes"), ("statement!", "bytes"),
        ("signature!", "bytes")],
    "Causation": [
        ("kind", "u8"), ("node", "16"), ("sequence", "u64"), ("request", "16")],
    "NodeInitialised": [("identity!", "Identity")],
    "NodeStarted": [("boot", "u64"), ("version!", "string")],
    "NodeStopped": [("boot", "u64"), ("reason", "u8")],
    "NodeKeyRotated": [("new_key!", "32"), ("new_key_signature!", "64")],
    "NodeRejoined": [
        ("identity!", "Identity"), ("replaces!", "16"),
        ("last_checkpoint!", "string")],
    "OutsideCheckpointAccepted": [
        ("problem", "u8"), ("size", "u64"), ("root!", "32")],
    "CapabilityGranted": [
        ("grant!", "16"), ("subject!", "string"), ("resource!", "string"),
        ("rights", "u8"), ("expiry", "Expiry"), ("parent", "16")],
    "CapabilityRevoked": [("grant!", "16"), ("reason!", "string")],
    "Noted": [("text!", "string")],
    "MeshFounded": [
        ("mesh!", "16"), ("name!", "string"), ("range!", "IpRange"),
        ("range6", "IpRange"), ("recovery_key!", "32"), ("founder!", "Member")],
    "MemberAdded": [("member!", "Member")],
    "MemberRemoved": [
        ("node!", "16"), ("reason!", "string"), ("never_came", "u8")],
    "MemberReplaced": [("old!", "16"), ("member!", "Member")],
    "RoleMoved": [("role", "u8"), ("to!", "16")],
    "EndpointsChanged": [("node!", "16"), ("endpoints", "[Endpoint]")],
    "RosterEntryTaken": [("entry!", "bytes"), ("signature!", "64")],
    "AuthorityRecovered": [
        ("mesh!", "16"), ("epoch", "u64"), ("authority!", "Member"),
        ("hub", "16"), ("controller", "16"), ("members", "u32"),
        ("former", "u32"), ("signature!", "64")],
    "MemberRestated": [("member!", "Member")],
    "FormerRestated": [
        ("node!", "16"), ("name!", "string"), ("key!", "32"),
        ("tunnel_key!", "32"), ("address!", "bytes"), ("removed_ns", "i64"),
        ("replaced", "u8"), ("other_tunnel_keys", "[32]")],
    "ClashSeen": [
        ("clash", "u8"), ("node!", "16"), ("number", "u64"),
        ("evidence!", "bytes")],
    "ClashAcknowledged": [("node!", "16")],
    "TunnelKeyMade": [("key!", "32")],
    "TunnelKeyAnnounced": [("node!", "16"), ("key!", "32")],
    "TunnelKeyChanged": [("node!", "16"), ("key!", "32")],
    "TunnelKeyRequested": [("key!", "32"), ("force", "u8")],
    "PairingOpened": [
        ("session!", "16"), ("side", "u8"), ("number", "u32"),
        ("grant!", "16"), ("boot", "u64"), ("until_since_boot_ns", "u64"),
        ("via", "string")],
    "PairingGuessAnswered": [("session!", "16"), ("from", "Endpoint")],
    "PairingProved": [
        ("session!", "16"), ("node!", "16"), ("name!", "string"),
        ("key!", "32"), ("mesh!", "16")],
    "PairingEnded": [
        ("session!", "16"), ("outcome", "u8"), ("detail", "string")],
    "NodeAdmitted": [("session!", "16"), ("node!", "16"), ("preshared!", "32")],
    "NodeActive": [("node!", "16")],
    "NodeLapsed": [("node!", "16")],
    "VmDefined": [("vm!", "16"), ("name!", "string"), ("spec!", "VmSpec")],
    "VmAdopted": [
        ("vm!", "16"), ("name!", "string"), ("spec!", "VmSpec"), ("wish", "u8"),
        ("start", "u64"), ("from!", "16")],
    "VmSpecChanged": [("vm!", "16"), ("spec!", "VmSpec")],
    "VmStartRequested": [("vm!", "16")],
    "VmStopRequested": [("vm!", "16"), ("force", "u8")],
    "VmPauseRequested": [("vm!", "16")],
    "VmResumeRequested": [("vm!", "16")],
    "VmResetRequested": [("vm!", "16")],
    "VmDeleteRequested": [("vm!", "16")],
    "VmStarting": [("vm!", "16"), ("start", "u64")],
    "VmStarted": [
        ("vm!", "16"), ("start", "u64"), ("accelerator", "string")],
    "VmPaused": [("vm!", "16"), ("cause", "u8"), ("detail", "string")],
    "VmResumed": [("vm!", "16")],
    "VmReset": [("vm!", "16")],
    "VmStopped": [("vm!", "16"), ("cause", "u8"), ("detail", "string")],
    "VmCrashed": [("vm!", "16"), ("cause", "u8"), ("detail", "string")],
    "VmGaveUp": [("vm!", "16")],
    "VmUnresponsive": [("vm!", "16"), ("evidence", "string")],
    "VmResponsive": [("vm!", "16")],
    "VmDeleted": [("vm!", "16")],
    "ImageAdded": [
        ("digest!", "32"), ("name!", "string"), ("size", "u64"),
        ("format", "u8")],
    "ImageRemoved": [("digest!", "32")],
    "AcceleratorProved": [
        ("accelerator", "string"), ("tried", "[AcceleratorTried]"),
        ("qemu", "string"), ("kernel", "string")],
    "HostUseSet": [("node!", "16"), ("drained", "u8"), ("reserved", "u8")],
    "HostFellSilent": [("node!", "16")],
    "HostHeardAgain": [("node!", "16")],
    "GuestPlaced": [
        ("request!", "16"), ("node!", "16"), ("vm!", "16"),
        ("name!", "string"), ("spec!", "VmSpec"), ("start", "u8"),
        ("owner", "string"), ("labels", "[string]"),
        ("images", "[ImageOfGuest]"), ("margin_mb", "u64"),
        ("verdicts", "[PlacementVerdict]"), ("more_hosts", "u32")],
    "GuestOrdered": [
        ("request!", "16"), ("node!", "16"), ("vm!", "16"),
        ("name!", "string"), ("verb", "u8"), ("force", "u8"),
        ("vcpus", "u16"), ("memory_mb", "u32"), ("floor_mb", "u32"),
        ("cpu_weight", "u16")],
    "RequestEnded": [
        ("request!", "16"), ("outcome", "u8"), ("reason", "string"),
        ("sequence", "u64")],
    "RequestLapsed": [("request!", "16")],
    "GuestGone": [("vm!", "16")],
    "QuotaSet": [
        ("owner!", "string"), ("none", "u8"), ("guests", "u32"),
        ("memory_mb", "u64"), ("vcpus", "u32")],
    "DispatchTaken": [
        ("request!", "16"), ("controller!", "16"), ("sequence", "u64"),
        ("refused", "string")],
    "FleetTermBegun": [("epoch", "u64"), ("version", "u64")],
    "FleetTaken": [
        ("from!", "16"), ("size", "u64"), ("hosts", "[HostUseSet]"),
        ("guests", "[FleetGuestState]"), ("quotas", "[QuotaSet]")],
    "FleetGuestState": [
        ("vm!", "16"), ("node!", "16"), ("name!", "string"),
        ("owner", "string"), ("labels", "[string]"), ("memory_mb", "u64"),
        ("vcpus", "u32"), ("disk_mb", "u64"), ("images", "[32]")],
    "DeviceRepaired": [("repair", "u8"), ("peer", "32"), ("detail!", "string")],
    "TunnelUp": [("node!", "16"), ("endpoint", "Endpoint")],
    "TunnelDown": [("node!", "16"), ("last_handshake_ns", "i64")],
    "PathChanged": [("node!", "16"), ("relay", "16"), ("why", "u8")],
    "Member": [
        ("node!", "16"), ("name!", "string"), ("key!", "32"),
        ("tunnel_key!", "32"), ("address!", "bytes"), ("address6", "bytes"),
        ("endpoints", "[Endpoint]"), ("next_tunnel_key", "32"),
        ("last_tunnel_key", "32"), ("key_announced_ns", "i64")],
    "VmSpec": [
        ("kind", "u8"), ("vcpus", "u16"), ("memory_mb", "u32"),
        ("floor_mb", "u32"), ("cpu_weight", "u16"), ("disks", "[VmDisk]"),
        ("kernel", "32"), ("initrd", "32"), ("command_line", "string"),
        ("bridge", "string"), ("forwards", "[VmForward]"),
        ("cloud_init", "32"), ("autostart", "u8"), ("restart", "u8"),
        ("node", "16")],
    "VmDisk": [
        ("name!", "string"), ("format", "u8"), ("size_mb", "u64"),
        ("base", "32"), ("device", "string"), ("read_only", "u8")],
    "VmForward": [
        ("host_port", "u16"), ("guest_port", "u16"), ("udp", "u8"),
        ("open", "u8")],
    "AcceleratorTried": [
        ("name!", "string"), ("works", "u8"), ("reason", "string")],
    "ImageOfGuest": [
        ("digest!", "32"), ("name!", "string"), ("size", "u64"),
        ("format", "u8")],
    "PlacementVerdict": [
        ("node!", "16"), ("reason", "u8"), ("needs", "u64"), ("has", "u64"),
        ("to_fetch", "u64")],
    "IpRange": [("address!", "bytes"), ("length", "u8")],
    "Endpoint": [("address!", "bytes"), ("port", "u16")],
    "Identity": [("key!", "32"), ("schema_digest!", "32"), ("name!", "string")],
    "Expiry": [("utc_ns", "i64"), ("boot", "u64"), ("since_boot_ns", "u64")],
}

EVENTS = [None, "NodeInitialised", "NodeStarted", "NodeStopped",
          "NodeKeyRotated", "NodeRejoined", "OutsideCheckpointAccepted",
          "CapabilityGranted", "CapabilityRevoked", "Noted", "MeshFounded",
          "MemberAdded", "MemberRemoved", "MemberReplaced", "RoleMoved",
          "EndpointsChanged", "RosterEntryTaken", "ClashSeen", "TunnelKeyMade",
          "DeviceRepaired", "TunnelUp", "TunnelDown", "AuthorityRecovered",
          "MemberRestated", "FormerRestated", "PathChanged",
          "TunnelKeyAnnounced", "TunnelKeyChanged", "TunnelKeyRequested",
          "PairingOpened", "PairingGuessAnswered", "PairingProved",
          "PairingEnded", "NodeAdmitted", "NodeActive", "NodeLapsed",
          "VmDefined", "VmSpecChanged", "VmStartRequested", "VmStopRequested",
          "VmPauseRequested", "VmResumeRequested", "VmResetRequested",
          "VmDeleteRequested", "VmStarting", "VmStarted", "VmPaused",
          "VmResumed", "VmReset", "VmStopped", "VmCrashed", "VmGaveUp",
          "VmUnresponsive", "VmResponsive", "VmDeleted", "ImageAdded",
          "ImageRemoved", "AcceleratorProved", "HostUseSet", "HostFellSilent",
          "HostHeardAgain", "GuestPlaced", "GuestOrdered", "RequestEnded",
          "RequestLapsed", "GuestGone", "QuotaSet", "DispatchTaken",
          "FleetTermBegun", "FleetTaken", "ClashAcknowledged",
          "VmAdopted"]

SCALARS = {name: struct.Struct("<" + code) for name, code in
           [("u8", "B"), ("u16", "H"), ("u32", "I"), ("u64", "Q"),
            ("i64", "q")]}
U16, U32, I32 = struct.Struct("<H"), struct.Struct("<I"), struct.Struct("<i")
CLOCK_SIZE, CLOCK_ALIGNMENT = 24, 8


class FlatBuffer:
    """Decodes tables; every read is checked before it is done."""

    def __init__(self, data):
        self.data = data

    def inside(self, at, size):
        if at < 0 or at + size > len(self.data):
            raise Bad("it is not a well-formed FlatBuffer: it points outside")

    def aligned(self, at, size):
        if at % size:
            raise Bad("it is not a well-formed FlatBuffer: it is not aligned")

    def number(self, kind, at):
        self.inside(at, kind.size)
        self.aligned(at, kind.size)
        return kind.unpack_from(self.data, at)[0]

    def raw(self, at, size):
        self.inside(at, size)
        return self.data[at:at + size]

    def refer(self, at):
        distance = self.number(U32, at)
        if distance == 0 or distance >= 1 << 31:
            raise Bad("it is not a well-formed FlatBuffer: a wrong reference")
        self.inside(at + distance, 1)
        return at + distance

    def byte_vector(self, at):
        return self.raw(at + 4, self.number(U32, at))

    def string(self, at):
        text = self.byte_vector(at)
        if self.raw(at + 4 + len(text), 1) != b"\0":
            raise Bad("it is not a well-formed FlatBuffer: an unended string")
        return text

    def clock(self, at):
        self.aligned(at, CLOCK_ALIGNMENT)
        return self.raw(at, CLOCK_SIZE)

    def field(self, kind, at, values):
        if kind in SCALARS:
            return self.number(SCALARS[kind], at)
        if kind == "clock":
            return self.clock(at)
        if kind.isdigit():
            return self.raw(at, int(kind))
        target = self.refer(at)
        if kind == "string":
            return self.string(target)
        if kind == "bytes":
            return self.byte_vector(target)
        if kind.startswith("[") and kind[1:-1].isdigit():
            return self.raw(target + 4, self.number(U32, target) *
                            int(kind[1:-1]))
        if kind == "[string]":
            return [self.string(self.refer(target + 4 + 4 * item))
                    for item in range(self.number(U32, target))]
        if kind.startswith("["):
            return [self.table(kind[1:-1], self.refer(target + 4 + 4 * item))
                    for item in range(self.number(U32, target))]
        if kind == "event":
            number = values["payload_type"]
            if 0 < number < len(EVENTS):
                return self.table(EVENTS[number], target)
            return {}
        return self.table(kind, target)

    def table(self, name, at):
        vtable = at - self.number(I32, at)
        vtable_size = self.number(U16, vtable)
        self.inside(vtable, vtable_size)
        if vtable_size % 2:
            raise Bad("it is not a well-formed FlatBuffer: an odd vtable")
        values = {}
        for slot, (marked_name, kind) in enumerate(TABLES[name]):
            field_name = marked_name.rstrip("!")
            position = 4 + 2 * slot
            offset = 0
            if position < vtable_size:
                offset = U16.unpack_from(self.data, vtable + position)[0]
            if offset:
                values[field_name] = self.field(kind, at + offset, values)
            elif marked_name != field_name:
                raise Bad("it is not a well-formed FlatBuffer: "
                          f"{name} has no {field_name}")
            else:
                values[field_name] = 0 if kind in SCALARS else None
        return values

    def entry(self):
        root = self.refer(0)
        if self.raw(4, 4) != b"PPNE":
            raise Bad("it is not an entry")
        return self.table("Entry", root)


def read_entry(data):
    """The fields of an entry that is well formed and not too new."""
    entry = FlatBuffer(data).entry()
    if entry["schema_level"] > KNOWN_SCHEMA_LEVEL:
        raise TooNew(f"it needs schema level {entry['schema_level']}")
    if entry["payload_type"] >= len(EVENTS):
        raise TooNew(f"its event is of type {entry['payload_type']}")
    if entry["payload_type"] == 0:
        raise Bad("it has no event")
    if not 1 <= len(entry["stream"]) <= 128 or \
            not STREAM_CHARACTERS.issuperset(entry["stream"]):
        raise Bad("its stream has no valid name")
    return entry


# -- sections 3 and 4: entries and keys ---------------------------------------

class Chain:
    """What the next entry depends on, and the keys so far."""

    def __init__(self, node):
        self.node = node
        self.size = 0
        self.link = bytes(32)
        self.keys = []  # (first place, key)
        self.streams = {}
        self.signatures = 0

    def key_at(self, place):
        """The key in force; None if the history does not reach so far."""
        in_force = None
        for first, key in self.keys:
            if first <= place:
                in_force = key
        return in_force

    def follow(self, record):
        data, signature = record[:-SIGNATURE_SIZE], record[-SIGNATURE_SIZE:]
        if self.size > 0:
            self.check_signature(data, signature)
        entry = read_entry(data)
        self.check_place(entry)
        if self.size == 0:
            self.found(entry)
            self.check_signature(data, signature)
        elif entry["payload_type"] in (1, 5):
            raise Bad("only entry 0 may found a node")
        if entry["payload_type"] == 4:
            self.rotate(entry)
        self.link = sha256(b"\0", data)
        self.streams[entry["stream"]] = entry["stream_version"]
        self.size += 1

    def check_signature(self, data, signature):
        self.signatures += 1
        if signed_by(self.keys[-1][1], ENTRY_DOMAIN + data, signature):
            return
        if any(signed_by(key, ENTRY_DOMAIN + data, signature)
               for _, key in self.keys):
            raise Bad("it is signed by a key that is not in force")
        raise Bad("the signature is wrong")

    def check_place(self, entry):
        if entry["sequence"] != self.size:
            raise Bad(f"it says that it is entry {entry['sequence']}")
        if entry["prev"] != self.link:
            raise Bad("it does not follow from the entry before it")
        if entry["node"] != self.node:
            raise Bad("it is of another node")
        due = self.streams.get(entry["stream"], 0) + 1
        if entry["stream_version"] != due:
            raise Bad(f"its stream version is {entry['stream_version']}, and "
                      f"{due} is due")

    def found(self, entry):
        if entry["payload_type"] not in (1, 5):
            raise Bad("it does not found a node")
        if entry["stream"] != b"node":
            raise Bad("it is not of the stream of the node")
        key = entry["payload"]["identity"]["key"]
        if sha256(NODE_ID_DOMAIN, key)[:16] != entry["node"]:
            raise Bad("the node is not named after its first key")
        self.keys.append((0, key))

    def rotate(self, entry):
        if entry["stream"] != b"node":
            raise Bad("it is not of the stream of the node")
        key = entry["payload"]["new_key"]
        statement = (entry["node"] + struct.pack(">Q", self.size) +
                     entry["prev"] + key)
        if not signed_by(key, ROTATION_DOMAIN + statement,
                         entry["payload"]["new_key_signature"]):
            raise Bad("the new key did not sign its rotation")
        self.keys.append((self.size + 1, key))


# -- section 5: the tree ------------------------------------------------------

def leaf_hash(record):
    return sha256(b"\0", record)


def level_above(hashes, height):
    """The complete nodes `height` levels above a row of nodes."""
    for _ in range(height):
        hashes = [sha256(b"\1", hashes[i], hashes[i + 1])
                  for i in range(0, len(hashes) - 1, 2)]
    return hashes


def tree_root(leaves):
    if not leaves:
        return sha256()
    # Row by row; a node without a sibling goes up as it is.
    row = leaves
    while len(row) > 1:
        above = level_above(row, 1)
        if len(row) % 2:
            above.append(row[-1])
        row = above
    return row[0]


# -- section 6: checkpoints ---------------------------------------------------

def from_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Bad("it is not base64") from None
    if base64.b64encode(data).decode() != text:
        raise Bad("its base64 is not canonical")
    return data


def is_key_name(name):
    return name != "" and not any(c.isspace() or c == "+" for c in name)


class VerifierKey:
    def __init__(self, name, key):
        self.name = name
        self.key = key
        self.id = sha256(name.encode(), b"\n\1", key)[:4]

    @classmethod
    def parse(cls, text):
        parts = text.strip().split("+", 2)
        if len(parts) != 3 or not is_key_name(parts[0]):
            raise Bad("a verifier key reads NAME+ID+KEY")
        blob = from_base64(parts[2])
        if len(blob) != 33 or blob[0] != 1:
            raise Bad("it is not a verifier key of Ed25519")
        key = cls(parts[0], blob[1:])
        if key.id.hex() != parts[1]:
            raise Bad("the verifier key's id is not that of its key")
        return key


class Checkpoint:
    """A checkpoint as read; its signatures are not checked yet."""

    def __init__(self, data):
        if len(data) > MAX_NOTE_SIZE:
            raise Bad("the note is larger than 64 KiB")
        try:
            note = data.decode("utf-8")
        except UnicodeDecodeError:
            raise Bad("the note is not UTF-8") from None
        if any(c < " " and c != "\n" for c in note):
            raise Bad("the note holds control characters")
        text, separator, lines = note.rpartition("\n\n")
        if not separator or not lines.endswith("\n"):
            raise Bad("the note has no signatures, or its end is missing")
        self.text = text + "\n"
        self.signatures = [self.read_signature(line)
                           for line in lines[:-1].split("\n")]
        if len(self.signatures) > MAX_NOTE_SIGNATURES:
            raise Bad("the note has too many signatures")
        self.read_text()

    @staticmethod
    def read_signature(line):
        parts = line.split(" ")
        if len(parts) != 3 or parts[0] != "\N{EM DASH}" or \
                not is_key_name(parts[1]):
            raise Bad("the note has a malformed signature line")
        blob = from_base64(parts[2])
        if len(blob) < 5:
            raise Bad("the note has a signature that is too short")
        return parts[1], blob[:4], blob[4:]

    def read_text(self):
        lines = self.text[:-1].split("\n")
        if len(lines) < 3 or "" in lines:
            raise Bad("the checkpoint has too few lines, or an empty one")
        self.origin = lines[0]
        digits = lines[1]
        decimal = digits.isascii() and digits.isdigit() and len(digits) <= 20
        self.size = int(digits) if decimal else -1
        if str(self.size) != digits or self.size >= 1 << 64:
            raise Bad("the checkpoint's size is not a decimal number")
        self.root = from_base64(lines[2])
        if len(self.root) != 32:
            raise Bad("the checkpoint's root is not 32 bytes")

    def verify(self, verifier):
        if self.origin != verifier.name:
            raise Bad(f"it is of {self.origin}, and the key of {verifier.name}")
        ours = [signature for name, key_id, signature in self.signatures
                if (name, key_id) == (verifier.name, verifier.id)]
        if not ours:
            raise Bad("it is not signed by the key")
        if not all(signed_by(verifier.key, self.text.encode(), signature)
                   for signature in ours):
            raise Bad("its signature is wrong")


# -- section 10: the export ---------------------------------------------------

def index_path(index):
    groups = [f"{index % 1000:03}"]
    while index >= 1000:
        index //= 1000
        groups.insert(0, f"x{index % 1000:03}")
    return "/".join(groups)


def tiles_of(count):
    """(index, width) of the tiles or bundles that hold `count` items."""
    for index in range(count // TILE_WIDTH):
        yield index, TILE_WIDTH
    if count % TILE_WIDTH:
        yield count // TILE_WIDTH, count % TILE_WIDTH


def tile_name(level, index, width):
    suffix = "" if width == TILE_WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{suffix}"


class Export:
    def __init__(self, directory):
        self.directory = directory

    def read(self, name, limit):
        with open(f"{self.directory}/{name}", "rb") as file:
            data = file.read(limit + 1)
        if len(data) > limit:
            raise Bad(f"{name} is too large")
        return data

    def records(self, size):
        """The records, up to the first that is not there whole."""
        limit = TILE_WIDTH * (2 + MAX_RECORD_SIZE)
        for index, width in tiles_of(size):
            name = tile_name("entries", index, width)
            try:
                bundle = self.read(name, limit)
            except OSError as error:
                raise Bad(f"{name}: {error.strerror}") from None
            at = 0
            for _ in range(width):
                length = int.from_bytes(bundle[at:at + 2], "big")
                if at + 2 + length > len(bundle) or length <= SIGNATURE_SIZE:
                    raise Bad(f"{name} lacks a record, or holds a part of one")
                yield bundle[at + 2:at + 2 + length]
                at += 2 + length
            if at != len(bundle):
                raise Bad(f"{name} holds more than {width} records")


# -- section 11: verification -------------------------------------------------

class Verification:
    def __init__(self, export, verifier, older):
        self.export = export
        self.verifier = verifier
        self.older = older  # (name, bytes)
        self.findings = []  # (place or None, message)
        self.too_new = None
        self.records = []
        self.leaves = []
        self.checked = []
        self.not_checked = []

    def run(self):
        note = self.export.read("checkpoint", MAX_NOTE_SIZE)
        try:
            self.checkpoint = Checkpoint(note)
            self.checkpoint.verify(self.verifier)
            if self.checkpoint.size == 0:
                raise Bad("it is of no entries")
        except Bad as bad:
            self.add(None, f"checkpoint: {bad}")
            self.not_checked.append("anything else, without a checkpoint")
            return
        self.checked.append("checkpoint")
        self.read_records()
        self.check_tree()
        self.check_entries()
        self.check_older()
        self.not_checked += [
            "whether events make sense after one another",
            "operator signatures (entries of level 1 carry none)"]
        if not self.older:
            self.not_checked.append(
                "whether newer entries were removed (no --older checkpoint)")

    def add(self, place, message):
        self.findings.append((place, message))

    @property
    def first_bad(self):
        places = [place for place, _ in self.findings if place is not None]
        return min(places, default=None)

    def read_records(self):
        try:
            for record in self.export.records(self.checkpoint.size):
                self.records.append(record)
        except Bad as bad:
            self.add(min(len(self.records), self.checkpoint.size - 1), str(bad))
        self.leaves = [leaf_hash(record) for record in self.records]

    def check_tree(self):
        if len(self.records) < self.checkpoint.size:
            self.not_checked.append("the tree (records are missing)")
            return
        row, level = self.leaves, 0
        while row:
            for index, width in tiles_of(len(row)):
                first = index * TILE_WIDTH
                self.check_tile(tile_name(level, index, width),
                                row[first:first + width])
            row, level = level_above(row, 8), level + 1
        if tree_root(self.leaves) != self.checkpoint.root:
            self.add(None, "the entries do not make the checkpoint's root")
        self.checked.append("tree: every hash of every tile, and the root")

    def check_tile(self, name, hashes):
        try:
            tile = self.export.read(name, 32 * TILE_WIDTH)
        except OSError as error:
            return self.add(None, f"{name}: {error.strerror}")
        except Bad as bad:
            return self.add(None, str(bad))
        if len(tile) != 32 * len(hashes):
            return self.add(None, f"{name} is not of {len(hashes)} hashes")
        for i, due in enumerate(hashes):
            if tile[32 * i:32 * i + 32] != due:
                return self.add(None, f"{name}: hash {i} is wrong")
        return None

    def check_entries(self):
        origin = self.checkpoint.origin
        node = origin[len(ORIGIN_PREFIX):]
        self.chain = chain = Chain(None)
        if origin != ORIGIN_PREFIX + node or len(node) != 32 or \
                not set(node) <= set("0123456789abcdef"):
            self.add(None, f"the origin {origin} names no node")
            return
        chain.node = bytes.fromhex(node)
        try:
            for record in self.records:
                chain.follow(record)
        except Bad as bad:
            self.add(chain.size, str(bad))
        except TooNew as too_new:
            self.too_new = f"entry {chain.size}: {too_new}"
        self.checked.append(
            f"entries 0 to {chain.size - 1}: structure, place, chain, node, "
            "streams, keys, signatures")
        if chain.size < self.checkpoint.size:
            self.not_checked.append(
                f"entries after {chain.size}, where the chain ends")
        elif chain.key_at(chain.size) != self.verifier.key:
            self.add(None, "checkpoint: it is not signed by the key in force "
                           f"for place {chain.size}")

    def check_older(self):
        for name, data in self.older:
            try:
                self.check_one_older(Checkpoint(data))
                self.checked.append(name)
            except Bad as bad:
                self.add(None, f"{name}: {bad}")

    def check_one_older(self, older):
        if older.origin != self.checkpoint.origin:
            raise Bad(f"it is of {older.origin}")
        if older.size > self.checkpoint.size:
            raise Bad(f"it is of {older.size} entries, and the log has "
                      f"{self.checkpoint.size}: the log was cut short")
        if older.size > self.chain.size:
            raise Bad("the entries that it is of are not all good")
        if older.size == 0:
            raise Bad("it is of no entries and proves nothing")
        older.verify(VerifierKey(older.origin, self.chain.key_at(older.size)))
        if tree_root(self.leaves[:older.size]) != older.root:
            raise Bad(f"the first {older.size} entries are not those that it "
                      "was signed for")

    def report(self, directory):
        if self.findings:
            verdict, code = "INVALID", EXIT_INVALID
        elif self.too_new:
            verdict, code = "TOO NEW", EXIT_UNDECIDED
        else:
            verdict, code = "VALID", EXIT_VALID
        print(f"{verdict}: {directory}")
        for place, message in self.findings:
            print(message if place is None else f"entry {place}: {message}")
        if self.too_new:
            print(f"{self.too_new}, and this verifier knows up to schema level "
                  f"{KNOWN_SCHEMA_LEVEL}")
        chain = getattr(self, "chain", None)
        if chain:
            print(f"entries      {self.checkpoint.size}")
            print(f"keys         {len(chain.keys)}")
            print(f"signatures   {chain.signatures}")
            good = chain.size if self.first_bad is None else \
                min(chain.size, self.first_bad)
            print(f"last good    {good - 1 if good else 'none'}")
            bad = "none" if self.first_bad is None else self.first_bad
            print(f"first bad    {bad}")
        for line in self.checked:
            print(f"checked      {line}")
        for line in self.not_checked:
            print(f"not checked  {line}")
        return code


def main():
    parser = argparse.ArgumentParser(
        description="Verifies an exported ledger.",
        epilog="Exit codes: 0 valid, 1 could not be decided, 2 usage, "
               "8 invalid.")
    parser.add_argument("export", help="the directory of the export")
    parser.add_argument("vkey", help="the verifier key: NAME+ID+KEY")
    parser.add_argument("--older", action="append", default=[], metavar="FILE",
                        help="a checkpoint from elsewhere (may be repeated)")
    options = parser.parse_args()
    try:
        verifier = VerifierKey.parse(options.vkey)
    except Bad as bad:
        parser.error(str(bad))
    try:
        older = []
        for name in options.older:
            with open(name, "rb") as file:
                older.append((name, file.read(MAX_NOTE_SIZE + 1)))
        verification = Verification(Export(options.export), verifier, older)
        verification.run()
    except OSError as error:
        print(f"second_verifier: {error}", file=sys.stderr)
        return EXIT_UNDECIDED
    return verification.report(options.export)


if __name__ == "__main__":
    sys.exit(main())
