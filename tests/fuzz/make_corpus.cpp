// Writes the inputs that the fuzz targets begin with, made by the code that
// writes such bytes in earnest: make_fuzz_corpus tests/fuzz/corpus
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "actors/frame.hpp"
#include "actors/mesh_file.hpp"
#include "actors/pairing_message.hpp"
#include "events/state_codec.hpp"
#include "runtime/bulk_wire.hpp"
#include "runtime/rejoin_documents.hpp"
#include "schema/recovery_statement.hpp"
#include "store/base64.hpp"
#include "store/byte_order.hpp"
#include "store/fork_evidence.hpp"
#include "store/ledger.hpp"
#include "store/ledger_view.hpp"
#include "store/statements.hpp"
#include "store/tiles.hpp"
#include "tests/fuzz/memory_backend.hpp"
#include "tests/fuzz/target.hpp"
#include "tests/fuzz/wireguard_answer.hpp"
#include "tests/support/event_source.hpp"
#include "tests/support/roster_author.hpp"
#include "tests/support/state_follower.hpp"
#include "tools/ppn-ledger/fork_json.hpp"
#include "tools/ppn-ledger/proof_json.hpp"

namespace ppn::fuzz {

void run(ByteView /*input*/) {}

namespace {

using store::as_bytes;
using store::Table;

/// Hands out the test key, and keeps nothing.
class OneKey final : public store::KeyStore {
 public:
  store::Result<store::SigningKey> create() override { return copy(); }
  store::Result<store::SigningKey> load(const PublicKey& /*key*/) override {
    return copy();
  }
  store::Status retire_all_but(const PublicKey& /*current*/) override {
    return {};
  }

 private:
  static store::SigningKey copy() {
    return test_key().with_seed(
        [](auto seed) { return store::SigningKey::from_seed(seed); });
  }
};

class InMemory final : public store::OutsideCheckpoint {
 public:
  store::Result<std::string> read() override {
    if (note_.empty())
      return store::Error{store::ErrorCode::not_found, "there is none"};
    return note_;
  }
  store::Status write(const std::string& note) override {
    note_ = note;
    return {};
  }

 private:
  std::string note_;
};

template <class T>
T must(store::Result<T> result) {
  if (!result) std::cerr << result.error().message << '\n';
  require(result.ok(), "a corpus can be made");
  return std::move(*result);
}

class Corpus {
 public:
  explicit Corpus(std::filesystem::path root) : root_(std::move(root)) {}

  void write(const std::string& target, const std::string& name,
             ByteView bytes) const {
    auto directory = root_ / target;
    std::filesystem::create_directories(directory);
    std::ofstream file{directory / name, std::ios::binary};
    file << store::as_text(bytes) << std::flush;
    require(file.good(), "a file can be written");
  }
  void write(const std::string& target, const std::string& name,
             std::string_view text) const {
    write(target, name, as_bytes(text));
  }

 private:
  std::filesystem::path root_;
};

void add(Bytes& bytes, ByteView more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

// -- the ledger they come from -----------------------------------------------

constexpr std::uint64_t ledger_size = 14;

/// Some of a node's life, a snapshot included.
struct Sample {
  MemoryBackend backend;
  OneKey keys;
  InMemory outside;
  std::unique_ptr<store::Ledger> ledger;
  store::ClockReading clock{1'767'225'600'000'000'000, 1'000'000'000, true};
};

void append_accepted(Sample& sample) {
  schema::OutsideCheckpointAcceptedT accepted;
  accepted.problem = schema::OutsideCheckpointProblem::missing;
  accepted.root = std::make_unique<schema::Hash>();
  store::Event event;
  event.stream = "node";
  event.expected_version = sample.ledger->stream_version("node");
  event.principal = {schema::PrincipalKind::operator_, "uid/1000"};
  event.causation = store::Causation{
      schema::CausationKind::entry, sample.ledger->position().node, 3, {}};
  event.payload.Set(std::move(accepted));
  must(sample.ledger->append({{std::move(event)}}, sample.clock));
}

void fill(Sample& sample) {
  sample.ledger =
      must(store::Ledger::found({sample.backend, sample.keys, sample.outside},
                                {"sample", {}}, sample.clock));
  tests::EventSource source{3};
  for (int i = 0; i < 8; ++i) {
    store::AppendRequest request;
    request.push_back(source.next());
    must(sample.ledger->append(request, source.next_clock()));
  }
  must(sample.ledger->rotate_key({schema::PrincipalKind::operator_, "uid/1000"},
                                 sample.clock));
  append_accepted(sample);
  tests::StateFollower follower{sample.backend};
  auto state = must(follower.catch_up());
  require(sample.ledger->write_snapshot(events::encode(state)).ok(),
          "a snapshot can be written");
  while (sample.ledger->position().head.size < ledger_size) {
    store::AppendRequest request;
    request.push_back(source.next());
    request.back().expected_version =
        sample.ledger->stream_version(request.back().stream);
    must(sample.ledger->append(request, source.next_clock()));
  }
}

// -- corpora -----------------------------------------------------------------

ByteView entry_of(const Bytes& record) {
  return ByteView{record}.first(record.size() - Signature::size);
}

void write_entries(const Corpus& corpus, Sample& sample) {
  Bytes all;
  for (const auto& [key, record] : sample.backend.pairs(Table::entries)) {
    auto name = std::to_string(store::from_big_endian(key));
    corpus.write("record", name, record);
    Bytes one;
    store::add_to_bundle(one, entry_of(record));
    corpus.write("reflection_json", name, one);
    add(all, one);
  }
  corpus.write("state", "all", all);
  corpus.write("state", "first", ByteView{all}.first(all.size() / 2));
}

/// The entry with what a node would not write there, or not yet.
template <class Change>
void write_changed(const Corpus& corpus, const std::string& name,
                   const Bytes& record, Change change) {
  schema::EntryT fields;
  schema::GetEntry(record.data())->UnPackTo(&fields);
  change(fields);
  flatbuffers::FlatBufferBuilder builder;
  schema::FinishEntryBuffer(builder, schema::Entry::Pack(builder, &fields));
  ByteView bytes{builder.GetBufferPointer(), builder.GetSize()};
  Bytes one;
  store::add_to_bundle(one, bytes);
  corpus.write("reflection_json", name, one);
  corpus.write("state", name, one);
  one = {bytes.begin(), bytes.end()};
  add(one, Signature{}.view());
  corpus.write("record", name, one);
}

void write_strange_entries(const Corpus& corpus, Sample& sample) {
  const auto& first = sample.backend.pairs(Table::entries).begin()->second;
  write_changed(corpus, "rejoined", first, [](schema::EntryT& entry) {
    schema::NodeRejoinedT event;
    event.identity = std::move(entry.payload.AsNodeInitialised()->identity);
    event.replaces = std::make_unique<schema::NodeId>();
    event.last_checkpoint = "a note\n";
    entry.payload.Set(std::move(event));
  });
  write_changed(corpus, "stopped", first, [](schema::EntryT& entry) {
    schema::NodeStoppedT event;
    event.boot = 1;
    event.reason = schema::StopReason::upgrade;
    entry.payload.Set(std::move(event));
  });
  write_changed(corpus, "no_utf8", first, [](schema::EntryT& entry) {
    entry.principal->id = "\xff\x1b[31m\xc2\x9b";
    entry.payload.AsNodeInitialised()->identity->name = "\xed\xa0\x80\n";
  });
  write_changed(corpus, "signed", first, [](schema::EntryT& entry) {
    auto& signature = entry.principal->signature;
    signature = std::make_unique<schema::OperatorSignatureT>();
    signature->algorithm = schema::SignatureAlgorithm::ed25519;
    signature->key_id = {1, 2, 3};
    signature->signature = Bytes(Signature::size);
  });
}

void write_ledgers(const Corpus& corpus, Sample& sample) {
  constexpr std::uint8_t no_entry[] = {0, 1, 0};
  constexpr std::uint8_t snapshot[] = {0, 0};
  constexpr std::uint8_t flip[] = {0, 1, 3, 0, 77};
  constexpr std::uint8_t erase_from_tree[] = {1, 0, 2};
  constexpr std::uint8_t late_entry[] = {0, 3, 8, 0, 0, 0, 0, 0, 0, 1, 0};
  Bytes bytes;
  for (const auto& [key, record] : sample.backend.pairs(Table::entries)) {
    store::add_to_bundle(bytes, entry_of(record));
    if (store::from_big_endian(key) == 5) {
      corpus.write("ledger", "short", bytes);
      add(bytes, snapshot);
    }
  }
  corpus.write("ledger", "whole", bytes);
  add(bytes, no_entry);
  auto write_with = [&](const std::string& name, ByteView change) {
    auto changed = bytes;
    add(changed, change);
    corpus.write("ledger", name, changed);
  };
  write_with("flip", flip);
  write_with("erase", erase_from_tree);
  write_with("gap", late_entry);
}

void write_export(const Corpus& corpus, Sample& sample) {
  Bytes bundle;
  for (const auto& [key, record] : sample.backend.pairs(Table::entries))
    store::add_to_bundle(bundle, record);
  Bytes with_width{static_cast<std::uint8_t>(ledger_size - 1)};
  add(with_width, bundle);
  corpus.write("bundle", "whole", with_width);
  Bytes exported;
  store::add_to_bundle(exported, as_bytes(sample.ledger->checkpoint()));
  add(exported, bundle);
  corpus.write("log_export", "whole", exported);
  auto many = store::big_endian(1'234'067'890'123);
  corpus.write("tiles", "many", many);
  // A size that nobody has the entries of.
  auto huge = sample.ledger->checkpoint();
  huge.replace(huge.find('\n') + 1, 2, "1000000000000000");
  exported.clear();
  store::add_to_bundle(exported, as_bytes(huge));
  add(exported, bundle);
  corpus.write("log_export", "huge", exported);
  exported.clear();
  store::add_to_bundle(exported, {});
  add(exported, ByteView{bundle}.first(2 + bundle[1] + 256U * bundle[0]));
  corpus.write("log_export", "first", exported);
}

void write_states(const Corpus& corpus, Sample& sample) {
  for (const auto& [key, stored] : sample.backend.pairs(Table::snapshots)) {
    corpus.write("snapshot", "one", entry_of(stored));
    corpus.write("state_codec", "one",
                 must(store::decode_snapshot(stored)).state);
  }
  corpus.write("state_codec", "empty", events::encode({}));
}

void write_proofs(const Corpus& corpus, Sample& sample) {
  auto transaction = must(sample.backend.read());
  store::LedgerView view{*transaction};
  auto nodes = view.nodes();
  const auto& note = sample.ledger->checkpoint();
  auto record = must(view.record(5));
  tools::InclusionProof inclusion{
      5,
      {record.begin(), record.end()},
      must(store::prove_inclusion(5, ledger_size, nodes)),
      note};
  corpus.write("proof_json", "inclusion", to_json(inclusion).dump());
  tools::ConsistencyProof consistency{
      {5, must(store::tree_root(5, nodes))},
      {11, must(store::tree_root(11, nodes))},
      must(store::prove_consistency(5, 11, nodes)),
      must(store::prove_consistency(11, ledger_size, nodes)),
      note};
  corpus.write("proof_json", "escape",
               R"({"schema":"\u001b[2J","checkpoint":""})");
  corpus.write("proof_json", "consistency", to_json(consistency).dump());

  auto write_tree = [&](const std::string& name, std::uint8_t older,
                        const store::Proof& proof) {
    Bytes bytes{0, older, ledger_size};
    add(bytes, store::leaf_hash(record).view());
    for (const auto& hash : proof) add(bytes, hash.view());
    corpus.write("tree_proof", name, bytes);
  };
  write_tree("inclusion", 5, inclusion.proof);
  write_tree("consistency", 11, consistency.head_proof);
}

void write_texts(const Corpus& corpus, Sample& sample) {
  const auto& note = sample.ledger->checkpoint();
  auto node = sample.ledger->position().node;
  auto key = must(store::VerifierKey::make(store::checkpoint_origin(node),
                                           store::NoteAlgorithm::ed25519,
                                           test_key().public_key()));
  corpus.write("note", "checkpoint", note);
  corpus.write("note", "text", "A text.\n\nAnd more of it.");
  corpus.write("checkpoint", "whole", note);
  corpus.write("checkpoint", "text", note.substr(0, note.find("\n\n") + 1));
  corpus.write("rejoin", "intent",
               store::format_intent({"cloud", store::Rejoin{node, note}}));
  runtime::OldIdentity old{
      store::Error{store::ErrorCode::rolled_back, "the ledger was rolled back"},
      store::Remains{node, "cloud", note, ledger_size, true}};
  corpus.write("rejoin", "identity", schema::compact(to_json(old)));
  corpus.write("verifier_key", "one", key.text());
  corpus.write("base64", "hash", store::to_base64(store::leaf_hash({}).view()));
  corpus.write("base64", "id", Id{}.hex());
  corpus.write("base64", "padded", "QQ==");
  corpus.write("stream_key", "one", store::stream_key(5000, "capability/7", 3));
  corpus.write("key_file", "one",
               "ppn-ed25519-seed-v1 " + test_key().with_seed([](auto seed) {
                 return to_hex(seed);
               }) + "\n");
  int times = 0;
  corpus.write("key_file", "capitals",
               "ppn-ed25519-seed-v1 " + std::string(62, '0') + "5A\n");
  for (std::string_view text :
       {"2026-11-23", "2026-11-23T10:00", "2200-12-31",
        "2026-11-23 10:00:00.125Z", "2026-01-23T10:00:-0", "90s", "3d"})
    corpus.write("time_text", std::to_string(times++), text);
  corpus.write("time_text", "earliest",
               store::big_endian(std::uint64_t{1} << 63U));
}

// -- what a WireGuard program answers -----------------------------------------

void write_uapi_replies(const Corpus& corpus) {
  const auto key = "public_key=" + std::string(64, '2') + "\n";
  corpus.write("uapi", "empty", "errno=0\n\n");
  corpus.write("uapi", "refused", "errno=-22\n\n");
  corpus.write("uapi", "wireguard_go",
               "private_key=" + std::string(64, '7') +
                   "\nlisten_port=51820\nfwmark=7\n" + key +
                   "preshared_key=" + std::string(64, '0') +
                   "\nprotocol_version=1\nendpoint=192.0.2.1:51820\n"
                   "last_handshake_time_sec=1789999990\n"
                   "last_handshake_time_nsec=5\ntx_bytes=1\nrx_bytes=2\n"
                   "persistent_keepalive_interval=25\n"
                   "allowed_ip=10.8.0.0/24\nallowed_ip=fd00::2/128\n"
                   "public_key=" +
                   std::string(64, '3') + "\nendpoint=[fe80::1%eth0]:9\n" +
                   "errno=0\n\n");
  corpus.write("uapi", "boringtun",
               "own_public_key=" + std::string(64, '8') +
                   "\nlisten_port=51820\n" + key +
                   "persistent_keepalive_interval=25\n"
                   "endpoint=[2001:db8::1]:9\nallowed_ip=10.8.0.2/32\n"
                   "last_handshake_time_sec=9\n"
                   "last_handshake_time_nsec=999999999\nrx_bytes=1\n"
                   "tx_bytes=2\nerrno=0\n\n");
  corpus.write("uapi", "twice", key + key + "errno=0\n\n");
}

/// Behind the byte that the target begins with.
void write_monitors(const Corpus& corpus) {
  const std::string begin =
      R"({"QMP": {"version": {"qemu": {"micro": 22, "minor": 2, "major": 7}, )"
      R"("package": "Debian"}, "capabilities": ["oob"]}})"
      "\r\n"
      R"({"return": {}, "id": 1})"
      "\r\n"
      R"({"return": {"status": "running", "running": true}, "id": 2})"
      "\r\n";
  const std::string time =
      R"({"timestamp": {"seconds": 1796016629, "microseconds": 699711}, )";
  corpus.write("qmp", "life",
               "\x05" + begin + time + "\"event\": \"RESUME\"}\r\n" +
                   R"({"return": {}, "id": 3})" + "\r\n" + time +
                   R"("event": "RESET", "data": {"guest": true, )"
                   R"("reason": "guest-reset"}})"
                   "\r\n" +
                   R"({"return": {"stat": 18446744073709551615}, "id": 4})" +
                   "\r\n" + time +
                   R"("event": "SHUTDOWN", "data": {"guest": false, )"
                   R"("reason": "host-qmp-quit"}})"
                   "\r\n");
  corpus.write("qmp", "disk",
               "\x0e" + begin + time +
                   R"("event": "BLOCK_IO_ERROR", "data": {"device": "", )"
                   R"("nospace": true, "node-name": "disk0", "reason": "No", )"
                   R"("operation": "write", "action": "stop"}})"
                   "\n" +
                   time + R"("event": "STOP"})" + "\n" + time +
                   R"("event": "GUEST_PANICKED", "data": {"action": "pause"}})"
                   "\n");
  corpus.write("qmp", "refusals",
               "\x21" + begin +
                   R"({"id": 3, "error": {"class": "DeviceNotActive", )"
                   R"("desc": "No balloon"}})"
                   "\n"
                   R"({"error": {"class": "GenericError", "desc": )"
                   R"("JSON parse error, stray '\"query-sta\uFFFD'"}})"
                   "\n"
                   R"({"return": -1, "id": 99})"
                   "\n");
  corpus.write("qmp", "answers", [&] {
    auto text = "\x33" + begin;
    for (int id = 3; id < 40; ++id)
      text += R"({"return": {"status": "paused"}, "id": )" +
              std::to_string(id) + "}\n";
    return text;
  }());
  corpus.write("qmp", "early",
               "\x02" + time + "\"event\": \"STOP\"}\n" + begin);
  corpus.write("qmp", "deep",
               std::string{"\x09{\"return\":"} + std::string(130, '[') + "\n");
  corpus.write("qmp", "garbage", "\x11HTTP/1.1 400 Bad Request\r\n\r\n");
}

// -- what the kernel answers --------------------------------------------------

/// The messages, then the one that ends an answer.
Bytes answer_to(const events::DeviceChange& change) {
  Bytes datagrams;
  for (auto& request : runtime::set_device({0x20, "wg0"}, change, std::nullopt))
    store::add_to_bundle(datagrams, as_answer(request));
  Bytes done(sizeof(nlmsghdr) + sizeof(int));
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(done.size());
  header.nlmsg_type = NLMSG_DONE;
  header.nlmsg_flags = NLM_F_MULTI;
  header.nlmsg_seq = answer_sequence;
  std::memcpy(done.data(), &header, sizeof header);
  store::add_to_bundle(datagrams, done);
  return datagrams;
}

void write_wireguard(const Corpus& corpus) {
  events::DeviceChange change;
  change.listen_port = 51820;
  corpus.write("wireguard_netlink", "no_peers", answer_to(change));
  auto& peer = change.peers.emplace_back();
  peer.add = true;
  peer.endpoint = events::Endpoint::parse("192.0.2.1:51820");
  peer.keepalive_seconds = 25;
  peer.allow = {*events::IpRange::parse("10.8.0.1/32"),
                *events::IpRange::parse("fd00:8::/64")};
  corpus.write("wireguard_netlink", "one_peer", answer_to(change));
  change.peers.push_back(peer);
  change.peers.back().key.bytes.fill(2);
  change.peers.back().endpoint = events::Endpoint::parse("[2001:db8::1]:1");
  change.peers.push_back(peer);
  corpus.write("wireguard_netlink", "continued", answer_to(change));
}

// -- what other nodes say ----------------------------------------------------

/// Behind its length; the last byte asks the target for a signature.
Bytes sized_frame(const actors::FrameHead& head,
                  const actors::FrameBody& body) {
  Signature signature;
  signature.bytes.back() = 1;
  Bytes sized;
  store::add_to_bundle(
      sized, actors::seal(actors::build_frame(head, body), signature));
  return sized;
}

void write_frames(const Corpus& corpus, Sample& sample) {
  actors::FrameHead head;
  head.sender = store::node_id_of(test_key().public_key());
  head.boot = 3;
  head.counter = 1;
  head.nonce.bytes.fill(7);
  const actors::Heartbeat heartbeat{2, Hash{}, sample.ledger->checkpoint()};
  Bytes all = sized_frame(head, heartbeat);
  corpus.write("frame", "introduction", all);
  head.heard = {Id{}, 1'000'000'000};
  auto say = [&](const std::string& name, const actors::FrameBody& body) {
    head.counter += 1;
    auto one = sized_frame(head, body);
    corpus.write("frame", name, one);
    add(all, one);
  };
  say("heartbeat", heartbeat);
  say("request", actors::RosterRequest{3});
  say("answer", actors::RosterAnswer{Bytes(200, 5), {}});
  actors::Heartbeat rotating;
  rotating.key_news = events::KeyNews{tests::tunnel_key_of(3), true};
  say("key_news", rotating);
  say("key_switch", events::KeySwitch{tests::tunnel_key_of(3), 50});
  store::SignedHead ledger{{9, Hash{}}, {}};
  say("heads_request", actors::HeadsRequest{head.sender});
  say("heads", actors::Heads{{{head.sender, ledger}}, true});
  say("growth_request", actors::GrowthRequest{head.sender, ledger, 12});
  say("growth", actors::Growth{head.sender, 9, 12, Hash{}, {Hash{}, Hash{}}});
  say("shorter", actors::Growth{head.sender, 12, 9, Hash{}, {}, Signature{}});
  say("cosignature", actors::Cosignature{{9, Hash{}}, 1, PublicKey{}, {}});
  say("fork", actors::ForkTold{head.sender, ledger, ledger, Bytes(300, 1)});
  head.nonce.bytes.fill(8);
  say("other_nonce", actors::Heartbeat{});
  head.boot = 2;
  say("old_boot", actors::Heartbeat{});
  head.boot = 4;
  say("new_boot", actors::Heartbeat{});
  corpus.write("frame", "all", all);
}

// -- what the sides of a ceremony say -----------------------------------------

void write_pairing_messages(const Corpus& corpus) {
  const actors::Entropy entropy = [](std::span<std::uint8_t> bytes) {
    for (auto& byte : bytes) byte = 9;
  };
  actors::PairingInitiator somebody{entropy};
  std::ignore = somebody.take(actors::PairingOffer{7, {}, 8, 600});
  auto code = events::ShortCode::draw(8, [] { return std::uint8_t{5}; });
  auto point = somebody.begin(code, entropy)->point;
  const std::vector<std::pair<std::string, actors::PairingMessage>> messages{
      {"hello", actors::PairingHello{}},
      {"offer", actors::PairingOffer{7, {}, 8, 600}},
      {"begin", actors::PairingBegin{{}, point}},
      {"answer", actors::PairingAnswer{point}},
      {"proof", actors::PairingProof{}},
      {"sealed", actors::PairingSealed{Bytes(40, 5)}},
      {"over", actors::PairingOver{schema::PairingOutcome::expired}}};
  Bytes all;
  for (const auto& [name, message] : messages) {
    Bytes one;
    store::add_to_bundle(one, actors::write_message(message));
    corpus.write("pairing_message", name, one);
    add(all, one);
  }
  corpus.write("pairing_message", "all", all);
}

// -- what nodes give each other by its hash -----------------------------------

void write_bulk(const Corpus& corpus) {
  using runtime::BulkKind;
  using runtime::BulkStatus;
  Hash hash;
  hash.bytes.fill(7);
  corpus.write("bulk_wire", "document",
               runtime::write_bulk_request({BulkKind::document, hash, 0}));
  corpus.write("bulk_wire", "image",
               runtime::write_bulk_request({BulkKind::image, hash, 1U << 20U}));
  corpus.write("bulk_wire", "here",
               runtime::write_bulk_answer({BulkStatus::here, 1U << 20U}));
  corpus.write("bulk_wire", "not_here",
               runtime::write_bulk_answer({BulkStatus::not_here}));
  corpus.write("bulk_wire", "busy",
               runtime::write_bulk_answer({BulkStatus::busy}));
}

// -- what nodes exchange as a file --------------------------------------------

/// Behind its length, to be signed by the target.
void add_record(Bytes& records, const Bytes& entry) {
  Signature signature;
  signature.bytes.back() = 1;
  auto record = entry;
  add(record, signature.view());
  store::add_to_bundle(records, record);
}

/// Its founder signs, and so does its recovery key.
events::FoundMesh founding() {
  auto command = tests::founding();
  command.founder.key = command.recovery_key = test_key().public_key();
  return command;
}

Bytes recovered_entries() {
  tests::RosterAuthor author;
  author(founding());
  author(events::AddMember{tests::newcomer(2)});
  author(events::AddMember{tests::newcomer(3)});
  author(events::RemoveMember{tests::node_of(3), "lost"});
  schema::RecoveryStatement statement{author.mesh().id, 2, tests::node_of(1),
                                      test_key().public_key()};
  author(events::RecoverMesh{
      statement.authority, statement.epoch,
      test_key().sign(store::recovery_domain, bytes_of(statement))});
  author(events::ChangeEndpoints{tests::node_of(2),
                                 {tests::endpoint("192.0.2.2:51820")}});
  Bytes records;
  for (const auto& entry : author.entries()) add_record(records, entry);
  return records;
}

Bytes roster_entries() {
  tests::RosterAuthor author;
  author(founding());
  author(events::AddMember{tests::newcomer(2)});
  author(events::AddMember{
      tests::newcomer(3, {tests::endpoint("192.0.2.3:51820")})});
  author(events::ReplaceMember{tests::node_of(2), tests::newcomer(4)});
  author(events::MoveRole{schema::Role::hub, tests::node_of(3)});
  author.hear(tests::node_of(3), {tests::tunnel_key_of(5)});
  author.hear(tests::node_of(3), {tests::tunnel_key_of(5), true});
  author(events::ChangeEndpoints{tests::node_of(3), {}});
  author(events::RemoveMember{tests::node_of(4), "lost"});
  Bytes records;
  for (const auto& entry : author.entries()) add_record(records, entry);
  return records;
}

Bytes introducing_entries() {
  auto node = store::node_id_of(test_key().public_key());
  Bytes records;
  schema::NodeInitialisedT identity;
  identity.identity = std::make_unique<schema::IdentityT>();
  identity.identity->key =
      std::make_unique<schema::PublicKey>(test_key().public_key().stored());
  identity.identity->schema_digest = std::make_unique<schema::Hash>();
  identity.identity->name = "node-2";
  add_record(records,
             tests::entry_at({node, 1, 0, "node"}, std::move(identity)));
  schema::TunnelKeyMadeT made;
  made.key =
      std::make_unique<schema::TunnelKey>(tests::tunnel_key_of(2).stored());
  add_record(records,
             tests::entry_at({node, 1, 0, "wireguard"}, std::move(made)));
  return records;
}

void write_mesh_files(const Corpus& corpus, Sample& sample) {
  corpus.write("mesh_file", "roster", roster_entries());
  corpus.write("mesh_file", "recovered", recovered_entries());
  corpus.write("mesh_file", "introduction", introducing_entries());
  std::vector<Bytes> records;
  for (const auto& [key, record] : sample.backend.pairs(Table::entries))
    records.push_back(record);
  records.resize(3);
  auto text = actors::write_mesh_file(records);
  corpus.write("mesh_file", "text", text);
  corpus.write("mesh_file", "cut_off", text.substr(0, text.size() / 2));
}

constexpr const char* valid_report =
    R"({"schema":"ppn-ledger.verify.v1","verdict":"valid","node":"00",)"
    R"("entries":2,"root":"00","keys":1,"signatures_checked":2,)"
    R"("snapshots_checked":0,"last_good":1,"first_bad":null,"too_new":null,)"
    R"("findings_total":0,"findings":[],"checked":["chain"],)"
    R"("not_checked":["x"]})";
constexpr const char* invalid_report =
    R"({"schema":"ppn-ledger.verify.v1","verdict":"invalid","node":"00",)"
    R"("entries":2,"root":"00","keys":1,"last_good":0,"first_bad":1,)"
    R"("too_new":"entry 1","findings_total":3,"findings":[{"class":"hash",)"
    R"("entry":1,"byte":null,"message":"bad"}],"checked":[],)"
    R"("not_checked":[]})";

// -- what an operator writes -------------------------------------------------

void write_configurations(const Corpus& corpus) {
  corpus.write("configuration", "all",
               R"(name = "hub-1"
state_dir = '/srv/ppn'
socket = "/run/\u0061.sock"
[api]
commit_group = "ppn"
read_group = ""
[log]
level = "error" # for now
)");
  corpus.write("configuration", "dotted",
               "api.commit_group = 'a'\nlog = {level = 'info'}\n");
  corpus.write("configuration", "unknown", "[api]\ncommit_grup = 'ppn'\n");
  corpus.write("configuration", "quoted", R"("api.read_group" = """x""")");
  corpus.write("configuration", "no_key", "[!]\n");
  corpus.write("configuration", "types",
               "name = [1, 0x2, 1e3, true, 2026-11-25T10:00:00Z]\n[[api]]\n");
}

void write_requests(const Corpus& corpus) {
  const auto id = Id{}.hex();
  corpus.write("api_request", "status", "GET /v1/status\n");
  corpus.write("api_request", "entries",
               "GET /v1/ledger/entries?from=7&limit=1000\n");
  corpus.write("api_request", "last", "GET /v1/ledger/entries?last=10\n");
  corpus.write("api_request", "stream", "GET /v1/ledger/stream?from=0\n");
  corpus.write("api_request", "sequence", "18446744073709551615\n");
  corpus.write("api_request", "commit",
               "POST /v1/proposals/" + id + "/commit\n");
  corpus.write("api_request", "method", "DELETE /v1/proposals/" + id + "\n");
  corpus.write("api_request", "grant",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"grant","subject":"node/2",)"
               R"("resource":"vm\/1","rights":["read","invoke"],)"
               R"("seconds":60,"parent":")" +
                   id + R"("}})");
  corpus.write("api_request", "revoke",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"revoke","grant":")" +
                   id + R"(","reason":"n\u00f6 \ud83d\udc27"}})");
  corpus.write("api_request", "mesh_init",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"mesh-init","name":"home",)"
               R"("range":"10.8.0.0/24","range6":"fd00:8::/64",)"
               R"("recovery_key":")" +
                   id + id + R"(","endpoints":["192.0.2.1:1"]}})");
  corpus.write("api_request", "mesh_import",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"mesh-import","file":"ppn-mesh-v1\nAA==",)"
               R"("endpoints":["[2001:db8::1]:1"],"replaces":"a"}})");
  corpus.write("api_request", "mesh_remove",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"mesh-remove","node":"a",)"
               R"("reason":"lost","force":true}})");
  corpus.write("api_request", "mesh_move_role",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"mesh-move-role","role":"hub","to":"a"}})");
  corpus.write("api_request", "mesh_endpoints",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"mesh-endpoints","node":"a"}})");
  corpus.write("api_request", "mesh_recover",
               "POST /v1/proposals\n"
               R"({"change":{"kind":"mesh-recover","epoch":2,"signature":")" +
                   Signature{}.hex() + R"("}})");
  corpus.write("api_request", "twice", R"(
{"change":{},"change":{}})");
}

void write_witnesses(const Corpus& corpus, Sample& sample) {
  auto node = sample.ledger->position().node;
  auto head = sample.ledger->position().head;
  auto other = head;
  other.root.bytes[0] ^= 1U;
  auto larger = head;
  larger.size += 1;
  auto signed_note = [&](const store::TreeHead& of) {
    return store::format_note(store::note_of(sample.ledger->sign_head(of), node,
                                             sample.ledger->public_key()));
  };
  store::ForkEvidence fork;
  fork.node = node;
  fork.first = signed_note(head);
  fork.second = signed_note(other);
  corpus.write("fork_evidence", "two_roots", store::encode(fork));
  corpus.write("proof_json", "fork", tools::to_json(fork).dump());
  fork.second = signed_note(larger);
  fork.root = other.root;
  fork.proof = {head.root, other.root};
  corpus.write("fork_evidence", "grown", store::encode(fork));
  std::swap(fork.first, fork.second);
  fork.frame = Bytes(100, 1);
  corpus.write("fork_evidence", "shorter", store::encode(fork));
  auto key = sample.ledger->witness_key().text();
  corpus.write("witness_policy", "one",
               "# who vouches\nlog " +
                   must(store::VerifierKey::make(store::checkpoint_origin(node),
                                                 store::NoteAlgorithm::ed25519,
                                                 sample.ledger->public_key()))
                       .text() +
                   "\nwitness hub " + key + "\ngroup all 1 hub\nquorum all\n");
  corpus.write("witness_policy", "none", "quorum none\n");
}

}  // namespace

int write_all(const std::filesystem::path& root) {
  const Corpus corpus{root};
  Sample sample;
  fill(sample);
  write_entries(corpus, sample);
  write_strange_entries(corpus, sample);
  write_ledgers(corpus, sample);
  write_export(corpus, sample);
  write_states(corpus, sample);
  write_proofs(corpus, sample);
  write_texts(corpus, sample);
  write_configurations(corpus);
  write_requests(corpus);
  write_frames(corpus, sample);
  write_witnesses(corpus, sample);
  write_pairing_messages(corpus);
  write_bulk(corpus);
  write_mesh_files(corpus, sample);
  write_uapi_replies(corpus);
  write_monitors(corpus);
  write_wireguard(corpus);
  corpus.write("verify_report", "valid", valid_report);
  corpus.write("verify_report", "invalid", invalid_report);
  corpus.write("verify_report", "error",
               R"({"verdict":"error","message":"no such file"})");
  corpus.write("verify_report", "bare", R"({"verdict":"valid"})");
  return 0;
}

}  // namespace ppn::fuzz

int main(int argc, char** argv) {
  if (argc != 2 || !ppn::store::initialise_crypto()) {
    std::cerr << "usage: make_fuzz_corpus DIRECTORY\n";
    return 2;
  }
  return ppn::fuzz::write_all(argv[1]);
}
